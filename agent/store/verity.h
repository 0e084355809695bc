/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/digest.h"
#include "ground/base.h"

/* fs-verity (the kernel's Documentation/filesystems/fsverity.rst): the file at path below tree_fd can never
 * be written to again, by anybody, and the kernel hands out nothing but what it reads of it now. Which need
 * not be what was written: a sum is still due. 0. -EOPNOTSUPP: the kernel or file system does not offer it,
 * for no file there. -ETXTBSY: somebody has it open for writing. -EEXIST: it is sealed. Other -errno: not
 * for this one. */
_must_check_ int verity_seal(int tree_fd, const char *path);

/* What is known of a file without reading any of it. */
struct verity {
        bool sealed;
        bool summed; /* all that the kernel will ever hand out of it was found to have that SHA-256 */
        uint8_t pair[SHA256_SIZE]; /* if it is sealed: of that SHA-256 and of what the kernel measures */
};

/* Before the first byte is read, so that what is summed then is what was measured. Whether the disk still
 * gives it back it does not say; that nothing is known is no error. */
struct verity verity_look(int fd, const uint8_t sha256[static SHA256_SIZE]);

/* Its bytes, all read from fd since verity_look() was asked, have that SHA-256: written down with the file,
 * if it is sealed. Where that cannot be, it is summed again the next time. */
void verity_note(int fd, const struct verity *v);
