/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A state that is written down on a full disk: a made-up one, on which a file has the blocks that it has,
 * and no other comes to be. */

#include "store/spare.h"

#include <stdarg.h>
#include <sys/stat.h>

#include "content.h"
#include "ground/io.h"
#include "store/store.h"
#include "tap.h"

#define MUST(call)                                                                                          \
        do {                                                                                                \
                if ((call) < 0)                                                                             \
                        abort();                                                                            \
        } while (0)

enum { BLOCK = 4096 };

/* ---- a disk ---- */

static int blocks, inodes; /* what asks for more of them fails with; 0: there are some */
static bool exchanges = true;
static int unsynced; /* so many times a folder's new names cannot be made durable */

int __wrap_openat(int at, const char *name, int flags, ...);
int __real_openat(int at, const char *name, int flags, ...);
int __wrap_openat(int at, const char *name, int flags, ...)
{
        mode_t mode;
        va_list ap;

        va_start(ap, flags);
        mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
        va_end(ap);
        if (inodes == 0 || !(flags & O_CREAT))
                return __real_openat(at, name, flags, mode);
        errno = inodes;
        return -1;
}

ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len)
{
        off_t room, from = lseek(fd, 0, SEEK_CUR);
        struct stat st;

        if (blocks == 0)
                return __real_write(fd, data, len);
        MUST(fstat(fd, &st));
        room = (st.st_size + BLOCK - 1) / BLOCK * BLOCK;
        if (from < room)
                return __real_write(fd, data, (off_t)len < room - from ? len : (size_t)(room - from));
        errno = blocks;
        return -1;
}

int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __real_renameat2(int a, const char *from, int b, const char *to, unsigned flags);
int __wrap_renameat2(int a, const char *from, int b, const char *to, unsigned flags)
{
        if (exchanges)
                return __real_renameat2(a, from, b, to, flags);
        errno = EINVAL;
        return -1;
}

int __wrap_fsync(int fd);
int __real_fsync(int fd);
int __wrap_fsync(int fd)
{
        struct stat st;

        MUST(fstat(fd, &st));
        if (unsynced == 0 || !S_ISDIR(st.st_mode))
                return __real_fsync(fd);
        unsynced--;
        errno = EIO;
        return -1;
}

/* ---- a store on it ---- */

struct site {
        char path[256];
        int fd, at; /* at: of state/ */
        struct store *store;
        struct bundle_state state;
        struct fault f;
};

static void site_open(struct site *s)
{
        static const char *const places[] = { "trust", "state", "incoming", "outbox", "releases" };

        *s = (struct site){ .state.current.version = "1" };
        s->fd = scratch_make(s->path);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                MUST(mkdirat(s->fd, places[i], 0755));
        s->at = openat(s->fd, "state", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        MUST(s->at);
        memset(s->state.current.digest, 'a', sizeof(s->state.current.digest) - 1);
        MUST(store_open(s->path, &s->store, &s->f));
        MUST(store_state_save(s->store, "web", &s->state, &s->f));
}

static void site_close(struct site *s)
{
        blocks = inodes = unsynced = 0;
        exchanges = true;
        s->store = store_free(s->store);
        s->at = fd_close(s->at);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
}

static off_t size_of(struct site *s, const char *name)
{
        struct stat st;

        return fstatat(s->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : st.st_size;
}

static int mode_of(struct site *s, const char *name)
{
        struct stat st;

        return fstatat(s->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : (int)(st.st_mode & 07777);
}

static ino_t inode_of(struct site *s, const char *name)
{
        struct stat st;

        return fstatat(s->at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

static bool is_whole(struct site *s)
{
        struct stat st;

        return fstatat(s->at, SPARE_NAME, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISREG(st.st_mode) &&
               st.st_nlink == 1 && st.st_size == SPARE_BYTES && st.st_blocks * 512 >= SPARE_BYTES;
}

/* Verdicts over so many more releases. */
static int save(struct site *s, const char *bundle, unsigned more)
{
        for (unsigned i = 0; i < more; i++) {
                struct release_ref bad = { .version = "2" };

                (void)snprintf(bad.digest, sizeof(bad.digest), "%064zx", s->state.n_quarantined);
                state_quarantine(&s->state, &bad, 1, "it fills the disk, and answers that it cannot write");
        }
        s->f = (struct fault){};
        return store_state_save(s->store, bundle, &s->state, &s->f);
}

/* How many verdicts stand on disk; -errno. */
static int verdicts(struct site *s, const char *bundle)
{
        static struct bundle_state back;
        struct fault f = {};
        int r = store_state_load(s->store, bundle, &back, &f);

        return r < 0 ? r : (int)back.n_quarantined;
}

/* ---- what is asked of it ---- */

static void test_full(int error)
{
        _cleanup_free_ store_name *names = NULL;
        struct site s;
        ino_t spare;
        size_t n;

        site_open(&s);
        spare = inode_of(&s, SPARE_NAME);
        tap_ok(is_whole(&s), "a store has a spare");
        MUST(save(&s, "web", 0));
        tap_ok(inode_of(&s, SPARE_NAME) == spare, "which is made once");
        MUST(store_state_list(s.store, &names, &n, &s.f));
        tap_ok(n == 1 && str_eq(names[0], "web"), "and is no bundle");
        blocks = error;
        tap_int(save(&s, "web", 1), 0, "%s: a verdict is written down", strerror(error));
        tap_ok(s.f.error == 0, "with nothing to say");
        tap_int(verdicts(&s, "web"), 1, "there it stands");
        tap_int(mode_of(&s, "web"), 0644, "as any other state");
        tap_int(size_of(&s, ".web.new"), -ENOENT, "what could not be written is gone");
        tap_int(save(&s, "web", 1), 0, "so is another one, over what the state was before");
        blocks = 0;
        inodes = error;
        tap_int(save(&s, "web", 1), 0, "and one without a free inode");
        tap_int(verdicts(&s, "web"), 3, "all stand there");
        tap_ok(!is_whole(&s), "the spare is small now");
        inodes = 0;
        tap_int(save(&s, "web", 1), 0, "with room again, there is a verdict");
        tap_ok(is_whole(&s), "and a whole spare");
        site_close(&s);
}

static void test_too_little(void)
{
        struct site s;

        site_open(&s);
        blocks = ENOSPC;
        exchanges = false;
        tap_int(save(&s, "web", 1), 0, "where no two files can be exchanged, a verdict is written down");
        tap_int(size_of(&s, SPARE_NAME), -ENOENT, "by the last spare");
        tap_int(save(&s, "web", 1), -ENOSPC, "the next one is not");
        tap_like(s.f.text, "state: web: cannot write: No space left", "which is said");
        tap_int(verdicts(&s, "web"), 1, "and the state is as it was");
        blocks = 0;
        exchanges = true;
        MUST(save(&s, "web", 0));
        blocks = ENOSPC;
        tap_int(save(&s, "web", 29), 0, "the spare takes what asks for a block more");
        tap_ok(size_of(&s, "web") > BLOCK && size_of(&s, SPARE_NAME) < BLOCK, "and is smaller then");
        tap_int(save(&s, "web", 1), -ENOSPC, "too small for the next one");
        tap_int(verdicts(&s, "web"), 31, "and the state is as it was");
        blocks = 0;
        MUST(save(&s, "web", 0));
        blocks = ENOSPC;
        tap_int(save(&s, "api", 0), 0, "it takes what is known of a bundle for the first time");
        tap_int(verdicts(&s, "api"), 32, "there it stands");
        tap_int(size_of(&s, SPARE_NAME), -ENOENT, "by the last spare");
        site_close(&s);
}

static void test_broken(void)
{
        struct site s;

        site_open(&s);
        blocks = EIO;
        tap_int(save(&s, "web", 1), -EIO, "a disk that is broken is no full one");
        tap_ok(is_whole(&s), "and leaves the spare alone");
        site_close(&s);
}

/* What make() makes is in its place: that is not written over, and goes. */
static void odd(const char *what, void (*make)(struct site *s))
{
        struct site s;
        off_t size;

        site_open(&s);
        MUST(unlinkat(s.at, SPARE_NAME, 0));
        make(&s);
        size = size_of(&s, "web");
        blocks = ENOSPC;
        tap_int(save(&s, "web", 1), -ENOSPC, "%s is not written over", what);
        tap_int(size_of(&s, "web"), size, "nor is what it may be of");
        blocks = 0;
        s.store = store_free(s.store);
        MUST(store_open(s.path, &s.store, &s.f));
        tap_ok(is_whole(&s), "the next agent has a spare in its place");
        site_close(&s);
}

static void make_link(struct site *s)
{
        MUST(symlinkat("web", s->at, SPARE_NAME));
}

static void make_second_name(struct site *s)
{
        MUST(linkat(s->at, "web", s->at, SPARE_NAME, 0));
}

static void make_pipe(struct site *s)
{
        MUST(mkfifoat(s->at, SPARE_NAME, 0600));
}

static void make_empty(struct site *s)
{
        _cleanup_close_ int fd = openat(s->at, SPARE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        MUST(fd);
}

static void test_sparse(void)
{
        _cleanup_close_ int fd = -EBADF;
        struct site s;

        site_open(&s);
        fd = openat(s.at, SPARE_NAME, O_WRONLY | O_TRUNC | O_CLOEXEC);
        MUST(fd);
        MUST(ftruncate(fd, SPARE_BYTES));
        tap_ok(!is_whole(&s), "one that came back from a backup without its blocks");
        tap_int(save(&s, "web", 1), 0, "is none");
        tap_ok(is_whole(&s), "and is made anew");
        MUST(unlinkat(s.at, SPARE_NAME, 0));
        MUST(mkdirat(s.at, SPARE_NAME, 0755));
        tap_int(save(&s, "web", 1), 0, "where none can be made, all else goes on");
        site_close(&s);
}

/* Whoever is told that it failed goes on with what was; so does who reads it after a power cut. */
static void test_not_durable(void)
{
        struct site s;

        site_open(&s);
        MUST(save(&s, "web", 1));
        unsynced = 1;
        tap_int(save(&s, "web", 1), -EIO, "a state that cannot be made durable");
        tap_int(verdicts(&s, "web"), 1, "is not there");
        unsynced = 1;
        tap_int(save(&s, "api", 0), -EIO, "nor is the first of a bundle");
        tap_int(size_of(&s, "api"), -ENOENT, "under any name");
        tap_int(save(&s, "web", 0), 0, "with the disk back");
        tap_int(verdicts(&s, "web"), 2, "it is");
        site_close(&s);
}

int main(void)
{
        test_full(ENOSPC);
        test_full(EDQUOT);
        test_too_little();
        test_broken();
        test_not_durable();
        odd("a link", make_link);
        odd("a second name of the state", make_second_name);
        odd("a pipe", make_pipe);
        odd("an empty file", make_empty);
        test_sparse();
        return tap_done();
}
