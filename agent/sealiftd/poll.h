/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* When the bucket is asked: at the start, then every PollSec= at times of the machine's own, with a little
 * chance in it; sooner after a failure (a pause that doubles up to PollSec=, and outlives the agent), and at
 * once when somebody asks. Between polls the agent sleeps. */

/* At the start: a poll is due, or the timer set for when an earlier agent would have tried again. */
void poll_begin(struct agent *a);

/* Notes how the poll ended and sets the timer for the next one. */
void poll_schedule(struct agent *a, int result, const struct fault *f);

/* How long until releases may be installed (Window=); 0: now. *ret_length_usec: of that window. */
uint64_t poll_window_usec(const struct agent *a, uint64_t *ret_length_usec);
