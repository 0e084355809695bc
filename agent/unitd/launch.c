/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which units a release is made of, and in which order they are started. Its input is a request of
 * sealiftd's; what counts is the installed manifest (release.c). Touches nothing itself: units are made in
 * unit.c. */

#include "unitd/launch.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/dropin.h"
#include "unitd/sockets.h"
#include "unitd/timers.h"

struct launch {
        struct units *units;
        struct unitd_request q;
        uint64_t owner;
        struct effective effective; /* owned */
        bool held;                  /* its sockets and timers are */
        bool *served;               /* owned; by instance, then service: has run, and ended in order */
};

struct launch *launch_free(struct launch *x)
{
        if (x) {
                effective_done(&x->effective);
                free(x->served);
        }
        free(x);
        return NULL;
}

struct unitd_request launch_release_of(const struct record *record)
{
        struct unitd_request q = { .attempt = record->attempt };

        memcpy(q.bundle, record->bundle, sizeof(q.bundle));
        memcpy(q.version, record->version, sizeof(q.version));
        memcpy(q.digest, record->digest, sizeof(q.digest));
        return q;
}

int launch_new(struct units *units, const struct releases *releases, const struct unitd_request *q,
               uint64_t owner, struct launch **ret, struct fault *f)
{
        _cleanup_(launch_freep) struct launch *x = calloc(1, sizeof(*x));
        int r;

        if (!x)
                return fault_set_errno(f, -ENOMEM, "%s %s: cannot start it", q->bundle, q->version);
        x->units = units;
        x->q = *q;
        x->owner = owner;
        r = release_load(releases, q, &x->effective, f);
        if (r < 0)
                return r;
        x->served = calloc(x->effective.n * x->effective.items[0]->n_services, sizeof(*x->served));
        if (!x->served)
                return fault_set_errno(f, -ENOMEM, "%s %s: cannot start it", q->bundle, q->version);
        *ret = TAKE_PTR(x);
        return 0;
}

bool launch_takes_sockets(const struct launch *x)
{
        for (size_t i = 0; i < x->effective.n; i++)
                if (x->effective.items[i]->n_sockets > 0)
                        return true;
        return false;
}

/* Where it is noted that this service has served. All instances have the same services. */
static bool *launch_served(struct launch *x, const char *instance, const char *service)
{
        for (size_t i = 0; i < x->effective.n; i++) {
                const struct manifest *m = x->effective.items[i];
                const struct service *s = manifest_find_service(m, service);

                if (str_eq(m->instance, instance) && s)
                        return x->served + i * m->n_services + (s - m->services);
        }
        return NULL;
}

void launch_note_end(struct launch *x, const struct unit *u)
{
        bool *served = launch_served(x, u->record.instance, u->record.service);

        if (served)
                *served = true;
}

static struct unit *unit_find(const struct launch *x, const struct manifest *m, const char *service)
{
        for (struct unit *u = x->units->first; u; u = u->next)
                if (unit_is_of(u, &x->q) && str_eq(u->record.instance, m->instance) &&
                    str_eq(u->record.service, service) &&
                    (u->state == UNIT_STARTING || u->state == UNIT_RUNNING))
                        return u;
        return NULL;
}

/* All that s is After= are ready. */
static bool service_may_start(struct launch *x, const struct manifest *m, const struct service *s)
{
        for (size_t i = 0; i < m->n_services; i++) {
                const struct unit *u;

                if (!manifest_is_after(s, m->services[i].name) ||
                    *launch_served(x, m->instance, m->services[i].name))
                        continue;
                u = unit_find(x, m, m->services[i].name);
                if (!u || u->state != UNIT_RUNNING)
                        return false;
        }
        return true;
}

/* What this launch started and is being stopped already has failed, of which its request is not told before
 * it has ended. */
static bool service_was_started(const struct launch *x, const struct manifest *m, const char *service)
{
        for (struct unit *u = x->units->first; u; u = u->next)
                if (x->owner && u->owner == x->owner && str_eq(u->record.instance, m->instance) &&
                    str_eq(u->record.service, service))
                        return true;
        return false;
}

/* A job is started by its timer. */
static bool service_is_wanted(struct launch *x, const struct manifest *m, const struct service *s)
{
        return !manifest_find_timer(m, s->name) && !*launch_served(x, m->instance, s->name) &&
               !unit_find(x, m, s->name) && !service_was_started(x, m, s->name);
}

static int launch_step_manifest(struct launch *x, const struct manifest *m, struct fault *f)
{
        bool waits = false;

        for (size_t i = 0; i < m->n_services; i++) {
                const struct service *s = m->services + i;
                struct unit *u;
                int r;

                if (!service_is_wanted(x, m, s))
                        continue;
                if (!service_may_start(x, m, s)) {
                        waits = true;
                        continue;
                }
                r = unit_start(x->units, m, s, &x->q, &u, f);
                if (r < 0)
                        return r;
                u->owner = x->owner;
                if (wakes_take(u))
                        unit_note_woken(u);
        }
        return !waits;
}

/* ---- what the host's configuration has changed */

/* Whether it was this host that changed something: a sealift-unitd of another version may write the same
 * otherwise, and an upgrade is no reason to start a service anew. */
static bool site_has_changed(const struct unit *u)
{
        char site[DIGEST_HEX_SIZE];
        struct fault ignored;

        return str_eq(u->record.maker, PACKAGE_VERSION) ||
               (*u->record.site && unit_site(site, &ignored) >= 0 && !str_eq(site, u->record.site));
}

/* Its instance is no more, or would be another unit today. A job runs to its end all the same: the next run
 * is the new one. */
static int unit_is_stale(const struct launch *x, const struct unit *u, bool *ret, struct fault *f)
{
        const struct manifest *m = effective_find(&x->effective, u->record.instance);
        const struct service *s = m ? manifest_find_service(m, u->record.service) : NULL;
        char config[DIGEST_HEX_SIZE];
        int r;

        if (!m || !s || manifest_find_timer(m, s->name)) {
                *ret = !m;
                return 0;
        }
        r = unit_config(m, s, &x->q, config, f);
        if (r >= 0)
                *ret = !str_eq(config, u->record.config) && site_has_changed(u);
        return r;
}

static void unit_stop_stale(struct unit *u)
{
        const struct journal_subject subject = { .bundle = u->record.bundle,
                                                 .version = u->record.version,
                                                 .digest = u->record.digest,
                                                 .attempt = u->record.attempt,
                                                 .unit = u->record.unit };

        if (u->state == UNIT_STOPPING)
                return;
        journal_send(JOURNAL_CONFIGURATION_CHANGED, LOG_NOTICE, &subject,
                     "%s: stopped, since this host's configuration of it has changed", u->record.unit);
        unit_ask(u);
        unit_stop(u);
}

static bool is_stopped_by_others(const struct unit *u)
{
        return u->state == UNIT_STOPPING && !u->failed && !u->asked && !u->unneeded;
}

/* 1: none is left, nor one that was to be stopped, by sealiftd or somebody else, before this start was asked
 * for: its end leaves the sockets of its release at rest, and the two must not meet. Nor a migration, which
 * writes to what the services have. */
static int launch_stop_stale(const struct launch *x, struct fault *f)
{
        bool left = false;

        for (struct unit *u = x->units->first; u; u = u->next) {
                bool stale = false;
                int r;

                if (u->ended || !unit_is_of(u, &x->q))
                        continue;
                if (x->q.yields && is_stopped_by_others(u))
                        return fault_set(f, -EINTR, "%s: somebody is stopping it", u->record.unit);
                r = unit_is_stale(x, u, &stale, f);
                if (r < 0)
                        return r;
                if (stale)
                        unit_stop_stale(u);
                left = left || stale || (!u->failed && u->state == UNIT_STOPPING) ||
                       u->record.task == TASK_MIGRATE;
        }
        return !left;
}

/* What ended in order since this release was started is not missing. Nobody needs it before the next
 * connection, and whoever starts anew (sealiftd, with its machine's releases) is none. */
static void launch_note_idle(struct launch *x, const struct manifest *m)
{
        for (size_t i = 0; i < m->n_sockets; i++) {
                const struct socket_unit *s = m->sockets + i;
                char held[UNIT_NAME_SIZE], taker[NAME_SIZE];

                dropin_socket_name(m->place, s->name, held);
                if (!wakes_is_idle(x->units, held, &x->q))
                        continue;
                manifest_taker(s, taker);
                *launch_served(x, m->instance, taker) = true;
                *launch_served(x, m->instance, s->service) = true;
        }
}

static int launch_hold(struct launch *x, struct fault *f)
{
        int r = 0;

        wakes_close_unwanted(x->units, &x->q, &x->effective);
        for (size_t i = 0; r >= 0 && i < x->effective.n; i++) {
                launch_note_idle(x, x->effective.items[i]);
                r = sockets_hold(x->units, x->effective.items[i], &x->q, f);
                if (r >= 0)
                        r = timers_hold(x->units, x->effective.items[i], &x->q, f);
        }
        x->held = r >= 0;
        return r;
}

int launch_step(struct launch *x, struct fault *f)
{
        bool waits = false;
        int r = 1;

        if (!x->held)
                r = launch_stop_stale(x, f);
        if (r <= 0)
                return r;
        if (!x->held)
                r = launch_hold(x, f);
        for (size_t i = 0; r >= 0 && i < x->effective.n; i++) {
                r = launch_step_manifest(x, x->effective.items[i], f);
                waits = waits || r == 0;
        }
        return r < 0 ? r : !waits;
}

/* What stands before a service finds its port itself: both start at once, since somebody waits. */
static int wake_service(const struct launch *x, const struct manifest *m, const char *name, struct fault *f)
{
        const struct service *s = manifest_find_service(m, name);
        struct unit *u;
        int r;

        if (!s)
                return fault_set(f, -ENOENT, "%s %s has no service %s", m->name, m->version, name);
        r = *s->serves && !unit_find(x, m, s->serves) ? wake_service(x, m, s->serves, f) : 0;
        if (r >= 0)
                r = unit_start(x->units, m, s, &x->q, &u, f);
        if (r >= 0)
                unit_note_woken(u);
        return r;
}

int launch_wake(struct units *units, const struct releases *releases, const struct record *record,
                struct fault *f)
{
        const struct launch x = { .units = units, .q = launch_release_of(record) };
        _cleanup_(effective_done) struct effective e = {};
        const struct manifest *m;
        int r;

        r = release_load(releases, &x.q, &e, f);
        if (r < 0)
                return r;
        m = effective_find(&e, record->instance);
        if (!m)
                return fault_set(f, -ENOENT, "%s %s has no instance %s", x.q.bundle, x.q.version,
                                 record->instance);
        return wake_service(&x, m, record->service, f);
}
