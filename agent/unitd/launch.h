/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/release.h"
#include "unitd/unit.h"

/* The start of a release, in all of its instances on this host: their sockets and timers first, then their
 * services, each when those it is After= are ready. It lasts from the request to the answer, and is stepped
 * on after every change of a unit. */
struct launch;

struct launch *launch_free(struct launch *x);
DEFINE_POINTER_CLEANUP(struct launch, launch_free)

/* Loads the release, as this host runs it, within policy. Nothing of it is touched yet. owner is the number
 * of the request, which its units get. units is borrowed. */
_must_check_ int launch_new(struct units *units, const struct releases *releases,
                            const struct unitd_request *q, uint64_t owner, struct launch **ret,
                            struct fault *f);

/* It has sockets that systemd listens on. */
bool launch_takes_sockets(const struct launch *x);

/* Starts what can be started now; a service that runs already is not started again, so the same START twice
 * is no error, unless the host's configuration has changed since: then it is stopped first. 1: nothing is
 * left to be started; 0: something waits for what was started; or an error, and what was started is for the
 * caller to stop. */
_must_check_ int launch_step(struct launch *x, struct fault *f);

/* A service on demand that this launch started has ended in order: it was ready, and the next connection
 * starts it again. */
void launch_note_end(struct launch *x, const struct unit *u);

/* One service of a release that has been launched before: a connection waits for it, or its time has come.
 */
_must_check_ int launch_wake(struct units *units, const struct releases *releases,
                             const struct record *record, struct fault *f);

/* The release that a record is of. */
struct unitd_request launch_release_of(const struct record *record);
