/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What this host grants, held against what a manifest asks for. Pure; the files are root's, the manifest is
 * not. Grants only ever add up: a section that matches cannot take away what another one gave, so that
 * nobody has to know the order of files to know the answer.
 *
 *     [Policy web-*]
 *     Bind=tcp:1024-65535           ports a program may open itself
 *     Outbound=192.0.2.0/24         addresses it may connect to; any
 *     Listen=tcp:8080               what systemd may listen on for it, at any address
 *     Listen=tcp:127.0.0.1:8080     at this one; a prefix stands for its addresses; [IPv6] in brackets */

#include "facts/policy.h"

#include <arpa/inet.h>

#include "facts/ini.h"
#include "ground/text.h"

enum {
        /* Written by hand; every request of every manifest is held against all of them. */
        POLICY_GRANTS_MAX = 4096,
};

enum grant_kind { GRANT_BIND, GRANT_OUTBOUND, GRANT_LISTEN, GRANT_MAX };

struct grant {
        char glob[NAME_SIZE];
        enum grant_kind kind;
        struct address address;  /* outbound, listen */
        struct port_range ports; /* bind, listen */
};

struct policy {
        struct grant *grants; /* owned */
        size_t n_grants;
};

int policy_new(struct policy **ret)
{
        struct policy *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

struct policy *policy_free(struct policy *p)
{
        if (p)
                free(p->grants);
        free(p);
        return NULL;
}

/* ---- reading */

static int parse_bind(const char *s, struct grant *g)
{
        return address_parse_ports(s, &g->ports);
}

static int parse_outbound(const char *s, struct grant *g)
{
        return address_parse(s, &g->address);
}

/* "tcp:8080", "tcp:192.0.2.0/24:8080", "udp:[::1]:53-54" */
static int parse_listen(const char *s, struct grant *g)
{
        size_t transport = STRLEN("tcp:");
        const char *colon = strrchr(s, ':');
        char host[64], ports[32];
        size_t n;
        int r;

        if (strlen(s) < transport || (!str_has_prefix(s, "tcp:") && !str_has_prefix(s, "udp:")))
                return -EINVAL;
        if ((size_t)snprintf(ports, sizeof(ports), "%.4s%s", s, colon + 1) >= sizeof(ports))
                return -EINVAL;
        r = address_parse_ports(ports, &g->ports);
        s += transport;
        if (r < 0 || s > colon) /* no address: every one, which is what g says already */
                return r;
        n = (size_t)(colon - s);
        if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
                s++;
                n -= 2;
        } else if (memchr(s, ':', n))
                return -EINVAL;
        if (n >= sizeof(host))
                return -EINVAL;
        memcpy(host, s, n);
        host[n] = '\0';
        return address_parse(host, &g->address);
}

static const struct grant_key {
        const char *key;
        int (*parse)(const char *s, struct grant *g);
        const char *want;
} grant_keys[] = {
        [GRANT_BIND] = { "Bind", parse_bind, "tcp:PORT, udp:PORT or tcp:FIRST-LAST" },
        [GRANT_OUTBOUND] = { "Outbound", parse_outbound,
                             "an address, ADDRESS/BITS with all other bits zero, or any" },
        [GRANT_LISTEN] = { "Listen", parse_listen,
                           "tcp:PORT or tcp:ADDRESS:PORT, IPv6 addresses in [brackets]" },
};
_Static_assert(ELEMENTSOF(grant_keys) == GRANT_MAX, "every grant has a key");

static bool glob_valid(const char *s)
{
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-*?");

        return n > 0 && n < NAME_SIZE && s[n] == '\0';
}

static int check_section(const struct ini_item *item, const char *file, struct fault *f)
{
        if (!str_eq(item->section, "Policy"))
                return fault_set(f, -EINVAL,
                                 "%s:%u: unknown section [%s]; a policy has [Policy BUNDLE] only", file,
                                 item->line, item->section);
        if (!glob_valid(item->name))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Policy %s]: must name a bundle, or bundles with * and ?, [Policy "
                                 "*] for all",
                                 file, item->line, item->name);
        return 0;
}

static int add_grant(struct policy *p, const struct ini_item *item, const char *file, struct fault *f)
{
        const char *keys[GRANT_MAX], *near;
        struct grant *grants, g = {};

        while (g.kind < GRANT_MAX && !str_eq(grant_keys[g.kind].key, item->key)) {
                keys[g.kind] = grant_keys[g.kind].key;
                g.kind++;
        }
        if (g.kind == GRANT_MAX) {
                near = text_nearest(item->key, keys, GRANT_MAX);
                return fault_set(f, -EINVAL, "%s:%u: unknown key '%s' in [Policy %s]%s%s%s", file,
                                 item->line, item->key, item->name, near ? "; did you mean '" : "",
                                 near ? near : "", near ? "'?" : "; see sealift-policy.d(5)");
        }
        if (grant_keys[g.kind].parse(item->value, &g) < 0)
                return fault_set(f, -EINVAL, "%s:%u: %s=%s: must be %s", file, item->line, item->key,
                                 item->value, grant_keys[g.kind].want);
        if (p->n_grants >= POLICY_GRANTS_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d grants in one policy", file, item->line,
                                 POLICY_GRANTS_MAX);
        grants = reallocarray(p->grants, p->n_grants + 1, sizeof(*grants));
        if (!grants)
                return -ENOMEM;
        p->grants = grants;
        grants[p->n_grants++] = g;
        return text_copy(grants[p->n_grants - 1].glob, NAME_SIZE, item->name);
}

int policy_parse(struct policy *p, const char *text, size_t len, const char *file, struct fault *f)
{
        size_t before = p->n_grants;
        struct ini_item item;
        struct ini i;
        int r;

        if (len > CONFIG_BYTES_MAX)
                return fault_set(f, -EFBIG, "%s: is larger than a policy can be (1M)", file);
        ini_open(&i, text, len, file);
        while ((r = ini_next(&i, &item, f)) > 0) {
                if (item.kind == INI_SECTION)
                        r = check_section(&item, file, f);
                else
                        r = add_grant(p, &item, file, f);
                if (r < 0)
                        break;
        }
        if (r < 0)
                p->n_grants = before;
        return r;
}

/* ---- asking */

static bool grant_covers(const struct grant *g, const struct grant *want)
{
        if (g->kind != want->kind)
                return false;
        if (g->kind != GRANT_BIND && !address_covers(&g->address, &want->address))
                return false;
        return g->kind == GRANT_OUTBOUND || address_ports_cover(&g->ports, &want->ports);
}

/* want's text, as a manifest writes it and as the policy would. */
struct request {
        struct grant want;
        const char *where, *name; /* "service", "main" */
        const char *asked;        /* "Bind=tcp:8080", "ListenStream=8080" */
        const char *line;         /* what to add: "Bind=tcp:8080", "Listen=tcp:8080" */
};

static int check_request(const struct policy *p, const struct manifest *m, const struct request *q,
                         struct fault *f)
{
        for (size_t i = 0; i < p->n_grants; i++)
                if (text_glob(p->grants[i].glob, m->name) && grant_covers(p->grants + i, &q->want))
                        return 0;
        return fault_set(
                f, -EPERM,
                "bundle %s, %s %s: %s is not granted; if you agree add to /etc/sealift/policy.d/%s.conf: "
                "[Policy %s] %s",
                m->name, q->where, q->name, q->asked, m->name, m->name, q->line);
}

static void format_address(const struct address_request *a, char *out, size_t size)
{
        char text[INET6_ADDRSTRLEN];

        if (a->address.family == AF_UNSPEC) {
                (void)snprintf(out, size, "Outbound=any");
                return;
        }
        (void)snprintf(out, size, "Outbound=%s/%u",
                       inet_ntop(a->address.family, a->address.bytes, text, sizeof(text)),
                       a->address.prefix);
}

static int check_sandbox(const struct policy *p, const struct manifest *m, const struct service *s,
                         struct fault *f)
{
        char text[128];
        struct request q = { .where = "service", .name = s->name, .asked = text, .line = text };
        int r;

        for (size_t i = 0; i < s->sandbox.n_binds; i++) {
                const struct bind_request *b = s->sandbox.binds + i;

                (void)snprintf(text, sizeof(text), "Bind=%s:%u",
                               b->transport == TRANSPORT_UDP ? "udp" : "tcp", b->port);
                q.want = (struct grant){ .kind = GRANT_BIND, .ports = { b->transport, b->port, b->port } };
                r = check_request(p, m, &q, f);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < s->sandbox.n_addresses; i++) {
                format_address(s->sandbox.addresses + i, text, sizeof(text));
                q.want =
                        (struct grant){ .kind = GRANT_OUTBOUND, .address = s->sandbox.addresses[i].address };
                r = check_request(p, m, &q, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* What no key of a policy grants yet. */
static int check_requests(const struct policy *p, const struct manifest *m, const struct service *s,
                          struct fault *f)
{
        static const char *const free_of_charge[] = { "Network", "Bind", "Outbound", "Root" };

        for (size_t i = 0; i < s->sandbox.n_settings; i++) {
                const struct manifest_setting *setting = s->sandbox.settings + i;
                bool granted = false;

                for (size_t k = 0; k < ELEMENTSOF(free_of_charge); k++)
                        granted = granted || str_eq(setting->directive->key, free_of_charge[k]);
                if (!granted)
                        return fault_set(f, -EPERM, "bundle %s, service %s: %s=%s is not granted", m->name,
                                         s->name, setting->directive->key, setting->value);
        }
        return 0;
}

static int check_listener(const struct policy *p, const struct manifest *m, const struct socket_unit *s,
                          const struct manifest_setting *setting, struct fault *f)
{
        bool udp = str_eq(setting->directive->key, "ListenDatagram");
        char asked[128], line[128];
        struct request q = { .where = "socket", .name = s->name, .asked = asked, .line = line };
        uint16_t port;
        int r;

        q.want.kind = GRANT_LISTEN;
        r = address_parse_listen(setting->value, &q.want.address, &port);
        if (r < 0)
                return r;
        q.want.ports = (struct port_range){ udp ? TRANSPORT_UDP : TRANSPORT_TCP, port, port };
        (void)snprintf(asked, sizeof(asked), "%s=%s", setting->directive->key, setting->value);
        (void)snprintf(line, sizeof(line), "Listen=%s:%s", udp ? "udp" : "tcp", setting->value);
        return check_request(p, m, &q, f);
}

int policy_check(const struct policy *p, const struct manifest *m, struct fault *f)
{
        int r;

        for (size_t i = 0; i < m->n_services; i++) {
                r = check_sandbox(p, m, m->services + i, f);
                if (r >= 0)
                        r = check_requests(p, m, m->services + i, f);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < m->n_sockets; i++)
                for (size_t j = 0; j < m->sockets[i].n_settings; j++) {
                        if (m->sockets[i].settings[j].directive->type != VALUE_LISTEN)
                                continue;
                        r = check_listener(p, m, m->sockets + i, m->sockets[i].settings + j, f);
                        if (r < 0)
                                return r;
                }
        return 0;
}
