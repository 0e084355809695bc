/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks sealift-fetch for bytes. The worker is as hostile as the network behind it: bytes are counted here
 * again, and what it says about them is believed only where it does no harm. */

#include "sealiftd/fetcher.h"

#include <inttypes.h>

#include "ground/buffer.h"
#include "ground/fetch_call.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"

/* A worker that hangs: libcurl's own limits (low speed, total) end a transfer far earlier; this ends a
 * broken libcurl. */
#define FETCH_SILENCE_MAX_USEC (UINT64_C(5) * 60 * 1000000)

enum { FETCH_CHUNK = 256 * 1024 };

int fetcher_open(struct fetcher *x, struct await *w, struct fault *f)
{
        int fd;

        *x = (struct fetcher){ .await = w, .sock = -EBADF, .state = FETCH_CALL_IDLE };
        fd = message_connect(FETCH_SOCKET_PATH);
        if (fd < 0)
                return fault_set_errno(f, fd,
                                       "%s: cannot reach sealift-fetch; is sealift-fetch.socket active?",
                                       FETCH_SOCKET_PATH);
        x->sock = fd;
        return 0;
}

void fetcher_close(struct fetcher *x)
{
        x->sock = fd_close(x->sock);
}

static int fetcher_ask(struct fetcher *x, const struct fetch_request *q, int *ret_pipe, struct fault *f)
{
        struct fetch_get get = { .max_bytes = q->max_bytes, .offset = q->offset };

        if (text_copy(get.source, sizeof(get.source), q->source) < 0 ||
            text_copy(get.path, sizeof(get.path), q->path) < 0 ||
            text_copy(get.etag, sizeof(get.etag), q->etag) < 0)
                return fault_set(f, -EINVAL, "%s: %s: name too long to ask for", q->source, q->path);
        return fetch_call_get(x->sock, &x->state, &get, O_NONBLOCK, ret_pipe, f);
}

/* Moves the body from the pipe to the sink until the worker closes the pipe. */
static int fetcher_drain(struct fetcher *x, const struct fetch_request *q, int pipe, fetch_sink sink,
                         void *userdata, struct fault *f)
{
        _cleanup_free_ char *chunk = malloc(FETCH_CHUNK);
        uint64_t total = 0;

        if (!chunk)
                return fault_set(f, -ENOMEM, "out of memory");
        for (;;) {
                ssize_t n = read(pipe, chunk, FETCH_CHUNK);
                int r = 0;

                if (n == 0)
                        return 0;
                if (n < 0 && errno == EAGAIN)
                        r = await_idle_readable(x->await, pipe, FETCH_SILENCE_MAX_USEC, f);
                else if (n < 0 && errno != EINTR)
                        r = fault_set_errno(f, -errno, "cannot read from sealift-fetch");
                if (r < 0)
                        return r;
                if (n < 0)
                        continue;
                total += (uint64_t)n;
                if (total > q->max_bytes - q->offset)
                        return fault_set(f, -EFBIG, "%s: more than %" PRIu64 " bytes", q->path,
                                         q->max_bytes);
                r = sink(userdata, chunk, (size_t)n, f);
                if (r < 0)
                        return r;
                r = await_idle_breathe(x->await, f);
                if (r < 0)
                        return r;
        }
}

/* What protocol.h lets the worker say. Others mean something to the story (asked to stop, did not come up)
 * that is not for a worker to say. */
static bool error_believed(int error)
{
        static const int believed[] = { 0,       -ENOENT, -ERANGE, -EFBIG, -EHOSTUNREACH,
                                        -EACCES, -EINVAL, -EPIPE,  -ENOMEM };

        for (size_t i = 0; i < ELEMENTSOF(believed); i++)
                if (error == believed[i])
                        return true;
        return false;
}

static int fetcher_answer(struct fetcher *x, const struct fetch_request *q, struct fetch_answer *ret,
                          struct fault *f)
{
        struct fetch_done done;
        int r;

        r = await_readable(x->await, x->sock, FETCH_SILENCE_MAX_USEC, f);
        if (r < 0)
                return r;
        r = fetch_call_answer(x->sock, &x->state, &done, f);
        if (r == 0)
                return fault_set(f, -EHOSTUNREACH,
                                 "%s: sealift-fetch ended; see journalctl -u 'sealift-fetch@*'", q->path);
        if (r < 0)
                return r;
        if (!error_believed(done.error))
                return fault_set(f, -EPROTO, "sealift-fetch sent error %d, which is none of its own",
                                 done.error);
        if (done.error < 0)
                return fault_set(f, done.error, "%s", done.text);
        ret->unchanged = done.status == 304;
        memcpy(ret->etag, done.etag, sizeof(ret->etag));
        return 0;
}

int fetcher_get(struct fetcher *x, const struct fetch_request *q, fetch_sink sink, void *userdata,
                struct fetch_answer *ret, struct fault *f)
{
        _cleanup_close_ int pipe = -EBADF;
        int r = 0;

        if (x->state != FETCH_CALL_IDLE || x->sock < 0) {
                fetcher_close(x);
                r = fetcher_open(x, x->await, f);
        }
        if (r >= 0)
                r = fetcher_ask(x, q, &pipe, f);
        if (r < 0)
                return r;
        r = fetcher_drain(x, q, pipe, sink, userdata, f);
        /* Its state stays "asked": whatever the worker still says is not for the next request. */
        if (r < 0)
                return r;
        return fetcher_answer(x, q, ret, f);
}

static int sink_buffer(void *userdata, const void *data, size_t len, struct fault *f)
{
        int r;

        r = buffer_append(userdata, data, len);
        return r < 0 ? fault_set_errno(f, r, "cannot keep what was fetched") : 0;
}

int fetcher_get_bytes(struct fetcher *x, const struct fetch_request *q, char **ret, size_t *ret_len,
                      struct fetch_answer *ret_answer, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(q->max_bytes);
        int r;

        r = fetcher_get(x, q, sink_buffer, &b, ret_answer, f);
        if (r < 0)
                return r;
        r = buffer_append(&b, "", 0); /* an empty body is an empty string, not NULL */
        if (r < 0)
                return fault_set_errno(f, r, "cannot keep what was fetched");
        *ret_len = b.len;
        *ret = TAKE_PTR(b.data);
        return 0;
}
