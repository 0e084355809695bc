/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts probes and migrations, and says what came of them. Its input is a request of sealiftd's, which says
 * of which release and by which name of its manifest; what is run is in that manifest alone. What a program
 * has printed is never passed on. */

#include "unitd/tasks.h"

#include <signal.h>
#include <syslog.h>

#include "doors/journal.h"
#include "facts/task.h"
#include "ground/probe.h"
#include "unitd/listeners.h"

enum { ASKED_MAX = 256 }; /* each bundle has 32 [Health] at most, and sealiftd asks each once at a time */

struct asked { /* one request */
        struct asked *next;
        uint64_t number, client;
        uint16_t type;
        struct unitd_request q;
        struct effective effective; /* owned */
        size_t at;                  /* of a migration: all before have been done */
        bool started;               /* of a probe */
        struct fault fault;         /* error set: nothing more is started */
};

struct tasks {
        struct units *units;
        const struct releases *releases;
        struct server *server;
        struct asked *first; /* owned list */
        size_t n;
        uint64_t last_number;
};

static struct asked *asked_free(struct asked *a)
{
        if (a)
                effective_done(&a->effective);
        free(a);
        return NULL;
}

struct tasks *tasks_free(struct tasks *t)
{
        while (t && t->first) {
                struct asked *a = t->first;

                t->first = a->next;
                (void)asked_free(a);
        }
        free(t);
        return NULL;
}

int tasks_new(struct units *units, const struct releases *releases, struct server *server,
              struct tasks **ret, struct fault *f)
{
        struct tasks *t = calloc(1, sizeof(*t));

        if (!t)
                return fault_set_errno(f, -ENOMEM, "cannot take requests");
        t->units = units;
        t->releases = releases;
        t->server = server;
        *ret = t;
        return 0;
}

/* ---- probes */

static bool unit_serves(const struct unit *u, const struct asked *a, const struct manifest *m,
                        const char *service)
{
        return unit_is_of(u, &a->q) && u->record.task == TASK_NONE &&
               str_eq(u->record.instance, m->instance) && str_eq(u->record.service, service);
}

/* The unit that answers for the service, or NULL. */
static const struct unit *unit_find(const struct tasks *t, const struct asked *a, const struct manifest *m,
                                    const char *service)
{
        for (const struct unit *u = t->units->first; u; u = u->next)
                if (unit_serves(u, a, m, service) && u->state == UNIT_RUNNING)
                        return u;
        return NULL;
}

/* Somebody stops it or starts it anew, who may be we ourselves; or it has ended, which is yet to be told. */
static bool unit_is_ending(const struct unit *u)
{
        struct manager_status s;
        struct fault ignored;

        if (u->state == UNIT_STOPPING)
                return true;
        return manager_status(u->units->bus, u->record.unit, &s, &ignored) >= 0 &&
               (manager_is_down(&s) || (s.job != 0 && str_eq(s.active, "deactivating")));
}

/* That it does not answer then says nothing: whose doing it was is told with its end. */
static bool service_is_ending(const struct tasks *t, const struct asked *a, const struct manifest *m,
                              const char *service)
{
        for (const struct unit *u = t->units->first; u; u = u->next)
                if (unit_serves(u, a, m, service) && unit_is_ending(u))
                        return true;
        return false;
}

static int task_start(struct tasks *t, struct asked *a, const struct manifest *m, const struct task *task,
                      struct fault *f)
{
        struct unit *u;
        int r;

        r = unit_start(t->units, m, &task->service, &a->q, &u, f);
        if (r >= 0)
                u->asker = a->number;
        return r;
}

/* A service that rests, since nobody needs it, is well. */
static int probe_start(struct tasks *t, struct asked *a, const struct manifest *m, struct fault *f)
{
        const struct health_probe *p = manifest_find_probe(m, a->q.task);
        const struct unit *u = p ? unit_find(t, a, m, p->service) : NULL;
        char path[DROPIN_LISTENER_PATH_SIZE];
        _cleanup_(task_freep) struct task *task = NULL;
        int r;

        if (!p)
                return fault_set(f, -ENOENT, "%s %s has no [Health %s]", m->name, m->version, a->q.task);
        if (!u && (manifest_has_socket(m, p->service) || manifest_rests(m, p->service)))
                return 0;
        if (!u)
                return fault_set(f, service_is_ending(t, a, m, p->service) ? -EINTR : -ECHILD,
                                 "[Health %s]: the service %s does not run", p->name, p->service);
        r = task_new_probe(m, p, &task, f);
        if (r < 0)
                return r;
        if (*p->socket) {
                if (listeners_path(m, p->socket, u, path) < 0)
                        return fault_set(f, -ENOMEM, "[Health %s]", p->name);
                task->service.asks = path;
        }
        return task_start(t, a, m, task, f);
}

static void probes_start(struct tasks *t, struct asked *a)
{
        a->started = true;
        for (size_t i = 0; i < a->effective.n; i++) {
                struct fault f = {};

                if (probe_start(t, a, a->effective.items[i], &f) < 0 && a->fault.error == 0)
                        a->fault = f;
        }
}

static void run_outcome(const struct run *run, bool ours, char *ret, size_t size)
{
        const char *name;

        if (str_eq(run->result, "timeout"))
                (void)snprintf(ret, size, "no answer in time");
        else if (run->code == CLD_EXITED && ours)
                probe_exit_describe((int)run->status, ret, size);
        else if (run->code == CLD_EXITED)
                (void)snprintf(ret, size, "exit status %u", run->status);
        else if (run->code == CLD_KILLED || run->code == CLD_DUMPED) {
                name = sigabbrev_np((int)run->status);
                (void)snprintf(ret, size, "killed by SIG%s", name ? name : "?");
        } else
                (void)snprintf(ret, size, "%s", run->result);
}

/* Not for what this host did not give to it, nor for what somebody else has stopped. */
static int task_blame(const struct unit *u)
{
        return u->error < 0 ? u->error : -ECHILD;
}

/* Nor for a program of ours that could not ask, was killed, or did not end. */
static int probe_blame(const struct unit *u, bool ours)
{
        int r = task_blame(u);

        return r == -ECHILD && ours &&
                               !(u->run.code == CLD_EXITED && probe_exit_is_answer((int)u->run.status))
                       ? -EOPNOTSUPP
                       : r;
}

static void probe_fault(const struct tasks *t, struct asked *a, const struct unit *u)
{
        const struct manifest *m = effective_find(&a->effective, u->record.instance);
        const struct health_probe *p = m ? manifest_find_probe(m, a->q.task) : NULL;
        bool ours = p && p->kind != HEALTH_EXEC, ending = p && service_is_ending(t, a, m, p->service);
        char what[192] = "", outcome[96];

        if (p)
                task_describe(p, what, sizeof(what));
        run_outcome(&u->run, ours, outcome, sizeof(outcome));
        (void)fault_set(&a->fault, ending ? -EINTR : probe_blame(u, ours), "[Health %s]%s%s: %s: %s",
                        a->q.task, *u->record.instance ? " of " : "", u->record.instance, what, outcome);
}

/* ---- migrations */

/* All that have to run, each after those that its service is After=, one at a time: two of one bundle may
 * want the same state. */
static const struct service *migration_next(struct asked *a, const struct manifest **ret)
{
        bool running = str_eq(a->q.task, "running");
        size_t n = a->effective.items[0]->n_services;

        for (; a->at < a->effective.n * (n + 1) * n; a->at++) {
                const struct manifest *m = a->effective.items[a->at / ((n + 1) * n)];
                const struct service *s = m->services + a->at % n;

                if (task_migrates(s, running) && manifest_rank(m, s) == a->at / n % (n + 1)) {
                        a->at++;
                        *ret = m;
                        return s;
                }
        }
        return NULL;
}

/* False: nothing is left to be started. */
static bool migration_step(struct tasks *t, struct asked *a)
{
        _cleanup_(task_freep) struct task *task = NULL;
        const struct manifest *m;
        const struct service *s = a->fault.error == 0 ? migration_next(a, &m) : NULL;
        int r;

        if (!s)
                return false;
        r = task_new_migrate(s, &task, &a->fault);
        return r >= 0 && task_start(t, a, m, task, &a->fault) >= 0;
}

static void migration_log(const struct unit *u, const char *text)
{
        const struct journal_subject subject = { .bundle = u->record.bundle,
                                                 .version = u->record.version,
                                                 .digest = u->record.digest,
                                                 .attempt = u->record.attempt,
                                                 .unit = u->record.unit };

        journal_send(u->failed ? JOURNAL_MIGRATION_FAILED : JOURNAL_MIGRATED, u->failed ? LOG_ERR : LOG_INFO,
                     &subject, "%s: %s", u->record.unit, text);
}

static void migration_fault(struct asked *a, const struct unit *u)
{
        char outcome[96];

        if (str_eq(u->run.result, "timeout"))
                (void)snprintf(outcome, sizeof(outcome), "it was not over in time (TimeoutStartSec=)");
        else
                run_outcome(&u->run, false, outcome, sizeof(outcome));
        if (a)
                (void)fault_set(&a->fault, task_blame(u),
                                "%s: the migration failed: %s; see journalctl -u %s", u->record.unit,
                                outcome, u->record.unit);
        migration_log(u, outcome);
}

/* ---- both */

static struct asked *asked_find(const struct tasks *t, uint64_t number)
{
        for (struct asked *a = t->first; a && number; a = a->next)
                if (a->number == number)
                        return a;
        return NULL;
}

static void unit_fault(const struct tasks *t, struct asked *a, const struct unit *u)
{
        if (u->wall && a)
                (void)fault_set(&a->fault, u->error, "%s", u->text);
        else if (str_eq(u->run.result, RUN_STOPPED) && a)
                (void)fault_set(&a->fault, -EINTR, "%s: it was stopped", u->record.unit);
        else if (u->failed && u->record.task == TASK_MIGRATE)
                migration_fault(a, u);
        else if (u->failed && a)
                probe_fault(t, a, u);
}

void tasks_take(struct tasks *t, const struct unit *u)
{
        struct asked *a = asked_find(t, u->asker);

        if (u->wall) {
                const struct journal_subject subject = { .bundle = u->record.bundle,
                                                         .version = u->record.version,
                                                         .digest = u->record.digest,
                                                         .unit = u->record.unit };

                journal_send(JOURNAL_WALL_MISSING, LOG_ERR, &subject, "%s", u->text);
        }
        if (u->failed || str_eq(u->run.result, RUN_STOPPED))
                unit_fault(t, a && a->fault.error < 0 ? NULL : a, u);
        else if (u->record.task == TASK_MIGRATE)
                migration_log(u, "it has ended well");
}

/* Whoever asked for it may be gone, or an earlier unitd started it: two would write to one state. How that
 * one ends is no answer to a, and what a migration has done it does a second time (sealift.manifest(5)). */
static bool bars_migration(const struct unit *u, const struct asked *a)
{
        return a->type == UNITD_MIGRATE && u->record.task == TASK_MIGRATE && !u->ended &&
               str_eq(u->record.bundle, a->q.bundle);
}

static bool asked_waits(const struct tasks *t, const struct asked *a)
{
        for (const struct unit *u = t->units->first; u; u = u->next)
                if (u->asker == a->number || bars_migration(u, a))
                        return true;
        return false;
}

static void asked_answer(struct tasks *t, struct asked *a)
{
        struct unitd_probed p = { .id = a->q.id, .error = a->fault.error };

        if (a->type == UNITD_MIGRATE) {
                server_answer(t->server, a->client, a->q.id, &a->fault);
                return;
        }
        memcpy(p.bundle, a->q.bundle, sizeof(p.bundle));
        memcpy(p.digest12, a->q.digest, DIGEST_SHORT);
        memcpy(p.probe, a->q.task, sizeof(p.probe));
        memcpy(p.text, a->fault.text, sizeof(p.text));
        server_tell_probed(t->server, a->client, &p);
}

static bool asked_goes_on(struct tasks *t, struct asked *a)
{
        if (asked_waits(t, a))
                return true;
        if (a->type == UNITD_MIGRATE)
                return migration_step(t, a);
        if (a->started || a->fault.error < 0)
                return false;
        probes_start(t, a);
        return asked_waits(t, a);
}

void tasks_look(struct tasks *t)
{
        for (struct asked **p = &t->first; *p;) {
                struct asked *a = *p;

                if (asked_goes_on(t, a)) {
                        p = &a->next;
                        continue;
                }
                asked_answer(t, a);
                *p = a->next;
                t->n--;
                (void)asked_free(a);
        }
}

/* Whoever asked before is gone: what is left of it would run when this one has been answered, beside the
 * service that is started then. */
static void migrations_overrule(struct tasks *t, const struct unitd_request *q)
{
        for (struct asked *a = t->first; a; a = a->next)
                if (a->type == UNITD_MIGRATE && a->fault.error == 0 && str_eq(a->q.bundle, q->bundle))
                        (void)fault_set(&a->fault, -EINTR,
                                        "%s %s: a migration to %s was asked for meanwhile", q->bundle,
                                        a->q.version, q->version);
}

void tasks_ask(struct tasks *t, uint64_t client, uint16_t type, const struct unitd_request *q)
{
        struct asked *a = calloc(1, sizeof(*a));

        if (!a || t->n >= ASKED_MAX) {
                struct asked refused = { .client = client, .type = type, .q = *q };

                (void)fault_set(&refused.fault, -EBUSY, "%zu tasks wait already", t->n);
                asked_answer(t, &refused);
                free(a);
                return;
        }
        if (type == UNITD_MIGRATE)
                migrations_overrule(t, q);
        a->number = ++t->last_number;
        a->client = client;
        a->type = type;
        a->q = *q;
        a->next = t->first;
        t->first = a;
        t->n++;
        (void)!release_load(t->releases, q, &a->effective, &a->fault);
        units_changed(t->units);
}

void tasks_give_up(struct tasks *t, const struct unitd_request *q)
{
        for (struct asked *a = t->first; a; a = a->next)
                if (a->fault.error == 0 && str_eq(a->q.bundle, q->bundle) && str_eq(a->q.digest, q->digest))
                        (void)fault_set(&a->fault, -EINTR, "%s %s: it is stopped", q->bundle, q->version);
}
