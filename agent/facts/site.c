/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A signed manifest and what this host says about the bundle, put together. Pure. The host's lines are laid
 * over a copy of the manifest's sections, and a manifest is built from those as from any other text: every
 * rule holds for the result, and there is no second set of them. What a host cannot do that way, it cannot
 * do: ask for more than was signed. */

#include "facts/site.h"

#include "facts/name.h"
#include "facts/site_parts.h"
#include "ground/text.h"

void effective_done(struct effective *e)
{
        for (size_t i = 0; i < e->n; i++)
                (void)manifest_free(e->items[i]);
        free(e->items);
        *e = (struct effective){};
}

const struct manifest *effective_find(const struct effective *e, const char *instance)
{
        for (size_t i = 0; i < e->n; i++)
                if (str_eq(e->items[i]->instance, instance))
                        return e->items[i];
        return NULL;
}

/* ---- sections of a manifest */

static int copy_section(struct manifest_sections *out, enum section type, const char *name, unsigned line,
                        const struct manifest_setting *settings, size_t n)
{
        struct manifest_section *section;
        int r;

        r = manifest_sections_add(out, type, name, line, &section);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = manifest_section_add(section, settings[i].directive, settings[i].value,
                                         settings[i].line);
        return r;
}

static int copy_service(struct manifest_sections *out, const struct service *s)
{
        const struct sandbox *x = &s->sandbox;
        int r;

        r = copy_section(out, SECTION_SERVICE, s->name, s->line, s->settings, s->n_settings);
        if (r < 0 || x->n_settings == 0)
                return r;
        return copy_section(out, SECTION_SANDBOX, s->name, x->settings[0].line, x->settings, x->n_settings);
}

static int copy_sections(const struct manifest *m, struct manifest_sections *out)
{
        int r;

        r = copy_section(out, SECTION_BUNDLE, "", 1, m->settings, m->n_settings);
        for (size_t i = 0; r >= 0 && i < m->n_services; i++)
                if (!*m->services[i].serves) /* those come by themselves, from their sockets */
                        r = copy_service(out, m->services + i);
        for (size_t i = 0; r >= 0 && i < m->n_sockets; i++)
                r = copy_section(out, SECTION_SOCKET, m->sockets[i].name, m->sockets[i].line,
                                 m->sockets[i].settings, m->sockets[i].n_settings);
        for (size_t i = 0; r >= 0 && i < m->n_timers; i++)
                r = copy_section(out, SECTION_TIMER, m->timers[i].name, m->timers[i].line,
                                 m->timers[i].settings, m->timers[i].n_settings);
        for (size_t i = 0; r >= 0 && i < m->n_probes; i++)
                r = copy_section(out, SECTION_HEALTH, m->probes[i].name, m->probes[i].line,
                                 m->probes[i].settings, m->probes[i].n_settings);
        return r;
}

/* ---- the host's lines over them */

/* Environment= adds, and systemd takes the later of two; the listeners of a socket are replaced as one. */
static bool is_replaced(const struct directive *old, const struct directive *new)
{
        if (new->type == VALUE_ENVIRONMENT)
                return false;
        return old == new || (new->type == VALUE_LISTEN && old->type == VALUE_LISTEN);
}

static void drop_settings(struct manifest_section *s, const struct directive *d)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_settings; i++)
                if (is_replaced(s->settings[i].directive, d))
                        free(s->settings[i].value);
                else
                        s->settings[n++] = s->settings[i];
        s->n_settings = n;
}

/* All of a section's old lines go before the first new one comes, or two listeners would replace each other.
 * The new ones say the manifest's line, since that is the file that rules name. */
static int lay_over(struct manifest_section *target, const struct manifest_section *own)
{
        int r = 0;

        for (size_t i = 0; i < own->n_settings; i++)
                drop_settings(target, own->settings[i].directive);
        for (size_t i = 0; r >= 0 && i < own->n_settings; i++)
                r = manifest_section_add(target, own->settings[i].directive, own->settings[i].value,
                                         target->line);
        return r;
}

/* "main, worker", or "none" */
static void list_sections(const struct manifest_sections *all, enum section type, char *out, size_t size)
{
        size_t len = 0;

        (void)snprintf(out, size, "none");
        for (size_t i = 0; i < all->n && len < size; i++)
                if (all->items[i].type == type)
                        len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
                                                all->items[i].name);
}

static int check_target(const struct manifest *m, const struct site_file *s,
                        const struct manifest_sections *all, const struct manifest_section *own,
                        struct fault *f)
{
        char list[256];

        if (manifest_sections_find(all, own->type, own->name))
                return 0;
        list_sections(all, own->type, list, sizeof(list));
        return fault_set(f, -EINVAL, "%s:%u: bundle %s %s has no [%s %s]; it has %s", s->file, own->line,
                         m->name, m->version, section_name(own->type), own->name, list);
}

/* A key that the publisher did not write is one the host may set (a limit), but for what a service opens or
 * calls itself: that is the publisher's to ask for, and the host's to say where. */
static int check_requests(const struct manifest *m, const struct site_file *s,
                          const struct manifest_section *target, const struct manifest_section *own,
                          struct fault *f)
{
        for (size_t i = 0; own->type == SECTION_SANDBOX && i < own->n_settings; i++) {
                const struct manifest_setting *x = own->settings + i;

                if (!manifest_settings_get(target->settings, target->n_settings, x->directive->key))
                        return fault_set(f, -EINVAL,
                                         "%s:%u: %s= replaces what the manifest of %s %s says, and "
                                         "[Sandbox %s] there has none",
                                         s->file, x->line, x->directive->key, m->name, m->version,
                                         own->name);
        }
        return 0;
}

static int lay_file_over(const struct manifest *m, const struct site_file *s, struct manifest_sections *all,
                         struct fault *f)
{
        for (size_t i = 0; i < s->sections.n; i++) {
                const struct manifest_section *own = s->sections.items + i;
                struct manifest_section *target;
                int r;

                r = check_target(m, s, all, own, f);
                if (r < 0)
                        return r;
                target = manifest_sections_find(all, own->type, own->name);
                r = check_requests(m, s, target, own, f);
                if (r >= 0)
                        r = lay_over(target, own);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- credentials */

static void list_credentials(const struct service *s, char *out, size_t size)
{
        size_t len = 0;

        (void)snprintf(out, size, "none");
        for (size_t i = 0; i < s->n_credentials && len < size; i++)
                len += (size_t)snprintf(out + len, size - len, "%s%s", len > 0 ? ", " : "",
                                        s->credentials[i].id);
}

static int set_credential(struct service *service, const struct site_file *s, const struct credential *c,
                          const struct manifest *m, struct fault *f)
{
        char list[256];

        for (size_t i = 0; i < service->n_credentials; i++) {
                struct credential *x = service->credentials + i;

                if (!str_eq(x->id, c->id))
                        continue;
                x->kind = c->kind;
                x->optional = false;
                return text_copy(x->source, sizeof(x->source), c->source);
        }
        list_credentials(service, list, sizeof(list));
        return fault_set(f, -EINVAL,
                         "%s:%u: [Service %s] of %s %s asks for no credential '%s'; it asks for %s", s->file,
                         c->line, service->name, m->name, m->version, c->id, list);
}

static int set_credentials(struct manifest *m, const struct site_file *s, struct fault *f)
{
        for (size_t i = 0; i < s->n_credentials; i++) {
                const struct site_credential *c = s->credentials + i;
                struct service *service;
                int r;

                /* There is one: its section was found when the lines were laid over. */
                service = m->services + (manifest_find_service(m, c->service) - m->services);
                r = set_credential(service, s, &c->credential, m, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* ---- one instance */

struct files {
        const struct site_file *items[2]; /* NAME.conf, NAME@INSTANCE.conf */
        size_t n;
};

static int build(const struct manifest *signed_manifest, const struct files *files, struct manifest *m,
                 struct fault *f)
{
        _cleanup_(manifest_sections_done) struct manifest_sections all = {};
        char file[NAME_SIZE + 16];
        int r;

        (void)snprintf(file, sizeof(file), "%s.manifest", signed_manifest->name);
        r = copy_sections(signed_manifest, &all);
        for (size_t i = 0; r >= 0 && i < files->n; i++)
                r = lay_file_over(signed_manifest, files->items[i], &all, f);
        if (r < 0)
                return r;
        r = manifest_build(m, &all, file, f);
        if (r < 0 && files->n > 0 && f->error < 0)
                return fault_prefix(f, "%s does not go with the release", files->items[files->n - 1]->file);
        return r;
}

/* Beyond the settings: what manifest_build() does not know. */
static int finish(const struct manifest *signed_manifest, const char *instance, struct manifest *m)
{
        m->content = signed_manifest->content;
        m->content.entries = NULL;
        m->content.n_entries = 0;
        name_place(m->name, instance, m->place);
        return text_copy(m->instance, sizeof(m->instance), instance);
}

static int make(const struct manifest *signed_manifest, const char *instance, const struct files *files,
                struct manifest **ret, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        int r;

        m = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        r = build(signed_manifest, files, m, f);
        for (size_t i = 0; r >= 0 && i < files->n; i++)
                r = set_credentials(m, files->items[i], f);
        if (r >= 0)
                r = finish(signed_manifest, instance, m);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

/* ---- all instances */

static bool listeners_meet(const struct manifest_setting *a, const struct manifest_setting *b)
{
        struct address x, y;
        uint16_t p, q;

        return a->directive == b->directive && a->directive->type == VALUE_LISTEN &&
               address_parse_listen(a->value, &x, &p) >= 0 && address_parse_listen(b->value, &y, &q) >= 0 &&
               p == q && (address_covers(&x, &y) || address_covers(&y, &x));
}

/* The listener of a that b wants too, or NULL. */
static const struct manifest_setting *find_listener(const struct manifest *a,
                                                    const struct manifest_setting *x)
{
        for (size_t i = 0; i < a->n_sockets; i++)
                for (size_t k = 0; k < a->sockets[i].n_settings; k++)
                        if (listeners_meet(a->sockets[i].settings + k, x))
                                return a->sockets[i].settings + k;
        return NULL;
}

static bool has_bind(const struct manifest *m, const struct bind_request *x)
{
        for (size_t i = 0; i < m->n_services; i++)
                for (size_t k = 0; k < m->services[i].sandbox.n_binds; k++)
                        if (m->services[i].sandbox.binds[k].transport == x->transport &&
                            m->services[i].sandbox.binds[k].port == x->port)
                                return true;
        return false;
}

static int check_binds(const struct manifest *a, const struct manifest *b, struct fault *f)
{
        for (size_t i = 0; i < b->n_services; i++)
                for (size_t k = 0; k < b->services[i].sandbox.n_binds; k++)
                        if (has_bind(a, b->services[i].sandbox.binds + k))
                                return fault_set(f, -EINVAL,
                                                 "bundle %s: the instances '%s' and '%s' both bind port %u; "
                                                 "set Bind= "
                                                 "in /etc/sealift/bundles.d/%s@%s.conf",
                                                 b->name, a->instance, b->instance,
                                                 b->services[i].sandbox.binds[k].port, b->name, b->instance);
        return 0;
}

/* Only one of two would get the port, and which one is chance. */
static int check_pair(const struct manifest *a, const struct manifest *b, struct fault *f)
{
        for (size_t i = 0; i < b->n_sockets; i++)
                for (size_t k = 0; k < b->sockets[i].n_settings; k++) {
                        const struct manifest_setting *x = b->sockets[i].settings + k;

                        if (find_listener(a, x))
                                return fault_set(f, -EINVAL,
                                                 "bundle %s: the instances '%s' and '%s' both listen on %s; "
                                                 "set %s= in "
                                                 "[Socket %s] of /etc/sealift/bundles.d/%s@%s.conf",
                                                 b->name, a->instance, b->instance, x->value,
                                                 x->directive->key, b->sockets[i].name, b->name,
                                                 b->instance);
                }
        return check_binds(a, b, f);
}

static int apply_files(const struct site *s, const struct manifest *m, struct effective *e, struct fault *f)
{
        const struct site_file *common = s->n_files > 0 && !*s->files[0].instance ? s->files : NULL;
        size_t first = common ? 1 : 0, n = s->n_files > first ? s->n_files - first : 1;

        e->items = calloc(n, sizeof(*e->items));
        if (!e->items)
                return -ENOMEM;
        while (e->n < n) {
                const struct site_file *own = s->n_files > first ? s->files + first + e->n : NULL;
                struct files files = {};
                int r;

                if (common)
                        files.items[files.n++] = common;
                if (own)
                        files.items[files.n++] = own;
                r = make(m, own ? own->instance : "", &files, e->items + e->n, f);
                if (r < 0)
                        return r;
                e->n++;
                for (size_t i = 0; r >= 0 && i + 1 < e->n; i++)
                        r = check_pair(e->items[i], e->items[e->n - 1], f);
                if (r < 0)
                        return r;
        }
        return 0;
}

int site_apply(const struct site *s, const struct manifest *m, struct effective *ret, struct fault *f)
{
        struct effective e = {};
        struct fault mine = {};
        int r;

        r = apply_files(s, m, &e, &mine);
        if (r < 0) {
                effective_done(&e);
                return mine.error < 0 ? fault_set(f, r, "%s", mine.text)
                                      : fault_set_errno(f, r, "bundle %s", m->name);
        }
        *ret = e;
        return 0;
}
