/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/repository.h"

/* What a host would make of a repository: the client's own machine over the folder, with what is staged laid
 * over it. "Publisher preflight = host verifier". */

/* A host that was given the first root and comes today, at now (INT64_MIN: when nothing had expired yet). */
_must_check_ int preflight_new_host(const struct repository *r, int64_t now, struct trust **ret,
                                    struct fault *f);

/* Both hosts that matter: one that meets the repository today, and one that follows it. */
_must_check_ int preflight(const struct repository *r, struct fault *f);
