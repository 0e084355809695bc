/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* fs-verity (the kernel's Documentation/filesystems/fsverity.rst): the file at path below tree_fd can never
 * be written to again, by anybody, and the kernel hands out nothing of it that the disk has changed. Nobody
 * may have it open for writing. 0. -EOPNOTSUPP: the kernel or file system does not offer it, for no file
 * there. Other -errno: not for this one. */
_must_check_ int verity_enable(int tree_fd, const char *path);

/* Whether it is on. */
bool verity_is_on(int fd);
