/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A parsed manifest: questions about it, and its end. Pure; every string in it has passed its check. */

#include "facts/manifest.h"

#include <sys/socket.h>

#include "facts/manifest_parts.h"
#include "ground/text.h"

struct manifest *manifest_free(struct manifest *m)
{
        if (!m)
                return NULL;
        manifest_settings_free(m->settings, m->n_settings);
        for (size_t i = 0; i < m->n_services; i++) {
                manifest_settings_free(m->services[i].settings, m->services[i].n_settings);
                free(m->services[i].credentials);
                free(m->services[i].sandbox.binds);
                free(m->services[i].sandbox.addresses);
                manifest_settings_free(m->services[i].sandbox.settings, m->services[i].sandbox.n_settings);
        }
        free(m->services);
        for (size_t i = 0; i < m->n_sockets; i++)
                manifest_settings_free(m->sockets[i].settings, m->sockets[i].n_settings);
        free(m->sockets);
        for (size_t i = 0; i < m->n_timers; i++)
                manifest_settings_free(m->timers[i].settings, m->timers[i].n_settings);
        free(m->timers);
        for (size_t i = 0; i < m->n_probes; i++)
                manifest_settings_free(m->probes[i].settings, m->probes[i].n_settings);
        free(m->probes);
        content_done(&m->content);
        free(m);
        return NULL;
}

const char *manifest_get_bundle(const struct manifest *m, const char *directive)
{
        return manifest_settings_get(m->settings, m->n_settings, directive);
}

uint64_t manifest_epoch(const struct manifest *m)
{
        const char *text = manifest_get_bundle(m, "Epoch");
        uint64_t epoch = 0;

        return text && text_parse_u64(text, UINT64_MAX, &epoch) >= 0 ? epoch : 0;
}

const char *manifest_get(const struct service *s, const char *directive)
{
        return manifest_settings_get(s->settings, s->n_settings, directive);
}

const char *manifest_get_socket(const struct socket_unit *s, const char *directive)
{
        return manifest_settings_get(s->settings, s->n_settings, directive);
}

const char *manifest_get_timer(const struct timer_unit *t, const char *directive)
{
        return manifest_settings_get(t->settings, t->n_settings, directive);
}

const char *manifest_next(const struct manifest_setting *settings, size_t n, const char *directive,
                          size_t *i)
{
        while (*i < n) {
                const struct manifest_setting *s = settings + (*i)++;

                if (str_eq(s->directive->key, directive))
                        return s->value;
        }
        return NULL;
}

const struct service *manifest_find_service(const struct manifest *m, const char *name)
{
        for (size_t i = 0; i < m->n_services; i++)
                if (str_eq(m->services[i].name, name))
                        return m->services + i;
        return NULL;
}

bool manifest_has_socket(const struct manifest *m, const char *service)
{
        for (size_t i = 0; i < m->n_sockets; i++)
                if (str_eq(m->sockets[i].service, service) && m->sockets[i].proxy == 0)
                        return true;
        return false;
}

bool manifest_has_proxy(const struct manifest *m, const char *service)
{
        for (size_t i = 0; i < m->n_sockets; i++)
                if (str_eq(m->sockets[i].service, service) && m->sockets[i].proxy != 0)
                        return true;
        return false;
}

const struct timer_unit *manifest_find_timer(const struct manifest *m, const char *service)
{
        for (size_t i = 0; i < m->n_timers; i++)
                if (str_eq(m->timers[i].service, service))
                        return m->timers + i;
        return NULL;
}

bool manifest_is_job(const struct manifest *m, const struct service *s)
{
        return s->task != TASK_NONE || manifest_find_timer(m, s->name);
}

static bool names_hold(const char *names, const char *name)
{
        for (size_t n; *names; names += n + strspn(names + n, " ")) {
                n = strcspn(names, " ");
                if (n == strlen(name) && memcmp(names, name, n) == 0)
                        return true;
        }
        return false;
}

bool manifest_is_after(const struct service *s, const char *service)
{
        const char *names;

        for (size_t i = 0; (names = manifest_next(s->settings, s->n_settings, "After", &i));)
                if (names_hold(names, service))
                        return true;
        return false;
}

/* Each round raises whoever is not above all that it is after; a chain is no longer than there are services,
 * and a circle ends here too. */
unsigned manifest_rank(const struct manifest *m, const struct service *s)
{
        unsigned ranks[MANIFEST_SERVICES_MAX] = {};
        bool raised = true;

        if (s->task != TASK_NONE)
                return 0;
        for (size_t round = 0; raised && round < m->n_services; round++) {
                raised = false;
                for (size_t i = 0; i < m->n_services; i++)
                        for (size_t j = 0; j < m->n_services; j++)
                                if (ranks[i] <= ranks[j] &&
                                    manifest_is_after(m->services + i, m->services[j].name)) {
                                        ranks[i] = ranks[j] + 1;
                                        raised = true;
                                }
        }
        return ranks[s - m->services];
}

bool manifest_is_confined(const struct sandbox *x)
{
        for (size_t i = 0; i < x->n_addresses; i++)
                if (x->addresses[i].address.family == AF_UNSPEC)
                        return false;
        return x->network == NETWORK_OUTBOUND;
}

static int entry_compare(const void *path, const void *entry)
{
        return strcmp(path, ((const struct entry *)entry)->path);
}

const struct entry *manifest_find_entry(const struct manifest *m, const char *path)
{
        if (m->content.n_entries == 0)
                return NULL;
        return bsearch(path, m->content.entries, m->content.n_entries, sizeof(struct entry), entry_compare);
}

/* The first symbolic link among path's parents and itself; *ret_len is the length of its path. */
static const struct entry *find_link(const struct manifest *m, const char *path, size_t *ret_len)
{
        char prefix[2 * ENTRY_PATH_SIZE];

        for (size_t n = strcspn(path, "/");; n += 1 + strcspn(path + n + 1, "/")) {
                const struct entry *e;

                memcpy(prefix, path, n);
                prefix[n] = '\0';
                e = manifest_find_entry(m, prefix);
                if (e && e->type == ENTRY_SYMLINK) {
                        *ret_len = n;
                        return e;
                }
                if (!path[n])
                        return NULL;
        }
}

/* The link's target in place of the link. Targets climb only at their front and never above the top
 * (name_target_valid()), so that counting slashes is all it takes. */
static int splice_link(const struct entry *link, const char *rest, char out[static 2 * ENTRY_PATH_SIZE])
{
        const char *target = link->target, *slash = strrchr(link->path, '/');
        size_t dir = slash ? (size_t)(slash - link->path) : 0;
        int n;

        for (;;) {
                size_t len = strcspn(target, "/");

                if (len == 2 && str_has_prefix(target, "..")) {
                        while (dir > 0 && link->path[--dir] != '/')
                                ;
                } else if (!(len == 1 && *target == '.'))
                        break;
                target += len + (target[len] == '/');
        }
        if (!*target && *rest == '/')
                rest++;
        if (dir == 0 && !*target && !*rest)
                return -EISDIR;
        n = snprintf(out, 2 * ENTRY_PATH_SIZE, "%.*s%s%s%s", (int)dir, link->path,
                     dir > 0 && (*target || *rest) ? "/" : "", target, rest);
        return n < ENTRY_PATH_SIZE ? 0 : -ENAMETOOLONG;
}

const struct entry *manifest_resolve_entry(const struct manifest *m, const char *path)
{
        enum { LINKS_MAX = 40 }; /* the kernel's own limit: links in a circle */
        char now[2 * ENTRY_PATH_SIZE], next[2 * ENTRY_PATH_SIZE];

        if (text_copy(now, ENTRY_PATH_SIZE, path) < 0)
                return NULL;
        for (unsigned i = 0; i <= LINKS_MAX; i++) {
                size_t n = 0;
                const struct entry *link = find_link(m, now, &n);

                if (!link)
                        return manifest_find_entry(m, now);
                if (splice_link(link, now + n, next) < 0 || text_copy(now, sizeof(now), next) < 0)
                        return NULL;
        }
        return NULL;
}

/* Neither a port nor a directory that a second release of the bundle would want too. */
static bool manifest_shares_nothing(const struct manifest *m)
{
        static const char *const shared[] = { "StateDirectory", "CacheDirectory", "RuntimeDirectory",
                                              "LogsDirectory" };

        for (size_t i = 0; i < m->n_services; i++) {
                const struct service *s = m->services + i;

                if (s->sandbox.network == NETWORK_BIND)
                        return false;
                for (size_t j = 0; j < ELEMENTSOF(shared); j++) {
                        const char *value = manifest_get(s, shared[j]);

                        if (value && str_eq(value, "yes"))
                                return false;
                }
        }
        return true;
}

static bool socket_same(const struct socket_unit *a, const struct socket_unit *b)
{
        if (!str_eq(a->name, b->name) || !str_eq(a->service, b->service) || a->n_settings != b->n_settings)
                return false;
        for (size_t i = 0; i < a->n_settings; i++)
                if (a->settings[i].directive != b->settings[i].directive ||
                    !str_eq(a->settings[i].value, b->settings[i].value))
                        return false;
        return true;
}

bool manifest_may_overlap(const struct manifest *running, const struct manifest *next)
{
        if (!manifest_shares_nothing(running) || !manifest_shares_nothing(next))
                return false;
        if (running->n_sockets == 0 || running->n_sockets != next->n_sockets)
                return false;
        for (size_t i = 0; i < running->n_sockets; i++)
                if (!socket_same(running->sockets + i, next->sockets + i))
                        return false;
        return true;
}
