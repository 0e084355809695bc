/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a bundle whose length and sum are right (attempt_fetch.c) to a durable, checked tree on disk. Nothing
 * runs from it yet, so every failure here is undone by removing it. The order is the point: the unpacker,
 * then each entry against the manifest, then the tree as a whole, then the disk. */

#include "sealiftd/attempt.h"

#include <syslog.h>

#include "ground/message.h"
#include "sealiftd/install.h"
#include "store/incoming.h"
#include "store/stage.h"
#include "store/tree.h"

/* A worker that hangs; a healthy one sends every few milliseconds. */
#define UNPACK_SILENCE_MAX_USEC (UINT64_C(2) * 60 * 1000000)

enum { UNPACK_BREATHE_MESSAGES = 64 }; /* some 4 MiB of writing between looks at the bus */

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
        r = attempt_converse(t, sock, install, f);
        t->sealed = stage_sealed(stage);
        return r;
}

/* Each byte of what comes from the bucket was summed while it was written. */
int attempt_walk(struct attempt *t, struct fault *f)
{
        enum tree_depth depth = t->bundle->kind == ATTEMPT_ROLLBACK ? TREE_HASHES : TREE_NAMES;

        return tree_walk(t->tree_fd, &t->manifest->content, depth, f);
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
        incoming_remove(store_incoming_fd(t->agent->store), t->manifest->content.sha256);
        journal_send(JOURNAL_RELEASE_INSTALLED, LOG_INFO, &s,
                     "%s: release %s is on disk, every file as signed%s", t->bundle->name,
                     t->release.version, t->sealed ? ", and sealed with fs-verity" : "");
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
