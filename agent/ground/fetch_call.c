/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking sealift-fetch, and taking its answer. The worker is as hostile as the network behind it: what it
 * says is held to a table and to its lengths here, and believed by nobody yet. It never reads a body. */

#include "ground/fetch_call.h"

#include "ground/message.h"

enum { PIPE_SIZE = 1024 * 1024 };

static const struct message_rule rules[] = {
        { FETCH_DONE, "FETCH_DONE", 1 << FETCH_CALL_ASKED, sizeof(struct fetch_done),
          sizeof(struct fetch_done), false, FETCH_CALL_IDLE },
};

int fetch_call_get(int sock, unsigned *state, const struct fetch_get *get, int flags, int *ret_pipe,
                   struct fault *f)
{
        _cleanup_close_ int ours = -EBADF, theirs = -EBADF;
        int fds[2], r = 0;

        if (pipe2(fds, O_CLOEXEC | flags) < 0)
                return fault_set_errno(f, -errno, "cannot make a pipe");
        ours = fds[0];
        theirs = fds[1];
        (void)fcntl(theirs, F_SETPIPE_SZ, PIPE_SIZE); /* fewer wake-ups; the default works too */
        /* Whatever ours does, theirs must block, or the worker would have to poll. */
        if (fcntl(theirs, F_SETFL, 0) < 0)
                r = -errno;
        if (r >= 0)
                r = message_send(sock, FETCH_GET, get, sizeof(*get), theirs);
        if (r < 0)
                return fault_set_errno(f, r, "cannot ask sealift-fetch");
        *state = FETCH_CALL_ASKED;
        *ret_pipe = TAKE_FD(ours);
        return 0;
}

int fetch_call_answer(int sock, unsigned *state, struct fetch_done *ret, struct fault *f)
{
        const struct fetch_done *done;
        struct message m;
        int r;

        r = message_receive(sock, rules, ELEMENTSOF(rules), state, &m, f);
        if (r < 0)
                return fault_prefix(f, "sealift-fetch");
        if (r == 0)
                return 0;
        done = (const struct fetch_done *)(const void *)m.payload;
        if (!MESSAGE_TEXT_VALID(done->text) || !MESSAGE_TEXT_VALID(done->etag))
                return fault_set(f, -EPROTO, "sealift-fetch sent text without an end");
        *ret = *done;
        return 1;
}
