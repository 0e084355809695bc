/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file that is there to be written over, when no other can be written. Its name is ours alone, but what is
 * found there may have come with a backup: sparse, root's, or one file with what it was like. */

#include "store/spare.h"

#include <sys/stat.h>

#include "ground/io.h"

static int spare_open(int dirfd, struct stat *ret)
{
        _cleanup_close_ int fd = -EBADF;

        fd = openat(dirfd, SPARE_NAME, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, ret) < 0)
                return -errno;
        /* Another name would be changed along with it. */
        return ret->st_nlink == 1 ? TAKE_FD(fd) : -EMLINK;
}

static bool spare_is_whole(int dirfd)
{
        struct stat st;
        _cleanup_close_ int fd = spare_open(dirfd, &st);

        return fd >= 0 && st.st_blocks * 512 >= SPARE_BYTES;
}

/* Zeros that were written, not fallocate(): to write over these, ext4 has nothing to note. */
int spare_make(int dirfd)
{
        _cleanup_free_ char *zeros = NULL;

        if (spare_is_whole(dirfd))
                return 0;
        zeros = calloc(1, SPARE_BYTES);
        return zeros ? io_replace_file_at(dirfd, SPARE_NAME, zeros, SPARE_BYTES, 0600, NULL) : -ENOMEM;
}

static int spare_write(int dirfd, const void *data, size_t len, mode_t mode)
{
        struct stat st;
        _cleanup_close_ int fd = spare_open(dirfd, &st);
        int r;

        if (fd < 0)
                return fd;
        /* In this order: what is cut off before it is needed has gone to somebody else. */
        r = io_write_full(fd, data, len);
        if (r < 0)
                return r;
        return ftruncate(fd, (off_t)len) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0 ? -errno : 0;
}

int spare_spend(int dirfd, const char *name, const void *data, size_t len, mode_t mode)
{
        int r;

        r = spare_write(dirfd, data, len, mode);
        if (r < 0)
                return r;
        /* No such name yet, or the file system exchanges no two: there is no next spare. */
        if (renameat2(dirfd, SPARE_NAME, dirfd, name, RENAME_EXCHANGE) < 0 &&
            renameat(dirfd, SPARE_NAME, dirfd, name) < 0)
                return -errno;
        return fsync(dirfd) < 0 ? -errno : 0;
}
