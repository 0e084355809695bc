/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The store's directories and what is kept in them. Names come from signed metadata and manifests and pass
 * facts/name.h before they become file names. Only store_open() sees a path. */

#include "store/store.h"

#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/beneath.h"
#include "store/directory.h"
#include "store/incoming.h"
#include "store/spare.h"

enum place { TRUST, STATE, INCOMING, OUTBOX, RELEASES, N_PLACES };

static const char *const places[] = {
        [TRUST] = "trust",   [STATE] = "state",       [INCOMING] = "incoming",
        [OUTBOX] = "outbox", [RELEASES] = "releases",
};
_Static_assert(ELEMENTSOF(places) == N_PLACES, "every place has a name");

enum {
        /* A role's name and version; delegated roles have longer ones than the four. */
        STORE_TRUST_NAME_MAX = 250,
        /* Blocks are at least this large on every file system we meet; a file of one byte takes one. */
        STORE_BLOCK = 4096,
        /* Left free for the journal, the services' own state and the next small write of ours, so that a
         * large release cannot take the host down. */
        STORE_RESERVE_BYTES = 64 * 1024 * 1024,
        STORE_RESERVE_INODES = 1024,
};

struct store {
        int fds[N_PLACES]; /* owned */
        struct fault left;
};

struct store *store_free(struct store *s)
{
        if (!s)
                return NULL;
        for (size_t i = 0; i < N_PLACES; i++)
                s->fds[i] = fd_close(s->fds[i]);
        free(s);
        return NULL;
}

static int place_open(int base, const char *path, enum place place, int *ret, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = openat(base, places[place], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && errno == ENOENT)
                return fault_set(f, -ENOENT, "%s/%s: missing; run 'systemd-tmpfiles --create sealift.conf'",
                                 path, places[place]);
        if (fd < 0 || fstat(fd, &st) < 0)
                return fault_set_errno(f, -errno, "%s/%s: cannot open", path, places[place]);
        if (st.st_mode & (S_IWGRP | S_IWOTH))
                return fault_set(f, -EPERM, "%s/%s: others may write to it; run 'chmod go-w' on it", path,
                                 places[place]);
        *ret = TAKE_FD(fd);
        return 0;
}

/* Temporary names of io_replace_file_at(): a writer that died before its rename. */
static void temporaries_sweep(int fd, const char *place, struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        const char *name;
        int r;

        r = directory_open(fd, ".", &d);
        while (r >= 0 && (r = directory_next(d, &name)) > 0)
                if (name[0] == '.' && str_has_suffix(name, ".new") && unlinkat(fd, name, 0) < 0)
                        fault_set_errno(f, -errno, "%s/%.200s: cannot remove", place, name);
        if (r < 0)
                fault_set_errno(f, r, "%s: cannot list", place);
}

/* What cannot be removed takes up space, and nothing else depends on it. */
static void store_sweep(struct store *s)
{
        static const enum place written[] = { TRUST, STATE, OUTBOX };

        (void)!incoming_sweep(s->fds[INCOMING], NULL, NULL, &s->left);
        for (size_t i = 0; i < ELEMENTSOF(written); i++)
                temporaries_sweep(s->fds[written[i]], places[written[i]], &s->left);
}

int store_open(const char *path, struct store **ret, struct fault *f)
{
        _cleanup_(store_freep) struct store *s = NULL;
        _cleanup_close_ int base = -EBADF;
        int r = 0;

        s = calloc(1, sizeof(*s));
        if (!s)
                return fault_set_errno(f, -ENOMEM, "%s: cannot open", path);
        for (size_t i = 0; i < N_PLACES; i++)
                s->fds[i] = -EBADF;
        base = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (base < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", path);
        for (size_t i = 0; r >= 0 && i < N_PLACES; i++)
                r = place_open(base, path, (enum place)i, &s->fds[i], f);
        if (r < 0)
                return r;
        /* Two agents would each take the other's half-written work for their own. */
        if (flock(s->fds[STATE], LOCK_EX | LOCK_NB) < 0)
                return fault_set(f, errno == EWOULDBLOCK ? -EBUSY : -errno,
                                 "%s: another sealiftd has this store; stop it first", path);
        store_sweep(s);
        (void)!spare_make(s->fds[STATE]); /* no room: the next save tries again */
        *ret = TAKE_PTR(s);
        return 0;
}

const char *store_left(const struct store *s)
{
        return s->left.text;
}

/* No slash, no leading dot: what io_replace_file_at() calls its temporaries stays out of reach. */
static int trust_name_check(const char *name, struct fault *f)
{
        size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~%-");

        if (n == 0 || name[n] != '\0' || n > STORE_TRUST_NAME_MAX || name[0] == '.')
                return fault_set(f, -EINVAL, "trust/%.100s: not a file name for metadata", name);
        return 0;
}

int store_trust_read(struct store *s, const char *name, size_t cap, char **ret, size_t *ret_len,
                     struct fault *f)
{
        int r;

        r = trust_name_check(name, f);
        if (r < 0)
                return r;
        r = io_read_file_at(s->fds[TRUST], name, cap, ret, ret_len, f);
        if (r < 0)
                (void)fault_prefix(f, "trust");
        return r;
}

int store_trust_write(struct store *s, const char *name, const void *data, size_t len, struct fault *f)
{
        int r;

        r = trust_name_check(name, f);
        if (r < 0)
                return r;
        r = io_replace_file_at(s->fds[TRUST], name, data, len, 0644, f);
        if (r < 0)
                (void)fault_prefix(f, "trust");
        return r;
}

static int name_remove(int fd, const char *place, const char *name, struct fault *f)
{
        if (unlinkat(fd, name, 0) < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "%s/%s: cannot remove", place, name);
        if (fsync(fd) < 0)
                return fault_set_errno(f, -errno, "%s/%s: cannot make its removal durable", place, name);
        return 0;
}

int store_trust_remove(struct store *s, const char *name, struct fault *f)
{
        int r;

        r = trust_name_check(name, f);
        return r < 0 ? r : name_remove(s->fds[TRUST], places[TRUST], name, f);
}

static int bundle_check(const char *bundle, struct fault *f)
{
        if (!name_valid(bundle))
                return fault_set(f, -EINVAL, "%.60s: not a bundle's name", bundle);
        return 0;
}

int store_state_load(struct store *s, const char *bundle, struct bundle_state *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char file[sizeof("state/") + NAME_SIZE];
        size_t len;
        int r;

        r = bundle_check(bundle, f);
        if (r < 0)
                return r;
        r = io_read_file_at(s->fds[STATE], bundle, STATE_BYTES_MAX, &text, &len, f);
        if (r == -ENOENT) {
                *ret = (struct bundle_state){};
                return 0;
        }
        if (r < 0) {
                (void)fault_prefix(f, "state");
                return r;
        }
        (void)snprintf(file, sizeof(file), "state/%s", bundle);
        return state_parse(text, len, file, ret, f);
}

static int state_write(int fd, const char *bundle, const char *text, size_t len, struct fault *f)
{
        struct fault why = {};
        int r;

        r = io_replace_file_at(fd, bundle, text, len, 0644, &why);
        if (r >= 0)
                (void)!spare_make(fd); /* spent earlier, when there was no room */
        else if (r == -ENOSPC || r == -EDQUOT)
                r = spare_spend(fd, bundle, text, len, 0644) < 0 ? r : 0;
        return r < 0 ? fault_set(f, r, "state: %s", why.text) : 0;
}

/* What could not be made durable may be there all the same, under its name: whoever is told that it failed
 * goes on with what was before. */
static int state_replace(int fd, const char *bundle, const struct buffer *text, struct fault *f)
{
        _cleanup_free_ char *before = NULL;
        struct fault ignored = {};
        size_t len;
        int was, r;

        was = io_read_file_at(fd, bundle, STATE_BYTES_MAX, &before, &len, &ignored);
        r = state_write(fd, bundle, text->data, text->len, f);
        if (r < 0 && was >= 0)
                (void)!state_write(fd, bundle, before, len, &ignored);
        else if (r < 0 && was == -ENOENT)
                (void)unlinkat(fd, bundle, 0);
        return r;
}

int store_state_save(struct store *s, const char *bundle, const struct bundle_state *state, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(STATE_BYTES_MAX);
        int r;

        r = bundle_check(bundle, f);
        if (r < 0)
                return r;
        r = state_format(state, &text);
        if (r < 0)
                return fault_set_errno(f, r, "state/%s: cannot write", bundle);
        return state_replace(s->fds[STATE], bundle, &text, f);
}

int store_state_remove(struct store *s, const char *bundle, struct fault *f)
{
        int r;

        r = bundle_check(bundle, f);
        return r < 0 ? r : name_remove(s->fds[STATE], places[STATE], bundle, f);
}

static int name_compare(const void *a, const void *b)
{
        return strcmp(a, b);
}

/* What valid() does not know is not ours to touch or to count. */
static int names_collect(DIR *d, bool (*valid)(const char *), store_name **ret, size_t *ret_n)
{
        _cleanup_free_ store_name *names = calloc(STORE_NAMES_MAX, sizeof(*names));
        const char *name;
        size_t n = 0;
        int r;

        if (!names)
                return -ENOMEM;
        while ((r = directory_next(d, &name)) > 0) {
                if (!valid(name) || strlen(name) >= sizeof(*names))
                        continue;
                if (n == STORE_NAMES_MAX)
                        return -EFBIG;
                memcpy(names[n++], name, strlen(name) + 1);
        }
        if (r < 0)
                return r;
        qsort(names, n, sizeof(*names), name_compare);
        *ret = TAKE_PTR(names);
        *ret_n = n;
        return 0;
}

static int names_list(int fd, const char *name, bool (*valid)(const char *), store_name **ret, size_t *ret_n,
                      struct fault *f)
{
        _cleanup_directory_ DIR *d = NULL;
        int r;

        r = directory_open(fd, name, &d);
        if (r == -ENOENT) {
                *ret = NULL;
                *ret_n = 0;
                return 0;
        }
        if (r >= 0)
                r = names_collect(d, valid, ret, ret_n);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot list", name) : 0;
}

int store_state_list(struct store *s, store_name **ret, size_t *ret_n, struct fault *f)
{
        return names_list(s->fds[STATE], ".", name_valid, ret, ret_n, f);
}

int store_bundle_list(struct store *s, store_name **ret, size_t *ret_n, struct fault *f)
{
        return names_list(s->fds[RELEASES], ".", name_valid, ret, ret_n, f);
}

static bool release_name_valid(const char *name)
{
        return name[0] != '.' && strchr(name, '-') != NULL;
}

int store_release_list(struct store *s, const char *bundle, store_name **ret, size_t *ret_n, struct fault *f)
{
        int r;

        r = bundle_check(bundle, f);
        return r < 0 ? r : names_list(s->fds[RELEASES], bundle, release_name_valid, ret, ret_n, f);
}

static int release_open(struct store *s, const char *bundle, const struct release_ref *release,
                        const char *name, int flags, struct fault *f)
{
        char path[NAME_SIZE + NAME_RELEASE_SIZE + sizeof("manifest")], folder[NAME_RELEASE_SIZE];
        int fd, r;

        r = bundle_check(bundle, f);
        if (r < 0)
                return r;
        if (!name_version_valid(release->version) || !name_digest_valid(release->digest))
                return fault_set(f, -EINVAL, "%s: no such release", bundle);
        name_release(release->version, release->digest, folder);
        (void)snprintf(path, sizeof(path), "%s/%s/%s", bundle, folder, name);
        fd = beneath_open(s->fds[RELEASES], path, flags, 0);
        return fd < 0 ? fault_set_errno(f, fd, "releases/%s: cannot open", path) : fd;
}

static int manifest_read(struct store *s, const char *bundle, const struct release_ref *release, char **ret,
                         size_t *ret_len, char digest[static DIGEST_HEX_SIZE], struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        int r;

        fd = release_open(s, bundle, release, "manifest", O_RDONLY | O_NONBLOCK, f);
        if (fd < 0)
                return fd;
        r = io_read_all(fd, MANIFEST_BYTES_MAX, &text, ret_len);
        if (r >= 0)
                r = digest_hex(text, *ret_len, digest);
        if (r < 0)
                return fault_set_errno(f, r, "%s %s: cannot read the manifest", bundle, release->version);
        *ret = TAKE_PTR(text);
        return 0;
}

int store_manifest_read(struct store *s, const char *bundle, const struct release_ref *release, char **ret,
                        size_t *ret_len, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char digest[DIGEST_HEX_SIZE];
        size_t len;
        int r;

        r = manifest_read(s, bundle, release, &text, &len, digest, f);
        if (r < 0)
                return r;
        if (!str_eq(digest, release->digest))
                return fault_set(f, -EBADMSG, "%s %s: the manifest on disk is not the one that was signed",
                                 bundle, release->version);
        *ret = TAKE_PTR(text);
        *ret_len = len;
        return 0;
}

/* "1.2-3f2a9c..." back into its two parts. */
static bool place_split(const char *place, struct release_ref *ret)
{
        const char *dash = strrchr(place, '-');
        size_t n = dash ? (size_t)(dash - place) : 0;
        struct release_ref r = {};

        if (n == 0 || n >= sizeof(r.version) || strlen(dash + 1) != DIGEST_SHORT)
                return false;
        memcpy(r.version, place, n);
        memset(r.digest, '0', sizeof(r.digest) - 1);
        memcpy(r.digest, dash + 1, DIGEST_SHORT);
        if (!name_version_valid(r.version) || !name_digest_valid(r.digest))
                return false;
        *ret = r;
        return true;
}

int store_release_find(struct store *s, const char *bundle, const char *place, struct release_ref *ret,
                       struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char digest[DIGEST_HEX_SIZE];
        struct release_ref r;
        size_t len;
        int k;

        if (!place_split(place, &r))
                return fault_set(f, -EINVAL, "releases/%.60s/%.100s: not the place of a release", bundle,
                                 place);
        k = manifest_read(s, bundle, &r, &text, &len, digest, f);
        if (k < 0 && k != -ENOENT)
                return k;
        if (k >= 0 && strncmp(digest, r.digest, DIGEST_SHORT) == 0)
                memcpy(r.digest, digest, sizeof(r.digest));
        *ret = r;
        return 0;
}

int store_tree_open(struct store *s, const char *bundle, const struct release_ref *release, struct fault *f)
{
        return release_open(s, bundle, release, "tree", O_RDONLY | O_DIRECTORY, f);
}

int store_incoming_fd(struct store *s)
{
        return s->fds[INCOMING];
}

int store_outbox_fd(struct store *s)
{
        return s->fds[OUTBOX];
}

struct space store_space_needed(const struct content *c)
{
        /* no overflow: BUNDLE_BYTES_MAX and BUNDLE_ENTRIES_MAX bound all three */
        /* a 127th and a little for the hash trees of fs-verity */
        return (struct space){ .bytes = c->size + c->unpacked_size + c->unpacked_size / 120 +
                                        (uint64_t)c->n_entries * STORE_BLOCK,
                               .inodes = c->n_entries + 1 };
}

struct space store_space_held(const struct content *c)
{
        return (struct space){ .bytes = c->unpacked_size, .inodes = c->n_entries };
}

static unsigned long long mebibytes(uint64_t bytes)
{
        return (bytes + (1 << 20) - 1) >> 20;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

int store_space_check(int fd, struct space needed, struct space freed, struct fault *f)
{
        struct statvfs st;
        uint64_t available, inodes;

        if (fstatvfs(fd, &st) < 0)
                return fault_set_errno(f, -errno, "store: cannot see how much space is free");
        if (__builtin_mul_overflow((uint64_t)st.f_bavail, (uint64_t)st.f_frsize, &available))
                available = UINT64_MAX;
        available = add_capped(available, freed.bytes);
        if (available < STORE_RESERVE_BYTES || needed.bytes > available - STORE_RESERVE_BYTES)
                return fault_set(
                        f, -ENOSPC,
                        "store: needs %llu MiB and %llu MiB left over, free are %llu MiB%s; make room",
                        mebibytes(needed.bytes), mebibytes(STORE_RESERVE_BYTES), mebibytes(available),
                        freed.bytes > 0 ? " with what goes for it" : "");
        if (st.f_files == 0) /* btrfs and others make inodes as they go */
                return 0;
        inodes = add_capped(st.f_favail, freed.inodes);
        if (inodes < STORE_RESERVE_INODES || needed.inodes > inodes - STORE_RESERVE_INODES)
                return fault_set(
                        f, -ENOSPC, "store: needs %llu inodes and %d left over, free are %llu%s; make room",
                        (unsigned long long)needed.inodes, STORE_RESERVE_INODES, (unsigned long long)inodes,
                        freed.inodes > 0 ? " with what goes for it" : "");
        return 0;
}
