/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* readdir(3) with its errors told apart from its end. */

#include "store/directory.h"

int directory_open(int at, const char *name, DIR **ret)
{
        _cleanup_close_ int fd = -EBADF;
        DIR *d;

        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        d = fdopendir(fd);
        if (!d)
                return -errno;
        (void)TAKE_FD(fd); /* transferred to d */
        *ret = d;
        return 0;
}

int directory_next(DIR *d, const char **ret)
{
        struct dirent *e;

        do {
                errno = 0;
                e = readdir(d);
        } while (e && (str_eq(e->d_name, ".") || str_eq(e->d_name, "..")));
        if (!e)
                return -errno;
        *ret = e->d_name;
        return 1;
}

void directory_close(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}
