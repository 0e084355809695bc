/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is on disk against what was signed, and the end of what is not. The walk trusts nothing it reads: it
 * goes by descriptors, never follows a link, and stops at the first name the manifest does not have, so that
 * it is never deeper than the manifest. */

#include "store/tree.h"

#include <sys/stat.h>
#include <time.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "store/directory.h"
#include "store/ledger.h"
#include "store/verity.h"

enum {
        TREE_CHUNK = 128 * 1024,
        /* Levels that tree_empty() descends with a descriptor each: all that a manifest allows. What is
         * deeper never came from a manifest, and could be deeper than a process may have descriptors or
         * stack. */
        TREE_DESCENT_MAX = ENTRY_DEPTH_MAX + 1,
};

struct walk {
        enum tree_depth depth;
        int (*breathe)(void *userdata, struct fault *f); /* or NULL */
        void *userdata;
        dev_t device;
        struct ledger *ledger; /* owned */
        struct digest *digest; /* owned */
        uint8_t *chunk;        /* owned; TREE_CHUNK */
        char path[ENTRY_PATH_SIZE];
};

static void walk_done(struct walk *w)
{
        w->ledger = ledger_free(w->ledger);
        w->digest = digest_free(w->digest);
        free(w->chunk);
}

static uint64_t monotonic_nsec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* By resting, since idle classes of processor and disk take system calls that an agent should not have:
 * three times what the last chunk took, so that a busy disk is left alone for longer. */
static void walk_rest(const struct walk *w, uint64_t began)
{
        uint64_t took = 3 * (monotonic_nsec() - began);
        struct timespec ts = { .tv_sec = (time_t)(took / 1000000000), .tv_nsec = (long)(took % 1000000000) };

        if (w->depth == TREE_SLOWLY)
                (void)nanosleep(&ts, NULL);
}

/* Every byte, from the disk and not from what the kernel remembers of it, as far as it can forget: not what
 * a program has mapped, or what is still to be written. Of a file that was summed once it was sealed the
 * kernel itself compares what it reads, and a second sum would find nothing more. */
static int file_sum(struct walk *w, int at, const char *name, const struct entry *e, bool *ret_good,
                    struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        uint8_t sum[SHA256_SIZE];
        struct verity v;
        size_t n;
        int r;

        fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot read", e->path);
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        v = verity_look(fd, e->sha256);
        do {
                uint64_t began = monotonic_nsec();

                r = io_read_full(fd, w->chunk, TREE_CHUNK, &n);
                if (r >= 0 && !v.summed)
                        r = digest_add(w->digest, w->chunk, n);
                if (r < 0)
                        return fault_set_errno(f, r, "%.200s: cannot read", e->path);
                walk_rest(w, began);
                r = w->breathe ? w->breathe(w->userdata, f) : 0;
                if (r < 0)
                        return r;
        } while (n == TREE_CHUNK);
        r = v.summed ? 0 : digest_take(w->digest, sum);
        if (r < 0)
                return fault_set_errno(f, r, "%.200s: cannot sum", e->path);
        *ret_good = v.summed || memcmp(sum, e->sha256, sizeof(sum)) == 0;
        if (*ret_good)
                verity_note(fd, &v);
        return 0;
}

static int file_check(struct walk *w, int at, const char *name, const struct entry *e, const struct stat *st,
                      struct fault *f)
{
        bool good = false;
        int r;

        if ((uint64_t)st->st_size != e->size)
                return fault_set(f, -EBADMSG, "%.200s: has %lld bytes, signed were %llu", e->path,
                                 (long long)st->st_size, (unsigned long long)e->size);
        if (st->st_nlink != 1)
                return fault_set(f, -EBADMSG, "%.200s: has another name elsewhere", e->path);
        if (w->depth == TREE_NAMES)
                return 0;
        r = file_sum(w, at, name, e, &good, f);
        if (r < 0)
                return r;
        return good ? 0 : fault_set(f, -EBADMSG, "%.200s: its SHA-256 is not what was signed", e->path);
}

static int symlink_check(int at, const char *name, const struct entry *e, struct fault *f)
{
        char target[ENTRY_PATH_SIZE];
        ssize_t n;

        n = readlinkat(at, name, target, sizeof(target));
        if (n < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot read", e->path);
        if ((size_t)n != strlen(e->target) || memcmp(target, e->target, (size_t)n) != 0)
                return fault_set(f, -EBADMSG, "%.200s: points elsewhere than signed", e->path);
        return 0;
}

static const mode_t formats[] = {
        [ENTRY_FILE] = S_IFREG,
        [ENTRY_DIRECTORY] = S_IFDIR,
        [ENTRY_SYMLINK] = S_IFLNK,
};

static int directory_walk(struct walk *w, int at, const char *name, size_t path_len, struct fault *f);

static int entry_walk(struct walk *w, int at, const char *name, size_t path_len, struct fault *f)
{
        const struct entry *e = NULL;
        struct stat st;
        int r;

        r = ledger_meet(w->ledger, w->path, &e, NULL);
        if (r < 0)
                return fault_set(f, -EBADMSG, "%.200s: not in the manifest", w->path);
        if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot stat", e->path);
        if ((st.st_mode & S_IFMT) != formats[e->type] || st.st_dev != w->device)
                return fault_set(f, -EBADMSG, "%.200s: not of the type that was signed", e->path);
        if (e->type == ENTRY_SYMLINK)
                return symlink_check(at, name, e, f);
        if ((st.st_mode & 07777) != e->mode)
                return fault_set(f, -EBADMSG, "%.200s: has mode %04o, signed was %04o", e->path,
                                 st.st_mode & 07777, e->mode);
        if (e->type == ENTRY_FILE)
                return file_check(w, at, name, e, &st, f);
        return directory_walk(w, at, name, path_len, f);
}

static int names_walk(struct walk *w, DIR *d, size_t path_len, struct fault *f)
{
        size_t start = path_len > 0 ? path_len + 1 : 0;
        const char *name;
        int r;

        while ((r = directory_next(d, &name)) > 0) {
                size_t len = strlen(name);

                if (start + len >= sizeof(w->path))
                        return fault_set(f, -EBADMSG, "%.200s: holds a name that is too long", w->path);
                if (path_len > 0)
                        w->path[path_len] = '/';
                memcpy(w->path + start, name, len + 1);
                r = entry_walk(w, dirfd(d), name, start + len, f);
                if (r < 0)
                        return r;
                w->path[path_len] = '\0';
        }
        return r < 0 ? fault_set_errno(f, r, "%.200s: cannot list", path_len > 0 ? w->path : "tree") : 0;
}

static int directory_walk(struct walk *w, int at, const char *name, size_t path_len, struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        int r;

        r = directory_open(at, name, &d);
        if (r < 0)
                return fault_set_errno(f, r, "%.200s: cannot open", path_len > 0 ? w->path : "tree");
        return names_walk(w, d, path_len, f);
}

static int walk_go(struct walk *w, int tree_fd, const struct content *content, struct fault *f)
{
        const struct entry *missing;
        struct stat st;
        int r;

        if (fstat(tree_fd, &st) < 0)
                return fault_set_errno(f, -errno, "tree: cannot stat");
        w->device = st.st_dev;
        w->chunk = malloc(TREE_CHUNK);
        r = w->chunk ? ledger_new(content, &w->ledger) : -ENOMEM;
        if (r >= 0)
                r = digest_new(&w->digest);
        if (r < 0)
                return fault_set_errno(f, r, "tree: cannot check it");
        r = directory_walk(w, tree_fd, ".", 0, f);
        if (r < 0)
                return r;
        missing = ledger_missing(w->ledger);
        return missing ? fault_set(f, -EBADMSG, "%.200s: missing", missing->path) : 0;
}

int tree_walk(int tree_fd, const struct content *content, enum tree_depth depth, struct fault *f)
{
        _cleanup_(walk_done) struct walk w = { .depth = depth };

        return walk_go(&w, tree_fd, content, f);
}

int tree_walk_breathing(int tree_fd, const struct content *content,
                        int (*breathe)(void *userdata, struct fault *f), void *userdata, struct fault *f)
{
        _cleanup_(walk_done) struct walk w = { .depth = TREE_HASHES,
                                               .breathe = breathe,
                                               .userdata = userdata };

        return walk_go(&w, tree_fd, content, f);
}

struct emptying {
        int tree_fd; /* borrowed */
        unsigned serial;
        bool moved; /* something was moved to the top and waits for another pass */
};

/* Takes a directory that is too deep to the top, where it is not. The name is free, or an empty directory
 * that the rename replaces, which is as good. */
static int directory_lift(struct emptying *e, int at, const char *name)
{
        for (;;) {
                char top[sizeof(".lifted-4294967295")];

                (void)snprintf(top, sizeof(top), ".lifted-%u", e->serial++);
                if (renameat(at, name, e->tree_fd, top) >= 0)
                        break;
                if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
                        return -errno;
        }
        e->moved = true;
        return 0;
}

static int directory_empty(struct emptying *e, int at, const char *name, unsigned depth);

static int name_remove(struct emptying *e, int at, const char *name, unsigned depth)
{
        int r;

        if (unlinkat(at, name, 0) >= 0)
                return 0;
        if (errno != EISDIR)
                return -errno;
        if (depth >= TREE_DESCENT_MAX)
                return directory_lift(e, at, name);
        r = directory_empty(e, at, name, depth + 1);
        if (r < 0)
                return r;
        return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

static int directory_empty(struct emptying *e, int at, const char *name, unsigned depth)
{
        _cleanup_directory_ DIR *d = NULL;
        const char *child;
        int r;

        r = directory_open(at, name, &d);
        if (r < 0)
                return r;
        while ((r = directory_next(d, &child)) > 0) {
                r = name_remove(e, dirfd(d), child, depth);
                if (r < 0)
                        return r;
        }
        return r;
}

int tree_empty(int tree_fd, struct fault *f)
{
        struct emptying e = { .tree_fd = tree_fd };
        int r;

        do {
                e.moved = false;
                r = directory_empty(&e, tree_fd, ".", 0);
        } while (r >= 0 && e.moved);
        return r < 0 ? fault_set_errno(f, r, "tree: cannot empty it") : 0;
}

int tree_sync(int tree_fd, struct fault *f)
{
        return syncfs(tree_fd) < 0 ? fault_set_errno(f, -errno, "tree: cannot make it durable") : 0;
}
