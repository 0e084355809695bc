/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only place where a path that others wrote has more than one component. Each component is one openat()
 * that follows no link. openat2(2) would do it in one call, but RestrictSUIDSGID= makes it ENOSYS (its
 * arguments are out of seccomp's sight, systemd.exec(5)), and that wall is worth more than the calls it
 * saves. */

#include "ground/beneath.h"

#include "ground/limits.h"

/* Components are never ".", ".." or empty, so the walk can only go down. */
static bool component_valid(const char *s, size_t len)
{
        return len > 0 && len <= ENTRY_NAME_MAX && !(len == 1 && s[0] == '.') &&
               !(len == 2 && s[0] == '.' && s[1] == '.');
}

/* Walks to the directory that holds path's last component. *ret_name (ENTRY_NAME_MAX + 1 bytes) takes that
 * component. */
static int beneath_walk(int dirfd, const char *path, char *ret_name)
{
        _cleanup_close_ int fd = -EBADF;

        for (;;) {
                size_t len = strcspn(path, "/");
                int next;

                if (!component_valid(path, len))
                        return -EINVAL;
                memcpy(ret_name, path, len);
                ret_name[len] = '\0';
                if (path[len] == '\0')
                        break;
                next = openat(fd >= 0 ? fd : dirfd, ret_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return -errno;
                fd_close(fd);
                fd = next;
                path += len + 1;
        }
        if (fd < 0)
                fd = openat(dirfd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : TAKE_FD(fd);
}

int beneath_open(int dirfd, const char *path, int flags, mode_t mode)
{
        _cleanup_close_ int parent = -EBADF;
        char name[ENTRY_NAME_MAX + 1];
        int fd;

        parent = beneath_walk(dirfd, path, name);
        if (parent < 0)
                return parent;
        do
                fd = openat(parent, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, mode);
        while (fd < 0 && errno == EINTR);
        return fd < 0 ? -errno : fd;
}

int beneath_open_parent(int dirfd, const char *path, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        char name[ENTRY_NAME_MAX + 1];
        int fd;

        fd = beneath_walk(dirfd, path, name);
        if (fd >= 0)
                *ret_name = slash ? slash + 1 : path;
        return fd;
}
