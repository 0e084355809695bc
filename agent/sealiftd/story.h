/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* At start: what this machine ran before runs again, from disk and without any network; what was left
 * half-done by a power cut or a killed agent is swept. Logs; never fails as a whole. */
void story_restore(struct agent *a);

/* The machine as it is, before what it should be: what runs, and what could not be started again is, if it
 * can be now. Asked for at each poll, and whenever sealift-unitd was gone. */
int story_look(struct agent *a, struct fault *f);

/* One poll, from the bucket's timestamp to the report. 0, or the error of the first thing that went wrong
 * (everything has been logged and reported by then). -ECANCELED when asked to stop. */
int story_poll(struct agent *a, struct fault *f);

/* The operator wants that release of b, which is on disk, in the place of the one that runs: along the same
 * gates, but for the way from the bucket. The one that ran gets a verdict, so that no poll brings it back.
 */
int story_roll_back(struct agent *a, struct bundle *b, const struct release_ref *to, struct fault *f);

/* Whether it would be refused before anything is touched: then nothing need be broken off for it. */
int story_may_roll_back(struct agent *a, const struct bundle *b, const struct release_ref *to,
                        struct fault *f);

/* The gates, in order: `sealift why`. A bundle's gates_passed counts along them. NULL: the story of that
 * kind has no such gate. */
size_t story_n_gates(void) _const_;
const char *story_gate(enum attempt_kind kind, size_t i);
