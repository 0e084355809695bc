/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealiftd's end of the conversation with sealift-unpack. Input: a worker that has read a hostile bundle and
 * is to be taken as hostile itself. Must never look into the bundle. */

#include "sealiftd/install.h"

#include "ground/message.h"

enum install_state { IN_ARCHIVE, IN_FILE, ENDED };

static const struct message_rule rules[] = {
        { UNPACK_ENTRY, "UNPACK_ENTRY", 1 << IN_ARCHIVE, sizeof(struct unpack_entry),
          sizeof(struct unpack_entry), false, IN_ARCHIVE },
        { UNPACK_DATA, "UNPACK_DATA", 1 << IN_FILE, 1, MESSAGE_PAYLOAD_MAX, false, IN_FILE },
        { UNPACK_END, "UNPACK_END", 1 << IN_ARCHIVE, 0, 0, false, ENDED },
        { UNPACK_FAILED, "UNPACK_FAILED", 1 << IN_ARCHIVE | 1 << IN_FILE, sizeof(struct unpack_failed),
          sizeof(struct unpack_failed), false, ENDED },
};

struct install {
        int sock;            /* owned */
        struct stage *stage; /* borrowed */
        unsigned state;
        uint64_t remaining; /* of the current file */
        struct message message;
};

struct install *install_free(struct install *i)
{
        if (i)
                i->sock = fd_close(i->sock);
        free(i);
        return NULL;
}

int install_new(int sock, int bundle_fd, const struct content *content, struct stage *stage,
                struct install **ret, struct fault *f)
{
        const struct unpack_start start = {
                .compression = content->compression,
                .bundle_size = content->size,
                .entries_max = content->n_entries,
                .bytes_max = content->unpacked_size,
        };
        _cleanup_(install_freep) struct install *i = calloc(1, sizeof(*i));
        int r;

        if (!i)
                return fault_set_errno(f, -ENOMEM, "cannot unpack");
        i->sock = -EBADF;
        i->stage = stage;
        i->state = IN_ARCHIVE;
        r = message_send(sock, UNPACK_START, &start, sizeof(start), bundle_fd);
        if (r < 0)
                return fault_set_errno(f, r, "sealift-unpack: cannot give it the bundle");
        i->sock = sock; /* transferred */
        *ret = TAKE_PTR(i);
        return 0;
}

static int on_entry(struct install *i, struct fault *f)
{
        struct unpack_entry e;

        memcpy(&e, i->message.payload, sizeof(e));
        if (e.type == ENTRY_FILE && e.size > 0) {
                i->state = IN_FILE;
                i->remaining = e.size;
        }
        return stage_entry(i->stage, &e, f);
}

static int on_data(struct install *i, struct fault *f)
{
        const struct message *m = &i->message;

        if (m->len > i->remaining)
                return fault_set(f, -EPROTO, "sealift-unpack: sent more than it announced");
        i->remaining -= m->len;
        if (i->remaining == 0)
                i->state = IN_ARCHIVE;
        return stage_data(i->stage, m->payload, m->len, f);
}

/* What the worker says about the bundle is taken as its opinion: only errors that end this attempt at this
 * bundle are believed, so that it cannot pretend that, say, trying again later would help. */
static int on_failed(struct install *i, struct fault *f)
{
        static const int believed[] = { -EINVAL, -EFBIG, -ENOMEM };
        struct unpack_failed failed;

        memcpy(&failed, i->message.payload, sizeof(failed));
        if (!MESSAGE_TEXT_VALID(failed.text))
                return fault_set(f, -EPROTO, "sealift-unpack: failed with a text that has no end");
        for (size_t n = 0; n < ELEMENTSOF(believed); n++)
                if (failed.error == believed[n])
                        return fault_set(f, failed.error, "%s", failed.text);
        return fault_set(f, -EPROTO, "sealift-unpack: failed with error %d: %s", failed.error, failed.text);
}

int install_step(struct install *i, struct fault *f)
{
        struct fault why = {};
        int r;

        r = message_receive(i->sock, rules, ELEMENTSOF(rules), &i->state, &i->message, &why);
        if (r == -EAGAIN)
                return r;
        if (r == 0 || r == -ECONNRESET) /* reset: it had not read all we sent */
                return fault_set(f, -EPROTO, "sealift-unpack: ended in the middle of the bundle");
        if (r < 0)
                return fault_set(f, -EPROTO, "sealift-unpack: %s", why.text);
        switch (i->message.type) {
        case UNPACK_ENTRY:
                r = on_entry(i, f);
                break;
        case UNPACK_DATA:
                r = on_data(i, f);
                break;
        case UNPACK_FAILED:
                return on_failed(i, f);
        default: /* UNPACK_END */
                return stage_finish(i->stage, f);
        }
        return r < 0 ? r : 1;
}

int install_unpack(int sock, int bundle_fd, const struct content *content, struct stage *stage,
                   struct fault *f)
{
        _cleanup_(install_freep) struct install *i = NULL;
        _cleanup_close_ int own = sock;
        int r;

        r = install_new(own, bundle_fd, content, stage, &i, f);
        if (r < 0)
                return r;
        (void)TAKE_FD(own); /* transferred to i */
        do
                r = install_step(i, f);
        while (r > 0);
        return r;
}
