/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Paths below a directory descriptor, resolved one component at a time without following any link: no
 * symbolic link or ".." can lead astray. */

/* Opens path below dirfd; O_CLOEXEC, O_NOFOLLOW and O_NOCTTY are added. The descriptor or -errno; -ENOTDIR
 * or -ELOOP when a link stands in the way, -EINVAL for a path that is not plain. */
_must_check_ int beneath_open(int dirfd, const char *path, int flags, mode_t mode);

/* Opens the directory that holds path (O_PATH), and points *ret_name at path's last component. */
_must_check_ int beneath_open_parent(int dirfd, const char *path, const char **ret_name);
