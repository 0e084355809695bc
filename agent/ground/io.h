/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Whole reads and writes on descriptors; EINTR is retried, a short count is never returned as success. */

/* Writes all len bytes. 0 or -errno. */
_must_check_ int io_write_full(int fd, const void *data, size_t len);

/* Reads until len bytes or end of file; the count read in *ret_len. 0 or -errno. */
_must_check_ int io_read_full(int fd, void *data, size_t len, size_t *ret_len);

/* The whole rest of fd, at most max bytes, in a new buffer with a NUL behind it (not counted). -EFBIG past
 * max. *ret is owned by the caller. */
_must_check_ int io_read_all(int fd, size_t max, char **ret, size_t *ret_len);

/* The same for a regular file by name below dirfd (AT_FDCWD allowed), opened O_NOFOLLOW|O_NONBLOCK; anything
 * but a regular file is -EINVAL. */
_must_check_ int io_read_file_at(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len,
                                 struct fault *f);

/* Replaces name below dirfd by data, or leaves it as it was: a temporary name (".name.new"), fsync, rename,
 * fsync of dirfd. The caller must be the only writer of name. */
_must_check_ int io_replace_file_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                                    struct fault *f);

/* A sealed memfd (no further write, growth or shrinking) that holds data; position 0. -errno. */
_must_check_ int io_memfd_sealed(const char *name, const void *data, size_t len);
