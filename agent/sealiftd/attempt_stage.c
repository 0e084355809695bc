/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a bundle whose length and sum are right (attempt_fetch.c) to a durable, checked tree on disk. Nothing
 * runs from it yet, so every failure here is undone by removing it. The order is the point: the unpacker,
 * then each entry against the manifest, then the tree as a whole, then the disk. */

#include "sealiftd/attempt.h"

#include <syslog.h>

#include "facts/name.h"
#include "ground/message.h"
#include "sealiftd/damage.h"
#include "sealiftd/install.h"
#include "sealiftd/scrub.h"
#include "store/incoming.h"
#include "store/mend.h"
#include "store/stage.h"
#include "store/tree.h"

/* A worker that hangs; a healthy one sends every few milliseconds. */
#define UNPACK_SILENCE_MAX_USEC (UINT64_C(2) * 60 * 1000000)

enum { UNPACK_BREATHE_MESSAGES = 64 }; /* some 4 MiB of writing between looks at the bus */

static int breathe(void *await, struct fault *f)
{
        return await_breathe(await, f);
}

static int breathe_idly(void *await, struct fault *f)
{
        return await_idle_breathe(await, f);
}

/* Every byte of it, while nothing runs of it yet: an order may break it off. */
static int attempt_look(struct attempt *t, int tree_fd, struct fault *f)
{
        int r;

        t->staging = true;
        r = tree_walk_breathing(tree_fd, &t->manifest->content, breathe_idly, &t->agent->await, f);
        t->staging = false;
        return r;
}

/* A release that ran before and is to run again, or all that an agent had to do before it was killed. What
 * is not as signed is no failure: it is fetched. */
int attempt_look_on_disk(struct attempt *t, struct fault *f)
{
        _cleanup_close_ int tree = -EBADF;
        char place[NAME_RELEASE_SIZE];
        struct fault why = {};
        int r;

        name_release(t->release.version, t->release.digest, place);
        t->kept = state_keeps(&t->bundle->state, t->agent->config->keep, place);
        r = tree = store_tree_open(t->agent->store, t->bundle->name, &t->release, &why);
        if (r >= 0)
                r = tree_walk(tree, &t->manifest->content, TREE_NAMES, &why);
        if (r >= 0)
                r = attempt_look(t, tree, &why);
        if (r == -ECANCELED || *t->overtaken)
                return fault_set(f, r, "%s", why.text);
        t->whole = r >= 0;
        return 0;
}

/* Before anything is fetched. */
int attempt_make_place(struct attempt *t, struct fault *f)
{
        int r;

        t->placed = true; /* also where the answer is lost on its way */
        r = units_prepare(t->agent->units, t->bundle->name, &t->release, t->id, t->manifest_text,
                          t->manifest_len, &t->tree_fd, f);
        return attempt_blame(t->agent, t->bundle, &t->release, r, f);
}

/* The conversation with the unpacker, while the event loop runs. */
static int attempt_converse(struct attempt *t, int sock, struct install *install, struct fault *f)
{
        size_t n = 0;
        int r;

        t->staging = true;
        do {
                r = install_step(install, f);
                if (r == -EAGAIN)
                        r = await_idle_readable(&t->agent->await, sock, UNPACK_SILENCE_MAX_USEC, f) < 0
                                    ? f->error
                                    : 1;
                else if (r > 0 && ++n % UNPACK_BREATHE_MESSAGES == 0)
                        r = await_idle_breathe(&t->agent->await, f) < 0 ? f->error : 1;
        } while (r > 0);
        t->staging = false;
        return r;
}

/* The bundle into tree_fd, of which nothing is wanted any more. */
static int bundle_unpack(struct attempt *t, int tree_fd, struct fault *f)
{
        _cleanup_(stage_freep) struct stage *stage = NULL;
        _cleanup_(install_freep) struct install *install = NULL;
        _cleanup_close_ int worker = -EBADF;
        int sock, r;

        scrub_leave(t->agent->scrub, t->bundle->name, &t->release);
        r = tree_empty(tree_fd, f); /* of an attempt that was killed */
        if (r < 0)
                return r;
        worker = message_connect(UNPACK_SOCKET_PATH);
        if (worker < 0)
                return fault_set_errno(f, worker,
                                       "%s: cannot reach sealift-unpack; is sealift-unpack.socket active?",
                                       UNPACK_SOCKET_PATH);
        r = stage_new(tree_fd, &t->manifest->content, &stage, f);
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

int attempt_mend(struct attempt *t, size_t *ret_replaced, struct fault *f)
{
        const struct content *c = &t->manifest->content;
        _cleanup_close_ int copy = -EBADF;
        struct fault ignored = {};
        int r;

        copy = mend_open_copy(t->tree_fd, f);
        r = copy < 0 ? copy : bundle_unpack(t, copy, f);
        if (r >= 0)
                r = attempt_look(t, copy, f);
        if (r >= 0)
                r = mend_tree(t->tree_fd, copy, c, breathe, &t->agent->await, ret_replaced, f);
        if (r < 0)
                (void)!mend_sweep(t->tree_fd, &ignored);
        return r;
}

/* Damaged, but all that there may be to go back to: it is not given up before there is something better. */
int attempt_unpack(struct attempt *t, struct fault *f)
{
        size_t replaced;

        if (t->whole)
                return 0;
        return t->kept ? attempt_mend(t, &replaced, f) : bundle_unpack(t, t->tree_fd, f);
}

/* Each byte of what comes from the bucket was summed while it was written; so was what was there. An order
 * that is being carried out is not broken off by the next. */
int attempt_walk(struct attempt *t, struct fault *f)
{
        const struct content *c = &t->manifest->content;

        return t->bundle->kind == ATTEMPT_ROLLBACK
                       ? tree_walk_breathing(t->tree_fd, c, breathe, &t->agent->await, f)
                       : tree_walk(t->tree_fd, c, TREE_NAMES, f);
}

int attempt_sync(struct attempt *t, struct fault *f)
{
        struct journal_subject s = attempt_subject(t);
        int r;

        r = tree_sync(t->tree_fd, f);
        if (r >= 0)
                damage_forget(t->agent, t->bundle, &t->release);
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

        if (!t->placed || t->kept)
                return;
        if (t->tree_fd >= 0 && tree_empty(t->tree_fd, &f) < 0)
                return; /* collect.c tries again at the next poll, and says so then */
        if (units_remove(t->agent->units, t->bundle->name, &t->release, t->id, &f) >= 0)
                damage_forget(t->agent, t->bundle, &t->release);
}
