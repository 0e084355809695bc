/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* A compressed bundle as a stream of plain bytes, in constant memory. */
struct source;

struct source *source_free(struct source *s);
DEFINE_POINTER_CLEANUP(struct source, source_free)

/* Reads start->bundle_size bytes of fd (a regular file, read with pread() so that nobody's file position
 * matters; borrowed until source_free()). At most plain_max bytes come out. -EINVAL for a descriptor or
 * compression that will not do; -ENOMEM. */
_must_check_ int source_new(int fd, const struct unpack_start *start, uint64_t plain_max,
                            struct source **ret, struct fault *f);

/* The next chunk, valid until the next call. 1: a chunk of at least one byte. 0: the end, and the whole
 * bundle was one compressed stream with nothing behind it. -EINVAL: damaged or truncated; -EFBIG: a window
 * over ZSTD_WINDOW_LOG_MAX, or more than plain_max bytes. */
_must_check_ int source_read(struct source *s, const void **ret, size_t *ret_len, struct fault *f);

/* Plain bytes given so far, and how many of them there are up to the last that is not zero. */
uint64_t source_given(const struct source *s);
uint64_t source_last_nonzero(const struct source *s);
