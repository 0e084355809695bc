/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_file.h"

/* mkdirat() that is content with a folder that is there, and makes the name durable. */
_must_check_ int target_make_directory(int dirfd, const char *name);

/* The rest of fd against file's length and hashes; fd is then back at its beginning. -EBADMSG. */
_must_check_ int target_check(const struct tuf_file *file, int fd, struct fault *f);

/* Puts a target's bytes below the repository rootfd where trust_target_path() will look: the rest of fd,
 * which must have this length and SHA-256 (-EBADMSG otherwise, and nothing is left). name is
 * "<channel>/<file>". A file that is there already is kept if its bytes are right. The caller holds the
 * repository's lock. */
_must_check_ int target_put(int rootfd, const char *name, int fd, uint64_t length, const char *sha256,
                            struct fault *f);
