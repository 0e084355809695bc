/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the bucket to a durable, checked tree on disk. Nothing runs from it yet, so every failure here is
 * undone by removing it. The order is the point: length and sum of the whole bundle first, then the
 * unpacker, then each entry against the manifest, then the tree as a whole, then the disk. */

#include "sealiftd/attempt.h"

#include <inttypes.h>
#include <syslog.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"
#include "sealiftd/install.h"
#include "store/stage.h"
#include "store/tree.h"

/* A worker that hangs; a healthy one sends every few milliseconds. */
#define UNPACK_SILENCE_MAX_USEC (UINT64_C(2) * 60 * 1000000)

enum { UNPACK_BREATHE_MESSAGES = 64 }; /* some 4 MiB of writing between looks at the bus */

/* Where the body of a bundle goes while its sum is made. */
struct arriving {
        int fd;
        struct digest *digest;
        uint64_t bytes;
};

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

/* Fetches into incoming/ and leaves a descriptor for reading only: it is given to the unpacker. */
static int bundle_receive(struct attempt *t, struct arriving *x, struct fault *f)
{
        const struct content *c = &t->manifest->content;
        int r;

        r = refresh_fetch_bundle(t->trust, t->bundle->name, c, sink_arriving, x, f);
        if (r >= 0)
                r = arriving_check(x, t, f);
        if (r < 0)
                return r;
        t->bundle_fd = store_incoming_open(t->agent->store, c->sha256, f);
        return t->bundle_fd < 0 ? t->bundle_fd : 0;
}

int attempt_fetch_bundle(struct attempt *t, struct fault *f)
{
        _cleanup_(digest_freep) struct digest *digest = NULL;
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = digest_new(&digest);
        if (r < 0)
                return fault_set_errno(f, r, "cannot sum the bundle");
        fd = store_incoming_create(t->agent->store, t->manifest->content.sha256, f);
        if (fd < 0)
                return fd;
        r = bundle_receive(t, &(struct arriving){ .fd = fd, .digest = digest }, f);
        /* The descriptor is the bundle from here on; the name has done its work. */
        store_incoming_remove(t->agent->store, t->manifest->content.sha256);
        return r;
}

/* Before anything is fetched. There may be a whole tree already, of the previous release that is to be the
 * next; it is not touched until the bundle is here. */
int attempt_make_place(struct attempt *t, struct fault *f)
{
        t->placed = true; /* also where the answer is lost on its way */
        return units_prepare(t->agent->units, t->bundle->name, &t->release, t->id, t->manifest_text,
                             t->manifest_len, &t->tree_fd, f);
}

/* The conversation with the unpacker, while the event loop runs. */
static int attempt_converse(struct attempt *t, int sock, struct install *install, struct fault *f)
{
        size_t n = 0;
        int r;

        do {
                r = install_step(install, f);
                if (r == -EAGAIN)
                        r = await_readable(&t->agent->await, sock, UNPACK_SILENCE_MAX_USEC, f) < 0 ? f->error
                                                                                                   : 1;
                else if (r > 0 && ++n % UNPACK_BREATHE_MESSAGES == 0)
                        r = await_breathe(&t->agent->await, f) < 0 ? f->error : 1;
        } while (r > 0);
        return r;
}

int attempt_unpack(struct attempt *t, struct fault *f)
{
        _cleanup_(stage_freep) struct stage *stage = NULL;
        _cleanup_(install_freep) struct install *install = NULL;
        _cleanup_close_ int worker = -EBADF;
        int sock, r;

        t->emptied = true;
        r = tree_empty(t->tree_fd, f); /* of an attempt that was killed */
        if (r < 0)
                return r;
        worker = message_connect(UNPACK_SOCKET_PATH);
        if (worker < 0)
                return fault_set_errno(f, worker,
                                       "%s: cannot reach sealift-unpack; is sealift-unpack.socket active?",
                                       UNPACK_SOCKET_PATH);
        r = stage_new(t->tree_fd, &t->manifest->content, &stage, f);
        if (r >= 0)
                r = install_new(worker, t->bundle_fd, &t->manifest->content, stage, &install, f);
        if (r < 0)
                return r;
        sock = TAKE_FD(worker); /* install's now */
        t->bundle_fd = fd_close(t->bundle_fd);
        if (fcntl(sock, F_SETFL, O_NONBLOCK) < 0)
                return fault_set_errno(f, -errno, "cannot set up the socket of sealift-unpack");
        return attempt_converse(t, sock, install, f);
}

int attempt_walk(struct attempt *t, struct fault *f)
{
        return tree_walk(t->tree_fd, &t->manifest->content, TREE_NAMES, f);
}

int attempt_sync(struct attempt *t, struct fault *f)
{
        struct journal_subject s = attempt_subject(t);
        int r;

        r = tree_sync(t->tree_fd, f);
        /* As it is: where it cannot be written, nothing is stopped for a release that could not be
         * committed, at each poll anew. */
        if (r >= 0)
                r = store_state_save(t->agent->store, t->bundle->name, &t->bundle->state, f);
        if (r < 0)
                return r;
        journal_send(JOURNAL_RELEASE_INSTALLED, LOG_INFO, &s,
                     "%s: release %s is on disk, every file as signed", t->bundle->name, t->release.version);
        return 0;
}

void attempt_remove(struct attempt *t)
{
        struct fault f = {};

        if (!t->placed)
                return;
        if (t->emptied && tree_empty(t->tree_fd, &f) < 0)
                return; /* collect.c tries again at the next poll, and says so then */
        (void)!units_remove(t->agent->units, t->bundle->name, &t->release, t->id, &f);
}
