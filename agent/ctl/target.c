/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Target files on the publisher's disk. Bytes are checked against their sum while they are copied, so that
 * what lies under a name made of a SHA-256 has that SHA-256, whatever happens to the source meanwhile. */

#include "ctl/target.h"

#include <limits.h>
#include <sys/stat.h>

#include "ground/io.h"
#include "ground/text.h"

enum { COPY_CHUNK = 256 * 1024 };

int target_make_directory(int dirfd, const char *name)
{
        if (mkdirat(dirfd, name, 0755) < 0 && errno != EEXIST)
                return -errno;
        return fsync(dirfd) < 0 ? -errno : 0;
}

static int target_copy(const char *what, int from, int to, const struct tuf_file *file, struct fault *f)
{
        _cleanup_(tuf_check_freep) struct tuf_check *check = NULL;
        _cleanup_free_ char *chunk = malloc(COPY_CHUNK);
        size_t n = 0;
        int k;

        if (!chunk)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        k = tuf_check_new(file, &check, f);
        if (k < 0)
                return k;
        do {
                k = io_read_full(from, chunk, COPY_CHUNK, &n);
                if (k < 0)
                        return fault_set_errno(f, k, "%s: cannot read", what);
                k = tuf_check_add(check, chunk, n, f);
                if (k < 0)
                        return k;
                k = to < 0 ? 0 : io_write_full(to, chunk, n);
                if (k < 0)
                        return fault_set_errno(f, k, "%s: cannot write", what);
        } while (n == COPY_CHUNK);
        return tuf_check_end(check, f);
}

int target_check(const struct tuf_file *file, int fd, struct fault *f)
{
        int k;

        k = target_copy(file->name, fd, -EBADF, file, f);
        if (k >= 0 && lseek(fd, 0, SEEK_SET) < 0)
                return fault_set_errno(f, -errno, "%s: cannot read twice", file->name);
        return k;
}

static bool target_there(int dirfd, const char *base, const struct tuf_file *file)
{
        _cleanup_close_ int fd = openat(dirfd, base, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

        return fd >= 0 && target_copy(base, fd, -EBADF, file, NULL) >= 0;
}

static int target_write(int dirfd, const char *base, int from, const struct tuf_file *file, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        char temporary[NAME_MAX + 1];
        int k, n;

        n = snprintf(temporary, sizeof(temporary), ".%s.new", base);
        if (n < 0 || (size_t)n >= sizeof(temporary))
                return fault_set(f, -ENAMETOOLONG, "%s: name too long", base);
        (void)unlinkat(dirfd, temporary, 0); /* left by a publisher that was killed; we hold the lock */
        fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot create", temporary);
        k = target_copy(base, from, fd, file, f);
        if (k >= 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
                       renameat(dirfd, temporary, dirfd, base) < 0 || fsync(dirfd) < 0))
                k = fault_set_errno(f, -errno, "%s: cannot put in place", base);
        if (k < 0)
                (void)unlinkat(dirfd, temporary, 0);
        return k;
}

/* Makes the folders on the way to path below the repository; the last component is left to the caller. */
static int target_open_directory(int rootfd, char *path, int *ret_fd, const char **ret_base)
{
        _cleanup_close_ int fd = fcntl(rootfd, F_DUPFD_CLOEXEC, 3);
        char *part = path, *slash;

        while (fd >= 0 && (slash = strchr(part, '/'))) {
                int next, k;

                *slash = '\0';
                k = target_make_directory(fd, part);
                if (k < 0)
                        return k;
                next = openat(fd, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                (void)fd_close(fd);
                fd = next;
                part = slash + 1;
        }
        if (fd < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        *ret_base = part;
        return 0;
}

int target_put(int rootfd, const char *name, int fd, uint64_t length, const char *sha256, struct fault *f)
{
        struct tuf_file file = { .has_length = true, .length = length, .has_hashes = true };
        _cleanup_close_ int dirfd = -EBADF;
        char path[FETCH_PATH_SIZE];
        const char *base = NULL;
        int k;

        file.name = (char *)(uintptr_t)name; /* only read */
        file.has_sha256 = text_unhex(sha256, file.sha256, SHA256_SIZE) >= 0;
        k = tuf_file_path(&file, true, path, f);
        if (k < 0)
                return k;
        k = target_open_directory(rootfd, path, &dirfd, &base);
        if (k < 0)
                return fault_set_errno(f, k, "%s: cannot make its folder", name);
        if (target_there(dirfd, base, &file))
                return 0;
        return target_write(dirfd, base, fd, &file, f);
}
