/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* What happens to units: jobs that end, states that change, walls that are or are not in force. */

/* Signals of systemd that concern all units. Before the first unit is started. */
_must_check_ int watch_systemd(struct units *l, struct fault *f);

/* Changes of one unit; ends with it. Before it is started. */
_must_check_ int watch_unit(struct unit *u, struct fault *f);

/* Reads what systemd and the kernel say about u, and acts on it. Whatever it was called for, it looks at
 * what is true now, so a call too many does no harm. */
void watch_look(struct unit *u);
