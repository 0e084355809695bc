/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sections to services and sockets: the rules about what goes together. Pure; every single value has passed
 * its own check before. */

#include "facts/manifest_parts.h"

#include <sys/socket.h>

#include "facts/command.h"
#include "ground/text.h"

struct builder {
        struct manifest *m;
        const char *file;
        const struct manifest_section *sandboxes[MANIFEST_SERVICES_MAX]; /* by service; or NULL */
};

static const struct manifest_setting *section_find_setting(const struct manifest_section *s, const char *key)
{
        for (size_t i = 0; i < s->n_settings; i++)
                if (str_eq(s->settings[i].directive->key, key))
                        return s->settings + i;
        return NULL;
}

static int build_check_required(const struct builder *b, const struct manifest_section *s, struct fault *f)
{
        for (size_t i = 0; i < n_directives; i++) {
                const struct directive *d = directives + i;

                if (d->section == s->type && d->required && !section_find_setting(s, d->key))
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
        r = text_copy(b->m->name, sizeof(b->m->name), manifest_get_bundle(b->m, "Name"));
        return r < 0 ? r
                     : text_copy(b->m->version, sizeof(b->m->version), manifest_get_bundle(b->m, "Version"));
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
        const char *service;
        int r;

        socket->line = s->line;
        take_settings(s, &socket->settings, &socket->n_settings);
        service = manifest_get_socket(socket, "Service");
        r = text_copy(socket->service, sizeof(socket->service), service ? service : s->name);
        return r < 0 ? r : text_copy(socket->name, sizeof(socket->name), s->name);
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
        default:
                return 0; /* sandboxes wait until all services are known */
        }
}

static int build_arrays(struct builder *b, struct manifest_sections *s, struct fault *f)
{
        size_t n_services = count_sections(s, SECTION_SERVICE),
               n_sockets = count_sections(s, SECTION_SOCKET);

        if (count_sections(s, SECTION_BUNDLE) == 0)
                return fault_set(f, -EINVAL,
                                 "%s: there is no [Bundle] section with Name= and Version=; add it",
                                 b->file);
        if (n_services == 0)
                return fault_set(f, -EINVAL,
                                 "%s: there is no [Service NAME] section; add one with ExecStart=", b->file);
        b->m->services = calloc(n_services, sizeof(*b->m->services));
        b->m->sockets = calloc(n_sockets + 1, sizeof(*b->m->sockets));
        if (!b->m->services || !b->m->sockets)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++) {
                int r;

                r = build_section(b, s->items + i, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int build_match_sandboxes(struct builder *b, const struct manifest_sections *s, struct fault *f)
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

/* ---- [Socket NAME] */

static int build_check_socket(const struct builder *b, const struct socket_unit *s, struct fault *f)
{
        if (!manifest_find_service(b->m, s->service))
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: [Socket %s] is for the service '%s', which is not here; set Service=",
                        b->file, s->line, s->name, s->service);
        if (!manifest_get_socket(s, "ListenStream") && !manifest_get_socket(s, "ListenDatagram"))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Socket %s] listens nowhere; add ListenStream=", b->file, s->line,
                                 s->name);
        return 0;
}

/* ---- [Sandbox NAME] */

static int sandbox_add_bind(struct sandbox *x, const struct manifest_setting *s)
{
        struct bind_request *binds = reallocarray(x->binds, x->n_binds + 1, sizeof(*binds));
        struct port_range range;
        int r;

        if (!binds)
                return -ENOMEM;
        x->binds = binds;
        r = address_parse_ports(s->value, &range);
        if (r < 0)
                return r;
        binds[x->n_binds++] = (struct bind_request){ range.transport, range.first, s->line };
        return 0;
}

static int sandbox_add_address(struct sandbox *x, const struct manifest_setting *s)
{
        struct address_request *addresses =
                reallocarray(x->addresses, x->n_addresses + 1, sizeof(*addresses));
        struct address_request a = { .line = s->line };
        int r;

        if (!addresses)
                return -ENOMEM;
        x->addresses = addresses;
        r = address_parse(s->value, &a.address);
        if (r < 0)
                return r;
        addresses[x->n_addresses++] = a;
        return 0;
}

static int sandbox_read(struct sandbox *x, const struct manifest_section *s)
{
        static const char *const networks[] = {
                [NETWORK_NONE] = "none",
                [NETWORK_SOCKET] = "socket",
                [NETWORK_OUTBOUND] = "outbound",
                [NETWORK_BIND] = "bind",
        };
        int r = 0;

        for (size_t i = 0; i < s->n_settings && r >= 0; i++) {
                const struct manifest_setting *setting = s->settings + i;

                if (str_eq(setting->directive->key, "Bind"))
                        r = sandbox_add_bind(x, setting);
                else if (str_eq(setting->directive->key, "Outbound"))
                        r = sandbox_add_address(x, setting);
                else if (str_eq(setting->directive->key, "Root"))
                        x->root = str_eq(setting->value, "bundle") ? ROOT_BUNDLE : ROOT_HOST_USR;
                else
                        for (size_t n = 0; n < ELEMENTSOF(networks); n++)
                                if (str_eq(networks[n], setting->value))
                                        x->network = (enum network)n;
        }
        return r;
}

/* Each Network= with what it needs and what it cannot have: what would be ignored is an error, or a reader
 * of the manifest would believe in it. */
static int sandbox_check(const struct builder *b, const struct service *s,
                         const struct manifest_section *section, struct fault *f)
{
        const struct sandbox *x = &s->sandbox;
        bool socket = manifest_has_socket(b->m, s->name);
        const char *wrong = NULL;

        if (x->network == NETWORK_NONE && socket)
                wrong = "Network=none, but a [Socket] is handed to it; write Network=socket, or nothing";
        else if (x->network == NETWORK_SOCKET && !socket)
                wrong = "Network=socket, but no [Socket] is for this service; add one";
        else if (x->network == NETWORK_BIND && x->n_binds == 0)
                wrong = "Network=bind without a port; add Bind=tcp:PORT";
        else if (x->network != NETWORK_BIND && x->n_binds > 0)
                wrong = "Bind= without Network=bind; add it, or better use a [Socket] section";
        else if (x->network == NETWORK_OUTBOUND && x->n_addresses == 0)
                wrong = "Network=outbound without an address; add Outbound=ADDRESS/BITS or Outbound=any";
        else if ((x->network == NETWORK_NONE || x->network == NETWORK_SOCKET) && x->n_addresses > 0)
                wrong = "Outbound= without Network=outbound; add it";
        if (!wrong)
                return 0;
        return fault_set(f, -EINVAL, "%s:%u: [%s %s]: %s", b->file, section ? section->line : s->line,
                         section ? "Sandbox" : "Service", s->name, wrong);
}

static int build_sandbox(struct builder *b, struct service *s, struct fault *f)
{
        const struct manifest_section *section = b->sandboxes[s - b->m->services];
        int r;

        if (section) {
                r = sandbox_read(&s->sandbox, section);
                if (r < 0)
                        return r;
        }
        if (manifest_has_socket(b->m, s->name) && !(section && section_find_setting(section, "Network")))
                s->sandbox.network = NETWORK_SOCKET;
        return sandbox_check(b, s, section, f);
}

/* ---- [Service NAME] */

static const struct manifest_setting *service_find_setting(const struct service *s, const char *key)
{
        for (size_t i = 0; i < s->n_settings; i++)
                if (str_eq(s->settings[i].directive->key, key))
                        return s->settings + i;
        return NULL;
}

static int build_check_service(const struct builder *b, const struct service *s, struct fault *f)
{
        static const char *const commands[] = { "ExecStart", "ExecReload" };
        const struct manifest_setting *watchdog = service_find_setting(s, "WatchdogSec");
        const char *type = manifest_get(s, "Type");

        if (watchdog && !(type && str_eq(type, "notify")))
                return fault_set(f, -EINVAL,
                                 "%s:%u: WatchdogSec= needs Type=notify, or nobody hears the program",
                                 b->file, watchdog->line);
        for (size_t i = 0; i < ELEMENTSOF(commands) && s->sandbox.root == ROOT_BUNDLE; i++) {
                const struct manifest_setting *c = service_find_setting(s, commands[i]);

                if (c && !str_has_prefix(c->value, COMMAND_BUNDLE_PREFIX))
                        return fault_set(
                                f, -EINVAL,
                                "%s:%u: %s= is below /usr, which Root=bundle leaves out; use a program of "
                                "the bundle or Root=usr",
                                b->file, c->line, commands[i]);
        }
        return 0;
}

/* Two services of a bundle are two dynamic users; systemd would give one directory to each in turn. */
static int build_check_directories(const struct builder *b, struct fault *f)
{
        static const char *const keys[] = { "StateDirectory", "CacheDirectory", "RuntimeDirectory" };

        for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
                const struct service *owner = NULL;

                for (size_t i = 0; i < b->m->n_services; i++) {
                        const struct service *s = b->m->services + i;
                        const struct manifest_setting *d = service_find_setting(s, keys[k]);

                        if (!d || !str_eq(d->value, "yes"))
                                continue;
                        if (owner)
                                return fault_set(
                                        f, -EINVAL,
                                        "%s:%u: %s=yes stands in [Service %s] already; one service of a "
                                        "bundle can have it",
                                        b->file, d->line, keys[k], owner->name);
                        owner = s;
                }
        }
        return 0;
}

int manifest_build(struct manifest *m, struct manifest_sections *s, const char *file, struct fault *f)
{
        struct builder b = { .m = m, .file = file };
        int r;

        r = build_arrays(&b, s, f);
        if (r < 0)
                return r;
        r = build_match_sandboxes(&b, s, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < m->n_sockets; i++) {
                r = build_check_socket(&b, m->sockets + i, f);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < m->n_services; i++) {
                r = build_sandbox(&b, m->services + i, f);
                if (r < 0)
                        return r;
                r = build_check_service(&b, m->services + i, f);
                if (r < 0)
                        return r;
        }
        return build_check_directories(&b, f);
}
