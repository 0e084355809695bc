/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind repository.h share. */

#include "ctl/repository.h"

struct repository {
        int fd;         /* the folder, and the lock; -EBADF for one that is to be made */
        char *new_path; /* owned; where repository_write() is to make it; NULL for an existing one */
        int64_t now;
        struct trust *trust; /* owned; NULL for a new repository */
        char *first_root;    /* owned; what a new host would be given */
        size_t first_root_len;
        struct repository_role **role; /* owned, and what it points to; in the order of writing */
        size_t n_roles;
        struct tuf_metadata *before; /* owned; the root that is published, while a newer one is staged */
        uint64_t unfinished_root;    /* a version on the disk that nothing goes with yet; 0: none */
        bool root_last;              /* the root before lists enough of those who signed what is staged */
        bool written;                /* what is staged is in the folder, and looked for there */
};

/* Opens the folder, locked unless it is only read. */
_must_check_ int repository_lock(struct repository *r, const char *path, bool lock, struct fault *f);

/* A role at its place in the order of writing; body is transferred, also on failure. */
_must_check_ int repository_role_add(struct repository *r, enum tuf_role kind, const char *name,
                                     json_t *body, struct repository_role **ret, struct fault *f);

/* Keeps the root that is published aside, as a newer one is to be staged. */
_must_check_ int repository_begin_root(struct repository *r, struct fault *f);

/* Path, version and expiry of what is staged, from the body. */
_must_check_ int repository_name_staged(struct repository_role *role, struct fault *f);

/* The moment at which hosts are to accept what is staged. */
int64_t repository_judged_at(const struct repository *r);

/* Least and greatest N of metadata/N.<file>; both 0 when there is none. -errno. */
_must_check_ int repository_versions(int dirfd, const char *file, uint64_t *ret_min, uint64_t *ret_max);
