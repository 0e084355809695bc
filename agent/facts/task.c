/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a [Health] or an ExecMigrate= to a service that runs it. Pure. What is not in the tables below is not
 * passed on: a task is stopped by nobody's ExecStop= and never restarted. */

#include "facts/task.h"

#include <arpa/inet.h>
#include <inttypes.h>

#include "facts/dropin.h"
#include "ground/text.h"

#define PROBE SANDBOX_LIBEXECDIR "/sealift-probe"

/* sealift-probe ends by itself when the time is over; this is for one that cannot. */
#define PROBE_GRACE_USEC (UINT64_C(2) * 1000000)
/* No migration may hold an update, and all later ones, for ever; as TimeoutStartSec= at most. */
#define MIGRATE_DEFAULT "15min"
/* TimeoutStartSec= and then TimeoutStopSec=, each of them 15 minutes at most (facts/directives.c). */
#define MIGRATE_MAX_USEC (UINT64_C(30) * 60 * 1000000)

enum { TASK_SETTINGS_MAX = 300 }; /* a section has 256 */

/* What a command of the bundle's has in common with the service it is for. */
static const char *const shared[] = {
        "Environment", "MemoryMax", "MemoryHigh", "MemorySwapMax", "TasksMax",
        "CPUWeight",   "CPUQuota",  "IOWeight",   "LimitNOFILE",   "LimitCORE"
};

/* And what one has that runs in its place: a directory belongs to one user at a time. */
static const char *const places[] = { "StateDirectory", "CacheDirectory",   "RuntimeDirectory",
                                      "LogsDirectory",  "WorkingDirectory", "TimeoutStopSec" };

/* The loopback of the host's network, for who asks a service that listens there. */
static const struct address_request loopback[] = {
        { .address = { .family = AF_INET, .prefix = 8, .bytes = { 127 } } },
        { .address = { .family = AF_INET6, .prefix = 128, .bytes = { [15] = 1 } } },
};

struct task *task_free(struct task *t)
{
        if (t) {
                free(t->service.settings); /* values are the manifest's, literals, or in t */
                free(t->command);
        }
        free(t);
        return NULL;
}

static int task_new(const struct service *s, const char *name, const char *suffix, enum task_kind kind,
                    struct task **ret)
{
        _cleanup_(task_freep) struct task *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->service.settings = calloc(TASK_SETTINGS_MAX, sizeof(*t->service.settings));
        if (!t->service.settings)
                return -ENOMEM;
        t->service.task = kind;
        t->service.line = s->line;
        if (snprintf(t->service.name, sizeof(t->service.name), "%s%s", name, suffix) >= NAME_SIZE)
                return -ENAMETOOLONG;
        *ret = TAKE_PTR(t);
        return 0;
}

/* value is borrowed. */
static int task_set(struct task *t, const char *key, const char *value, struct fault *f)
{
        struct manifest_setting *x = t->service.settings + t->service.n_settings;
        int r;

        if (t->service.n_settings >= TASK_SETTINGS_MAX)
                return fault_set(f, -EFBIG, "%s: more settings than a task has room for", t->service.name);
        r = directive_find(SECTION_SERVICE, t->service.name, key, &x->directive, f);
        if (r >= 0)
                r = directive_check(x->directive, value, f);
        if (r < 0)
                return r;
        x->value = (char *)(uintptr_t)value;
        t->service.n_settings++;
        return 0;
}

static bool is_among(const char *key, const char *const *keys, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (str_eq(keys[i], key))
                        return true;
        return false;
}

static int task_share(struct task *t, const struct service *s, struct fault *f)
{
        int r = 0;

        t->service.sandbox = s->sandbox;
        t->service.credentials = s->credentials;
        t->service.n_credentials = s->n_credentials;
        for (size_t i = 0; r >= 0 && i < s->n_settings; i++) {
                const char *key = s->settings[i].directive->key;

                if (is_among(key, shared, ELEMENTSOF(shared)) ||
                    (t->service.task == TASK_MIGRATE && is_among(key, places, ELEMENTSOF(places))))
                        r = task_set(t, key, s->settings[i].value, f);
        }
        return r;
}

/* ---- probes */

static int probe_command(struct task *t, const struct health_probe *p)
{
        const char *path = p->kind == HEALTH_HTTP ? p->subject : "";

        if (p->kind == HEALTH_EXEC)
                t->command = strdup(p->subject);
        else if (asprintf(&t->command, PROBE " --timeout=%" PRIu64 "%s -- %u%s%s", p->timeout_usec / 1000,
                          *p->socket ? " --socket=" DROPIN_ASKED : "", p->port, *path ? " " : "", path) < 0)
                t->command = NULL;
        return t->command ? 0 : -ENOMEM;
}

static void probe_network(struct task *t, const struct health_probe *p, const struct service *s)
{
        struct sandbox *x = &t->service.sandbox;

        if (*p->socket)
                return;
        if (s->sandbox.network == NETWORK_BUNDLE) {
                x->network = NETWORK_BUNDLE;
                return;
        }
        x->network = NETWORK_OUTBOUND;
        x->addresses = (struct address_request *)(uintptr_t)loopback;
        x->n_addresses = ELEMENTSOF(loopback);
}

int task_new_probe(const struct manifest *m, const struct health_probe *p, struct task **ret,
                   struct fault *f)
{
        const struct service *s = manifest_find_service(m, p->service);
        bool own = p->kind == HEALTH_EXEC;
        _cleanup_(task_freep) struct task *t = NULL;
        int r;

        r = task_new(s, p->name, MANIFEST_PROBE_SUFFIX, TASK_PROBE, &t);
        if (r >= 0)
                r = probe_command(t, p);
        if (r < 0)
                return fault_set_errno(f, r, "[Health %s]", p->name);
        t->service.ours = !own;
        if (own)
                r = task_share(t, s, f);
        else
                probe_network(t, p, s);
        if (r >= 0)
                r = task_set(t, "Type", "oneshot", f);
        if (r >= 0)
                r = task_set(t, "TimeoutStopSec", "1s", f);
        (void)snprintf(t->limit, sizeof(t->limit), "%" PRIu64 "ms",
                       (p->timeout_usec + (own ? 0 : PROBE_GRACE_USEC)) / 1000);
        if (r >= 0)
                r = task_set(t, "RuntimeMaxSec", t->limit, f);
        if (r >= 0)
                r = task_set(t, "ExecStart", t->command, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

void task_describe(const struct health_probe *p, char *ret, size_t size)
{
        char where[NAME_SIZE + 32];

        if (p->kind == HEALTH_EXEC) {
                (void)snprintf(ret, size, "%.*s", (int)strcspn(p->subject, " \t"), p->subject);
                return;
        }
        if (*p->socket)
                (void)snprintf(where, sizeof(where), "its own %s", p->socket);
        else
                (void)snprintf(where, sizeof(where), "port %u", p->port);
        if (p->kind == HEALTH_HTTP)
                (void)snprintf(ret, size, "GET %.100s of %s", p->subject, where);
        else
                (void)snprintf(ret, size, "a connection to %s", where);
}

/* ---- migrations */

bool task_migrates(const struct service *s, bool running)
{
        const char *while_ = manifest_get(s, "MigrateWhile");

        return manifest_get(s, "ExecMigrate") && (while_ && str_eq(while_, "running")) == running;
}

bool task_any_migrates(const struct manifest *m, bool running)
{
        for (size_t i = 0; i < m->n_services; i++)
                if (task_migrates(m->services + i, running))
                        return true;
        return false;
}

uint64_t task_migrations_max_usec(const struct effective *e, bool running)
{
        uint64_t n = 0;

        for (size_t i = 0; i < e->n; i++)
                for (size_t k = 0; k < e->items[i]->n_services; k++)
                        n += task_migrates(e->items[i]->services + k, running);
        return n * MIGRATE_MAX_USEC;
}

int task_new_migrate(const struct service *s, struct task **ret, struct fault *f)
{
        const char *command = manifest_get(s, "ExecMigrate"), *limit = manifest_get(s, "TimeoutStartSec");
        _cleanup_(task_freep) struct task *t = NULL;
        int r;

        if (!command)
                return fault_set(f, -ENOENT, "[Service %s] has no ExecMigrate=", s->name);
        r = task_new(s, s->name, MANIFEST_MIGRATE_SUFFIX, TASK_MIGRATE, &t);
        if (r < 0)
                return fault_set_errno(f, r, "[Service %s] ExecMigrate=", s->name);
        r = task_share(t, s, f);
        if (r >= 0)
                r = task_set(t, "Type", "oneshot", f);
        if (r >= 0)
                r = task_set(t, "RuntimeMaxSec", limit ? limit : MIGRATE_DEFAULT, f);
        if (r >= 0)
                r = task_set(t, "ExecStart", command, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}
