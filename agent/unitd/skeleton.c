/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Builds and removes root skeletons. Works below a directory descriptor of root's own directory and follows
 * no link. Other processes' mounts are never seen: they live in the services' own mount namespaces. */

#include "unitd/skeleton.h"

#include <dirent.h>
#include <sys/stat.h>

#include "facts/dropin.h"

/* systemd would make missing mount points itself (it is root, /run is writable for it); here they are made
 * so that `ls` shows what a service will see. */
static const char *const directories[] = { "bundle", "dev", "etc", "proc", "run", "sys", "tmp", "var" };

static const struct {
        const char *name, *target;
} links[] = {
        { "bin", "usr/bin" },     { "lib", "usr/lib" },   { "lib32", "usr/lib32" },
        { "lib64", "usr/lib64" }, { "sbin", "usr/sbin" },
};

enum { SKELETON_DEPTH_MAX = 16 }; /* systemd makes five levels at most; a deeper one is not ours */

static int skeleton_fill(int fd, enum root root)
{
        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (mkdirat(fd, directories[i], 0755) < 0)
                        return -errno;
        if (root == ROOT_BUNDLE)
                return 0;
        if (mkdirat(fd, "usr", 0755) < 0)
                return -errno;
        for (size_t i = 0; i < ELEMENTSOF(links); i++)
                if (symlinkat(links[i].target, fd, links[i].name) < 0)
                        return -errno;
        return 0;
}

int skeleton_make(int roots_fd, const char *unit, enum root root, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = skeleton_remove(roots_fd, unit, f);
        if (r < 0)
                return r;
        if (mkdirat(roots_fd, unit, 0755) < 0)
                return fault_set_errno(f, -errno, "%s: cannot make its root directory", unit);
        fd = openat(roots_fd, unit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = fd < 0 ? -errno : skeleton_fill(fd, root);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot make its root directory", unit) : 0;
}

static int remove_contents(int dirfd, unsigned depth);

static int remove_entry(int dirfd, const char *name, unsigned depth)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlinkat(dirfd, name, 0) >= 0)
                return 0;
        if (errno != EISDIR)
                return -errno;
        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = remove_contents(fd, depth + 1);
        if (r < 0)
                return r;
        return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void close_dir(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

static int remove_contents(int dirfd, unsigned depth)
{
        _cleanup_(close_dir) DIR *d = NULL;
        int fd, r = 0;

        if (depth > SKELETON_DEPTH_MAX)
                return -ELOOP;
        fd = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d) {
                r = -errno;
                (void)fd_close(fd);
                return r;
        }
        while (r >= 0) {
                const struct dirent *e;

                errno = 0;
                e = readdir(d);
                if (!e)
                        return -errno;
                if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
                        r = remove_entry(dirfd, e->d_name, depth);
        }
        return r;
}

int skeleton_remove(int roots_fd, const char *unit, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = openat(roots_fd, unit, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return 0;
        r = fd < 0 ? -errno : remove_contents(fd, 0);
        if (r >= 0 && unlinkat(roots_fd, unit, AT_REMOVEDIR) < 0)
                r = -errno;
        return r < 0 ? fault_set_errno(f, r, "%s: cannot remove its root directory", unit) : 0;
}
