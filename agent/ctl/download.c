/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* This command's end of the conversation with sealift-fetch. Bodies are counted here again: the worker is
 * not believed. It never opens a connection. */

#include "ctl/download.h"

#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"

#define SOURCE "repository" /* what sealift-fetch calls the one of --source= */

enum { DOWNLOAD_CHUNK = 64 * 1024, OPTION_SIZE = 2048 };

enum { STATE_IDLE, STATE_ASKED };

static const struct message_rule rules[] = {
        { FETCH_DONE, "FETCH_DONE", 1 << STATE_ASKED, sizeof(struct fetch_done), sizeof(struct fetch_done),
          false, STATE_IDLE },
};

int download_open(struct download *d, const char *url, const char *ca_file, struct fault *f)
{
        char source[OPTION_SIZE], ca[OPTION_SIZE];
        const char *arguments[] = { source, ca_file ? ca : NULL, NULL };

        if (strlen(url) > OPTION_SIZE / 2 || (ca_file && strlen(ca_file) > OPTION_SIZE / 2))
                return fault_set(f, -EINVAL, "%.200s: too long", url);
        (void)snprintf(source, sizeof(source), "--source=%s", url);
        (void)snprintf(ca, sizeof(ca), "--ca-file=%s", ca_file ? ca_file : "");
        return worker_start(&d->worker, "sealift-fetch", arguments, f);
}

void download_done(struct download *d)
{
        worker_done(&d->worker);
}

static int download_ask(struct download *d, const char *path, uint64_t max_bytes, int *ret_pipe,
                        struct fault *f)
{
        struct fetch_get get = { .max_bytes = max_bytes };
        int fds[2], r;

        if (text_copy(get.source, sizeof(get.source), SOURCE) < 0 ||
            text_copy(get.path, sizeof(get.path), path) < 0)
                return fault_set(f, -EINVAL, "%s: name too long to ask for", path);
        if (pipe2(fds, O_CLOEXEC) < 0)
                return fault_set_errno(f, -errno, "cannot make a pipe");
        r = message_send(d->worker.sock, FETCH_GET, &get, sizeof(get), fds[1]);
        fds[1] = fd_close(fds[1]);
        if (r < 0) {
                fds[0] = fd_close(fds[0]);
                return fault_set_errno(f, r, "cannot ask sealift-fetch");
        }
        d->state = STATE_ASKED;
        *ret_pipe = fds[0];
        return 0;
}

static int download_drain(int pipe, const char *path, uint64_t max_bytes, download_sink sink, void *userdata,
                          struct fault *f)
{
        static char chunk[DOWNLOAD_CHUNK];
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

static int download_answer(struct download *d, struct fault *f)
{
        static struct message m;
        const struct fetch_done *done = (const struct fetch_done *)(const void *)m.payload;
        int r;

        r = message_receive(d->worker.sock, rules, ELEMENTSOF(rules), &d->state, &m, f);
        if (r == 0)
                return fault_set(f, -EHOSTUNREACH, "sealift-fetch ended");
        if (r < 0)
                return fault_prefix(f, "sealift-fetch");
        if (!MESSAGE_TEXT_VALID(done->text))
                return fault_set(f, -EPROTO, "sealift-fetch sent text without an end");
        return done->error < 0 ? fault_set(f, done->error, "%s", done->text) : 0;
}

int download_get(struct download *d, const char *path, uint64_t max_bytes, download_sink sink,
                 void *userdata, struct fault *f)
{
        _cleanup_close_ int pipe = -EBADF;
        struct fault refused = {};
        int r;

        if (d->state != STATE_IDLE)
                return fault_set(f, -EPROTO, "%s: the conversation with sealift-fetch is broken", path);
        r = download_ask(d, path, max_bytes, &pipe, f);
        if (r < 0)
                return r;
        r = download_drain(pipe, path, max_bytes, sink, userdata, &refused);
        pipe = fd_close(pipe); /* the worker sees it, and answers */
        if (r < 0) {
                (void)download_answer(d, f);
                *f = refused;
                return r;
        }
        return download_answer(d, f);
}
