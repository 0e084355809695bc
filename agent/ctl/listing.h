/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/repository.h"

/* The keys and threshold of a role, from whoever lists them: root, or the role that delegates to it. */
struct listing {
        struct tuf_signers by;
        char lister[REPOSITORY_FILE_SIZE + 32]; /* "root version 3" */
};

void listing_done(struct listing *l);

/* As the bodies have it now, changed or not. -ENOKEY when nobody delegates to the role any more. */
_must_check_ int listing_find(const struct repository *r, const struct repository_role *role,
                              struct listing *ret, struct fault *f);

/* Whether anybody lists it: false for a delegated role that no role delegates to any more. */
bool listing_exists(const struct repository *r, const struct repository_role *role);

/* How long, in seconds, what it signs is to be valid: as its delegation says, else as root says. */
int64_t listing_period(const struct repository *r, const struct repository_role *role);
