/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writer of trees that are in use. Its input is a tree about which nothing is known, a copy that is as
 * signed, and the manifest. Paths are the manifest's, looked up below descriptors; no link is followed. */

#include "store/mend.h"

#include <sys/stat.h>

#include "ground/beneath.h"
#include "ground/io.h"
#include "store/directory.h"
#include "store/tree.h"

/* No component in a manifest ends in a backslash (facts/name.h). */
#define COPY_NAME ".mend\\"

enum { MEND_CHUNK = 64 * 1024 };

struct mending {
        int tree_fd, copy_fd; /* borrowed */
        int (*breathe)(void *userdata, struct fault *f);
        void *userdata;
        size_t replaced;
};

int mend_open_copy(int tree_fd, struct fault *f)
{
        int fd;

        if (mkdirat(tree_fd, COPY_NAME, 0700) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "tree: cannot make room for a copy");
        fd = openat(tree_fd, COPY_NAME, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? fault_set_errno(f, -errno, "tree: cannot open the copy") : fd;
}

/* Whatever is there by that name. */
static int name_remove(int at, const char *name, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        if (unlinkat(at, name, 0) >= 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR)
                return fault_set_errno(f, -errno, "%.200s: cannot remove", name);
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot open", name);
        r = tree_empty(fd, f);
        if (r >= 0 && unlinkat(at, name, AT_REMOVEDIR) < 0)
                r = fault_set_errno(f, -errno, "%.200s: cannot remove", name);
        return r;
}

/* Byte for byte; one that cannot be read is another. 1, 0, or what breathe() returned below 0. */
static int files_equal(const struct mending *m, int a, int b, struct fault *f)
{
        static char left[MEND_CHUNK], right[MEND_CHUNK];
        size_t n, k;
        int r;

        do {
                if (io_read_full(a, left, sizeof(left), &n) < 0 ||
                    io_read_full(b, right, sizeof(right), &k) < 0 || n != k || memcmp(left, right, n) != 0)
                        return 0;
                r = m->breathe(m->userdata, f);
                if (r < 0)
                        return r;
        } while (n == sizeof(left));
        return 1;
}

/* What we are short of says nothing about a file that somebody may have open; that a disk does not give it
 * back does. */
static bool is_shortage(int error)
{
        return error == EMFILE || error == ENFILE || error == ENOMEM;
}

/* 1, 0, or -errno when it cannot be told. */
static int file_is_good(const struct mending *m, int at, const char *name, int copy_at,
                        const struct entry *e, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF, copy = -EBADF;
        struct stat st;

        if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 ||
            (st.st_mode & 07777) != e->mode || (uint64_t)st.st_size != e->size)
                return 0;
        fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0)
                copy = openat(copy_at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || copy < 0)
                return is_shortage(errno) ? fault_set_errno(f, -errno, "%.200s: cannot look at it", e->path)
                                          : 0;
        return files_equal(m, fd, copy, f);
}

static bool symlink_is_good(int at, const char *name, const struct entry *e)
{
        char target[ENTRY_PATH_SIZE];
        ssize_t n = readlinkat(at, name, target, sizeof(target));

        return n >= 0 && (size_t)n == strlen(e->target) && memcmp(target, e->target, (size_t)n) == 0;
}

static bool directory_is_good(int at, const char *name, const struct entry *e)
{
        struct stat st;

        return fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode) &&
               (st.st_mode & 07777) == e->mode;
}

/* Its content is looked at by itself: only the folder and its mode. */
static int directory_put(int at, const char *name, const struct entry *e, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;
        int r = 0;

        if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
                r = name_remove(at, name, f);
        if (r < 0)
                return r;
        if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%.200s: cannot create", e->path);
        fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchmod(fd, e->mode) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot set its mode", e->path);
        return 0;
}

/* One rename: whoever opens the path finds what was there, or what was signed. A folder in its place has to
 * go first. */
static int name_put(int at, const char *name, int copy_at, const struct entry *e, struct fault *f)
{
        struct stat st;
        int r = 0;

        if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode))
                r = name_remove(at, name, f);
        if (r >= 0 && renameat(copy_at, name, at, name) < 0)
                r = fault_set_errno(f, -errno, "%.200s: cannot replace", e->path);
        return r;
}

static int entry_mend(struct mending *m, const struct entry *e, struct fault *f)
{
        _cleanup_close_ int at = -EBADF, copy_at = -EBADF;
        const char *name, *copy_name;
        int good;

        at = beneath_open_parent(m->tree_fd, e->path, &name);
        copy_at = beneath_open_parent(m->copy_fd, e->path, &copy_name);
        if (at < 0 || copy_at < 0)
                return fault_set_errno(f, at < 0 ? at : copy_at, "%.200s: cannot open its folder", e->path);
        good = e->type == ENTRY_FILE        ? file_is_good(m, at, name, copy_at, e, f)
               : e->type == ENTRY_DIRECTORY ? directory_is_good(at, name, e)
                                            : symlink_is_good(at, name, e);
        if (good != 0)
                return good;
        m->replaced++;
        return e->type == ENTRY_DIRECTORY ? directory_put(at, name, e, f)
                                          : name_put(at, name, copy_at, e, f);
}

static int entry_compare(const void *key, const void *element)
{
        return strcmp(key, ((const struct entry *)element)->path);
}

static bool is_signed(const struct content *c, const char *path)
{
        return c->n_entries > 0 &&
               bsearch(path, c->entries, c->n_entries, sizeof(*c->entries), entry_compare) != NULL;
}

/* What is left are the manifest's own folders, which are never deeper than it allows. */
static int strangers_remove(const struct content *c, int at, const char *name, char path[ENTRY_PATH_SIZE],
                            size_t *replaced, struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        size_t len = strlen(path);
        const char *child;
        int r;

        r = directory_open(at, name, &d);
        if (r < 0)
                return r == -ENOTDIR || r == -ELOOP ? 0 : fault_set_errno(f, r, "%.200s: cannot open", path);
        while ((r = directory_next(d, &child)) > 0) {
                size_t n = strlen(child);

                if (len == 0 && str_eq(child, COPY_NAME))
                        continue;
                if (len + n + 2 <= ENTRY_PATH_SIZE)
                        (void)snprintf(path + len, ENTRY_PATH_SIZE - len, "%s%s", len > 0 ? "/" : "", child);
                if (len + n + 2 > ENTRY_PATH_SIZE || !is_signed(c, path)) {
                        ++*replaced;
                        r = name_remove(dirfd(d), child, f);
                } else
                        r = strangers_remove(c, dirfd(d), child, path, replaced, f);
                path[len] = '\0';
                if (r < 0)
                        return r;
        }
        return r < 0 ? fault_set_errno(f, r, "%.200s: cannot list", len > 0 ? path : "tree") : 0;
}

int mend_tree(int tree_fd, int copy_fd, const struct content *content,
              int (*breathe)(void *userdata, struct fault *f), void *userdata, size_t *ret_replaced,
              struct fault *f)
{
        struct mending m = {
                .tree_fd = tree_fd, .copy_fd = copy_fd, .breathe = breathe, .userdata = userdata
        };
        char path[ENTRY_PATH_SIZE] = "";
        int r = 0;

        /* In the manifest's order a folder comes before what is in it. */
        for (size_t i = 0; r >= 0 && i < content->n_entries; i++)
                r = entry_mend(&m, content->entries + i, f);
        if (r >= 0)
                r = strangers_remove(content, tree_fd, ".", path, &m.replaced, f);
        if (r >= 0)
                r = name_remove(tree_fd, COPY_NAME, f);
        if (r >= 0)
                r = tree_sync(tree_fd, f);
        if (r >= 0)
                r = tree_walk_breathing(tree_fd, content, breathe, userdata, f);
        if (r >= 0)
                *ret_replaced = m.replaced;
        return r;
}

int mend_sweep(int tree_fd, struct fault *f)
{
        return name_remove(tree_fd, COPY_NAME, f);
}
