/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Sandbox NAME]: from lines to what a service asks for. Pure. */

#include "facts/capability.h"
#include "facts/manifest_parts.h"
#include "ground/text.h"

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

static int sandbox_set_network(struct sandbox *x, const struct manifest_setting *s)
{
        static const char *const networks[] = {
                [NETWORK_NONE] = "none",         [NETWORK_SOCKET] = "socket", [NETWORK_BUNDLE] = "bundle",
                [NETWORK_OUTBOUND] = "outbound", [NETWORK_BIND] = "bind",
        };

        for (size_t n = 0; n < ELEMENTSOF(networks); n++)
                if (str_eq(networks[n], s->value)) {
                        x->network = (enum network)n;
                        return 0;
                }
        return -EINVAL;
}

static int sandbox_set_root(struct sandbox *x, const struct manifest_setting *s)
{
        x->root = str_eq(s->value, "bundle") ? ROOT_BUNDLE : ROOT_HOST_USR;
        return 0;
}

static int sandbox_add_capability(struct sandbox *x, const struct manifest_setting *s)
{
        struct fault ignored;
        uint64_t bit;
        int r;

        r = capability_find(s->value, &bit, &ignored);
        if (r >= 0)
                x->capabilities |= bit;
        return r;
}

static int sandbox_set_write_execute(struct sandbox *x, const struct manifest_setting *s)
{
        x->write_execute = str_eq(s->value, "yes");
        return 0;
}

static int sandbox_set_user_namespaces(struct sandbox *x, const struct manifest_setting *s)
{
        x->user_namespaces = str_eq(s->value, "yes");
        return 0;
}

static int sandbox_set_user(struct sandbox *x, const struct manifest_setting *s)
{
        return text_copy(x->user, sizeof(x->user), s->value);
}

/* Whoever needs the other keys reads them where they stand. */
static const struct {
        const char *key;
        int (*set)(struct sandbox *x, const struct manifest_setting *s);
} setters[] = {
        { "Network", sandbox_set_network },
        { "Bind", sandbox_add_bind },
        { "Outbound", sandbox_add_address },
        { "Root", sandbox_set_root },
        { "Capability", sandbox_add_capability },
        { "WriteExecute", sandbox_set_write_execute },
        { "UserNamespaces", sandbox_set_user_namespaces },
        { "User", sandbox_set_user },
};

static int sandbox_read(struct sandbox *x)
{
        int r = 0;

        for (size_t i = 0; i < x->n_settings && r >= 0; i++)
                for (size_t n = 0; n < ELEMENTSOF(setters) && r >= 0; n++)
                        if (str_eq(x->settings[i].directive->key, setters[n].key))
                                r = setters[n].set(x, x->settings + i);
        return r;
}

/* Each Network= with what it needs and what it cannot have: what would be ignored is an error, or a reader
 * of the manifest would believe in it. */
static const char *sandbox_fault(const struct sandbox *x, bool socket, bool proxy)
{
        const char *wrong = NULL;

        if (proxy && x->network != NETWORK_BUNDLE)
                wrong = "a [Socket] with Proxy= is for it, whose other end is the bundle's own network; "
                        "write "
                        "Network=bundle, or nothing";
        else if (x->network == NETWORK_NONE && socket)
                wrong = "Network=none, but a [Socket] is handed to it; write Network=socket, or nothing";
        else if (x->network == NETWORK_SOCKET && !socket)
                wrong = "Network=socket, but no [Socket] is for this service; add one";
        else if (x->network == NETWORK_BIND && x->n_binds == 0)
                wrong = "Network=bind without a port; add Bind=tcp:PORT";
        else if (x->network != NETWORK_BIND && x->n_binds > 0)
                wrong = "Bind= without Network=bind; add it, or better use a [Socket] section";
        else if (x->network == NETWORK_OUTBOUND && x->n_addresses == 0)
                wrong = "Network=outbound without an address; add Outbound=ADDRESS/BITS or Outbound=any";
        else if (x->network < NETWORK_OUTBOUND && x->n_addresses > 0)
                wrong = "Outbound= without Network=outbound; add it";
        return wrong;
}

/* Strictest first: a service that is handed its socket needs no network at all. */
static enum network sandbox_default(bool socket, bool proxy)
{
        if (proxy)
                return NETWORK_BUNDLE;
        return socket ? NETWORK_SOCKET : NETWORK_NONE;
}

int manifest_build_sandbox(const struct manifest *m, struct service *s, struct manifest_section *section,
                           const char *file, struct fault *f)
{
        bool socket = manifest_has_socket(m, s->name), proxy = manifest_has_proxy(m, s->name);
        struct sandbox *x = &s->sandbox;
        const char *wrong;
        int r;

        x->network = sandbox_default(socket, proxy);
        if (section) {
                x->settings = TAKE_PTR(section->settings);
                x->n_settings = section->n_settings;
                section->n_settings = 0;
                r = sandbox_read(x);
                if (r < 0)
                        return r;
        }
        wrong = sandbox_fault(x, socket, proxy);
        if (!wrong)
                return 0;
        return fault_set(f, -EINVAL, "%s:%u: [%s %s]: %s", file, section ? section->line : s->line,
                         section ? "Sandbox" : "Service", s->name, wrong);
}
