/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* At start: what this machine ran before runs again, from disk and without any network; what was left
 * half-done by a power cut or a killed agent is swept. Logs; never fails as a whole. */
void story_restore(struct agent *a);

/* One poll, from the bucket's timestamp to the report. 0, or the error of the first thing that went wrong
 * (everything has been logged and reported by then). -ECANCELED when asked to stop. */
int story_poll(struct agent *a, struct fault *f);

/* Names of the gates, in order; returns how many. A bundle's gates_passed counts along them: `sealift why`.
 */
enum { STORY_GATES_MAX = 32 };
size_t story_gates(const char *const **ret);
