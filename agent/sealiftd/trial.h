/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "sealiftd/agent.h"
#include "sealiftd/health.h"

/* A release on trial: from the moment it is current until it is proven (SoakSec=), or the bundle goes back
 * as one. The event loop counts (health.h) and keeps the time; what follows is done by trial_judge(), in the
 * main loop, between parts of the story. */
struct trial;

struct trial *trial_free(struct trial *t);

/* current of b, which has just been committed or found, is on trial from now on; m is its manifest. health:
 * the watch that is kept already, taken in any case; NULL: a new one. Where there is no SoakSec= it is
 * proven at once. Errors are told. */
void trial_begin(struct agent *a, struct bundle *b, const struct manifest *m, struct health *health);

/* The same where current is on trial and runs, and no trial is under way: after a restart of the agent, or
 * when an attempt at another release has failed. */
void trial_resume(struct agent *a, struct bundle *b);

/* At the agent's start, and for what could not be started or is down since: current runs, or is started. One
 * on trial is judged by that: where it does not come up, or was started in too many boots, it goes back. */
void trial_restore(struct agent *a, struct bundle *b);

/* The same in two parts, for a start that is not waited for (restore.c). The first counts the boot, or goes
 * back and returns false: there is nothing left to start. The second has what came of the start, as
 * attempt_restore() returns it. */
bool trial_begin_restore(struct agent *a, struct bundle *b, bool *ret_counted);
void trial_end_restore(struct agent *a, struct bundle *b, bool counted, int error);

/* The agent was asked to stop, as it is when the machine goes down in an orderly way: this boot is none of
 * those that a release on trial took the machine down in. */
void trial_end_boot(struct agent *a);

/* All that are over, or have failed. */
void trial_judge(struct agent *a);

/* For status and reports. Until when (CLOCK_REALTIME, usec), and what has gone wrong; 0: b is on none. */
uint64_t trial_until(const struct bundle *b, unsigned *ret_failures, unsigned *ret_max);
