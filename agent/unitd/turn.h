/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/tasks.h"
#include "unitd/unit.h"

/* How a release ends: on request, or because the next one of its bundle takes its turn. */

/* Every unit of this release is told to stop, and nothing more is started for it. */
void turn_stop(struct units *l, struct tasks *tasks, const struct unitd_request *q);

/* Every unit that this request started is. */
void turn_stop_started(struct units *l, uint64_t owner);

/* The same for every other release of q's bundle. True: whatever of q is started from now on, systemd starts
 * when the last of their units has stopped, and no earlier. False: not yet; to be asked again after each
 * change of a unit. sockets: q has some, which must not be opened while somebody may be on their ports; nor
 * may those of others be on q's. */
_must_check_ bool turn_take(struct units *l, struct tasks *tasks, const struct unitd_request *q,
                            bool sockets);
