/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes together in a manifest and what does not: what would be ignored, or could never work, is an
 * error, or a reader of the manifest would believe in it. Pure. */

#include "facts/calendar.h"
#include "facts/command.h"
#include "facts/manifest_parts.h"
#include "facts/requirement.h"
#include "ground/text.h"

static const struct manifest_setting *find(const struct manifest_setting *settings, size_t n,
                                           const char *key)
{
        for (size_t i = 0; i < n; i++)
                if (str_eq(settings[i].directive->key, key))
                        return settings + i;
        return NULL;
}

static const struct manifest_setting *service_find(const struct service *s, const char *key)
{
        return find(s->settings, s->n_settings, key);
}

static bool service_says(const struct service *s, const char *key, const char *value)
{
        const char *said = manifest_get(s, key);

        return said && str_eq(said, value);
}

/* ---- [Service NAME] */

/* A name that sealift-unitd itself gives to what stands between a socket and its program. */
static int check_name(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        static const char *const own[] = { MANIFEST_PROXY_SUFFIX, MANIFEST_PROBE_SUFFIX,
                                           MANIFEST_MIGRATE_SUFFIX };

        for (size_t i = 0; i < ELEMENTSOF(own); i++)
                if (str_has_suffix(s->name, own[i]))
                        return fault_set(f, -EINVAL,
                                         "%s:%u: [Service %s]: names that end in %s are sealift's own; "
                                         "rename it",
                                         file, s->line, s->name, own[i]);
        return 0;
}

static int check_notify(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        static const char *const keys[] = { "WatchdogSec", "NotifyAccess" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const struct manifest_setting *setting = service_find(s, keys[i]);

                if (setting && !service_says(s, "Type", "notify"))
                        return fault_set(f, -EINVAL,
                                         "%s:%u: %s= needs Type=notify, or nobody hears the program", file,
                                         setting->line, keys[i]);
        }
        return 0;
}

static int check_root(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        for (size_t i = 0; s->sandbox.root == ROOT_BUNDLE && i < s->n_settings; i++) {
                const struct manifest_setting *c = s->settings + i;

                if (c->directive->type == VALUE_COMMAND && !str_has_prefix(c->value, COMMAND_BUNDLE_PREFIX))
                        return fault_set(
                                f, -EINVAL,
                                "%s:%u: %s= is below /usr, which Root=bundle leaves out; use a program of "
                                "the bundle or Root=usr",
                                file, c->line, c->directive->key);
        }
        return 0;
}

/* A job runs to its end, and then its timer waits again: nothing of a service that stays up fits it. */
static int check_job(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        const struct timer_unit *timer = manifest_find_timer(m, s->name);
        const struct manifest_setting *restart = service_find(s, "Restart");
        bool oneshot = service_says(s, "Type", "oneshot");

        if (oneshot != (timer != NULL))
                return fault_set(f, -EINVAL, "%s:%u: [Service %s]: %s", file, timer ? timer->line : s->line,
                                 s->name,
                                 oneshot ? "Type=oneshot is for jobs; add a [Timer] for it, or remove Type="
                                         : "a [Timer] runs it, so it must say Type=oneshot");
        if (!oneshot)
                return 0;
        if (restart && (str_eq(restart->value, "always") || str_eq(restart->value, "on-success")))
                return fault_set(f, -EINVAL, "%s:%u: Restart=%s: a job that ended well is not run again",
                                 file, restart->line, restart->value);
        if (manifest_has_socket(m, s->name) || manifest_has_proxy(m, s->name))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Service %s] has a [Timer] and a [Socket]; only one of "
                                 "them can start it",
                                 file, s->line, s->name);
        return 0;
}

/* systemd gives a directory to one dynamic user at a time, and changes the owner of all that is in it. */
static int check_migrate(const struct manifest *m, const struct service *s, const char *file,
                         struct fault *f)
{
        const struct manifest_setting *migrate = service_find(s, "ExecMigrate"),
                                      *running = service_find(s, "MigrateWhile");

        if (running && !migrate)
                return fault_set(f, -EINVAL, "%s:%u: MigrateWhile= needs ExecMigrate=", file, running->line);
        if (!migrate)
                return 0;
        if (manifest_find_timer(m, s->name))
                return fault_set(f, -EINVAL,
                                 "%s:%u: ExecMigrate=: a job is in no update's way; put it into "
                                 "the service that needs it",
                                 file, migrate->line);
        if (strlen(s->name) + STRLEN(MANIFEST_MIGRATE_SUFFIX) >= NAME_SIZE)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Service %s]: with ExecMigrate= a name has %d characters at most",
                                 file, s->line, s->name,
                                 (int)(NAME_SIZE - 1 - STRLEN(MANIFEST_MIGRATE_SUFFIX)));
        if (!service_says(s, "MigrateWhile", "running") || *s->sandbox.user)
                return 0;
        for (size_t i = 0; i < s->n_settings; i++)
                if (s->settings[i].directive->type == VALUE_DIRECTORY && str_eq(s->settings[i].value, "yes"))
                        return fault_set(f, -EINVAL,
                                         "%s:%u: MigrateWhile=running and %s=yes: systemd gives a directory "
                                         "to one dynamic user at a time; say stopped, or User=",
                                         file, running->line, s->settings[i].directive->key);
        return 0;
}

/* systemd gives a service with StandardInput=socket its one socket, and refuses it with two. */
static int check_input(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        const struct manifest_setting *input = service_find(s, "StandardInput");
        size_t n = 0;

        if (!input || !str_eq(input->value, "socket"))
                return 0;
        for (size_t i = 0; i < m->n_sockets; i++) {
                if (!str_eq(m->sockets[i].service, s->name) || m->sockets[i].proxy)
                        continue;
                for (size_t j = 0; j < m->sockets[i].n_settings; j++)
                        n += m->sockets[i].settings[j].directive->type == VALUE_LISTEN;
        }
        if (n != 1)
                return fault_set(f, -EINVAL,
                                 "%s:%u: StandardInput=socket needs one [Socket] with one listener, "
                                 "and there are %zu",
                                 file, input->line, n);
        return 0;
}

/* ---- After= */

static int check_after_name(const struct manifest *m, const struct service *s, const char *name,
                            const char *file, struct fault *f)
{
        const struct service *other = manifest_find_service(m, name);
        const struct manifest_setting *after = service_find(s, "After");

        if (!other)
                return fault_set(f, -EINVAL, "%s:%u: After=%s: there is no [Service %s]", file, after->line,
                                 name, name);
        if (manifest_find_timer(m, s->name) || manifest_find_timer(m, name))
                return fault_set(f, -EINVAL, "%s:%u: After=%s: a job is started by its timer alone", file,
                                 after->line, name);
        return 0;
}

static int check_after(const struct manifest *m, const struct service *s, const char *file, struct fault *f)
{
        const char *names;

        for (size_t i = 0; (names = manifest_next(s->settings, s->n_settings, "After", &i));)
                for (size_t n; *names; names += n + strspn(names + n, " ")) {
                        char name[NAME_SIZE] = "";
                        int r;

                        n = strcspn(names, " ");
                        memcpy(name, names, n < sizeof(name) ? n : sizeof(name) - 1);
                        r = check_after_name(m, s, name, file, f);
                        if (r < 0)
                                return r;
                }
        return 0;
}

/* Takes away, again and again, a service that is after none of those left. Whoever is left waits for itself.
 */
static int check_circles(const struct manifest *m, const char *file, struct fault *f)
{
        bool gone[MANIFEST_SERVICES_MAX] = {};
        size_t left = m->n_services;

        for (bool found = true; left > 0 && found;) {
                found = false;
                for (size_t i = 0; i < m->n_services; i++) {
                        bool waits = gone[i];

                        for (size_t j = 0; !waits && j < m->n_services; j++)
                                waits = !gone[j] && manifest_is_after(m->services + i, m->services[j].name);
                        if (waits)
                                continue;
                        gone[i] = found = true;
                        left--;
                }
        }
        for (size_t i = 0; i < m->n_services; i++)
                if (!gone[i])
                        return fault_set(
                                f, -EINVAL,
                                "%s:%u: [Service %s] waits for itself by After= of others; remove one", file,
                                m->services[i].line, m->services[i].name);
        return 0;
}

/* ---- directories */

/* Two services of a bundle are two dynamic users; systemd would give one directory to each in turn. */
static int check_directories(const struct manifest *m, const char *file, struct fault *f)
{
        static const char *const keys[] = { "StateDirectory", "CacheDirectory", "RuntimeDirectory",
                                            "LogsDirectory" };

        for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
                const struct service *owner = NULL;

                for (size_t i = 0; i < m->n_services; i++) {
                        const struct service *s = m->services + i;

                        if (!service_says(s, keys[k], "yes"))
                                continue;
                        if (owner)
                                return fault_set(
                                        f, -EINVAL,
                                        "%s:%u: %s=yes stands in [Service %s] already; one service of a "
                                        "bundle can have it",
                                        file, service_find(s, keys[k])->line, keys[k], owner->name);
                        owner = s;
                }
        }
        return 0;
}

/* ---- [Bundle] */

static int check_requirements(const struct manifest *m, const char *file, struct fault *f)
{
        _cleanup_free_ struct requirement *r = NULL;
        size_t n;
        int e;

        e = requirement_list(m, &r, &n, f);
        return e == -EFBIG ? fault_prefix(f, "%s: [Bundle]", file) : e;
}

/* Nobody may read such a manifest and believe that it runs something. */
static int check_withdrawn(const struct manifest *m, const char *file, struct fault *f)
{
        static const char *const allowed[] = { "Name", "Version", "Withdrawn", "Reason" };
        const struct manifest_setting *reason = find(m->settings, m->n_settings, "Reason");

        if (!m->withdrawn)
                return !reason ? 0
                               : fault_set(f, -EINVAL, "%s:%u: Reason= needs Withdrawn=yes", file,
                                           reason->line);
        if (m->n_services > 0)
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: Withdrawn=yes takes the bundle away: no [Service] may stand beside it", file,
                        m->services->line);
        if (m->content.sealed)
                return fault_set(f, -EINVAL, "%s: Withdrawn=yes has no [Content]", file);
        for (size_t i = 0; i < m->n_settings; i++) {
                const char *key = m->settings[i].directive->key;
                size_t k = 0;

                while (k < ELEMENTSOF(allowed) && !str_eq(allowed[k], key))
                        k++;
                if (k == ELEMENTSOF(allowed))
                        return fault_set(f, -EINVAL, "%s:%u: %s= means nothing beside Withdrawn=yes", file,
                                         m->settings[i].line, key);
        }
        return 0;
}

/* ---- [Socket NAME], [Timer NAME] */

static int check_socket(const struct manifest *m, const struct socket_unit *s, const char *file,
                        struct fault *f)
{
        const struct manifest_setting *idle = find(s->settings, s->n_settings, "ExitIdle"),
                                      *datagram = find(s->settings, s->n_settings, "ListenDatagram");

        if (!manifest_find_service(m, s->service))
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: [Socket %s] is for the service '%s', which is not here; set Service=", file,
                        s->line, s->name, s->service);
        if (!datagram && !manifest_get_socket(s, "ListenStream"))
                return fault_set(f, -EINVAL, "%s:%u: [Socket %s] listens nowhere; add ListenStream=", file,
                                 s->line, s->name);
        if (idle && !s->proxy)
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: ExitIdle= needs Proxy=; a program that takes its socket itself ends "
                        "when it has nothing to do",
                        file, idle->line);
        if (datagram && s->proxy)
                return fault_set(f, -EINVAL,
                                 "%s:%u: Proxy= is for connections, not for ListenDatagram=", file,
                                 datagram->line);
        return 0;
}

static int check_often(const struct timer_unit *t, const char *file, struct fault *f)
{
        const struct manifest_setting *first = NULL;
        int64_t second, before = 0;

        for (size_t i = 0; i < t->n_settings; i++) {
                const struct manifest_setting *s = t->settings + i;

                if (!str_eq(s->directive->key, "OnCalendar"))
                        continue;
                if (calendar_second(s->value, &second, f) < 0)
                        return fault_prefix(f, "%s:%u: OnCalendar=%.99s", file, s->line, s->value);
                if (first && second != before)
                        return fault_set(
                                f, -EINVAL,
                                "%s:%u: OnCalendar= falls on another second than in line %u, and may "
                                "come less than %d s after it; give both the same second",
                                file, s->line, first->line, CALENDAR_INTERVAL_MIN_SEC);
                first = s;
                before = second;
        }
        return 0;
}

static int check_timer(const struct manifest *m, const struct timer_unit *t, const char *file,
                       struct fault *f)
{
        if (!manifest_find_service(m, t->service))
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: [Timer %s] is for the service '%s', which is not here; set Service=", file,
                        t->line, t->name, t->service);
        if (manifest_find_timer(m, t->service) != t)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Timer %s]: the service '%s' has a timer already; give that one "
                                 "another OnCalendar=",
                                 file, t->line, t->name, t->service);
        return check_often(t, file, f);
}

static int (*const service_rules[])(const struct manifest *m, const struct service *s, const char *file,
                                    struct fault *f) = {
        check_name, check_notify, check_root, check_job, check_migrate, check_input, check_after,
};

int manifest_check_rules(const struct manifest *m, const char *file, struct fault *f)
{
        int r;

        r = check_withdrawn(m, file, f);
        if (r >= 0)
                r = check_requirements(m, file, f);
        for (size_t i = 0; r >= 0 && i < m->n_sockets; i++)
                r = check_socket(m, m->sockets + i, file, f);
        for (size_t i = 0; r >= 0 && i < m->n_timers; i++)
                r = check_timer(m, m->timers + i, file, f);
        for (size_t i = 0; r >= 0 && i < m->n_services; i++)
                for (size_t k = 0; r >= 0 && k < ELEMENTSOF(service_rules); k++)
                        r = service_rules[k](m, m->services + i, file, f);
        if (r >= 0)
                r = manifest_check_probes(m, file, f);
        if (r >= 0)
                r = check_circles(m, file, f);
        return r < 0 ? r : check_directories(m, file, f);
}
