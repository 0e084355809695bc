/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only place of the disk door where a path has more than one component. */

#include "store/beneath.h"

#include <linux/openat2.h>
#include <sys/syscall.h>

#include "ground/limits.h"

int beneath_open(int dirfd, const char *path, int flags, mode_t mode)
{
        struct open_how how = {
                .flags = (uint64_t)flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY,
                .mode = mode,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
        };
        long fd;

        if (flags & O_PATH)
                how.flags &= (uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        /* EAGAIN: a rename somewhere on the system made the kernel unsure about "..", which we never use. */
        do
                fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
        while (fd < 0 && (errno == EINTR || errno == EAGAIN));
        return fd < 0 ? -errno : (int)fd;
}

int beneath_open_parent(int dirfd, const char *path, const char **ret_name)
{
        const char *slash = strrchr(path, '/');
        char parent[ENTRY_PATH_SIZE] = ".";
        int fd;

        if (slash) {
                size_t len = (size_t)(slash - path);

                if (len == 0 || len >= sizeof(parent))
                        return -ENAMETOOLONG;
                memcpy(parent, path, len);
                parent[len] = '\0';
        }
        fd = beneath_open(dirfd, parent, O_PATH | O_DIRECTORY, 0);
        if (fd < 0)
                return fd;
        *ret_name = slash ? slash + 1 : path;
        return fd;
}
