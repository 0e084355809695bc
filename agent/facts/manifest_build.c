/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sections to services, sockets, timers and probes. Pure; every single value has passed its own check
 * before. What goes together and what does not is in manifest_rules.c, what a sandbox asks for in
 * manifest_sandbox.c. */

#include "facts/manifest_parts.h"

#include "ground/text.h"

struct builder {
        struct manifest *m;
        const char *file;
        struct manifest_section *sandboxes[MANIFEST_SERVICES_MAX]; /* by service; or NULL */
};

static int build_check_required(const struct builder *b, const struct manifest_section *s, struct fault *f)
{
        for (size_t i = 0; i < n_directives; i++) {
                const struct directive *d = directives + i;

                if (d->section == s->type && d->required &&
                    !manifest_settings_get(s->settings, s->n_settings, d->key))
                        return fault_set(f, -EINVAL, "%s:%u: [%s%s%s] has no %s=; add it", b->file, s->line,
                                         section_name(s->type), *s->name ? " " : "", s->name, d->key);
        }
        return 0;
}

/* ---- [Bundle] and the arrays */

static size_t count_sections(const struct manifest_sections *s, enum section type)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n; i++)
                n += s->items[i].type == type;
        return n;
}

static void take_settings(struct manifest_section *s, struct manifest_setting **settings, size_t *n)
{
        *settings = TAKE_PTR(s->settings);
        *n = s->n_settings;
        s->n_settings = 0;
}

static int build_bundle(struct builder *b, struct manifest_section *s)
{
        int r;

        take_settings(s, &b->m->settings, &b->m->n_settings);
        b->m->withdrawn = manifest_get_bundle(b->m, "Withdrawn");
        r = text_copy(b->m->name, sizeof(b->m->name), manifest_get_bundle(b->m, "Name"));
        if (r >= 0)
                r = text_copy(b->m->place, sizeof(b->m->place), b->m->name);
        return r < 0 ? r
                     : text_copy(b->m->version, sizeof(b->m->version), manifest_get_bundle(b->m, "Version"));
}

/* Where it comes from unless the host says otherwise; the name of a credential is no path. */
static int build_credential(const struct builder *b, struct service *s, const struct manifest_setting *x,
                            struct fault *f)
{
        struct credential *c = s->credentials + s->n_credentials;

        for (size_t i = 0; i < s->n_credentials; i++)
                if (str_eq(s->credentials[i].id, x->value))
                        return fault_set(f, -EINVAL, "%s:%u: %s=%s: is asked for already, on line %u",
                                         b->file, x->line, x->directive->key, x->value,
                                         s->credentials[i].line);
        *c = (struct credential){ .line = x->line,
                                  .optional = str_eq(x->directive->key, "ImportCredential") };
        (void)snprintf(c->source, sizeof(c->source), "sealift-%s.%s", b->m->name, x->value);
        s->n_credentials++;
        return text_copy(c->id, sizeof(c->id), x->value);
}

static int build_credentials(const struct builder *b, struct service *s, struct fault *f)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_settings; i++)
                n += s->settings[i].directive->type == VALUE_CREDENTIAL;
        s->credentials = calloc(n + 1, sizeof(*s->credentials));
        if (!s->credentials)
                return -ENOMEM;
        for (size_t i = 0; i < s->n_settings; i++) {
                int r;

                if (s->settings[i].directive->type != VALUE_CREDENTIAL)
                        continue;
                r = build_credential(b, s, s->settings + i, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_service(struct builder *b, struct manifest_section *s)
{
        struct service *service = b->m->services + b->m->n_services++;

        service->line = s->line;
        take_settings(s, &service->settings, &service->n_settings);
        return text_copy(service->name, sizeof(service->name), s->name);
}

static int build_socket(struct builder *b, struct manifest_section *s)
{
        struct socket_unit *socket = b->m->sockets + b->m->n_sockets++;
        const char *service, *proxy;
        uint64_t port = 0;
        int r;

        socket->line = s->line;
        take_settings(s, &socket->settings, &socket->n_settings);
        proxy = manifest_get_socket(socket, "Proxy");
        if (proxy && text_parse_u64(proxy, UINT16_MAX, &port) < 0)
                return -EINVAL;
        socket->proxy = (uint16_t)port;
        service = manifest_get_socket(socket, "Service");
        r = text_copy(socket->service, sizeof(socket->service), service ? service : s->name);
        return r < 0 ? r : text_copy(socket->name, sizeof(socket->name), s->name);
}

static int build_timer(struct builder *b, struct manifest_section *s)
{
        struct timer_unit *timer = b->m->timers + b->m->n_timers++;
        const char *service;
        int r;

        timer->line = s->line;
        take_settings(s, &timer->settings, &timer->n_settings);
        service = manifest_get_timer(timer, "Service");
        r = text_copy(timer->service, sizeof(timer->service), service ? service : s->name);
        return r < 0 ? r : text_copy(timer->name, sizeof(timer->name), s->name);
}

static int build_section(struct builder *b, struct manifest_section *s, struct fault *f)
{
        int r;

        r = build_check_required(b, s, f);
        if (r < 0)
                return r;
        switch (s->type) {
        case SECTION_BUNDLE:
                return build_bundle(b, s);
        case SECTION_SERVICE:
                return build_service(b, s);
        case SECTION_SOCKET:
                return build_socket(b, s);
        case SECTION_TIMER:
                return build_timer(b, s);
        case SECTION_HEALTH:
                return manifest_build_probe(b->m->probes + b->m->n_probes++, s, b->file, f);
        default:
                return 0; /* sandboxes wait until all services are known */
        }
}

static bool is_withdrawn(const struct manifest_sections *s)
{
        const struct manifest_section *bundle = manifest_sections_find(s, SECTION_BUNDLE, "");

        return bundle && manifest_settings_get(bundle->settings, bundle->n_settings, "Withdrawn");
}

static int build_arrays(struct builder *b, struct manifest_sections *s, struct fault *f)
{
        size_t n_services = count_sections(s, SECTION_SERVICE),
               n_sockets = count_sections(s, SECTION_SOCKET), n_timers = count_sections(s, SECTION_TIMER),
               n_probes = count_sections(s, SECTION_HEALTH);

        if (count_sections(s, SECTION_BUNDLE) == 0)
                return fault_set(f, -EINVAL,
                                 "%s: there is no [Bundle] section with Name= and Version=; add it",
                                 b->file);
        if (n_services == 0 && !is_withdrawn(s))
                return fault_set(f, -EINVAL,
                                 "%s: there is no [Service NAME] section; add one with ExecStart=", b->file);
        b->m->services = calloc(n_services + 1, sizeof(*b->m->services));
        b->m->sockets = calloc(n_sockets + 1, sizeof(*b->m->sockets));
        b->m->timers = calloc(n_timers + 1, sizeof(*b->m->timers));
        b->m->probes = calloc(n_probes + 1, sizeof(*b->m->probes));
        if (!b->m->services || !b->m->sockets || !b->m->timers || !b->m->probes)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++) {
                int r;

                r = build_section(b, s->items + i, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_match_sandboxes(struct builder *b, struct manifest_sections *s, struct fault *f)
{
        for (size_t i = 0; i < s->n; i++) {
                const struct service *service;

                if (s->items[i].type != SECTION_SANDBOX)
                        continue;
                service = manifest_find_service(b->m, s->items[i].name);
                if (!service)
                        return fault_set(f, -EINVAL,
                                         "%s:%u: [Sandbox %s] belongs to no [Service %s]; rename it",
                                         b->file, s->items[i].line, s->items[i].name, s->items[i].name);
                b->sandboxes[service - b->m->services] = s->items + i;
        }
        return 0;
}

int manifest_build(struct manifest *m, struct manifest_sections *s, const char *file, struct fault *f)
{
        struct builder b = { .m = m, .file = file };
        int r;

        r = build_arrays(&b, s, f);
        if (r >= 0)
                r = build_match_sandboxes(&b, s, f);
        for (size_t i = 0; r >= 0 && i < m->n_services; i++)
                r = manifest_build_sandbox(m, m->services + i, b.sandboxes[i], file, f);
        for (size_t i = 0; r >= 0 && i < m->n_services; i++)
                r = build_credentials(&b, m->services + i, f);
        if (r >= 0)
                r = manifest_check_rules(m, file, f);
        return r < 0 ? r : manifest_add_proxies(m, file, f);
}
