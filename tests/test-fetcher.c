/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealiftd's end of the conversation with sealift-fetch, against a worker that does as it likes. */

#include "sealiftd/fetcher.h"

#include <sys/socket.h>

#include "ground/io.h"
#include "ground/message.h"
#include "tap.h"

/* A worker on the caller's own event loop: answers each request with body and done. */
struct worker {
        int sock;
        unsigned state;
        const char *body;
        struct fetch_done done;
};

static const struct message_rule rules[] = {
        { FETCH_GET, "FETCH_GET", 1, sizeof(struct fetch_get), sizeof(struct fetch_get), true, 0 },
};

static int on_request(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct worker *w = userdata;
        struct fault f = {};
        struct message m;

        if (message_receive(w->sock, rules, ELEMENTSOF(rules), &w->state, &m, &f) <= 0 ||
            io_write_full(m.fd, w->body, strlen(w->body)) < 0 ||
            message_send(w->sock, FETCH_DONE, &w->done, sizeof(w->done), -EBADF) < 0)
                abort();
        message_done(&m);
        return 0;
}

struct site {
        struct await await;
        struct worker worker;
        struct fetcher fetcher;
        struct fault f;
};

static void site_open(struct site *s, int error, const char *body)
{
        int fds[2];

        *s = (struct site){ .worker = { .body = body, .done.error = error } };
        if (sd_event_new(&s->await.event) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
            sd_event_add_io(s->await.event, NULL, fds[1], EPOLLIN, on_request, &s->worker) < 0)
                abort();
        s->worker.sock = fds[1];
        s->fetcher = (struct fetcher){ .await = &s->await, .sock = fds[0] };
}

static void site_close(struct site *s)
{
        fetcher_close(&s->fetcher);
        sd_event_unref(s->await.event);
        s->worker.sock = fd_close(s->worker.sock);
}

/* What sealiftd makes of a worker that says error. */
static int get(int error, const char *body)
{
        _cleanup_free_ char *bytes = NULL;
        struct fetch_answer answer;
        struct site s;
        size_t len;
        int r;

        site_open(&s, error, body);
        r = fetcher_get_bytes(&s.fetcher,
                              &(struct fetch_request){
                                      .source = "main", .path = "metadata/a", .etag = "", .max_bytes = 4 },
                              &bytes, &len, &answer, &s.f);
        site_close(&s);
        return r;
}

int main(void)
{
        tap_int(get(0, "1234"), 0, "a body is taken");
        tap_int(get(0, "12345"), -EFBIG, "not one that is longer than asked for");
        tap_int(get(-ENOENT, ""), -ENOENT, "what is not there is not there");
        tap_int(get(-EHOSTUNREACH, "12"), -EHOSTUNREACH, "a source that is away is away");
        tap_int(get(-ECANCELED, ""), -EPROTO, "a worker cannot say that we were asked to stop");
        tap_int(get(-ECHILD, ""), -EPROTO, "nor that a release did not come up");
        tap_int(get(1, ""), -EPROTO, "nor nonsense");
        return tap_done();
}
