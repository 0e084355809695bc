/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"
#include "sealiftd/refresh.h"

/* Fetches the releases that are known to be damaged (damage.h) and are to stay, those that run first, and
 * puts their trees right while services run: what is as signed is not touched. What was signed of them is on
 * this machine, so that it is enough that the bucket still has their bundles. 0, or the first error of a
 * release that is current; each has been logged, and is known to status. */
_must_check_ int repair_releases(struct agent *a, struct refresh *trust, struct fault *f);

/* Whether a download of that SHA-256 is for one of them, so that the next repair goes on with it. */
bool repair_expects(struct agent *a, const char *sha256);
