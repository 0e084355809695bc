/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"

/* A bundle being written: a tar of one tree, the same bytes for the same entries. Owner root by number, no
 * names, one time stamp for all, modes as given, nothing but directories, files and symbolic links. */
struct pack_archive;

struct pack_archive *pack_archive_free(struct pack_archive *p);
DEFINE_POINTER_CLEANUP(struct pack_archive, pack_archive_free)

enum {
        /* zstd's window grows with the level, and 19 is the last one whose window is 8 MiB
         * (ZSTD_WINDOW_LOG_MAX), which is memory of every machine that unpacks. */
        PACK_LEVEL_MAX = 19,
        PACK_LEVEL_DEFAULT = 12,
        PACK_GZIP_LEVEL_MAX = 9,
};

/* Writes to fd, which stays the caller's. level 0: the default. */
_must_check_ int pack_archive_open(int fd, enum compression compression, unsigned level, uint64_t mtime,
                                   struct pack_archive **ret, struct fault *f);

/* The next entry's header; for a file exactly e->size bytes must follow. */
_must_check_ int pack_archive_add(struct pack_archive *p, const struct entry *e, struct fault *f);
_must_check_ int pack_archive_write(struct pack_archive *p, const void *data, size_t len, struct fault *f);

/* Ends the archive. Its sum in hex and its size. */
_must_check_ int pack_archive_close(struct pack_archive *p, char ret_sum[static DIGEST_HEX_SIZE],
                                    uint64_t *ret_size, struct fault *f);
