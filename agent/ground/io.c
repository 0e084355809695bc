/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes to and from descriptors. Paths appear only as single names below a directory descriptor. */

#include "ground/io.h"

#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>

int io_write_full(int fd, const void *data, size_t len)
{
        const char *p = data;

        while (len > 0) {
                ssize_t n = write(fd, p, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                p += n;
                len -= (size_t)n;
        }
        return 0;
}

int io_read_full(int fd, void *data, size_t len, size_t *ret_len)
{
        size_t done = 0;

        while (done < len) {
                ssize_t n = read(fd, (char *)data + done, len - done);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                done += (size_t)n;
        }
        *ret_len = done;
        return 0;
}

int io_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
        _cleanup_free_ char *data = NULL;
        size_t len = 0, size = 0;

        for (;;) {
                size_t n;
                int r;

                if (size - len < 2) {
                        char *p;

                        size = size ? size * 2 : 4096;
                        if (size > max + 2)
                                size = max +
                                       2; /* one byte past max, to see that there is more, and the NUL */
                        p = realloc(data, size);
                        if (!p)
                                return -ENOMEM;
                        data = p;
                }
                r = io_read_full(fd, data + len, size - len - 1, &n);
                if (r < 0)
                        return r;
                len += n;
                if (len > max)
                        return -EFBIG;
                if (len < size - 1)
                        break;
        }
        data[len] = '\0';
        *ret = TAKE_PTR(data);
        *ret_len = len;
        return 0;
}

int io_read_file_at(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r;

        fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", name);
        if (fstat(fd, &st) < 0)
                return fault_set_errno(f, -errno, "%s: cannot stat", name);
        if (!S_ISREG(st.st_mode))
                return fault_set(f, -EINVAL, "%s: not a regular file", name);
        r = io_read_all(fd, max, ret, ret_len);
        if (r == -EFBIG)
                return fault_set(f, r, "%s: larger than %zu bytes", name, max);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot read", name);
        return 0;
}

static int replacement_write(int dirfd, const char *temporary, const void *data, size_t len, mode_t mode)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlinkat(dirfd, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        r = io_write_full(fd, data, len);
        if (r < 0)
                return r;
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
                return -errno;
        return 0;
}

int io_replace_file_at(int dirfd, const char *name, const void *data, size_t len, mode_t mode,
                       struct fault *f)
{
        char temporary[NAME_MAX + 1];
        int r, n;

        n = snprintf(temporary, sizeof(temporary), ".%s.new", name);
        if (n < 0 || (size_t)n >= sizeof(temporary))
                return fault_set(f, -ENAMETOOLONG, "%s: name too long", name);
        r = replacement_write(dirfd, temporary, data, len, mode);
        if (r >= 0 && renameat(dirfd, temporary, dirfd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void)unlinkat(dirfd, temporary, 0);
                return fault_set_errno(f, r, "%s: cannot write", name);
        }
        if (fsync(dirfd) < 0)
                return fault_set_errno(f, -errno, "%s: cannot make the new name durable", name);
        return 0;
}

int io_memfd_sealed(const char *name, const void *data, size_t len)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (fd < 0)
                return -errno;
        r = io_write_full(fd, data, len);
        if (r < 0)
                return r;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
                return -errno;
        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        return TAKE_FD(fd);
}
