/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"
#include "sealiftd/refresh.h"

/* Fetches the current releases that were found damaged (b->damage) again, and puts their trees right while
 * their services run: what is as signed is not touched. Of a release that the channel no longer has, nothing
 * can be fetched; the one that takes its place is installed as ever. 0, or the first error, which has been
 * logged. */
_must_check_ int repair_releases(struct agent *a, struct refresh *trust, struct fault *f);

/* It is as signed again. */
void repair_forget(struct bundle *b);
