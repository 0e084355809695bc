/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A caller's end of the conversation with sealift-fetch, one request after the other and without an event
 * loop. Bodies are counted here again: the worker is not believed. It never opens a connection. */

#include "ctl/fetching.h"

#include "ground/fetch_call.h"
#include "ground/io.h"
#include "ground/text.h"

enum { FETCHING_CHUNK = 64 * 1024 };

static int fetching_ask(struct fetching *x, const char *source, const char *path, uint64_t max_bytes,
                        int *ret_pipe, struct fault *f)
{
        struct fetch_get get = { .max_bytes = max_bytes };

        if (text_copy(get.source, sizeof(get.source), source) < 0 ||
            text_copy(get.path, sizeof(get.path), path) < 0)
                return fault_set(f, -EINVAL, "%s: name too long to ask for", path);
        return fetch_call_get(x->sock, &x->state, &get, 0, ret_pipe, f);
}

static int fetching_drain(int pipe, const char *path, uint64_t max_bytes, fetching_sink sink, void *userdata,
                          struct fault *f)
{
        static char chunk[FETCHING_CHUNK];
        uint64_t total = 0;

        for (;;) {
                size_t n;
                int r;

                r = io_read_full(pipe, chunk, sizeof(chunk), &n);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot read from sealift-fetch");
                if (n == 0)
                        return 0;
                total += n;
                if (total > max_bytes)
                        return fault_set(f, -EFBIG, "%s: more than was asked for", path);
                r = sink(userdata, chunk, n, f);
                if (r < 0)
                        return r;
        }
}

static int fetching_answer(struct fetching *x, struct fault *f)
{
        struct fetch_done done;
        int r;

        r = fetch_call_answer(x->sock, &x->state, &done, f);
        if (r == 0)
                return fault_set(f, -EHOSTUNREACH, "sealift-fetch ended");
        if (r < 0)
                return r;
        return done.error < 0 ? fault_set(f, done.error, "%s", done.text) : 0;
}

int fetching_get(struct fetching *x, const char *source, const char *path, uint64_t max_bytes,
                 fetching_sink sink, void *userdata, struct fault *f)
{
        _cleanup_close_ int pipe = -EBADF;
        struct fault refused = {};
        int r;

        if (x->state != FETCH_CALL_IDLE)
                return fault_set(f, -EPROTO, "%s: the conversation with sealift-fetch is broken", path);
        r = fetching_ask(x, source, path, max_bytes, &pipe, f);
        if (r < 0)
                return r;
        r = fetching_drain(pipe, path, max_bytes, sink, userdata, &refused);
        pipe = fd_close(pipe); /* the worker sees it, and answers */
        if (r < 0) {
                (void)fetching_answer(x, f);
                *f = refused;
                return r;
        }
        return fetching_answer(x, f);
}
