/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* Stops what runs of any release that is not its bundle's current one: of a release on trial when an earlier
 * agent was killed, of an old one that could not be stopped. Logs; never fails. */
void collect_units(struct agent *a);

/* The same, and removes every release from disk that is neither current nor previous: what an older update
 * left, what a killed attempt left half-made. Logs; never fails. */
void collect_releases(struct agent *a);
