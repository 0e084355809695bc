/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* Removes every release from disk that is neither current nor previous: what an older update left, what a
 * killed attempt left half-made. Units still running from one of them are stopped first. Logs; never fails.
 */
void collect_releases(struct agent *a);
