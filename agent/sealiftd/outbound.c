/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reports on their way out, one at a time, by events: sealift-fetch uploads, and its answer decides between
 * removing the report and trying again later. The name a report is put under never changes, so a second PUT
 * after a crash says the same thing to the same place. */

#include "sealiftd/report.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <syslog.h>

#include "doors/journal.h"
#include "facts/backoff.h"
#include "ground/fetch_call.h"
#include "ground/io.h"
#include "ground/message.h"
#include "store/outbox.h"

static const struct backoff pauses = { .first_usec = UINT64_C(30) * 1000000,
                                       .max_usec = UINT64_C(3600) * 1000000 };

struct outbound {
        struct agent *agent;
        sd_event_source *answer, *retry;
        int sock;
        unsigned state;
        unsigned failures;
        char name[OUTBOX_NAME_SIZE]; /* of the report in flight */
};

int outbound_new(struct agent *a, struct outbound **ret)
{
        struct outbound *o = calloc(1, sizeof(*o));

        if (!o)
                return -ENOMEM;
        o->agent = a;
        o->sock = -EBADF;
        *ret = o;
        return 0;
}

static void outbound_hang_up(struct outbound *o)
{
        o->answer = sd_event_source_disable_unref(o->answer);
        o->sock = fd_close(o->sock);
}

struct outbound *outbound_free(struct outbound *o)
{
        if (o) {
                outbound_hang_up(o);
                o->retry = sd_event_source_disable_unref(o->retry);
        }
        free(o);
        return NULL;
}

static int on_retry(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct outbound *o = userdata;

        o->retry = sd_event_source_disable_unref(o->retry);
        outbound_kick(o);
        return 0;
}

static void outbound_failed(struct outbound *o, const char *why)
{
        uint64_t chance = 0;

        outbound_hang_up(o);
        (void)!getrandom(&chance, sizeof(chance), 0);
        if (o->failures++ == 0)
                journal_send(JOURNAL_REPORT_FAILED, LOG_WARNING, NULL,
                             "report %s is kept and tried again later: %s", o->name, why);
        if (sd_event_add_time_relative(o->agent->await.event, &o->retry, CLOCK_BOOTTIME,
                                       backoff_pause(&pauses, o->failures, chance), 0, on_retry, o) < 0)
                o->retry = NULL; /* the next report tries again */
}

static void outbound_answered(struct outbound *o, const struct fetch_done *done)
{
        struct fault f = {};

        if (done->error != 0)
                return outbound_failed(o, done->text);
        outbound_hang_up(o);
        o->failures = 0;
        if (outbox_remove(o->agent->outbox, o->name, &f) < 0)
                return outbound_failed(o, f.text);
        outbound_kick(o);
}

static int on_answer(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct outbound *o = userdata;
        struct fetch_done done;
        struct fault f = {};
        int r;

        r = fetch_call_answer(o->sock, &o->state, &done, &f);
        if (r > 0)
                outbound_answered(o, &done);
        else
                outbound_failed(o,
                                r < 0 ? f.text : "sealift-fetch ended; see journalctl -u 'sealift-fetch@*'");
        return 0;
}

static int outbound_send(struct outbound *o, const char *data, size_t len, struct fault *f)
{
        struct fetch_upload up = { .size = len };
        _cleanup_close_ int fd = -EBADF;
        int r;

        (void)snprintf(up.name, sizeof(up.name), "%s-%s", o->agent->machine, o->name);
        fd = io_memfd_sealed("sealift-report", data, len);
        if (fd < 0)
                return fault_set_errno(f, fd, "cannot hold the report in memory");
        o->sock = message_connect(FETCH_SOCKET_PATH);
        if (o->sock < 0)
                return fault_set_errno(f, o->sock, "%s: cannot reach sealift-fetch", FETCH_SOCKET_PATH);
        o->state = FETCH_CALL_ASKED;
        r = message_send(o->sock, FETCH_UPLOAD, &up, sizeof(up), fd);
        if (r >= 0)
                r = sd_event_add_io(o->agent->await.event, &o->answer, o->sock, EPOLLIN, on_answer, o);
        return r < 0 ? fault_set_errno(f, r, "cannot ask sealift-fetch") : 0;
}

void outbound_kick(struct outbound *o)
{
        _cleanup_free_ char *data = NULL;
        struct fault f = {};
        size_t len;
        int r;

        if (o->sock >= 0 || o->retry || o->agent->await.stopping)
                return;
        r = outbox_first(o->agent->outbox, o->name, &f);
        if (r > 0)
                r = outbox_read(o->agent->outbox, o->name, &data, &len, &f);
        else if (r == 0)
                return;
        if (r >= 0)
                r = outbound_send(o, data, len, &f);
        if (r < 0)
                outbound_failed(o, f.text);
}
