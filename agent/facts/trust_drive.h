/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/trust.h"

/* The loop around facts/trust.h: the same for an agent, a publisher's preflight and a bare TUF client, which
 * differ only in where bytes come from and go to. */
struct trust_doors {
        void *userdata;
        /* 0 with bytes that trust_drive() frees; 1 for "not modified" (step->conditional only); -ENOENT when
         * the source does not have it. */
        int (*fetch)(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                     struct fault *f);
        /* The same; -ENOENT when nothing is stored. NULL: nothing ever is. */
        int (*recall)(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                      struct fault *f);
        /* NULL: nothing is kept. */
        int (*store)(void *userdata, const struct trust_step *step, struct fault *f);
        int (*forget)(void *userdata, const struct trust_step *step, struct fault *f);
        /* Whether to go on without a delegated role that failed for this reason. NULL: never. */
        bool (*skip)(void *userdata, const struct fault *why);
};

/* Until everything is verified and current. Errors are those of facts/trust.h and of the doors. */
_must_check_ int trust_drive(struct trust *t, const struct trust_doors *doors, struct fault *f);
