/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"
#include "sealiftd/refresh.h"

/* Removes what was downloaded in part for releases that are no longer to be installed. Logs; never fails. */
void collect_downloads(struct agent *a, const struct refresh *trust, const struct plan *plan);

/* Stops what runs of any release that is not its bundle's current one: of a release on trial when an earlier
 * agent was killed, of an old one that could not be stopped. Logs; never fails. */
void collect_units(struct agent *a);

/* The same, and removes every release from disk that is neither current nor previous: what an older update
 * left, what a killed attempt left half-made. Logs; never fails. */
void collect_releases(struct agent *a);
