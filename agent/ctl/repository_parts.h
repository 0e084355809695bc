/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind repository.h share. */

#include "ctl/repository.h"

struct repository {
        int fd; /* the folder, and the lock */
        int64_t now;
        struct trust *trust; /* owned; NULL for a new repository */
        char *first_root;    /* owned; what a new host would be given */
        size_t first_root_len;
        struct repository_role **role; /* owned, and what it points to; in the order of writing */
        size_t n_roles;
        struct tuf_metadata *before; /* owned; the root that is published, while a newer one is staged */
        bool root_last;              /* the root before lists enough of those who signed what is staged */
        bool written;                /* what is staged is in the folder, and looked for there */
};

/* The moment at which hosts are to accept what is staged. */
int64_t repository_judged_at(const struct repository *r);

/* Least and greatest N of metadata/N.<file>; both 0 when there is none. -errno. */
_must_check_ int repository_versions(int dirfd, const char *file, uint64_t *ret_min, uint64_t *ret_max);
