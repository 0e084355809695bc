/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/wakes.h"

/* Timers that systemd holds for bundles, and how the jobs that they run went. A timer keeps its name, and so
 * the time of its last run, across releases; what is known of that run is in its wake's record. */

/* Makes and arms the timers of a release that is about to start, or finds them as they are. -EOPNOTSUPP: one
 * cannot be armed (this host does not know the time zone). What drop-ins of this host make of one is told,
 * and no error. */
_must_check_ int timers_hold(struct units *l, const struct manifest *m, const struct unitd_request *q,
                             struct fault *f);

/* For wakes.c: follows when w, a timer, elapses next. */
_must_check_ int timers_watch(struct wake *w, struct fault *f);

/* Its time has come, and its job cannot be started: that is how this run ended, and the timer waits for the
 * next time. */
void timers_pass(struct wake *w);

/* A job has begun, or has ended: u->run is kept, and told. */
void timers_note(struct units *l, const struct unit *u);

/* What is told of a timer; id as in ground/protocol.h. */
void timers_describe(const struct wake *w, uint64_t id, struct unitd_job *ret);
