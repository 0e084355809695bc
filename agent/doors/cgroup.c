/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads cgroupfs. Paths in it come from the kernel, and end in names that others chose. Reads only. */

#include "doors/cgroup.h"

#include <limits.h>

#include "ground/io.h"

#define CGROUPS_PATH "/sys/fs/cgroup"

enum { FILE_BYTES_MAX = 4096 }; /* a dozen words; a line for each disk */

/* The first line. */
static int file_read(const char *path, char **ret)
{
        _cleanup_close_ int fd = -EBADF;
        size_t len;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -errno;
        r = io_read_all(fd, FILE_BYTES_MAX, ret, &len);
        if (r < 0)
                return r;
        (*ret)[strcspn(*ret, "\n")] = '\0';
        return 0;
}

static bool has_word(const char *text, const char *word)
{
        size_t n = strlen(word);

        for (const char *p = text; *p; p += strspn(p, " ")) {
                size_t len = strcspn(p, " ");

                if (len == n && strncmp(p, word, n) == 0)
                        return true;
                p += len;
        }
        return false;
}

bool cgroup_has(const char *controller)
{
        _cleanup_free_ char *text = NULL;

        return file_read(CGROUPS_PATH "/cgroup.controllers", &text) >= 0 && has_word(text, controller);
}

bool cgroup_filters_addresses(void)
{
        return access(CGROUPS_PATH "/cgroup.controllers", F_OK) >= 0;
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

/* One file of the cgroup; -ENOENT: there is none, or no cgroup any more. */
static int limit_read(const char *cgroup, size_t len, const char *file, char **ret)
{
        char path[PATH_MAX];
        int n, r;

        n = snprintf(path, sizeof(path), "%s%.*s/%s", CGROUPS_PATH, (int)len, cgroup, file);
        if (n < 0 || (size_t)n >= sizeof(path))
                return -ENAMETOOLONG;
        r = file_read(path, ret);
        return r == -ENODEV ? -ENOENT : r; /* a cgroup that went while it was read */
}

int cgroup_read(const char *membership, const char *controller, const char *file,
                char ret[static CGROUP_LIMIT_SIZE])
{
        _cleanup_free_ char *text = NULL, *controllers = NULL;
        const char *cgroup;
        size_t len;
        int r;

        cgroup = membership_find(membership, &len);
        if (!cgroup)
                return -ENOENT;
        r = limit_read(cgroup, len, file, &text);
        if (r >= 0) {
                (void)snprintf(ret, CGROUP_LIMIT_SIZE, "%s", text);
                return 0;
        }
        if (r == -ENOENT && limit_read(cgroup, len, "cgroup.controllers", &controllers) >= 0)
                r = has_word(controllers, controller) ? -ENODATA : -EOPNOTSUPP;
        return r;
}
