/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Paths below a directory descriptor, resolved by the kernel in one step that no symbolic link, mount point
 * or ".." can lead astray (openat2(2): RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV). */

/* Opens path below dirfd; O_CLOEXEC, O_NOFOLLOW and O_NOCTTY are added. The descriptor or -errno; -ELOOP or
 * -EXDEV when something stands in the way. */
_must_check_ int beneath_open(int dirfd, const char *path, int flags, mode_t mode);

/* Opens the directory that holds path (O_PATH), and points *ret_name at path's last component. */
_must_check_ int beneath_open_parent(int dirfd, const char *path, const char **ret_name);
