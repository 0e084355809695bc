/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The door to fs-verity. Its digest is not kept: it proves only what somebody trusted has written down,
 * which here is the SHA-256 in the signed manifest, and asking for it reads nothing of the file. */

#include "store/verity.h"

#include <linux/fs.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>

#include "ground/beneath.h"

/* Every kernel and file system with fs-verity takes it (ext4 and btrfs on x86-64: no other). */
enum { VERITY_BLOCK = 4096 };

int verity_enable(int tree_fd, const char *path)
{
        const struct fsverity_enable_arg arg = {
                .version = 1,
                .hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
                .block_size = VERITY_BLOCK,
        };
        _cleanup_close_ int fd = beneath_open(tree_fd, path, O_RDONLY, 0);

        if (fd < 0)
                return fd;
        if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) >= 0)
                return 0;
        /* ENOTTY: no file system of this kernel has it, or not this one; EOPNOTSUPP: it has, but not so
         * made. */
        return errno == ENOTTY ? -EOPNOTSUPP : -errno;
}

bool verity_is_on(int fd)
{
        int flags = 0;

        return ioctl(fd, FS_IOC_GETFLAGS, &flags) >= 0 && (flags & FS_VERITY_FL);
}
