/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* When the bucket is asked: every PollSec= with chance in it, sooner after a failure (a pause that doubles
 * up to PollSec=), at once when somebody asks. Between polls the agent sleeps. */

/* Notes how the poll ended and sets the timer for the next one. */
void poll_schedule(struct agent *a, int result, const struct fault *f);
