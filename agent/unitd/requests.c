/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answers requests. PREPARE, REMOVE and LIST are answered at once; START and STOP wait, in a list, until
 * what they asked for is true or has failed. After every change of a unit the whole list is looked at again,
 * so that no order of events can leave one waiting. This is also where the end of a unit is told, once: to
 * the request that started it, or as an event; and to the journal. */

#include "unitd/requests.h"

#include <syslog.h>

#include "doors/journal.h"
#include "unitd/launch.h"
#include "unitd/proxy.h"
#include "unitd/tasks.h"
#include "unitd/tell.h"
#include "unitd/timers.h"
#include "unitd/turn.h"

/* A sealiftd that asks for ever, or many of them, would fill our memory. At a boot it has so many in flight,
 * and besides an attempt's own request and its questions. */
enum { REQUESTS_MAX = UNITD_STARTS_MAX + 16 };

struct request { /* a START or STOP that waits */
        struct request *next;
        uint64_t number; /* ours, since a client's ids may come twice */
        uint64_t client;
        uint16_t type;
        struct unitd_request q;
        bool replaces;         /* a START in the place of other releases, which are still to be told */
        struct launch *launch; /* owned; of a START, until it fails */
        struct fault fault;    /* error set: what was started is being stopped */
};

struct requests {
        struct units *units;
        const struct releases *releases;
        struct server *server;
        struct tasks *tasks;   /* owned */
        struct request *first; /* owned list */
        size_t n;
        uint64_t last_number;
        bool look_again; /* what waits may be woken now */
};

static struct request *request_free(struct request *r)
{
        if (r)
                (void)launch_free(r->launch);
        free(r);
        return NULL;
}

struct requests *requests_free(struct requests *l)
{
        if (!l)
                return NULL;
        while (l->first) {
                struct request *r = l->first;

                l->first = r->next;
                (void)request_free(r);
        }
        l->tasks = tasks_free(l->tasks);
        l->server = server_free(l->server);
        free(l);
        return NULL;
}

static void unit_log(const struct unit *u, enum journal_event event, int priority, const char *text)
{
        const struct journal_subject subject = {
                .bundle = u->record.bundle,
                .version = u->record.version,
                .digest = u->record.digest,
                .attempt = u->record.attempt,
                .unit = u->record.unit,
        };

        journal_send(event, priority, &subject, "%s", text);
}

static void unit_tell(struct requests *l, const struct unit *u, const char *text)
{
        struct unitd_unit event;

        tell_unit(u, 0, &event);
        (void)snprintf(event.text, sizeof(event.text), "%s", text);
        server_tell_unit(l->server, 0, UNITD_EVENT, &event);
}

static void on_job(void *userdata, const struct wake *w)
{
        struct requests *l = userdata;
        struct unitd_job event;

        timers_describe(w, 0, &event);
        server_tell_job(l->server, 0, &event);
}

static struct request *request_find(const struct requests *l, uint64_t number)
{
        for (struct request *r = l->first; r; r = r->next)
                if (r->number == number)
                        return r;
        return NULL;
}

/* A service that ended in order is started again by the next connection; one that failed, or that sealiftd
 * stopped, by sealiftd. */
static void unit_leave_sockets(struct requests *l, const struct unit *u)
{
        struct unitd_request q = launch_release_of(&u->record);

        if (u->failed || u->asked)
                wakes_rest(l->units, &q);
        wakes_listen_again(l->units, u);
}

/* A release is blamed for its end; not for a wall that this host does not hold up for it, nor for a bus that
 * did not answer, nor for somebody who stopped it, be it the machine going down. */
static int unit_blame(const struct unit *u)
{
        if (u->error == -ELOOP)
                return -ECHILD;
        return u->error < 0 ? u->error : -EINTR;
}

/* A run that failed is told, and is no failure of its release: the timer goes on. One that was cut short by
 * an update is made up for by whichever release its timer belongs to then. */
static void job_ended(struct requests *l, const struct unit *u)
{
        bool stopped = str_eq(u->run.result, RUN_STOPPED);

        unit_log(u,
                 stopped     ? JOURNAL_JOB_STOPPED
                 : u->failed ? JOURNAL_JOB_FAILED
                             : JOURNAL_JOB_SUCCEEDED,
                 stopped     ? LOG_NOTICE
                 : u->failed ? LOG_ERR
                             : LOG_INFO,
                 u->text);
        timers_note(l->units, u);
        if (stopped && u->asked)
                l->look_again = true;
        else
                wakes_listen_again(l->units, u);
}

static void unit_ended(struct requests *l, struct unit *u)
{
        struct request *r = request_find(l, u->owner);

        if (u->record.task != TASK_NONE) {
                tasks_take(l->tasks, u);
                return;
        }
        if (u->record.job && !u->wall) {
                job_ended(l, u);
                return;
        }
        if (u->record.job)
                timers_note(l->units, u);
        unit_leave_sockets(l, u);
        if (u->failed)
                unit_log(u, u->wall ? JOURNAL_WALL_MISSING : JOURNAL_UNIT_FAILED, LOG_ERR, u->text);
        if (r && r->launch && u->record.on_demand && !u->failed && !u->asked)
                launch_note_end(r->launch, u);
        else if (r && r->fault.error == 0)
                (void)fault_set(&r->fault, unit_blame(u), "%s",
                                *u->text ? u->text : "it was stopped while it started");
        if (!r && !u->asked)
                unit_tell(l, u, u->text);
}

/* One that died too often is being stopped, and told of when it has ended. */
static void unit_tell_restart(struct requests *l, struct unit *u)
{
        if (!u->failed) {
                if (*u->ending)
                        memcpy(u->text, u->ending, sizeof(u->text));
                else
                        (void)snprintf(u->text, sizeof(u->text), "%s: it ended, and was started again",
                                       u->record.unit);
                unit_log(u, JOURNAL_UNIT_RESTARTED, LOG_WARNING, u->text);
                unit_tell(l, u, u->text);
                *u->text = *u->ending = '\0';
        }
        u->restarted = u->excused = 0;
}

static void units_sweep(struct requests *l)
{
        struct unit *next;

        for (struct unit *u = l->units->first; u; u = next) {
                next = u->next;
                if (u->noted && !u->ended) {
                        unit_log(u, u->note, LOG_WARNING, u->note_text);
                        unit_tell(l, u, u->note_text);
                        u->noted = false;
                }
                if (u->restarted > 0 && !u->ended)
                        unit_tell_restart(l, u);
                if (u->ended) {
                        unit_ended(l, u);
                        unit_free(u);
                }
        }
}

/* Goes on with a START; whether its answer is known. */
static bool start_is_done(struct requests *l, struct request *r)
{
        bool waiting = false;

        if (r->fault.error == 0 && r->replaces)
                r->replaces = !turn_take(l->units, l->tasks, &r->q, launch_takes_sockets(r->launch));
        if (r->fault.error == 0)
                waiting = r->replaces || launch_step(r->launch, &r->fault) == 0;
        if (r->fault.error < 0) {
                r->launch = launch_free(r->launch);
                turn_stop_started(l->units, r->number);
        }
        for (struct unit *u = l->units->first; u; u = u->next) {
                if (r->fault.error < 0)
                        waiting = waiting || u->owner == r->number;
                else
                        waiting = waiting || (unit_is_of(u, &r->q) && u->state == UNIT_STARTING) ||
                                  (u->owner == r->number && u->state != UNIT_RUNNING);
        }
        return !waiting;
}

static bool stop_is_done(struct requests *l, struct request *r)
{
        if (r->fault.error < 0)
                return true;
        for (struct unit *u = l->units->first; u; u = u->next)
                if (unit_is_of(u, &r->q))
                        return false;
        return true;
}

static void request_finish(struct requests *l, struct request *r)
{
        for (struct unit *u = l->units->first; u; u = u->next)
                if (u->owner == r->number)
                        u->owner = 0;
        if (r->fault.error == 0 && r->type == UNITD_CLOSE)
                wakes_close(l->units, &r->q); /* before anybody is told that they are */
        server_answer(l->server, r->client, r->q.id, &r->fault);
        if (r->fault.error == 0)
                l->look_again = true;
        if (r->fault.error == 0 && r->type == UNITD_START)
                wakes_close_others(l->units, &r->q);
        for (struct request **p = &l->first; *p; p = &(*p)->next)
                if (*p == r) {
                        *p = r->next;
                        l->n--;
                        break;
                }
        (void)request_free(r);
}

static const struct request *request_of(const struct requests *l, const char *bundle)
{
        for (const struct request *r = l->first; r; r = r->next)
                if (str_eq(r->q.bundle, bundle))
                        return r;
        return NULL;
}

static void on_change(void *userdata)
{
        struct requests *l = userdata;
        struct request *next;

        units_sweep(l);
        tasks_look(l->tasks);
        for (struct request *r = l->first; r; r = next) {
                next = r->next;
                if (r->type == UNITD_START ? start_is_done(l, r) : stop_is_done(l, r))
                        request_finish(l, r);
        }
        /* A release that is just being started has services without a proxy, for now. */
        for (struct unit *u = l->units->first; u; u = u->next)
                if (!request_of(l, u->record.bundle))
                        proxy_look(u);
        if (l->look_again) {
                l->look_again = false;
                wakes_look_again(l->units);
        }
}

/* The same release the other way, or another one of a bundle that has one at a time. */
static bool request_is_overruled(const struct request *r, uint16_t type, const struct unitd_request *q)
{
        bool same = str_eq(r->q.version, q->version) && str_eq(r->q.digest, q->digest);

        return str_eq(r->q.bundle, q->bundle) && (r->type != type ? same : type == UNITD_START && !same);
}

/* The last word counts. Whoever had the word before is gone: sealiftd was started anew. What they asked for
 * would never come true, and while it waits no connection of its bundle wakes anything; or it would come
 * true late, and close the sockets of what runs now. */
static void requests_overrule(struct requests *l, uint16_t type, const struct unitd_request *q)
{
        for (struct request *r = l->first; r; r = r->next)
                if (r->fault.error == 0 && request_is_overruled(r, type, q))
                        (void)fault_set(&r->fault, -EINTR, "%s %s: %s %s was asked for meanwhile", q->bundle,
                                        r->q.version, type == UNITD_START ? "a start of" : "a stop of",
                                        q->version);
}

static int request_wait(struct requests *l, uint64_t client, uint16_t type, const struct unitd_request *q,
                        struct fault *f)
{
        struct request *r, **end = &l->first;

        if (l->n >= REQUESTS_MAX)
                return fault_set(f, -EBUSY, "%d requests wait already", REQUESTS_MAX);
        r = calloc(1, sizeof(*r));
        if (!r)
                return fault_set_errno(f, -ENOMEM, "cannot take a request");
        requests_overrule(l, type == UNITD_REPLACE ? UNITD_START : type, q);
        r->number = ++l->last_number;
        r->client = client;
        r->type = type == UNITD_REPLACE ? UNITD_START : type;
        r->replaces = type == UNITD_REPLACE;
        r->q = *q;
        while (*end)
                end = &(*end)->next;
        *end = r;
        l->n++;
        if (r->type == UNITD_START)
                (void)!launch_new(l->units, l->releases, q, r->number, &r->launch, &r->fault);
        else
                turn_stop(l->units, l->tasks, q);
        units_changed(l->units);
        return 0;
}

/* There is no unit whose end would tell it: of a job it is how its run ended; of a connection, which waits
 * until its release is started, it is an event without a unit. */
static void wake_failed(struct requests *l, struct wake *w, const struct fault *f)
{
        const struct record *record = &w->record;
        const struct journal_subject subject = { .bundle = record->bundle,
                                                 .version = record->version,
                                                 .digest = record->digest,
                                                 .attempt = record->attempt,
                                                 .unit = w->held };
        struct unitd_unit event = { .state = UNIT_FAILED };

        (void)snprintf(event.text, sizeof(event.text), "%s: %s: %.*s", w->held,
                       wake_is_timer(w) ? "its time has come" : "a connection waits",
                       (int)(FAULT_TEXT_MAX - UNIT_NAME_SIZE - STRLEN(": a connection waits: ") - 1),
                       f->text);
        journal_send(JOURNAL_UNIT_FAILED, LOG_ERR, &subject, "%s", event.text);
        if (wake_is_timer(w)) {
                timers_pass(w);
                return;
        }
        wake_pass(w);
        memcpy(event.bundle, record->bundle, sizeof(event.bundle));
        memcpy(event.instance, record->instance, sizeof(event.instance));
        memcpy(event.version, record->version, sizeof(event.version));
        memcpy(event.digest12, record->digest, DIGEST_SHORT);
        memcpy(event.service, record->service, sizeof(event.service));
        server_tell_unit(l->server, 0, UNITD_EVENT, &event);
}

/* Whoever is starting, stopping or running takes what waits on the socket, or will. */
static void on_wake(void *userdata, struct wake *w)
{
        struct requests *l = userdata;
        const struct record *record = &w->record;
        struct fault f = {};

        for (struct unit *u = l->units->first; u; u = u->next)
                if (str_eq(u->record.bundle, record->bundle) &&
                    str_eq(u->record.instance, record->instance) &&
                    (str_eq(u->record.service, record->service) || proxy_must_wait(u, record)))
                        return;
        if (request_of(l, record->bundle))
                return;
        if (launch_wake(l->units, l->releases, record, &f) >= 0) {
                wake_count(w);
                return;
        }
        wake_failed(l, w, &f);
}

static int release_take_away(struct requests *l, const struct unitd_request *q, struct fault *f)
{
        int r;

        for (struct unit *u = l->units->first; u; u = u->next)
                if (unit_is_of(u, q))
                        return fault_set(f, -EBUSY, "%s %s still runs as %s", q->bundle, q->version,
                                         u->record.unit);
        r = release_remove(l->releases, q, f);
        if (r >= 0)
                wakes_close(l->units, q);
        return r;
}

static void units_list(struct requests *l, uint64_t client, uint64_t id)
{
        struct unitd_unit answer;
        struct unitd_job job;

        for (struct unit *u = l->units->first; u; u = u->next) {
                tell_unit(u, id, &answer);
                server_tell_unit(l->server, client, UNITD_UNIT, &answer);
        }
        for (struct wake *w = l->units->wakes; w; w = w->next)
                if (wake_is_timer(w)) {
                        timers_describe(w, id, &job);
                        server_tell_job(l->server, client, &job);
                }
}

static void on_request(void *userdata, uint64_t client, uint16_t type, const struct unitd_request *q, int fd)
{
        struct requests *l = userdata;
        _cleanup_close_ int tree_fd = -EBADF;
        struct fault f = {};
        int r = 0;

        switch (type) {
        case UNITD_PREPARE:
                r = release_prepare(l->releases, q, fd, &tree_fd, &f);
                break;
        case UNITD_REMOVE:
                r = release_take_away(l, q, &f);
                break;
        case UNITD_LIST:
                units_list(l, client, q->id);
                break;
        case UNITD_PROBE:
        case UNITD_MIGRATE:
                tasks_ask(l->tasks, client, type, q);
                return;
        default:
                r = request_wait(l, client, type, q, &f);
                if (r >= 0)
                        return;
        }
        if (tree_fd >= 0)
                server_give_tree(l->server, client, q->id, tree_fd);
        else
                server_answer(l->server, client, q->id, &f);
}

int requests_new(struct units *units, const struct releases *releases, int listen_fd, struct requests **ret,
                 struct fault *f)
{
        _cleanup_(requests_freep) struct requests *l = NULL;
        int r;

        l = calloc(1, sizeof(*l));
        if (!l)
                return fault_set_errno(f, -ENOMEM, "cannot take requests");
        l->units = units;
        l->releases = releases;
        r = server_new(units->event, listen_fd, on_request, l, &l->server, f);
        if (r >= 0)
                r = tasks_new(units, releases, l->server, &l->tasks, f);
        if (r < 0)
                return r;
        units->on_change = on_change;
        units->on_wake = on_wake;
        units->on_job = on_job;
        units->userdata = l;
        *ret = TAKE_PTR(l);
        return 0;
}
