/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The publisher's tree, walked by directory descriptors so that a link put in place meanwhile leads nowhere.
 * Everything the agent would refuse is refused here, where somebody can still do something about it. Reads
 * names, types and sizes; never changes a thing. */

#include "ctl/pack_tree.h"

#include <dirent.h>
#include <sys/xattr.h>

#include "facts/name.h"
#include "ground/text.h"

struct walk {
        struct content *content;
        size_t allocated;
        const struct stat *output;
};

static int walk_directory(struct walk *w, int fd /* consumed */, const char *path, struct fault *f);

static void close_directory(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

static int walk_add(struct walk *w, const struct entry *e, struct fault *f)
{
        struct content *c = w->content;
        struct entry kept = *e;

        if (c->n_entries >= BUNDLE_ENTRIES_MAX)
                return fault_set(f, -EFBIG, "%s: a bundle has %llu entries at most; pack files together",
                                 e->path, (unsigned long long)BUNDLE_ENTRIES_MAX);
        if (e->size > BUNDLE_BYTES_MAX - c->unpacked_size)
                return fault_set(f, -EFBIG, "%s: the files are more than 64G together", e->path);
        if (c->n_entries == w->allocated) {
                size_t n = w->allocated ? 2 * w->allocated : 64;
                struct entry *entries = reallocarray(c->entries, n, sizeof(*entries));

                if (!entries)
                        return -ENOMEM;
                c->entries = entries;
                w->allocated = n;
        }
        kept.path = strdup(e->path);
        kept.target = e->target ? strdup(e->target) : NULL;
        if (!kept.path || (e->target && !kept.target)) {
                free(kept.path);
                free(kept.target);
                return -ENOMEM;
        }
        c->entries[c->n_entries++] = kept;
        c->unpacked_size += e->size;
        return 0;
}

static int walk_file(struct walk *w, int dir, const char *name, char *path, const struct stat *st,
                     struct fault *f)
{
        struct entry e = { .path = path, .type = ENTRY_FILE, .size = (uint64_t)st->st_size };
        _cleanup_close_ int fd = -EBADF;

        if (st->st_mode & (S_ISUID | S_ISGID))
                return fault_set(
                        f, -EINVAL,
                        "%s: is setuid or setgid, which a bundle cannot be; chmod ug-s it, or leave it out",
                        path);
        fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot read", path);
        if (fgetxattr(fd, "security.capability", NULL, 0) > 0)
                return fault_set(
                        f, -EINVAL,
                        "%s: has file capabilities, which a bundle cannot have; remove them (setcap -r), or "
                        "leave it out",
                        path);
        e.mode = st->st_mode & S_IXUSR ? 0755 : 0644;
        return walk_add(w, &e, f);
}

static int walk_symlink(struct walk *w, int dir, const char *name, char *path, struct fault *f)
{
        char target[ENTRY_PATH_SIZE];
        struct entry e = { .path = path, .target = target, .type = ENTRY_SYMLINK, .mode = 0777 };
        ssize_t n;

        n = readlinkat(dir, name, target, sizeof(target));
        if (n < 0)
                return fault_set_errno(f, -errno, "%s: cannot read the link", path);
        if ((size_t)n >= sizeof(target))
                return fault_set(f, -EINVAL, "%s: leads to more than %zu bytes", path, sizeof(target) - 1);
        target[n] = '\0';
        if (!name_target_valid(path, target))
                return fault_set(
                        f, -EINVAL,
                        "%s: leads to '%s', which is not in the tree; make the link relative and inside, or "
                        "copy the file",
                        path, target);
        return walk_add(w, &e, f);
}

static int walk_subdirectory(struct walk *w, int dir, const char *name, char *path, const struct stat *st,
                             struct fault *f)
{
        struct entry e = { .path = path, .type = ENTRY_DIRECTORY, .mode = 0755 };
        int fd, r;

        if (st->st_dev == w->output->st_dev && st->st_ino == w->output->st_ino)
                return fault_set(f, -EINVAL,
                                 "%s: is where the release goes, and would be packed; use --output", path);
        r = walk_add(w, &e, f);
        if (r < 0)
                return r;
        fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot read", path);
        return walk_directory(w, fd, path, f);
}

static const char *type_name(mode_t mode)
{
        return S_ISFIFO(mode)   ? "FIFO"
               : S_ISSOCK(mode) ? "socket"
               : S_ISBLK(mode)  ? "block device"
               : S_ISCHR(mode)  ? "character device"
                                : "thing of unknown type";
}

static int walk_entry(struct walk *w, int dir, const char *parent, const char *name, struct fault *f)
{
        char path[ENTRY_PATH_SIZE + 256];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s%s%s", parent, *parent ? "/" : "", name);
        if (!name_entry_valid(path))
                return fault_set(
                        f, -EINVAL,
                        "%s: not a name for a bundle; rename it: UTF-8 without control characters, no space "
                        "or backslash at the end, at most %d directories deep",
                        path, ENTRY_DEPTH_MAX);
        if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_set_errno(f, -errno, "%s: cannot stat", path);
        switch (st.st_mode & S_IFMT) {
        case S_IFREG:
                return walk_file(w, dir, name, path, &st, f);
        case S_IFDIR:
                return walk_subdirectory(w, dir, name, path, &st, f);
        case S_IFLNK:
                return walk_symlink(w, dir, name, path, f);
        default:
                return fault_set(
                        f, -EINVAL,
                        "%s: is a %s; a bundle holds files, directories and symbolic links; remove it", path,
                        type_name(st.st_mode));
        }
}

/* Recursion ends at ENTRY_DEPTH_MAX, since a deeper path is no valid name. */
static int walk_directory(struct walk *w, int fd, const char *path, struct fault *f)
{
        _cleanup_(close_directory) DIR *d = fdopendir(fd);
        const struct dirent *e;
        int r;

        if (!d) {
                r = -errno;
                (void)fd_close(fd);
                return fault_set_errno(f, r, "%s: cannot read", path);
        }
        while ((errno = 0, e = readdir(d))) {
                if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
                        continue;
                r = walk_entry(w, dirfd(d), path, e->d_name, f);
                if (r < 0)
                        return r;
        }
        return errno == 0 ? 0 : fault_set_errno(f, -errno, "%s: cannot read", path);
}

static int compare_entries(const void *a, const void *b)
{
        return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

int pack_tree_list(int root, const struct stat *output, struct content *c, struct fault *f)
{
        struct walk w = { .content = c, .output = output };
        struct stat st;
        int fd, r;

        if (fstat(root, &st) < 0)
                return fault_set_errno(f, -errno, "cannot stat the tree");
        if (st.st_dev == output->st_dev && st.st_ino == output->st_ino)
                return fault_set(f, -EINVAL,
                                 "the release would be written into the tree it is made of; use --output");
        fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "cannot read the tree");
        r = walk_directory(&w, fd, "", f);
        if (r < 0)
                return r;
        if (c->n_entries > 0)
                qsort(c->entries, c->n_entries, sizeof(*c->entries), compare_entries);
        return 0;
}

int pack_tree_open(int root, const char *path, struct fault *f)
{
        _cleanup_close_ int dir = -EBADF;
        char name[ENTRY_NAME_MAX + 1];

        for (const char *p = path;;) {
                size_t n = strcspn(p, "/");
                int fd;

                memcpy(name, p, n);
                name[n] = '\0';
                fd = openat(dir < 0 ? root : dir, name,
                            O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                                    (p[n] ? O_DIRECTORY : 0));
                if (fd < 0)
                        return fault_set_errno(f, -errno, "%s: cannot read", path);
                if (!p[n])
                        return fd;
                (void)fd_close(dir);
                dir = fd;
                p += n + 1;
        }
}
