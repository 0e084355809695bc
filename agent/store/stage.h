/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* Fills an empty tree from a stream of entries that nobody trusts: only what the manifest names is accepted,
 * with its type, mode, size, target and SHA-256, each entry once, a directory before what is in it. After a
 * failure the stage refuses everything more; the tree is then for tree_empty(). */
struct stage;

struct stage *stage_free(struct stage *s);
DEFINE_POINTER_CLEANUP(struct stage, stage_free)

/* tree_fd (a directory, not O_PATH) and content are borrowed until stage_free(). -ENOMEM. */
_must_check_ int stage_new(int tree_fd, const struct content *content, struct stage **ret, struct fault *f);

/* The next entry; for a file of more than 0 bytes, stage_data() must follow until it has its size.
 * -EINVAL: not what the manifest says, or out of turn; -EBADMSG: wrong size or sum; -EEXIST: the tree was
 * not empty; -ENOSPC and other -errno from the disk. */
_must_check_ int stage_entry(struct stage *s, const struct unpack_entry *e, struct fault *f);

/* Bytes of the current file. The last ones check its sum. */
_must_check_ int stage_data(struct stage *s, const void *data, size_t len, struct fault *f);

/* Nothing more comes: -EINVAL when something is missing. Symbolic links are made here, after the last write
 * through a directory, so that none can ever be written through. Not yet durable: tree_sync(). */
_must_check_ int stage_finish(struct stage *s, struct fault *f);

/* After stage_finish(): whether every file, and there is one, has been sealed with fs-verity. */
bool stage_sealed(const struct stage *s);
