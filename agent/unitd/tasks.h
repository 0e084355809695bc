/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/release.h"
#include "unitd/server.h"
#include "unitd/unit.h"

/* Tasks: what is run for a release beside its services, and ends by itself: one question after its health,
 * or its migrations. Each is a unit of its own, made from the effective manifest like any other. sealiftd
 * decides when, and what follows from it. */
struct tasks;

struct tasks *tasks_free(struct tasks *t);
DEFINE_POINTER_CLEANUP(struct tasks, tasks_free)

/* All are borrowed. */
_must_check_ int tasks_new(struct units *units, const struct releases *releases, struct server *server,
                           struct tasks **ret, struct fault *f);

/* UNITD_PROBE or UNITD_MIGRATE, answered once: when its last unit has ended, or at once where there is none.
 */
void tasks_ask(struct tasks *t, uint64_t client, uint16_t type, const struct unitd_request *q);

/* The unit of a task has ended; it is freed next. */
void tasks_take(struct tasks *t, const struct unit *u);

/* After every change of a unit: starts what is next, answers what is over. */
void tasks_look(struct tasks *t);

/* The release is stopped: nothing more is started for it. */
void tasks_give_up(struct tasks *t, const struct unitd_request *q);
