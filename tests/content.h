/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The content part of a manifest made by hand, and a directory of its own to fill. */

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>

#include "facts/manifest.h"
#include "ground/base.h"

/* One entry; data is what a file holds. Paths and targets are borrowed from the caller (string literals), so
 * the content needs no free beyond its array. */
struct content_item {
        enum entry_type type;
        mode_t mode;
        const char *path;
        const char *data; /* of a file */
        const char *target;
};

static inline int content_compare(const void *a, const void *b)
{
        return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static inline void content_make(const struct content_item *items, size_t n, struct content *ret)
{
        *ret = (struct content){ .sealed = true, .compression = COMPRESSION_ZSTD, .n_entries = n };
        ret->entries = calloc(n ? n : 1, sizeof(*ret->entries));
        if (!ret->entries)
                abort();
        for (size_t i = 0; i < n; i++) {
                struct entry *e = ret->entries + i;

                e->type = items[i].type;
                e->mode = items[i].mode;
                e->path = (char *)(uintptr_t)items[i].path;
                e->target = (char *)(uintptr_t)items[i].target;
                if (items[i].type != ENTRY_FILE)
                        continue;
                e->size = strlen(items[i].data);
                ret->unpacked_size += e->size;
                if (digest_bytes(items[i].data, e->size, e->sha256) < 0)
                        abort();
        }
        qsort(ret->entries, n, sizeof(*ret->entries), content_compare);
}

static inline void content_done(struct content *c)
{
        free(c->entries);
        c->entries = NULL;
}

static inline int scratch_remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
        return remove(path);
}

/* A fresh directory below $TMPDIR or /tmp; its path is in path (removed by scratch_remove()). */
static inline int scratch_make(char path[static 256])
{
        const char *tmp = getenv("TMPDIR");
        int fd;

        (void)snprintf(path, 256, "%.200s/sealift-test.XXXXXX", tmp ? tmp : "/tmp");
        if (!mkdtemp(path))
                abort();
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                abort();
        return fd;
}

static inline void scratch_remove(const char *path)
{
        (void)nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
