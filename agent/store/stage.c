/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writer of trees. Input: entries from a worker that may have been taken over by the bundle it read, and
 * the manifest, which was signed. Every path is looked up in the manifest first and then used in the
 * manifest's own spelling; the disk is touched only below the tree's descriptor. */

#include "store/stage.h"

#include <sys/stat.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/beneath.h"
#include "store/ledger.h"
#include "store/verity.h"

struct stage {
        int tree_fd;                   /* borrowed */
        const struct content *content; /* borrowed */
        struct ledger *ledger;         /* owned */
        struct digest *digest;         /* owned */
        bool broken;
        const struct entry *file; /* being written, or NULL */
        int fd;
        uint64_t written;
        bool sealed;     /* a file was */
        bool unsealable; /* one could not be, so no other is tried */
        bool busy;       /* one could not be yet */
};

struct stage *stage_free(struct stage *s)
{
        if (!s)
                return NULL;
        s->fd = fd_close(s->fd);
        s->ledger = ledger_free(s->ledger);
        s->digest = digest_free(s->digest);
        free(s);
        return NULL;
}

int stage_new(int tree_fd, const struct content *content, struct stage **ret, struct fault *f)
{
        _cleanup_(stage_freep) struct stage *s = calloc(1, sizeof(*s));
        int r;

        if (!s)
                return fault_set_errno(f, -ENOMEM, "cannot stage");
        s->fd = -EBADF;
        s->tree_fd = tree_fd;
        s->content = content;
        r = ledger_new(content, &s->ledger);
        if (r >= 0)
                r = digest_new(&s->digest);
        if (r < 0)
                return fault_set_errno(f, r, "cannot stage");
        *ret = TAKE_PTR(s);
        return 0;
}

/* Never required: a release is as good on a file system without. One that has it and fails at a file (no
 * space for its hashes) is not asked again. That somebody has a file open for writing says nothing of it: a
 * process that the agent forked has, until it gets to closing what it does not need. */
static void file_seal(struct stage *s, const struct entry *e)
{
        int r;

        if (s->unsealable)
                return;
        r = verity_seal(s->tree_fd, e->path);
        s->sealed |= r >= 0;
        s->busy |= r == -ETXTBSY;
        s->unsealable = r < 0 && r != -ETXTBSY && r != -EEXIST;
}

/* All of them, once more; of one that is sealed the kernel says so at once. */
static void files_seal_again(struct stage *s)
{
        s->busy = false;
        for (size_t i = 0; i < s->content->n_entries; i++)
                if (s->content->entries[i].type == ENTRY_FILE)
                        file_seal(s, s->content->entries + i);
}

static int file_end(struct stage *s, struct fault *f)
{
        uint8_t sum[SHA256_SIZE];
        int r;

        r = digest_take(s->digest, sum);
        if (r < 0)
                return fault_set_errno(f, r, "%.200s: cannot check its sum", s->file->path);
        if (memcmp(sum, s->file->sha256, sizeof(sum)) != 0)
                return fault_set(f, -EBADMSG, "%.200s: its SHA-256 is not what was signed", s->file->path);
        if (fchmod(s->fd, s->file->mode) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot set its mode", s->file->path);
        s->fd = fd_close(s->fd);
        file_seal(s, s->file);
        s->file = NULL;
        return 0;
}

static int file_begin(struct stage *s, const struct entry *e, struct fault *f)
{
        s->fd = beneath_open(s->tree_fd, e->path, O_WRONLY | O_CREAT | O_EXCL, 0600);
        if (s->fd < 0)
                return fault_set_errno(f, s->fd, "%.200s: cannot create", e->path);
        s->file = e;
        s->written = 0;
        return e->size == 0 ? file_end(s, f) : 0;
}

static int directory_make(struct stage *s, const struct entry *e, struct fault *f)
{
        _cleanup_close_ int parent = -EBADF, fd = -EBADF;
        const char *name;

        parent = beneath_open_parent(s->tree_fd, e->path, &name);
        if (parent < 0)
                return fault_set_errno(f, parent, "%.200s: cannot open the directory it belongs in",
                                       e->path);
        if (mkdirat(parent, name, 0700) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot create", e->path);
        /* by descriptor, because mkdirat() leaves it to the umask */
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchmod(fd, e->mode) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot set its mode", e->path);
        return 0;
}

static int symlink_make(struct stage *s, const struct entry *e, struct fault *f)
{
        _cleanup_close_ int parent = -EBADF;
        const char *name;

        parent = beneath_open_parent(s->tree_fd, e->path, &name);
        if (parent < 0)
                return fault_set_errno(f, parent, "%.200s: cannot open the directory it belongs in",
                                       e->path);
        if (symlinkat(e->target, parent, name) < 0)
                return fault_set_errno(f, -errno, "%.200s: cannot create", e->path);
        return 0;
}

static int entry_check(const struct entry *e, const struct unpack_entry *got, struct fault *f)
{
        if (got->type != e->type)
                return fault_set(f, -EINVAL, "%.200s: not of the type that was signed", e->path);
        if (got->mode != e->mode)
                return fault_set(f, -EINVAL, "%.200s: has mode %04o, signed was %04o", e->path, got->mode,
                                 e->mode);
        if (got->size != (e->type == ENTRY_FILE ? e->size : 0))
                return fault_set(f, -EBADMSG, "%.200s: has %llu bytes, signed were %llu", e->path,
                                 (unsigned long long)got->size, (unsigned long long)e->size);
        if (!str_eq(got->target, e->target ? e->target : ""))
                return fault_set(f, -EINVAL, "%.200s: points to '%.200s', which is not what was signed",
                                 e->path, got->target);
        return 0;
}

static int entry_accept(struct stage *s, const struct unpack_entry *got, struct fault *f)
{
        const struct entry *e = NULL;
        int r;

        if (!MESSAGE_TEXT_VALID(got->path) || !MESSAGE_TEXT_VALID(got->target))
                return fault_set(f, -EINVAL, "an entry whose name has no end");
        if (s->file)
                return fault_set(f, -EINVAL, "%.200s: ends early", s->file->path);
        r = ledger_meet(s->ledger, got->path, &e, f);
        if (r < 0)
                return r;
        r = entry_check(e, got, f);
        if (r < 0)
                return r;
        switch (e->type) {
        case ENTRY_FILE:
                return file_begin(s, e, f);
        case ENTRY_DIRECTORY:
                return directory_make(s, e, f);
        case ENTRY_SYMLINK:
                return 0; /* made in stage_finish() */
        }
        return fault_set(f, -EINVAL, "%.200s: of no known type", e->path);
}

static int data_accept(struct stage *s, const void *data, size_t len, struct fault *f)
{
        int r;

        if (!s->file)
                return fault_set(f, -EINVAL, "data that belongs to no file");
        if (len > s->file->size - s->written)
                return fault_set(f, -EBADMSG, "%.200s: longer than signed", s->file->path);
        r = digest_add(s->digest, data, len);
        if (r >= 0)
                r = io_write_full(s->fd, data, len);
        if (r < 0)
                return fault_set_errno(f, r, "%.200s: cannot write", s->file->path);
        s->written += len;
        return s->written == s->file->size ? file_end(s, f) : 0;
}

static int all_accepted(struct stage *s, struct fault *f)
{
        const struct entry *missing = ledger_missing(s->ledger);

        if (s->file)
                return fault_set(f, -EINVAL, "%.200s: ends early", s->file->path);
        if (missing)
                return fault_set(f, -EINVAL, "%.200s: in the manifest but not in the bundle", missing->path);
        for (size_t i = 0; i < s->content->n_entries; i++) {
                int r = 0;

                if (s->content->entries[i].type == ENTRY_SYMLINK)
                        r = symlink_make(s, s->content->entries + i, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One failure is enough: what a broken stage holds must never be taken for a tree. */
static int stage_usable(struct stage *s, struct fault *f)
{
        if (s->broken)
                return fault_set(f, -EINVAL, "this stage has failed before");
        s->broken = true;
        return 0;
}

int stage_entry(struct stage *s, const struct unpack_entry *e, struct fault *f)
{
        int r;

        r = stage_usable(s, f);
        if (r < 0)
                return r;
        r = entry_accept(s, e, f);
        s->broken = r < 0;
        return r;
}

int stage_data(struct stage *s, const void *data, size_t len, struct fault *f)
{
        int r;

        r = stage_usable(s, f);
        if (r < 0)
                return r;
        r = data_accept(s, data, len, f);
        s->broken = r < 0;
        return r;
}

int stage_finish(struct stage *s, struct fault *f)
{
        int r;

        r = stage_usable(s, f); /* and nothing is accepted after it */
        if (r >= 0)
                r = all_accepted(s, f);
        if (r >= 0 && s->busy)
                files_seal_again(s);
        return r;
}

bool stage_sealed(const struct stage *s)
{
        return s->sealed && !s->unsealable && !s->busy;
}
