/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* Reports: written to the outbox first, delivered when the receiver can be reached, in order, each once.
 * Delivery runs beside everything else on the event loop; no update ever waits for it. */

/* What this machine runs now, into the outbox, and on its way; not after a "poll" that has changed nothing
 * since the last report, but for one an hour. error: of the poll as a whole, or NULL. Logs; never fails. */
void report_make(struct agent *a, const char *reason, const char *error);

struct outbound;
struct outbound *outbound_free(struct outbound *o);
DEFINE_POINTER_CLEANUP(struct outbound, outbound_free)
_must_check_ int outbound_new(struct agent *a, struct outbound **ret);

/* Sends the oldest report unless one is on its way or a pause after a failure has not passed. */
void outbound_kick(struct outbound *o);
