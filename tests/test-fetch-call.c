/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What every caller of sealift-fetch sends, and takes from a worker that says what it likes; here it is the
 * test. */

#include "ground/fetch_call.h"

#include <dirent.h>
#include <sys/socket.h>

#include "ground/message.h"
#include "tap.h"

static int ours, theirs;
static unsigned state;

static void conversation_open(void)
{
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                abort();
        ours = fds[0];
        theirs = fds[1];
        state = FETCH_CALL_IDLE;
}

static void conversation_close(void)
{
        ours = fd_close(ours);
        theirs = fd_close(theirs);
}

static size_t descriptors(void)
{
        DIR *d = opendir("/proc/self/fd");
        size_t n = 0;

        if (!d)
                abort();
        while (readdir(d))
                n++;
        closedir(d);
        return n;
}

/* The worker's side: takes the request; its end of the pipe, the caller's. */
static int request_take(struct fetch_get *ret)
{
        static const struct message_rule rules[] = {
                { FETCH_GET, "FETCH_GET", 1, sizeof(struct fetch_get), sizeof(struct fetch_get), true, 0 },
        };
        static struct message m;
        unsigned any = 0;
        struct fault f = {};

        if (message_receive(theirs, rules, ELEMENTSOF(rules), &any, &m, &f) <= 0)
                abort();
        memcpy(ret, m.payload, sizeof(*ret));
        return m.fd;
}

static void test_get(int flags)
{
        struct fetch_get get = { .max_bytes = 12, .path = "a/b" }, got;
        _cleanup_close_ int pipe = -EBADF, end = -EBADF;
        struct fault f = {};
        char body[8] = "";

        conversation_open();
        tap_int(fetch_call_get(ours, &state, &get, flags, &pipe, &f), 0, "a request is sent (%s)", f.text);
        tap_int(state, FETCH_CALL_ASKED, "which is remembered");
        end = request_take(&got);
        tap_ok(memcmp(&got, &get, sizeof(got)) == 0, "as it is");
        tap_int(fcntl(end, F_GETFL) & O_NONBLOCK, 0, "the worker's end of the pipe blocks");
        tap_int(fcntl(pipe, F_GETFL) & O_NONBLOCK, flags, "ours as it was asked for");
        tap_ok(write(end, "body", 4) == 4 && read(pipe, body, sizeof(body)) == 4 && str_eq(body, "body"),
               "what goes in comes out");
        end = fd_close(end);
        tap_int(read(pipe, body, sizeof(body)), 0, "and ends with the worker's end: nobody else has one");
        conversation_close();
}

static void test_unsent(void)
{
        struct fetch_get get = {};
        struct fault f = {};
        int pipe = -EBADF;
        size_t n;

        conversation_open();
        theirs = fd_close(theirs);
        n = descriptors();
        tap_int(fetch_call_get(ours, &state, &get, 0, &pipe, &f), -EPIPE, "nobody is there to ask");
        tap_like(f.text, "cannot ask sealift-fetch", "which is said");
        tap_ok(pipe == -EBADF && state == FETCH_CALL_IDLE, "and nothing was asked");
        tap_int((long long)descriptors(), (long long)n, "nothing stays open");
        conversation_close();
}

static int answer(const struct fetch_done *done, struct fetch_done *ret, struct fault *f)
{
        if (message_send(theirs, FETCH_DONE, done, sizeof(*done), -EBADF) < 0)
                abort();
        return fetch_call_answer(ours, &state, ret, f);
}

static void test_answers(void)
{
        struct fetch_done done = { .error = -ENOENT, .status = 404, .bytes = 3, .text = "no" }, got = {};
        struct fault f = {};

        conversation_open();
        state = FETCH_CALL_ASKED;
        tap_int(answer(&done, &got, &f), 1, "an answer is taken (%s)", f.text);
        tap_ok(memcmp(&got, &done, sizeof(got)) == 0, "as it is");
        tap_int(state, FETCH_CALL_IDLE, "and may be followed by a request");
        tap_int(answer(&done, &got, &f), -EPROTO, "an answer to nothing is refused");
        conversation_close();

        conversation_open();
        state = FETCH_CALL_ASKED;
        memset(done.text, 'x', sizeof(done.text));
        tap_int(answer(&done, &got, &f), -EPROTO, "a reason without an end is refused");
        tap_like(f.text, "text without an end", "which is said");
        state = FETCH_CALL_ASKED;
        done = (struct fetch_done){};
        memset(done.etag, 'x', sizeof(done.etag));
        tap_int(answer(&done, &got, &f), -EPROTO, "so is an ETag without one");
        tap_int(got.status, 404, "nothing of either is handed on");
        state = FETCH_CALL_ASKED;
        theirs = fd_close(theirs);
        tap_int(fetch_call_answer(ours, &state, &got, &f), 0, "a worker that ends without an answer");
        conversation_close();
}

int main(void)
{
        test_get(0);
        test_get(O_NONBLOCK);
        test_unsent();
        test_answers();
        return tap_done();
}
