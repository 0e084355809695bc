/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads cgroupfs. Paths in it come from the kernel, and end in names that others chose. Reads only. */

#include "doors/cgroup.h"

#include <limits.h>

#include "ground/io.h"

#define CGROUPS_PATH "/sys/fs/cgroup"

enum { CONTROLLERS_BYTES_MAX = 4096 }; /* a dozen words */

static int file_read(const char *path, size_t max, char **ret)
{
        _cleanup_close_ int fd = -EBADF;
        size_t len;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        r = io_read_all(fd, max, ret, &len);
        if (r < 0)
                return r;
        (*ret)[strcspn(*ret, "\n")] = '\0';
        return 0;
}

bool cgroup_has(const char *controller)
{
        _cleanup_free_ char *text = NULL;
        size_t n = strlen(controller);

        if (file_read(CGROUPS_PATH "/cgroup.controllers", CONTROLLERS_BYTES_MAX, &text) < 0)
                return false;
        for (const char *p = text; *p; p += strspn(p, " ")) {
                size_t word = strcspn(p, " ");

                if (word == n && strncmp(p, controller, n) == 0)
                        return true;
                p += word;
        }
        return false;
}

/* "0::/system.slice/web.service" */
static const char *membership_find(const char *text, size_t *ret_len)
{
        for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
                if (str_has_prefix(p, "0::/")) {
                        *ret_len = strcspn(p + 3, "\n");
                        return p + 3;
                }
        return NULL;
}

int cgroup_read(const char *membership, const char *file, char ret[static CGROUP_LIMIT_SIZE])
{
        _cleanup_free_ char *text = NULL;
        char path[PATH_MAX];
        const char *cgroup;
        size_t len;
        int n, r;

        cgroup = membership_find(membership, &len);
        if (!cgroup)
                return -ENOENT;
        n = snprintf(path, sizeof(path), "%s%.*s/%s", CGROUPS_PATH, (int)len, cgroup, file);
        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        r = file_read(path, CGROUP_LIMIT_SIZE - 1, &text);
        if (r < 0)
                return r == -ENODEV ? -ENOENT : r; /* a cgroup that went while it was read */
        (void)snprintf(ret, CGROUP_LIMIT_SIZE, "%s", text);
        return 0;
}
