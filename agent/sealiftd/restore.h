/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* All current releases that may run are started, or found running, side by side: a slow one keeps no other
 * one waiting, and each is told of as soon as it is up. Those on trial come last and one by one, since each
 * of them may have to go back. Logs; never fails as a whole. */
void restore_all(struct agent *a);
