/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"

/* Puts a damaged tree right while services run from it: a whole, checked copy of the release is made inside
 * of the tree, and what differs is replaced by it, one rename a file; what is as signed is not touched, and
 * what does not belong there is removed. May be killed at any point and begun anew: each path holds what it
 * held, or what was signed. */

/* A folder for the copy, empty or with what an earlier attempt left. Its name is none that a manifest can
 * have. A descriptor, or -errno. */
_must_check_ int mend_open_copy(int tree_fd, struct fault *f);

/* copy_fd: holds the release as signed (tree_walk() with TREE_HASHES has said so). *ret_replaced: how many
 * files, links and folders were not as signed. Then the copy is removed, the tree durable and, as a last
 * word, walked whole. -EBADMSG: it is damaged all the same. breathe() is called as tree_walk_breathing()
 * does; what it returns below 0 ends this as being killed does, and the copy is of no more use. */
_must_check_ int mend_tree(int tree_fd, int copy_fd, const struct content *content,
                           int (*breathe)(void *userdata, struct fault *f), void *userdata,
                           size_t *ret_replaced, struct fault *f);

/* Removes a copy that whoever made it was killed with, or gave up; there may be none. */
_must_check_ int mend_sweep(int tree_fd, struct fault *f);
