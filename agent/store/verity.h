/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/digest.h"
#include "ground/base.h"

/* fs-verity (the kernel's Documentation/filesystems/fsverity.rst): the file at path below tree_fd can never
 * be written to again, by anybody, and the kernel hands out nothing of it that the disk has changed. Its
 * bytes have just been found to have that SHA-256; which digest the kernel has for them is written down with
 * it. Nobody may have it open for writing. 0. -EOPNOTSUPP: the kernel or file system does not offer it, for
 * no file there. Other -errno: not for this one. */
_must_check_ int verity_seal(int tree_fd, const char *path, const uint8_t sha256[static SHA256_SIZE]);

/* Whether all that the kernel will ever hand out of the file has that SHA-256: it is sealed, and measures
 * what was written down when its bytes were summed. Reads nothing of it, so it does not say that the disk
 * still gives it back. false may also mean that nobody knows. */
bool verity_is_sealed(int fd, const uint8_t sha256[static SHA256_SIZE]);
