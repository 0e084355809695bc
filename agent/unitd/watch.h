/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "doors/journal.h"
#include "unitd/unit.h"

/* What happens to units: jobs that end, states that change, walls that are or are not in force. */

/* Signals of systemd that concern all units. Before the first unit is started. */
_must_check_ int watch_systemd(struct units *l, struct fault *f);

/* Changes of one unit; ends with it. Before it is started. */
_must_check_ int watch_unit(struct unit *u, struct fault *f);

/* Reads what systemd and the kernel say about u, and acts on it. Whatever it was called for, it looks at
 * what is true now, so a call too many does no harm. */
void watch_look(struct unit *u);

/* What could not be looked at now is looked at again after usec, and so on, but not more often than max
 * times in a row (u->misses): then false. why is told at the first of them; NULL: nothing is. */
#define WATCH_AGAIN_USEC (UINT64_C(5) * 1000000)
enum { WATCH_LOOKS_MAX = 12 };
_must_check_ bool watch_again(struct unit *u, const struct fault *why, unsigned max, uint64_t usec);

/* Tells something of a unit that runs on. */
void watch_note(struct unit *u, enum journal_event event, const char *what, const char *why);
