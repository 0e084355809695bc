/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One bundle through the real sealift-unpack, and what came of it. */

#include "ground/message.h"
#include "ground/protocol.h"
#include "tap.h"
#include "tape.h"
#include "worker.h"

enum { RUNNING, OVER };

static const struct message_rule unpacking_rules[] = {
        { UNPACK_ENTRY, "UNPACK_ENTRY", 1 << RUNNING, sizeof(struct unpack_entry),
          sizeof(struct unpack_entry), false, RUNNING },
        { UNPACK_DATA, "UNPACK_DATA", 1 << RUNNING, 1, MESSAGE_PAYLOAD_MAX, false, RUNNING },
        { UNPACK_END, "UNPACK_END", 1 << RUNNING, 0, 0, false, OVER },
        { UNPACK_FAILED, "UNPACK_FAILED", 1 << RUNNING, sizeof(struct unpack_failed),
          sizeof(struct unpack_failed), false, OVER },
};

/* What came out of the worker: error 0 and the entries, one line each ("f 0644 5 name hello"). */
struct result {
        int error;
        char text[FAULT_TEXT_MAX];
        struct buffer listing;
        uint64_t bytes;
        int status;
};

static inline void result_done(struct result *r)
{
        buffer_done(&r->listing);
}

static inline void on_message(struct result *r, const struct message *m)
{
        struct unpack_failed failed;
        struct unpack_entry e;

        switch (m->type) {
        case UNPACK_ENTRY:
                memcpy(&e, m->payload, sizeof(e));
                (void)buffer_printf(&r->listing, "%s%c %04o %llu %s%s%s ", r->listing.len ? "\n" : "",
                                    "?fdl"[e.type & 3], e.mode, (unsigned long long)e.size, e.path,
                                    e.target[0] ? " -> " : "", e.target);
                break;
        case UNPACK_DATA:
                r->bytes += m->len;
                (void)buffer_append(&r->listing, m->payload, m->len < 64 ? m->len : 64);
                break;
        case UNPACK_FAILED:
                memcpy(&failed, m->payload, sizeof(failed));
                r->error = failed.error;
                memcpy(r->text, failed.text, sizeof(r->text));
                break;
        default: /* UNPACK_END */
                r->error = 0;
        }
}

static inline void unpack_fd(int fd, const struct unpack_start *start, struct result *ret)
{
        static struct message m;
        struct fault f = {};
        unsigned state = RUNNING;
        struct worker w;

        *ret = (struct result){ .error = -EPROTO, .listing = BUFFER_INIT(1 << 20) };
        worker_start(&w, "sealift-unpack");
        if (message_send(w.sock, UNPACK_START, start, sizeof(*start), fd) < 0)
                abort();
        while (state == RUNNING &&
               message_receive(w.sock, unpacking_rules, ELEMENTSOF(unpacking_rules), &state, &m, &f) > 0)
                on_message(ret, &m);
        if (state == RUNNING)
                memcpy(ret->text, f.text, sizeof(ret->text));
        ret->status = worker_wait(&w, NULL);
}

static const struct unpack_start generous = { .compression = COMPRESSION_ZSTD,
                                              .entries_max = 1000,
                                              .bytes_max = 1 << 20 };

static inline void unpack_packed(const struct buffer *packed, struct unpack_start start, struct result *ret)
{
        _cleanup_close_ int fd = tape_publish(packed);

        if (start.bundle_size == 0)
                start.bundle_size = packed->len;
        unpack_fd(fd, &start, ret);
}

static inline void unpack_tape(const struct buffer *t, const struct unpack_start *start, struct result *ret)
{
        _cleanup_(buffer_done) struct buffer packed = TAPE_INIT;

        tape_zstd(t->data, t->len, 0, &packed);
        unpack_packed(&packed, start ? *start : generous, ret);
}

static inline void expect_refused(const struct buffer *t, const struct unpack_start *start, int error,
                                  const char *words, const char *what)
{
        _cleanup_(result_done) struct result r;

        unpack_tape(t, start, &r);
        tap_int(r.error, error, "%s: refused", what);
        tap_like(r.text, words, "%s: named", what);
        tap_int(r.status, 0, "%s: without a crash", what);
}

static inline void tape_honest(struct buffer *t)
{
        tape_directory(t, "./bin/");
        tape_file(t, "./bin/web", 0755, "#!/bin/sh\n");
        tape_file(t, "empty", 0644, "");
        tape_symlink(t, "bin/www", "web");
        tape_end(t);
}

static const char honest_listing[] = "d 0755 0 bin \nf 0755 10 bin/web #!/bin/sh\n\nf 0644 0 empty \n"
                                     "l 0777 0 bin/www -> web ";
