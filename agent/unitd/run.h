/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* One run of a job: a unit that ends by itself. */

/* Its program has been executed, its walls are being looked at; or it is over already. */
void run_begin(struct unit *u, const struct manager_status *s);

/* systemd runs it no more: fills u->run, and u->text with what to tell; u->failed unless it ended well or
 * was cut short. Then unit_end(). */
void run_end(struct unit *u, const struct manager_status *s);

/* One that could not be started. */
void run_miss(const char *version, struct run *ret);

/* Its release is stopped: it may come to its end by itself for as long as it may take to stop
 * (TimeoutStopSec=), then it is stopped. */
void run_retire(struct unit *u);
