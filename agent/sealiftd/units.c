/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks sealift-unitd. It is root and we are not, so there is nothing here that could be handed to it
 * verbatim: bundle, version, digest, and the manifest whose sum the digest is. */

#include "sealiftd/units.h"

#include <sys/epoll.h>
#include <sys/random.h>

#include "facts/backoff.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"

/* Longer than any start, and than a migration that is waited for first: TimeoutStartSec= and TimeoutStopSec=
 * of a manifest are bounded by facts/directives.c; a stuck unitd ends here. */
#define UNITS_ANSWER_MAX_USEC (UINT64_C(30) * 60 * 1000000)

/* A sealift-unitd that dies under a request, or died just before it, is asked once more when it is there
 * again: all that it is asked for may be asked for twice. No more often, or a request that kills it would
 * kill it for ever. */
enum { UNITS_TRIES = 2 };

/* One that is gone is looked for again: soon, since systemd starts it at once; and not more often than this,
 * since one that dies at its start is started for each connection. */
static const struct backoff reconnect = { .first_usec = UINT64_C(1) * 1000000,
                                          .max_usec = UINT64_C(60) * 1000000 };

struct units {
        struct await *await;
        units_handler handler;
        units_job_handler job;
        units_probed_handler probed;
        units_lost_handler lost;
        units_handler each; /* while a list is awaited */
        void *userdata, *each_userdata;
        sd_event_source *source;
        sd_event_source *again; /* until it is looked for again */
        unsigned losses;        /* since it last listed what runs */
        int sock;
        unsigned state;
        uint64_t last_id;
        uint64_t awaited;         /* id of the request in flight, 0 = none */
        struct units_call *calls; /* and of those beside it; borrowed */
        int tree_fd;
        int error;
        char text[FAULT_TEXT_MAX];
};

enum { STATE_OPEN };

static const struct message_rule rules[] = {
        { UNITD_TREE, "UNITD_TREE", 1 << STATE_OPEN, sizeof(struct unitd_result),
          sizeof(struct unitd_result), true, STATE_OPEN },
        { UNITD_RESULT, "UNITD_RESULT", 1 << STATE_OPEN, sizeof(struct unitd_result),
          sizeof(struct unitd_result), false, STATE_OPEN },
        { UNITD_UNIT, "UNITD_UNIT", 1 << STATE_OPEN, sizeof(struct unitd_unit), sizeof(struct unitd_unit),
          false, STATE_OPEN },
        { UNITD_EVENT, "UNITD_EVENT", 1 << STATE_OPEN, sizeof(struct unitd_unit), sizeof(struct unitd_unit),
          false, STATE_OPEN },
        { UNITD_JOB, "UNITD_JOB", 1 << STATE_OPEN, sizeof(struct unitd_job), sizeof(struct unitd_job), false,
          STATE_OPEN },
        { UNITD_PROBED, "UNITD_PROBED", 1 << STATE_OPEN, sizeof(struct unitd_probed),
          sizeof(struct unitd_probed), false, STATE_OPEN },
};

int units_new(struct await *w, units_handler handler, units_job_handler job, units_probed_handler probed,
              units_lost_handler lost, void *userdata, struct units **ret)
{
        struct units *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->await = w;
        l->handler = handler;
        l->job = job;
        l->probed = probed;
        l->lost = lost;
        l->userdata = userdata;
        l->sock = l->tree_fd = -EBADF;
        *ret = l;
        return 0;
}

static void units_disconnect(struct units *l)
{
        l->source = sd_event_source_disable_unref(l->source);
        l->sock = fd_close(l->sock);
}

struct units *units_free(struct units *l)
{
        if (l) {
                units_disconnect(l);
                l->again = sd_event_source_disable_unref(l->again);
                l->tree_fd = fd_close(l->tree_fd);
        }
        free(l);
        return NULL;
}

/* Only we know whether we were asked to stop. */
static int answer_error(int error)
{
        return error > 0 || error == -ECANCELED ? -EPROTO : error;
}

static void call_answer(struct units_call *c, int error, const char *text)
{
        c->id = 0;
        c->error = answer_error(error);
        (void)snprintf(c->text, sizeof(c->text), "%s", text);
}

static void units_answer(struct units *l, uint64_t id, int error, const char *text)
{
        for (struct units_call *c = l->calls; c; c = c->next)
                if (id != 0 && c->id == id) {
                        call_answer(c, error, text);
                        return;
                }
        if (id != l->awaited)
                return; /* of a request given up earlier */
        l->awaited = 0;
        l->error = answer_error(error);
        (void)snprintf(l->text, sizeof(l->text), "%s", text);
}

static int on_again(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct units *l = userdata;

        l->again = sd_event_source_disable_unref(l->again);
        l->lost(l->userdata);
        return 0;
}

/* What happens until then is told to nobody, so whoever is told asks. */
static void units_look_again(struct units *l)
{
        uint64_t chance = 0;

        if (l->again)
                return;
        (void)!getrandom(&chance, sizeof(chance), 0);
        (void)sd_event_add_time_relative(l->await->event, &l->again, CLOCK_MONOTONIC,
                                         backoff_pause(&reconnect, ++l->losses, chance), 0, on_again, l);
}

/* The conversation is over: nobody waits for an answer that cannot come. */
static void units_lose(struct units *l, const char *text)
{
        units_disconnect(l);
        units_look_again(l);
        units_answer(l, l->awaited, -ECONNRESET, text);
        for (struct units_call *c = l->calls; c; c = c->next)
                if (c->id != 0)
                        call_answer(c, -ECONNRESET, text);
}

static bool unit_valid(const struct unitd_unit *u)
{
        return MESSAGE_TEXT_VALID(u->bundle) && MESSAGE_TEXT_VALID(u->version) &&
               MESSAGE_TEXT_VALID(u->digest12) && MESSAGE_TEXT_VALID(u->service) &&
               MESSAGE_TEXT_VALID(u->unit) && MESSAGE_TEXT_VALID(u->text) && MESSAGE_TEXT_VALID(u->instance);
}

static bool job_valid(const struct unitd_job *j)
{
        return MESSAGE_TEXT_VALID(j->bundle) && MESSAGE_TEXT_VALID(j->instance) &&
               MESSAGE_TEXT_VALID(j->digest12) && MESSAGE_TEXT_VALID(j->timer) &&
               MESSAGE_TEXT_VALID(j->service) && MESSAGE_TEXT_VALID(j->version) &&
               MESSAGE_TEXT_VALID(j->result);
}

static bool probed_valid(const struct unitd_probed *p)
{
        return MESSAGE_TEXT_VALID(p->bundle) && MESSAGE_TEXT_VALID(p->digest12) &&
               MESSAGE_TEXT_VALID(p->probe) && MESSAGE_TEXT_VALID(p->text);
}

static int units_handle(struct units *l, struct message *m)
{
        const struct unitd_result *result = (const struct unitd_result *)(const void *)m->payload;
        const struct unitd_unit *unit = (const struct unitd_unit *)(const void *)m->payload;
        const struct unitd_job *job = (const struct unitd_job *)(const void *)m->payload;
        const struct unitd_probed *probed = (const struct unitd_probed *)(const void *)m->payload;

        switch (m->type) {
        case UNITD_TREE:
                if (result->id == l->awaited && l->tree_fd < 0)
                        l->tree_fd = TAKE_FD(m->fd);
                units_answer(l, result->id, 0, "");
                return 0;
        case UNITD_RESULT:
                if (!MESSAGE_TEXT_VALID(result->text))
                        return -EPROTO;
                units_answer(l, result->id, result->error, result->text);
                return 0;
        case UNITD_UNIT:
                if (!unit_valid(unit))
                        return -EPROTO;
                if (l->each && unit->id == l->awaited)
                        l->each(l->each_userdata, unit);
                return 0;
        case UNITD_JOB:
                if (!job_valid(job))
                        return -EPROTO;
                if (job->id == 0 || job->id == l->awaited)
                        l->job(l->userdata, job);
                return 0;
        case UNITD_PROBED:
                if (!probed_valid(probed))
                        return -EPROTO;
                l->probed(l->userdata, probed);
                return 0;
        default:
                if (!unit_valid(unit))
                        return -EPROTO;
                l->handler(l->userdata, unit);
                return 0;
        }
}

static int on_message(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        struct units *l = userdata;
        struct fault f = {};
        struct message m;
        int r;

        r = message_receive(l->sock, rules, ELEMENTSOF(rules), &l->state, &m, &f);
        if (r > 0)
                r = units_handle(l, &m) < 0 ? fault_set(&f, -EPROTO, "sealift-unitd broke the protocol") : 1;
        if (r == 0)
                (void)fault_set(&f, -ECONNRESET,
                                "sealift-unitd went away; see journalctl -u sealift-unitd.service");
        if (r <= 0)
                units_lose(l, f.text);
        message_done(&m);
        return 0;
}

static int units_connect(struct units *l, struct fault *f)
{
        int fd, r;

        if (l->sock >= 0)
                return 0;
        fd = message_connect(UNITD_SOCKET_PATH);
        if (fd < 0) {
                units_look_again(l);
                /* Not -ENOENT, by which a file of the operator's is missing. */
                return fault_set_errno(f, fd == -ENOENT ? -ECONNREFUSED : fd,
                                       "%s: cannot reach sealift-unitd; is sealift-unitd.socket active?",
                                       UNITD_SOCKET_PATH);
        }
        l->sock = fd;
        l->state = STATE_OPEN;
        r = sd_event_add_io(l->await->event, &l->source, fd, EPOLLIN, on_message, l);
        if (r < 0) {
                units_disconnect(l);
                return fault_set_errno(f, r, "cannot watch the socket of sealift-unitd");
        }
        return 0;
}

static bool units_answered(void *userdata)
{
        struct units *l = userdata;

        return l->awaited == 0;
}

/* What is asked about; name may be NULL where it is about nothing, and task where there is none. */
struct about {
        const char *bundle, *task;
        const struct release_ref *release;
        uint64_t attempt;
        bool yields;
        uint64_t more_usec; /* beyond UNITS_ANSWER_MAX_USEC */
};

static int units_send(struct units *l, uint16_t type, const struct about *about, int fd, uint64_t *ret_id,
                      struct fault *f)
{
        struct unitd_request q = { .attempt = about->attempt, .yields = about->yields };
        int k;

        k = units_connect(l, f);
        if (k < 0)
                return k;
        q.id = ++l->last_id;
        if (about->bundle && (text_copy(q.bundle, sizeof(q.bundle), about->bundle) < 0 ||
                              text_copy(q.version, sizeof(q.version), about->release->version) < 0 ||
                              text_copy(q.digest, sizeof(q.digest), about->release->digest) < 0))
                return fault_set(f, -EINVAL, "%s: name too long", about->bundle);
        if (about->task && text_copy(q.task, sizeof(q.task), about->task) < 0)
                return fault_set(f, -EINVAL, "%s: name too long", about->task);
        k = message_send(l->sock, type, &q, sizeof(q), fd);
        if (k < 0) {
                /* Also of a request that is waited for: a probe's timer may be first to see the end. */
                units_lose(l, "sealift-unitd cannot be asked any more");
                return fault_set_errno(f, k == -EPIPE ? -ECONNRESET : k, "cannot ask sealift-unitd");
        }
        *ret_id = q.id;
        return 0;
}

static int units_ask(struct units *l, uint16_t type, const struct about *about, int fd, struct fault *f)
{
        uint64_t id;
        int k;

        l->tree_fd = fd_close(l->tree_fd);
        k = units_send(l, type, about, fd, &id, f);
        if (k < 0)
                return k;
        l->awaited = id;
        k = await_until(l->await, units_answered, l, UNITS_ANSWER_MAX_USEC + about->more_usec, f);
        if (k < 0) {
                l->awaited = 0;
                return k;
        }
        return l->error < 0 ? fault_set(f, l->error, "%s", l->text) : 0;
}

/* The fault of a try that another one made good is nobody's. */
static int units_request(struct units *l, uint16_t type, const struct about *about, int fd, struct fault *f)
{
        struct fault mine = {};
        int r = -ECONNRESET;

        for (int i = 0; i < UNITS_TRIES && r == -ECONNRESET; i++)
                r = units_ask(l, type, about, fd, &mine);
        if (r < 0)
                *f = mine;
        return r;
}

int units_prepare(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                  const void *manifest, size_t len, int *ret_tree_fd, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int k;

        fd = io_memfd_sealed("sealift-manifest", manifest, len);
        if (fd < 0)
                return fault_set_errno(f, fd, "cannot hold the manifest in memory");
        k = units_request(l, UNITD_PREPARE,
                          &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, fd, f);
        if (k < 0)
                return k;
        if (l->tree_fd < 0)
                return fault_set(f, -EPROTO, "sealift-unitd gave no tree");
        *ret_tree_fd = TAKE_FD(l->tree_fd);
        return 0;
}

int units_start(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                struct fault *f)
{
        return units_request(l, UNITD_START,
                             &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, -EBADF,
                             f);
}

int units_replace(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                  struct fault *f)
{
        return units_request(l, UNITD_REPLACE,
                             &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, -EBADF,
                             f);
}

int units_restore(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                  bool replaces, struct fault *f)
{
        return units_request(
                l, replaces ? UNITD_REPLACE : UNITD_START,
                &(struct about){ .bundle = bundle, .release = r, .attempt = attempt, .yields = true },
                -EBADF, f);
}

int units_begin_start(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                      bool replaces, struct units_call *c, struct fault *f)
{
        int k;

        *c = (struct units_call){ .next = l->calls };
        k = units_send(l, replaces ? UNITD_REPLACE : UNITD_START,
                       &(struct about){ .bundle = bundle, .release = r, .attempt = attempt, .yields = true },
                       -EBADF, &c->id, f);
        if (k >= 0)
                l->calls = c;
        return k;
}

int units_end_start(struct units *l, struct units_call *c, struct fault *f)
{
        struct units_call **p = &l->calls;

        while (*p != c)
                p = &(*p)->next;
        *p = c->next;
        if (c->id != 0)
                return fault_set(f, l->await->stopping ? -ECANCELED : -ETIMEDOUT,
                                 "sealift-unitd has not answered");
        return c->error < 0 ? fault_set(f, c->error, "%s", c->text) : 0;
}

int units_stop(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
               struct fault *f)
{
        return units_request(l, UNITD_STOP,
                             &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, -EBADF,
                             f);
}

int units_close(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                struct fault *f)
{
        return units_request(l, UNITD_CLOSE,
                             &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, -EBADF,
                             f);
}

int units_remove(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                 struct fault *f)
{
        /* Not a second time: it would not be there. What is left is removed by the next collection. */
        return units_ask(l, UNITD_REMOVE,
                         &(struct about){ .bundle = bundle, .release = r, .attempt = attempt }, -EBADF, f);
}

int units_migrate(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                  bool running, uint64_t max_usec, struct fault *f)
{
        const struct about about = { .bundle = bundle,
                                     .task = running ? "running" : "stopped",
                                     .release = r,
                                     .attempt = attempt,
                                     .more_usec = max_usec };

        return units_request(l, UNITD_MIGRATE, &about, -EBADF, f);
}

int units_probe(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                const char *probe, uint64_t *ret_id, struct fault *f)
{
        return units_send(
                l, UNITD_PROBE,
                &(struct about){ .bundle = bundle, .task = probe, .release = r, .attempt = attempt }, -EBADF,
                ret_id, f);
}

int units_list(struct units *l, units_handler each, void *userdata, struct fault *f)
{
        int r;

        l->each = each;
        l->each_userdata = userdata;
        r = units_request(l, UNITD_LIST, &(struct about){}, -EBADF, f);
        l->each = NULL;
        if (r >= 0)
                l->losses = 0;
        return r;
}

bool units_are_watched(const struct units *l)
{
        return l->sock >= 0 && !l->again;
}

static void on_nothing(void *userdata, const struct unitd_unit *u)
{
}

bool units_answer_now(struct units *l)
{
        struct fault ignored = {};

        return units_list(l, on_nothing, NULL, &ignored) >= 0;
}
