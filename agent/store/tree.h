/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"

enum tree_depth {
        TREE_NAMES,  /* names, types, modes, sizes and targets */
        TREE_HASHES, /* and every byte */
        TREE_SLOWLY, /* the same, and at least three quarters of the time are for others */
};

/* Walks the tree below tree_fd (an open directory) and compares it with the manifest: everything that was
 * signed is there, and nothing else. -EBADMSG names the first path that differs, and how; other -errno from
 * the disk. Changes nothing, but for the note of a sum with a file that is sealed (store/verity.h). */
_must_check_ int tree_walk(int tree_fd, const struct content *content, enum tree_depth depth,
                           struct fault *f);

/* The same with TREE_HASHES, by somebody who has other things to do as well: breathe() is called between
 * pieces of it, at each file and each 128 KiB, and what it returns below 0 ends the walk. */
_must_check_ int tree_walk_breathing(int tree_fd, const struct content *content,
                                     int (*breathe)(void *userdata, struct fault *f), void *userdata,
                                     struct fault *f);

/* Removes everything below tree_fd, however deep and whatever its links point to; tree_fd itself stays. May
 * be killed and called again. */
_must_check_ int tree_empty(int tree_fd, struct fault *f);

/* Makes the tree durable: one syncfs() for all of it, which also reports earlier write errors. */
_must_check_ int tree_sync(int tree_fd, struct fault *f);
