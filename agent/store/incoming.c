/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bundles on their way in. Nothing here reads them. Names are digests out of signed manifests. */

#include "store/incoming.h"

#include <sys/stat.h>

#include "facts/name.h"
#include "store/directory.h"
#include "store/tree.h"

static int download_open(int at, const char *digest, int flags, struct fault *f)
{
        int fd;

        if (!name_digest_valid(digest))
                return fault_set(f, -EINVAL, "incoming/%.70s: not a digest", digest);
        fd = openat(at, digest, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        return fd < 0 ? fault_set_errno(f, -errno, "incoming/%.16s: cannot open", digest) : fd;
}

static bool download_stat(int at, const char *name, struct stat *ret)
{
        return name_digest_valid(name) && fstatat(at, name, ret, AT_SYMLINK_NOFOLLOW) >= 0 &&
               S_ISREG(ret->st_mode);
}

struct survey {
        size_t n;
        char oldest[DIGEST_HEX_SIZE];
        struct timespec since; /* of the oldest */
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
        return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

static int downloads_survey(int at, struct survey *ret)
{
        _cleanup_directory_ DIR *d = NULL;
        const char *name;
        struct stat st;
        int r;

        *ret = (struct survey){};
        r = directory_open(at, ".", &d);
        while (r >= 0 && (r = directory_next(d, &name)) > 0) {
                if (!download_stat(at, name, &st))
                        continue;
                if (ret->n++ > 0 && !is_older(&st.st_mtim, &ret->since))
                        continue;
                memcpy(ret->oldest, name, sizeof(ret->oldest));
                ret->since = st.st_mtim;
        }
        return r;
}

static int downloads_bound(int at, size_t max, struct fault *f)
{
        for (;;) {
                struct survey s;
                int r;

                r = downloads_survey(at, &s);
                if (r >= 0 && s.n <= max)
                        return 0;
                if (r >= 0 && unlinkat(at, s.oldest, 0) < 0)
                        r = -errno;
                if (r < 0)
                        return fault_set_errno(f, r, "incoming: cannot make room");
        }
}

int incoming_create(int at, const char *digest, struct fault *f)
{
        int r;

        incoming_remove(at, digest);
        r = downloads_bound(at, INCOMING_MAX - 1, f);
        return r < 0 ? r : download_open(at, digest, O_RDWR | O_CREAT | O_EXCL, f);
}

int incoming_resume(int at, const char *digest, uint64_t *ret_size, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = download_open(at, digest, O_RDWR, f);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return fault_set(f, -ENOENT, "incoming/%.16s: not a regular file", digest);
        *ret_size = (uint64_t)st.st_size;
        return TAKE_FD(fd);
}

int incoming_open(int at, const char *digest, struct fault *f)
{
        return download_open(at, digest, O_RDONLY, f);
}

void incoming_remove(int at, const char *digest)
{
        if (name_digest_valid(digest))
                (void)unlinkat(at, digest, 0);
}

uint64_t incoming_size(int at, const char *digest)
{
        struct stat st;

        return download_stat(at, digest, &st) ? (uint64_t)st.st_blocks * 512 : 0;
}

/* Whoever can write there can put anything there; no folder is ours. */
static int folder_sweep(int at, const char *name)
{
        _cleanup_close_ int fd = -EBADF;
        struct fault ignored = {};
        int r;

        if (unlinkat(at, name, AT_REMOVEDIR) >= 0)
                return 0;
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = tree_empty(fd, &ignored);
        if (r < 0)
                return r;
        return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static void name_sweep(int at, const char *name, struct fault *f)
{
        int r = unlinkat(at, name, 0) < 0 ? -errno : 0;

        if (r == -EISDIR)
                r = folder_sweep(at, name);
        if (r < 0 && f->error == 0)
                fault_set_errno(f, r, "incoming/%.200s: cannot remove", name);
}

int incoming_sweep(int at, bool (*keep)(void *userdata, const char *digest), void *userdata, struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        struct fault left = {};
        const char *name;
        struct stat st;
        int r;

        r = directory_open(at, ".", &d);
        while (r >= 0 && (r = directory_next(d, &name)) > 0)
                if (!download_stat(at, name, &st) || (keep && !keep(userdata, name)))
                        name_sweep(at, name, &left);
        if (r < 0)
                return fault_set_errno(f, r, "incoming: cannot sweep it");
        r = downloads_bound(at, INCOMING_MAX, f);
        return r >= 0 && left.error < 0 ? fault_set(f, left.error, "%s", left.text) : r;
}
