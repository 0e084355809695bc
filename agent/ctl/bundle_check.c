/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A bundle held against its manifest, as an agent stages it but for the disk: the sum of the whole first,
 * then the same unpacker, then each entry. Nobody else reads the archive. */

#include "ctl/bundle_check.h"

#include <inttypes.h>
#include <sys/stat.h>

#include "ctl/worker.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"

enum { CHECK_CHUNK = 256 * 1024 };

enum check_state { IN_ARCHIVE, IN_FILE, ENDED };

static const struct message_rule rules[] = {
        { UNPACK_ENTRY, "UNPACK_ENTRY", 1 << IN_ARCHIVE, sizeof(struct unpack_entry),
          sizeof(struct unpack_entry), false, IN_ARCHIVE },
        { UNPACK_DATA, "UNPACK_DATA", 1 << IN_FILE, 1, MESSAGE_PAYLOAD_MAX, false, IN_FILE },
        { UNPACK_END, "UNPACK_END", 1 << IN_ARCHIVE, 0, 0, false, ENDED },
        { UNPACK_FAILED, "UNPACK_FAILED", 1 << IN_ARCHIVE | 1 << IN_FILE, sizeof(struct unpack_failed),
          sizeof(struct unpack_failed), false, ENDED },
};

struct check {
        const struct manifest *m;
        bool *met; /* owned; of each entry */
        struct digest *digest;
        const struct entry *file; /* its data comes */
        uint64_t left;
        unsigned state;
};

static void check_done(struct check *c)
{
        free(c->met);
        (void)digest_free(c->digest);
}

static int check_sum(int fd, const struct content *c, struct digest *digest, struct fault *f)
{
        _cleanup_free_ char *chunk = malloc(CHECK_CHUNK);
        uint8_t sum[SHA256_SIZE];
        char hex[DIGEST_HEX_SIZE];
        struct stat st;
        size_t n;
        int r;

        if (!chunk)
                return fault_set(f, -ENOMEM, "out of memory");
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return fault_set(f, -EINVAL, "not a regular file");
        if ((uint64_t)st.st_size != c->size)
                return fault_set(f, -EBADMSG, "has %" PRIu64 " bytes where %" PRIu64 " were signed",
                                 (uint64_t)st.st_size, c->size);
        do {
                r = io_read_full(fd, chunk, CHECK_CHUNK, &n);
                if (r >= 0)
                        r = digest_add(digest, chunk, n);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot sum");
        } while (n == CHECK_CHUNK);
        r = digest_take(digest, sum);
        if (r < 0 || lseek(fd, 0, SEEK_SET) < 0)
                return fault_set(f, -EIO, "cannot sum");
        text_hex(sum, sizeof(sum), hex);
        if (!str_eq(hex, c->sha256))
                return fault_set(f, -EBADMSG, "has SHA-256 %s where %s was signed", hex, c->sha256);
        return 0;
}

static int file_end(struct check *c, struct fault *f)
{
        uint8_t sum[SHA256_SIZE];

        if (digest_take(c->digest, sum) < 0)
                return fault_set(f, -EIO, "%.200s: cannot sum", c->file->path);
        if (memcmp(sum, c->file->sha256, sizeof(sum)) != 0)
                return fault_set(f, -EBADMSG, "%.200s: its SHA-256 is not what was signed", c->file->path);
        c->file = NULL;
        c->state = IN_ARCHIVE;
        return 0;
}

static int entry_compare(const struct entry *e, const struct unpack_entry *got, struct fault *f)
{
        if (got->type != e->type)
                return fault_set(f, -EINVAL, "%.200s: not of the type that was signed", e->path);
        if (got->mode != e->mode)
                return fault_set(f, -EINVAL, "%.200s: has mode %04o, signed was %04o", e->path, got->mode,
                                 e->mode);
        if (got->size != (e->type == ENTRY_FILE ? e->size : 0))
                return fault_set(f, -EBADMSG, "%.200s: has %" PRIu64 " bytes, signed were %" PRIu64, e->path,
                                 got->size, e->size);
        if (!str_eq(got->target, e->target ? e->target : ""))
                return fault_set(f, -EINVAL, "%.200s: points to '%.200s', which is not what was signed",
                                 e->path, got->target);
        return 0;
}

static int on_entry(struct check *c, const struct unpack_entry *got, struct fault *f)
{
        const struct entry *e;
        size_t i;
        int r;

        if (!MESSAGE_TEXT_VALID(got->path) || !MESSAGE_TEXT_VALID(got->target))
                return fault_set(f, -EPROTO, "sealift-unpack: sent a name without an end");
        e = manifest_find_entry(c->m, got->path);
        if (!e)
                return fault_set(f, -EINVAL, "%.200s: in the bundle but not in the manifest", got->path);
        i = (size_t)(e - c->m->content.entries);
        if (c->met[i])
                return fault_set(f, -EINVAL, "%.200s: twice in the bundle", e->path);
        c->met[i] = true;
        r = entry_compare(e, got, f);
        if (r < 0 || e->type != ENTRY_FILE)
                return r;
        c->file = e;
        c->left = e->size;
        c->state = IN_FILE;
        return c->left == 0 ? file_end(c, f) : 0;
}

static int on_data(struct check *c, const struct message *m, struct fault *f)
{
        if (m->len > c->left)
                return fault_set(f, -EPROTO, "sealift-unpack: sent more than it announced");
        c->left -= m->len;
        if (digest_add(c->digest, m->payload, m->len) < 0)
                return fault_set(f, -EIO, "%.200s: cannot sum", c->file->path);
        return c->left == 0 ? file_end(c, f) : 0;
}

static int on_failed(const struct unpack_failed *failed, struct fault *f)
{
        if (failed->error >= 0 || !MESSAGE_TEXT_VALID(failed->text))
                return fault_set(f, -EPROTO, "sealift-unpack: failed, and did not say how");
        return fault_set(f, failed->error, "%s", failed->text);
}

static int on_end(const struct check *c, struct fault *f)
{
        for (size_t i = 0; i < c->m->content.n_entries; i++)
                if (!c->met[i])
                        return fault_set(f, -EINVAL, "%.200s: in the manifest but not in the bundle",
                                         c->m->content.entries[i].path);
        return 0;
}

/* 1: there is more to come. */
static int check_step(struct check *c, int sock, struct fault *f)
{
        static struct message m;
        int r;

        r = message_receive(sock, rules, ELEMENTSOF(rules), &c->state, &m, f);
        if (r == 0)
                return fault_set(f, -EPROTO, "sealift-unpack: ended in the middle of the bundle");
        if (r < 0)
                return fault_prefix(f, "sealift-unpack");
        switch (m.type) {
        case UNPACK_ENTRY:
                r = on_entry(c, (const struct unpack_entry *)(const void *)m.payload, f);
                break;
        case UNPACK_DATA:
                r = on_data(c, &m, f);
                break;
        case UNPACK_FAILED:
                return on_failed((const struct unpack_failed *)(const void *)m.payload, f);
        default:
                return on_end(c, f);
        }
        return r < 0 ? r : 1;
}

static int check_unpack(struct check *c, int fd, struct fault *f)
{
        const struct content *content = &c->m->content;
        const struct unpack_start start = {
                .compression = content->compression,
                .bundle_size = content->size,
                .entries_max = content->n_entries,
                .bytes_max = content->unpacked_size,
        };
        _cleanup_(worker_done) struct worker w = WORKER_INIT;
        int r;

        r = worker_start(&w, "sealift-unpack", NULL, f);
        if (r < 0)
                return r;
        r = message_send(w.sock, UNPACK_START, &start, sizeof(start), fd);
        if (r < 0)
                return fault_set_errno(f, r, "sealift-unpack: cannot give it the bundle");
        do
                r = check_step(c, w.sock, f);
        while (r > 0);
        return r;
}

int bundle_check(int fd, const struct manifest *m, struct fault *f)
{
        _cleanup_(check_done) struct check c = { .m = m };
        int r;

        c.met = calloc(m->content.n_entries + 1, sizeof(*c.met));
        if (!c.met || digest_new(&c.digest) < 0)
                return fault_set(f, -ENOMEM, "out of memory");
        r = check_sum(fd, &m->content, c.digest, f);
        return r < 0 ? r : check_unpack(&c, fd, f);
}
