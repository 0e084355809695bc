/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* file:// sources. What lies in the folder is as hostile as a server: whoever prepared the stick chose every
 * name, link and device on it. So a path is walked down without following a link, only regular files are
 * read, and no further than the cap; that what is read is right, signatures say. This file must never write,
 * and never open by a path that a caller has named. */

#include "fetch/folder.h"

#include <sys/stat.h>

#include "fetch/url.h"
#include "ground/beneath.h"
#include "ground/io.h"

enum { FOLDER_CHUNK = 64 * 1024 };

/* The folder itself is the administrator's word, links and all. One that is not there is a stick that is not
 * in: that may pass. */
static int folder_open(const char *url, struct fault *f)
{
        char path[CONFIG_URL_SIZE];
        int fd, r;

        r = url_folder(url, path, f);
        if (r < 0)
                return r;
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd >= 0)
                return fd;
        if (errno == EACCES)
                return fault_set(
                        f, -EACCES,
                        "%.300s: everybody must be able to read it; this process has a user of its own",
                        path);
        return fault_set(
                f, -EHOSTUNREACH,
                "%.300s: not there; is it mounted? This process sees nothing of /var, /home and /tmp", path);
}

/* What a web server or a bucket was copied from has the names that stand for themselves; what a repository
 * tool wrote (`sealift publish` among them) may have the encoded ones. */
static int object_find(int folder, const char *path, const char *decoded)
{
        int fd;

        fd = beneath_open(folder, path, O_RDONLY | O_NONBLOCK, 0);
        if (fd == -ENOENT && !str_eq(path, decoded))
                fd = beneath_open(folder, decoded, O_RDONLY | O_NONBLOCK, 0);
        return fd;
}

static int object_open(int folder, const struct fetch_get *g, const char *decoded, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = object_find(folder, g->path, decoded);
        if (fd == -ENOENT)
                return fault_set(f, -ENOENT, "not there");
        if (fd == -EACCES)
                return fault_set(f, fd, "everybody must be able to read it");
        if (fd == -EIO)
                return fault_set_errno(f, -EHOSTUNREACH, "cannot open");
        if (fd < 0)
                return fault_set(f, -EINVAL, "cannot open (%s); no link is followed there", strerror(-fd));
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return fault_set(f, -EINVAL, "not a regular file");
        if ((uint64_t)st.st_size > g->max_bytes)
                return fault_set(f, -EFBIG, "longer than the %llu bytes expected",
                                 (unsigned long long)g->max_bytes);
        if (g->offset > 0 && (g->offset > (uint64_t)st.st_size || lseek(fd, (off_t)g->offset, SEEK_SET) < 0))
                return fault_set(f, -ERANGE, "shorter than the part of it that is here already");
        return TAKE_FD(fd);
}

/* The file may grow meanwhile: bytes are counted, not believed. */
static int object_copy(int fd, int pipe, uint64_t max_bytes, uint64_t *ret_bytes, struct fault *f)
{
        static char chunk[FOLDER_CHUNK];

        for (;;) {
                size_t n;
                int r;

                r = io_read_full(fd, chunk, sizeof(chunk), &n);
                if (r < 0) /* a stick that was pulled out */
                        return fault_set(f, -EHOSTUNREACH, "cannot read: %s", strerror(-r));
                if (n == 0)
                        return 0;
                if (n > max_bytes - *ret_bytes)
                        return fault_set(f, -EFBIG, "longer than the %llu bytes expected",
                                         (unsigned long long)max_bytes);
                r = io_write_full(pipe, chunk, n);
                if (r < 0)
                        return fault_set(f, r == -EPIPE ? r : -EINVAL, "cannot pass the body on: %s",
                                         strerror(-r));
                *ret_bytes += n;
        }
}

int folder_get(const struct config_source *source, const struct fetch_get *g, int pipe,
               struct transfer_result *result, struct fault *f)
{
        _cleanup_close_ int folder = -EBADF, fd = -EBADF;
        char decoded[FETCH_PATH_SIZE];
        int r;

        *result = (struct transfer_result){};
        r = url_decode_path(g->path, decoded, f);
        if (r < 0)
                return r;
        folder = folder_open(source->url, f);
        if (folder < 0)
                return folder;
        fd = object_open(folder, g, decoded, f);
        return fd < 0 ? fd : object_copy(fd, pipe, g->max_bytes - g->offset, &result->bytes, f);
}
