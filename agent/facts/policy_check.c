/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a manifest asks for, held against what this host grants. Pure; the manifest is not root's, and any
 * key of a sandbox that is not known here is refused. */

#include "facts/policy_parts.h"

#include <arpa/inet.h>

#include "ground/buffer.h"

/* want's text, as a manifest writes it and as the policy would. */
struct request {
        struct policy_line want;
        const char *where, *name; /* "service", "main" */
        const char *asked;        /* "Bind=tcp:8080", "ListenStream=8080" */
        const char *line;         /* what to add: "Bind=tcp:8080", "Listen=tcp:8080" */
};

static bool same_covers(const struct policy_line *l, const struct policy_line *want)
{
        return str_eq(l->value, want->value);
}

/* That path, and everything below it. */
static bool path_covers(const struct policy_line *l, const struct policy_line *want)
{
        size_t n = strlen(l->value);

        return strncmp(l->value, want->value, n) == 0 && (want->value[n] == '\0' || want->value[n] == '/');
}

static bool ports_cover(const struct policy_line *l, const struct policy_line *want)
{
        return address_ports_cover(&l->ports, &want->ports);
}

static bool address_is_covered(const struct policy_line *l, const struct policy_line *want)
{
        return address_covers(&l->address, &want->address);
}

static bool listener_is_covered(const struct policy_line *l, const struct policy_line *want)
{
        return address_is_covered(l, want) && ports_cover(l, want);
}

static bool (*const covers[])(const struct policy_line *l, const struct policy_line *want) = {
        [POLICY_BIND] = ports_cover,
        [POLICY_OUTBOUND] = address_is_covered,
        [POLICY_LISTEN] = listener_is_covered,
        [POLICY_CAPABILITY] = same_covers,
        [POLICY_WRITE_EXECUTE] = same_covers,
        [POLICY_SYSTEM_CALLS] = same_covers,
        [POLICY_DEVICE] = same_covers,
        [POLICY_HOST_PATH] = path_covers,
        [POLICY_USER_NAMESPACES] = same_covers,
        [POLICY_USER] = same_covers,
};

/* Two services may ask for the same. */
static int add_missing(struct buffer *missing, const char *line)
{
        size_t n = strlen(line);

        for (const char *at = missing->data; at && (at = strstr(at, line)); at += n)
                if (at[n] == '\n') /* no line is the end of another: a key is in none of the values */
                        return 0;
        return buffer_printf(missing, "%s\n", line);
}

static int check_request(const struct policy *p, const struct manifest *m, const struct request *q,
                         struct fault *f)
{
        size_t i = 0;

        for (const struct policy_line *l; (l = policy_next(p, m->name, q->want.kind, &i));)
                if (covers[l->kind](l, &q->want))
                        return 0;
        if (p->missing)
                return add_missing(p->missing, q->line);
        return fault_set(
                f, -EPERM,
                "bundle %s, %s %s: %s is not granted; if you agree add to /etc/sealift/policy.d/%s.conf: "
                "[Policy %s] %s",
                m->name, q->where, q->name, q->asked, m->name, m->name, q->line);
}

static int check_binds(const struct policy *p, const struct manifest *m, const struct service *s,
                       struct fault *f)
{
        char text[128];
        struct request q = { .where = "service", .name = s->name, .asked = text, .line = text };
        int r = 0;

        for (size_t i = 0; i < s->sandbox.n_binds && r >= 0; i++) {
                const struct bind_request *b = s->sandbox.binds + i;

                (void)snprintf(text, sizeof(text), "Bind=%s:%u",
                               b->transport == TRANSPORT_UDP ? "udp" : "tcp", b->port);
                q.want = (struct policy_line){ .kind = POLICY_BIND,
                                               .ports = { b->transport, b->port, b->port } };
                r = check_request(p, m, &q, f);
        }
        return r;
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

static int check_addresses(const struct policy *p, const struct manifest *m, const struct service *s,
                           struct fault *f)
{
        char text[128];
        struct request q = { .where = "service", .name = s->name, .asked = text, .line = text };
        int r = 0;

        for (size_t i = 0; i < s->sandbox.n_addresses && r >= 0; i++) {
                format_address(s->sandbox.addresses + i, text, sizeof(text));
                q.want = (struct policy_line){ .kind = POLICY_OUTBOUND,
                                               .address = s->sandbox.addresses[i].address };
                r = check_request(p, m, &q, f);
        }
        return r;
}

/* What can be asked for is a line of the policy with the same key and value. */
static int check_relaxation(const struct policy *p, const struct manifest *m, const struct service *s,
                            const struct manifest_setting *setting, struct fault *f)
{
        char text[ENTRY_PATH_SIZE + 32];
        struct request q = { .where = "service", .name = s->name, .asked = text, .line = text };

        if (str_eq(setting->value, "no"))
                return 0;
        (void)snprintf(text, sizeof(text), "%s=%s", setting->directive->key, setting->value);
        q.want.value = setting->value;
        for (q.want.kind = POLICY_CAPABILITY; q.want.kind <= POLICY_USER; q.want.kind++)
                if (str_eq(policy_key(q.want.kind), setting->directive->key))
                        return check_request(p, m, &q, f);
        return fault_set(f, -EPERM, "bundle %s, service %s: %s is nothing that a policy grants", m->name,
                         s->name, text);
}

static int check_sandbox(const struct policy *p, const struct manifest *m, const struct service *s,
                         struct fault *f)
{
        /* The first two open nothing by themselves; the others are looked at as numbers. */
        static const char *const elsewhere[] = { "Network", "Root", "Bind", "Outbound" };
        int r;

        r = check_binds(p, m, s, f);
        if (r >= 0)
                r = check_addresses(p, m, s, f);
        for (size_t i = 0; i < s->sandbox.n_settings && r >= 0; i++) {
                const struct manifest_setting *setting = s->sandbox.settings + i;
                bool seen = false;

                for (size_t k = 0; k < ELEMENTSOF(elsewhere); k++)
                        seen = seen || str_eq(setting->directive->key, elsewhere[k]);
                if (!seen)
                        r = check_relaxation(p, m, s, setting, f);
        }
        return r;
}

static int check_listener(const struct policy *p, const struct manifest *m, const struct socket_unit *s,
                          const struct manifest_setting *setting, struct fault *f)
{
        bool udp = str_eq(setting->directive->key, "ListenDatagram");
        char asked[128], line[128];
        struct request q = { .where = "socket", .name = s->name, .asked = asked, .line = line };
        uint16_t port;
        int r;

        q.want.kind = POLICY_LISTEN;
        r = address_parse_listen(setting->value, &q.want.address, &port);
        if (r < 0)
                return r;
        q.want.ports = (struct port_range){ udp ? TRANSPORT_UDP : TRANSPORT_TCP, port, port };
        (void)snprintf(asked, sizeof(asked), "%s=%s", setting->directive->key, setting->value);
        (void)snprintf(line, sizeof(line), "Listen=%s:%s", udp ? "udp" : "tcp", setting->value);
        return check_request(p, m, &q, f);
}

static int check_requests(const struct policy *p, const struct manifest *m, struct fault *f)
{
        int r;

        for (size_t i = 0; i < m->n_services; i++) {
                r = check_sandbox(p, m, m->services + i, f);
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

int policy_check(const struct policy *p, const struct manifest *m, struct fault *f)
{
        int r = check_requests(p, m, f);

        return r < 0 ? r : policy_check_exposure(p, m, f);
}

int policy_list(const struct manifest *m, struct buffer *out, struct fault *f)
{
        const struct policy nothing = { .missing = out };

        return check_requests(&nothing, m, f);
}

int policy_confinement(const struct policy *p, const char *bundle, struct confinement *ret, struct fault *f)
{
        struct confinement c = {};
        size_t i = 0;

        c.required = policy_next(p, bundle, POLICY_APPARMOR, &i);
        i = 0;
        for (const struct policy_line *l; (l = policy_next(p, bundle, POLICY_APPARMOR_PROFILE, &i));) {
                if (*c.profile && !str_eq(c.profile, l->value))
                        return fault_set(
                                f, -EINVAL,
                                "bundle %s: policy names two profiles for it, AppArmorProfile=%s and "
                                "AppArmorProfile=%s; leave one",
                                bundle, c.profile, l->value);
                (void)snprintf(c.profile, sizeof(c.profile), "%s", l->value);
        }
        *ret = c;
        return 0;
}
