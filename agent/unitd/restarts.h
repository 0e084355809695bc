/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* Remembers why it died, while systemd still knows: between its end and its next start. */
void restarts_note(struct unit *u, const struct manager_status *s);

/* Restarts since the last call are to be told (u->restarted). Negative: there were too many within a minute,
 * and it is being stopped: -EOPNOTSUPP for what this host does not give, -ECHILD. */
_must_check_ int restarts_count(struct unit *u, const struct manager_status *s);
