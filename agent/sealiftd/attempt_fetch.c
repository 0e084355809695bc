/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bundle, from the bucket into incoming/, as a whole and of the length and sum that were signed; nothing
 * looks into it before. One that breaks off stays there, and the next attempt goes on behind it: what it
 * finds, it has summed itself, since a power cut or a server may have put anything there. */

#include "sealiftd/attempt.h"

#include <inttypes.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/text.h"
#include "store/incoming.h"

enum {
        KNOWN_CHUNK = 256 * 1024,
        FETCH_ON_MAX = 8, /* a server that breaks off whenever something is due, while much is */
};

/* Where the body goes while its sum is made. */
struct arriving {
        int fd;
        struct digest *digest; /* owned */
        uint64_t bytes;
        bool resumed; /* some of it was here before */
};

static void arriving_done(struct arriving *x)
{
        x->fd = fd_close(x->fd);
        x->digest = digest_free(x->digest);
}

static int sink_arriving(void *userdata, const void *data, size_t len, struct fault *f)
{
        struct arriving *x = userdata;
        int r;

        r = digest_add(x->digest, data, len);
        if (r >= 0)
                r = io_write_full(x->fd, data, len);
        if (r < 0)
                return fault_set_errno(f, r, "cannot keep the bundle in /var/lib/sealift/incoming");
        x->bytes += len;
        return 0;
}

static int arriving_check(struct arriving *x, const struct attempt *t, struct fault *f)
{
        const struct content *c = &t->manifest->content;
        uint8_t sum[SHA256_SIZE];
        char hex[DIGEST_HEX_SIZE];
        int r;

        if (x->bytes != c->size)
                return fault_set(f, -EBADMSG,
                                 "bundle of %s %s has %" PRIu64 " bytes where %" PRIu64 " were signed",
                                 t->bundle->name, t->release.version, x->bytes, c->size);
        r = digest_take(x->digest, sum);
        if (r < 0)
                return fault_set_errno(f, r, "cannot sum the bundle");
        text_hex(sum, sizeof(sum), hex);
        if (!str_eq(hex, c->sha256))
                return fault_set(f, -EBADMSG,
                                 "bundle of %s %s has SHA-256 %s where %s was signed; compare the bucket "
                                 "with the publisher's "
                                 "repository",
                                 t->bundle->name, t->release.version, hex, c->sha256);
        return 0;
}

/* Sums what is here already; leaves the descriptor behind it. */
static int arriving_take_known(struct arriving *x, struct await *w, struct fault *f)
{
        _cleanup_free_ char *chunk = malloc(KNOWN_CHUNK);
        size_t n = 0;
        int r;

        if (!chunk)
                return fault_set(f, -ENOMEM, "out of memory");
        do {
                r = io_read_full(x->fd, chunk, KNOWN_CHUNK, &n);
                if (r >= 0)
                        r = digest_add(x->digest, chunk, n);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot read what is in /var/lib/sealift/incoming");
                x->bytes += n;
                r = await_idle_breathe(w, f);
                if (r < 0)
                        return r;
        } while (n == KNOWN_CHUNK);
        x->resumed = x->bytes > 0;
        return 0;
}

/* resume: go on with what is here, where that can be right. */
static int arriving_open(struct arriving *x, struct attempt *t, bool resume, struct fault *f)
{
        int at = store_incoming_fd(t->agent->store), r;
        const struct content *c = &t->manifest->content;
        uint64_t size = 0;

        r = digest_new(&x->digest);
        if (r < 0)
                return fault_set_errno(f, r, "cannot sum the bundle");
        x->fd = resume ? incoming_resume(at, c->sha256, &size, NULL) : -ENOENT;
        if (x->fd >= 0 && size <= c->size)
                return arriving_take_known(x, &t->agent->await, f);
        x->fd = fd_close(x->fd);
        x->fd = incoming_create(at, c->sha256, f);
        return x->fd < 0 ? x->fd : 0;
}

/* Leaves a descriptor for reading only: it is given to the unpacker. *ret_resumed also on failure. */
static int bundle_fetch(struct attempt *t, bool resume, bool *ret_resumed, struct fault *f)
{
        _cleanup_(arriving_done) struct arriving x = { .fd = -EBADF };
        const struct content *c = &t->manifest->content;
        int r;

        r = arriving_open(&x, t, resume, f);
        *ret_resumed = x.resumed;
        if (r >= 0 && (x.bytes < c->size || !x.resumed))
                r = (t->repairs ? refresh_fetch_again : refresh_fetch_bundle)(t->trust, t->bundle->name, c,
                                                                              x.bytes, sink_arriving, &x, f);
        if (r >= 0)
                r = arriving_check(&x, t, f);
        if (r < 0)
                return r;
        t->summed = true;
        t->bundle_fd = incoming_open(store_incoming_fd(t->agent->store), c->sha256, f);
        return t->bundle_fd < 0 ? t->bundle_fd : 0;
}

/* While something else is done nobody takes what comes: the server may have had enough of that, or libcurl
 * of a server that was slow before. So it is gone on with, where it was, but not for ever. */
static int bundle_fetch_on(struct attempt *t, bool *ret_resumed, struct fault *f)
{
        const struct await *w = &t->agent->await;
        unsigned acts;
        int r = 0;

        for (int i = 0; i < FETCH_ON_MAX; i++) {
                acts = w->acts;
                r = bundle_fetch(t, true, ret_resumed, f);
                if (r >= 0 || !fault_transient(r) || w->acts == acts)
                        break;
        }
        return r;
}

int attempt_fetch_bundle(struct attempt *t, struct fault *f)
{
        bool resumed = false;
        int r;

        if (t->whole)
                return 0;
        t->staging = true;
        r = bundle_fetch_on(t, &resumed, f);
        /* What was here may be what is wrong, or a server may have no part of it to give: once from the
         * beginning, and that is the verdict. */
        if (resumed && (r == -EBADMSG || r == -ERANGE))
                r = bundle_fetch(t, false, &resumed, f);
        t->staging = false;
        return r;
}

/* What a new attempt can go on with stays: the line broke, a worker died, the agent was told to stop. So
 * does what is as signed, and became no tree for the archive's sake or the disk's: else it would be fetched
 * at each poll. Where the next attempt finds no room for a tree beside it, it goes: nothing is fetched then.
 * What was refused is not asked for again until something else is signed. */
void attempt_drop_download(struct attempt *t, const struct fault *why)
{
        if (t->manifest && !*t->overtaken && !t->summed && !fault_transient(why->error))
                incoming_remove(store_incoming_fd(t->agent->store), t->manifest->content.sha256);
}
