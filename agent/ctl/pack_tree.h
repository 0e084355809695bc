/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/stat.h>

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"

/* Lists the tree below root (a directory descriptor, kept) into c->entries, sorted by path, and sums up
 * c->unpacked_size; sums of files are left zero. output is the directory the release will be written to,
 * which must not lie in the tree. What a bundle cannot hold is an error that names the path and the remedy:
 * -EINVAL, -EFBIG; other -errno with f. */
_must_check_ int pack_tree_list(int root, const struct stat *output, struct content *c, struct fault *f);

/* Opens the regular file path below root for reading, no component of it a symbolic link. The descriptor or
 * -errno with f. */
_must_check_ int pack_tree_open(int root, const char *path, struct fault *f);
