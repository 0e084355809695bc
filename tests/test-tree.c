/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The walk over each byte of a tree, on a file system that has fs-verity: a made-up one, since few have it.
 * It measures a file as it was when it was sealed, and does not keep anybody from changing it: so a test
 * sees whether the walk believes the kernel or has summed the bytes itself. What the kernel does is
 * verity.t's. */

#include "store/tree.h"

#include <linux/fs.h>
#include <linux/fsverity.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#include "content.h"
#include "store/stage.h"
#include "tap.h"

#define MUST(expression)                                                                                    \
        do                                                                                                  \
                if ((expression) < 0) {                                                                     \
                        printf("Bail out! %s: %s\n", #expression, strerror(errno));                         \
                        exit(EXIT_FAILURE);                                                                 \
                }                                                                                           \
        while (0)

enum { LONG = 300 * 1024, INODES_MAX = 32, READ_NSEC = 7000 };

/* ---- a file system ---- */

static struct inode {
        ino_t number;
        bool sealed, noted, lost; /* noted: has the attribute; lost: the disk does not give it back */
        uint8_t digest[SHA256_SIZE], note[SHA256_SIZE];
} inodes[INODES_MAX];
static size_t n_inodes;
static bool offers_verity = true, takes_attributes = true, measures_sha512;
static bool seals_what_is_read;
static unsigned n_busy;        /* so often is an empty file found to be open for writing elsewhere */
static const char *gives_back; /* or NULL: instead of what was written, to whoever seals it */

static struct inode *inode_of(int fd)
{
        struct stat st;

        MUST(fstat(fd, &st));
        for (size_t i = 0; i < n_inodes; i++)
                if (inodes[i].number == st.st_ino)
                        return inodes + i;
        if (n_inodes == INODES_MAX)
                abort();
        inodes[n_inodes].number = st.st_ino;
        return inodes + n_inodes++;
}

static void inode_seal(int fd)
{
        static char bytes[LONG + 8] = "not SHA-256 of the bytes alone: ";
        ssize_t n = pread(fd, bytes + 32, sizeof(bytes) - 32, 0);
        struct inode *x = inode_of(fd);

        MUST(n);
        MUST(digest_bytes(bytes, (size_t)n + 32, x->digest));
        x->sealed = true;
}

static int inode_measure(int fd, struct fsverity_digest *d)
{
        const struct inode *x = inode_of(fd);

        if (!x->sealed)
                return ENODATA;
        d->digest_algorithm = measures_sha512 ? FS_VERITY_HASH_ALG_SHA512 : FS_VERITY_HASH_ALG_SHA256;
        d->digest_size = SHA256_SIZE;
        memcpy((uint8_t *)d + sizeof(*d), x->digest, SHA256_SIZE);
        return 0;
}

/* Files of that length, on their way to the disk. */
static void inode_spoil(int fd)
{
        char path[64];
        struct stat st;
        int to;

        MUST(fstat(fd, &st));
        if (!gives_back || st.st_size != (off_t)strlen(gives_back))
                return;
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        to = open(path, O_WRONLY | O_CLOEXEC);
        MUST(to);
        MUST(write(to, gives_back, strlen(gives_back)));
        to = fd_close(to);
}

static int inode_enable(int fd)
{
        struct stat st;

        MUST(fstat(fd, &st));
        if (st.st_size == 0 && n_busy > 0) {
                n_busy--;
                return ETXTBSY;
        }
        if (inode_of(fd)->sealed)
                return EEXIST;
        inode_spoil(fd);
        inode_seal(fd);
        return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...)
{
        va_list ap;
        void *argument;

        va_start(ap, request);
        argument = va_arg(ap, void *);
        va_end(ap);
        errno = !offers_verity                     ? ENOTTY
                : request == FS_IOC_MEASURE_VERITY ? inode_measure(fd, argument)
                : request == FS_IOC_ENABLE_VERITY  ? inode_enable(fd)
                                                   : 0;
        return errno == 0 ? 0 : -1;
}

int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags);
int __wrap_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
        struct inode *x = inode_of(fd);

        errno = takes_attributes && size == sizeof(x->note) ? 0 : EOPNOTSUPP;
        if (errno != 0)
                return -1;
        memcpy(x->note, value, size);
        x->noted = true;
        return 0;
}

ssize_t __wrap_fgetxattr(int fd, const char *name, void *value, size_t size);
ssize_t __wrap_fgetxattr(int fd, const char *name, void *value, size_t size)
{
        const struct inode *x = inode_of(fd);

        errno = x->noted ? 0 : ENODATA;
        if (errno != 0)
                return -1;
        memcpy(value, x->note, sizeof(x->note));
        return sizeof(x->note);
}

/* ---- a clock, which goes on only while something is read ---- */

static uint64_t clock_nsec, rested_nsec;
static unsigned n_reads, n_rests, n_cold;

ssize_t __wrap_read(int fd, void *buffer, size_t n);
ssize_t __wrap_read(int fd, void *buffer, size_t n)
{
        n_reads++;
        clock_nsec += READ_NSEC;
        if (seals_what_is_read)
                inode_seal(fd);
        errno = EIO;
        return inode_of(fd)->lost ? -1 : syscall(SYS_read, fd, buffer, n);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ts);
int __wrap_clock_gettime(clockid_t id, struct timespec *ts)
{
        *ts = (struct timespec){ .tv_nsec = (long)clock_nsec };
        return 0;
}

int __wrap_nanosleep(const struct timespec *ts, struct timespec *left);
int __wrap_nanosleep(const struct timespec *ts, struct timespec *left)
{
        n_rests++;
        rested_nsec += (uint64_t)ts->tv_sec * 1000000000 + (uint64_t)ts->tv_nsec;
        return 0;
}

static int forget(int advice)
{
        n_cold += advice == POSIX_FADV_DONTNEED && n_reads == 0;
        return 0;
}

/* By either name, as off_t has it. */
int __wrap_posix_fadvise(int fd, off_t offset, off_t len, int advice);
int __wrap_posix_fadvise(int fd, off_t offset, off_t len, int advice)
{
        return forget(advice);
}
int __wrap_posix_fadvise64(int fd, off_t offset, off_t len, int advice);
int __wrap_posix_fadvise64(int fd, off_t offset, off_t len, int advice)
{
        return forget(advice);
}

/* ---- a tree ---- */

static char longer[LONG + 1];
static const struct content_item items[] = {
        { ENTRY_FILE, 0644, "one", "one", NULL },
        { ENTRY_FILE, 0644, "two", "two", NULL },
        { ENTRY_FILE, 0644, "empty", "", NULL },
        { ENTRY_FILE, 0644, "long", longer, NULL },
};

struct tree {
        char path[256];
        int fd;
        struct content content;
        struct fault f;
};

static void tree_put(struct tree *t, struct stage *s, const struct content_item *item)
{
        struct unpack_entry e = { .type = item->type, .mode = item->mode, .size = strlen(item->data) };

        (void)snprintf(e.path, sizeof(e.path), "%s", item->path);
        MUST(stage_entry(s, &e, &t->f));
        if (e.size > 0)
                MUST(stage_data(s, item->data, e.size, &t->f));
}

static void tree_make(struct tree *t)
{
        _cleanup_(stage_freep) struct stage *s = NULL;
        bool sealed = offers_verity && n_busy < 2; /* what was busy is tried once more */

        *t = (struct tree){};
        n_inodes = 0;
        memset(inodes, 0, sizeof(inodes));
        t->fd = scratch_make(t->path);
        content_make(items, ELEMENTSOF(items), &t->content);
        MUST(stage_new(t->fd, &t->content, &s, &t->f));
        for (size_t i = 0; i < ELEMENTSOF(items); i++)
                tree_put(t, s, items + i);
        MUST(stage_finish(s, &t->f));
        tap_int(stage_sealed(s), sealed, "a tree is made, %s", sealed ? "sealed" : "not sealed");
}

static void tree_done(struct tree *t)
{
        content_done(&t->content);
        t->fd = fd_close(t->fd);
        scratch_remove(t->path);
}

static int tree_look(struct tree *t, enum tree_depth depth)
{
        n_reads = n_rests = n_cold = 0;
        clock_nsec = rested_nsec = 0;
        t->f = (struct fault){};
        return tree_walk(t->fd, &t->content, depth, &t->f);
}

static void file_open(struct tree *t, const char *name, int *ret_fd, struct inode **ret)
{
        *ret_fd = openat(t->fd, name, O_RDONLY | O_CLOEXEC);
        MUST(*ret_fd);
        *ret = inode_of(*ret_fd);
}

static struct inode *file_inode(struct tree *t, const char *name)
{
        struct inode *x;
        int fd;

        file_open(t, name, &fd, &x);
        fd = fd_close(fd);
        return x;
}

static void file_write(struct tree *t, const char *name, const char *text, int flags)
{
        int fd = openat(t->fd, name, O_WRONLY | O_CLOEXEC | flags, 0644);

        MUST(fd);
        MUST(write(fd, text, strlen(text)));
        MUST(fchmod(fd, 0644));
        fd = fd_close(fd);
}

/* Another file of the same name and text length. */
static void file_replace(struct tree *t, const char *name, const char *text)
{
        file_write(t, ".new", text, O_CREAT | O_EXCL);
        MUST(renameat(t->fd, ".new", t->fd, name));
}

static void expect_damage(struct tree *t, const char *what, const char *words)
{
        tap_int(tree_look(t, TREE_HASHES), -EBADMSG, "%s", what);
        tap_like(t->f.text, words, "which is said");
}

/* ---- sealed ---- */

static void test_sealed(void)
{
        struct tree t;

        tree_make(&t);
        for (size_t i = 0; i < n_inodes; i++)
                tap_ok(!inodes[i].noted, "nothing is noted of a file that nobody has summed since");
        for (int i = 0; i < 2; i++) {
                tap_int(tree_look(&t, TREE_HASHES), 0, "a sealed tree is as signed (%s)", t.f.text);
                tap_ok(n_reads >= 3 + LONG / (128 * 1024), "each byte of it was asked for (%u reads)",
                       n_reads);
        }
        file_write(&t, "one", "ONE", 0);
        tap_int(tree_look(&t, TREE_HASHES), 0,
                "what is sealed and measures what it did is summed by the kernel");
        tap_int(tree_look(&t, TREE_SLOWLY), 0, "also where nobody waits");
        file_inode(&t, "long")->lost = true;
        tap_int(tree_look(&t, TREE_HASHES), -EIO, "what the disk does not give back is found");
        tap_like(t.f.text, "long: cannot read", "and named");
        tree_done(&t);
}

/* What was sealed is not what was summed while it was written. */
static void test_sealed_too_late(void)
{
        struct tree t;

        gives_back = "tow";
        tree_make(&t);
        gives_back = NULL;
        for (int i = 0; i < 2; i++)
                expect_damage(&t, "what the disk had changed before it was sealed is found, also again",
                              ": its SHA-256 is not what was signed");
        tap_ok(!file_inode(&t, "one")->noted && !file_inode(&t, "two")->noted, "and nothing is noted of it");
        tree_done(&t);

        offers_verity = false;
        tree_make(&t);
        offers_verity = seals_what_is_read = true;
        tap_int(tree_look(&t, TREE_HASHES), 0, "what is sealed while it is read is as signed (%s)",
                t.f.text);
        seals_what_is_read = false;
        for (size_t i = 0; i < n_inodes; i++)
                tap_ok(inodes[i].sealed && !inodes[i].noted, "which is noted of none of its files");
        tree_done(&t);
}

/* By a process that was forked while it was written. */
static void test_open_elsewhere(void)
{
        struct tree t;

        for (unsigned n = 1; n <= 2; n++) {
                n_busy = n;
                tree_make(&t);
                for (size_t i = 0; i < ELEMENTSOF(items); i++)
                        tap_int(file_inode(&t, items[i].path)->sealed, n == 1 || *items[i].data != '\0',
                                "open elsewhere until tried %u times: %s", n, items[i].path);
                tap_int(tree_look(&t, TREE_HASHES), 0, "and as signed (%s)", t.f.text);
                tree_done(&t);
        }
}

static void test_sealed_otherwise(void)
{
        struct inode *one, kept;
        struct tree t;
        int fd;

        tree_make(&t);
        tap_int(tree_look(&t, TREE_HASHES), 0, "what is as signed (%s)", t.f.text);
        MUST(renameat2(t.fd, "one", t.fd, "two", RENAME_EXCHANGE));
        expect_damage(&t, "a sealed file in the place of another", ": its SHA-256 is not what was signed");
        MUST(renameat2(t.fd, "one", t.fd, "two", RENAME_EXCHANGE));

        kept = *file_inode(&t, "one");
        file_replace(&t, "one", "ONE");
        one = file_inode(&t, "one");
        one->noted = true;
        memcpy(one->note, kept.note, sizeof(kept.note));
        expect_damage(&t, "a copy with the attribute, not sealed", "one: its SHA-256 is not");
        file_open(&t, "one", &fd, &one);
        inode_seal(fd);
        fd = fd_close(fd);
        expect_damage(&t, "and sealed, but not of what the attribute says", "one: its SHA-256 is not");
        one->noted = false;
        expect_damage(&t, "and sealed without one", "one: its SHA-256 is not");
        file_replace(&t, "one", "one");
        tap_int(tree_look(&t, TREE_HASHES), 0, "a good copy is good, sealed or not (%s)", t.f.text);
        tree_done(&t);
}

static void test_unsealed(void)
{
        struct tree t;

        takes_attributes = false;
        tree_make(&t);
        tap_int(tree_look(&t, TREE_HASHES), 0, "no attributes: as signed (%s)", t.f.text);
        takes_attributes = true;
        file_write(&t, "two", "TWO", 0);
        expect_damage(&t, "no attributes: summed", "two: its SHA-256 is not");
        tree_done(&t);

        tree_make(&t);
        tap_int(tree_look(&t, TREE_HASHES), 0, "noted (%s)", t.f.text);
        measures_sha512 = true;
        file_write(&t, "two", "TWO", 0);
        expect_damage(&t, "a digest of another kind: summed", "two: its SHA-256 is not");
        measures_sha512 = false;
        tree_done(&t);

        offers_verity = false;
        tree_make(&t);
        tap_int(tree_look(&t, TREE_HASHES), 0, "without fs-verity: as signed (%s)", t.f.text);
        file_write(&t, "two", "TWO", 0);
        expect_damage(&t, "without fs-verity: summed", "two: its SHA-256 is not");
        offers_verity = true;
        tree_done(&t);
}

/* ---- what a look takes from others ---- */

static void test_rest(void)
{
        struct tree t;
        unsigned n;

        tree_make(&t);
        tap_int(tree_look(&t, TREE_HASHES), 0, "whoever waits");
        tap_int(n_rests, 0, "waits for nothing else");
        n = n_reads;
        tap_int(tree_look(&t, TREE_SLOWLY), 0, "where nobody waits");
        tap_int(n_reads, n, "as much is read");
        tap_ok(n_rests >= 3 + LONG / (128 * 1024), "with a rest behind each piece (%u)", n_rests);
        tap_int((long long)rested_nsec, 3LL * READ_NSEC * n_reads, "of three times as long as it took");
        tap_int(tree_look(&t, TREE_NAMES), 0, "names alone");
        tap_int(n_reads, 0, "are read without a byte");
        tree_done(&t);
}

/* What the kernel remembers of a file says nothing about the disk. */
static void test_cold(void)
{
        static const struct content_item alone = { ENTRY_FILE, 0644, "one", "one", NULL };
        struct tree t;

        tree_make(&t);
        content_done(&t.content);
        content_make(&alone, 1, &t.content);
        for (size_t i = 1; i < ELEMENTSOF(items); i++)
                MUST(unlinkat(t.fd, items[i].path, 0));
        tap_int(tree_look(&t, TREE_HASHES), 0, "before the first byte of a file is read");
        tap_int(n_cold, 1, "the kernel forgets it");
        tree_done(&t);
}

int main(void)
{
        memset(longer, 'l', LONG);
        test_sealed();
        test_sealed_too_late();
        test_open_elsewhere();
        test_sealed_otherwise();
        test_unsealed();
        test_rest();
        test_cold();
        return tap_done();
}
