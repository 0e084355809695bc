/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/state.h"
#include "ground/base.h"

/* Room on the disk that is taken beforehand: a file beside the states, as large as a state may be. A release
 * that fills the disk must not keep the verdict over itself from being written down. What is given up on a
 * full disk that release takes at once: so this is written over, never removed. */
enum { SPARE_BYTES = STATE_BYTES_MAX };
#define SPARE_NAME ".spare"

/* The spare is there, whole, in place of whatever has its name below dirfd. -errno: that is as it was. */
_must_check_ int spare_make(int dirfd);

/* Replaces name as io_replace_file_at() does, by the spare, so that no block and no inode is asked for. What
 * name was is the spare from then on, and will do for what is no larger. -ENOENT: there is none; -EMLINK: it
 * is nothing to write over; -ENOSPC: it is too small, or the file system writes nothing in place (btrfs). */
_must_check_ int spare_spend(int dirfd, const char *name, const void *data, size_t len, mode_t mode);
