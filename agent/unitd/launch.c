/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which units a release is made of, and in which order they are started. Its input is a request of
 * sealiftd's; what counts is the installed manifest (release.c). Touches nothing itself: units are made in
 * unit.c. */

#include "unitd/launch.h"

#include "facts/name.h"
#include "unitd/sockets.h"

struct launch {
        struct units *units;
        struct unitd_request q;
        uint64_t owner;
        struct manifest *manifest; /* owned */
};

struct launch *launch_free(struct launch *x)
{
        if (x)
                (void)manifest_free(x->manifest);
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
        r = release_load(releases, q, &x->manifest, f);
        if (r >= 0)
                r = sockets_hold(units, x->manifest, q, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(x);
        return 0;
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
static bool service_may_start(const struct launch *x, const struct manifest *m, const struct service *s)
{
        for (size_t i = 0; i < m->n_services; i++) {
                const struct unit *u;

                if (!manifest_is_after(s, m->services[i].name))
                        continue;
                u = unit_find(x, m, m->services[i].name);
                if (!u || u->state != UNIT_RUNNING)
                        return false;
        }
        return true;
}

/* A job is started by its timer. */
static bool service_is_wanted(const struct launch *x, const struct manifest *m, const struct service *s)
{
        return !manifest_find_timer(m, s->name) && !unit_find(x, m, s->name);
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
        }
        return !waits;
}

int launch_step(struct launch *x, struct fault *f)
{
        return launch_step_manifest(x, x->manifest, f);
}

int launch_wake(struct units *units, const struct releases *releases, const struct record *record,
                struct fault *f)
{
        const struct unitd_request q = launch_release_of(record);
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        const struct service *s;
        struct unit *u;
        int r;

        r = release_load(releases, &q, &m, f);
        if (r < 0)
                return r;
        s = manifest_find_service(m, record->service);
        if (!s)
                return fault_set(f, -ENOENT, "%s %s has no service %s", q.bundle, q.version,
                                 record->service);
        return unit_start(units, m, s, &q, &u, f);
}
