/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/watch.h"

/* Whether units are behind their walls. */

/* Holds the invocation that s tells of against what was promised. True: all stands, and it counts as
 * checked. False: one is missing, and it is being stopped now; or nothing could be seen, and it is looked at
 * again later (watch_look). */
bool watch_walls_hold(struct unit *u, const struct manager_status *s);

/* systemd has read all units anew: whether u would be started again as it was. False: it would not, and is
 * being stopped now. */
bool watch_walls_reloaded(struct unit *u);
