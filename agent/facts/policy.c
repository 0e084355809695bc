/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What this host grants, from its files to lines. Pure; the files are root's. Grants only ever add up: a
 * section that matches cannot take away what another one gave, so that nobody has to know the order of files
 * to know the answer.
 *
 *     [Policy web-*]
 *     Bind=tcp:1024-65535           ports a program may open itself
 *     Outbound=192.0.2.0/24         addresses it may connect to; any
 *     Listen=tcp:8080               what systemd may listen on for it, at any address
 *     Listen=tcp:127.0.0.1:8080     at this one; a prefix stands for its addresses; [IPv6] in brackets
 *     Capability=CAP_NET_RAW        and the other keys of a manifest's [Sandbox], as they stand there
 *     MaxExposure=1.0               no grant but a limit: the lowest of all that match counts
 *     AppArmor=required             no service without
 *     AppArmorProfile=NAME          a site's own */

#include "facts/policy_parts.h"

#include "facts/directives.h"
#include "facts/exposure.h"
#include "facts/ini.h"
#include "ground/text.h"

enum {
        /* Written by hand; every request of every manifest is held against all of them. */
        POLICY_LINES_MAX = 4096,
};

int policy_new(struct policy **ret)
{
        struct policy *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

static void policy_cut(struct policy *p, size_t n)
{
        while (p->n_lines > n)
                free(p->lines[--p->n_lines].value);
}

struct policy *policy_free(struct policy *p)
{
        if (p) {
                policy_cut(p, 0);
                free(p->lines);
        }
        free(p);
        return NULL;
}

static int parse_bind(const char *s, struct policy_line *l)
{
        return address_parse_ports(s, &l->ports);
}

static int parse_outbound(const char *s, struct policy_line *l)
{
        return address_parse(s, &l->address);
}

/* "tcp:8080", "tcp:192.0.2.0/24:8080", "udp:[::1]:53-54" */
static int parse_listen(const char *s, struct policy_line *l)
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
        r = address_parse_ports(ports, &l->ports);
        s += transport;
        if (r < 0 || s > colon) /* no address: every one, which is what l says already */
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
        r = address_parse(host, &l->address);
        if (r >= 0)
                address_widen(&l->address);
        return r;
}

static int parse_exposure(const char *s, struct policy_line *l)
{
        return exposure_parse(s, &l->tenths);
}

static int parse_apparmor(const char *s, struct policy_line *l)
{
        (void)l;
        return str_eq(s, "required") ? 0 : -EINVAL;
}

static int parse_apparmor_profile(const char *s, struct policy_line *l)
{
        (void)l;
        return profile_name_valid(s) ? 0 : -EINVAL;
}

static const struct key {
        const char *key;
        int (*parse)(const char *s, struct policy_line *l); /* NULL: as in a manifest's [Sandbox] */
        const char *want;
} keys[] = {
        [POLICY_BIND] = { "Bind", parse_bind, "tcp:PORT, udp:PORT or tcp:FIRST-LAST" },
        [POLICY_OUTBOUND] = { "Outbound", parse_outbound,
                              "an address, ADDRESS/BITS with all other bits zero, or any" },
        [POLICY_LISTEN] = { "Listen", parse_listen,
                            "tcp:PORT or tcp:ADDRESS:PORT, IPv6 addresses in [brackets]" },
        [POLICY_CAPABILITY] = { .key = "Capability" },
        [POLICY_WRITE_EXECUTE] = { .key = "WriteExecute" },
        [POLICY_SYSTEM_CALLS] = { .key = "SystemCalls" },
        [POLICY_DEVICE] = { .key = "Device" },
        [POLICY_HOST_PATH] = { .key = "HostPath" },
        [POLICY_USER_NAMESPACES] = { .key = "UserNamespaces" },
        [POLICY_USER] = { .key = "User" },
        [POLICY_MAX_EXPOSURE] = { "MaxExposure", parse_exposure, "a figure from 0.0 to 10.0, such as 1.0" },
        [POLICY_APPARMOR] = { "AppArmor", parse_apparmor, "required" },
        [POLICY_APPARMOR_PROFILE] = { "AppArmorProfile", parse_apparmor_profile,
                                      "a profile's name: letters, digits and . _ -, a letter first" },
};
_Static_assert(ELEMENTSOF(keys) == POLICY_KIND_MAX, "every kind has a key");

const char *policy_key(enum policy_kind kind)
{
        return keys[kind].key;
}

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

static int find_kind(const struct ini_item *item, const char *file, enum policy_kind *ret, struct fault *f)
{
        const char *words[POLICY_KIND_MAX], *near;

        for (size_t i = 0; i < POLICY_KIND_MAX; i++) {
                words[i] = keys[i].key;
                if (str_eq(words[i], item->key)) {
                        *ret = (enum policy_kind)i;
                        return 0;
                }
        }
        near = text_nearest(item->key, words, POLICY_KIND_MAX);
        return fault_set(f, -EINVAL, "%s:%u: unknown key '%s' in [Policy %s]%s%s%s", file, item->line,
                         item->key, item->name, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "; see sealift-policy.d(5)");
}

/* A grant is what a manifest may ask for, word by word; but "no" is no grant, nor does it take one away. */
static int check_as_request(const struct ini_item *item, struct fault *f)
{
        const struct directive *d;
        int r;

        r = directive_find(SECTION_SANDBOX, "[Sandbox]", item->key, &d, f);
        if (r >= 0)
                r = directive_check(d, item->value, f);
        if (r >= 0 && str_eq(item->value, "no"))
                return fault_set(f, -EINVAL, "%s=no: must be yes, or not be there: grants only add up",
                                 item->key);
        return r;
}

static int parse_value(const struct ini_item *item, const char *file, struct policy_line *l, struct fault *f)
{
        const struct key *key = keys + l->kind;

        if (!key->parse) {
                if (check_as_request(item, f) < 0)
                        return fault_prefix(f, "%s:%u", file, item->line);
        } else if (key->parse(item->value, l) < 0)
                return fault_set(f, -EINVAL, "%s:%u: %s=%s: must be %s", file, item->line, item->key,
                                 item->value, key->want);
        return 0;
}

static int add_line(struct policy *p, const struct ini_item *item, const char *file, struct fault *f)
{
        struct policy_line *lines, l = {};
        int r;

        r = find_kind(item, file, &l.kind, f);
        if (r >= 0)
                r = parse_value(item, file, &l, f);
        if (r >= 0)
                r = text_copy(l.glob, sizeof(l.glob), item->name);
        if (r < 0)
                return r;
        if (p->n_lines >= POLICY_LINES_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d grants in one policy", file, item->line,
                                 POLICY_LINES_MAX);
        lines = reallocarray(p->lines, p->n_lines + 1, sizeof(*lines));
        if (!lines)
                return -ENOMEM;
        p->lines = lines;
        l.value = strdup(item->value);
        if (!l.value)
                return -ENOMEM;
        lines[p->n_lines++] = l;
        return 0;
}

int policy_parse(struct policy *p, const char *text, size_t len, const char *file, struct fault *f)
{
        size_t before = p->n_lines;
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
                        r = add_line(p, &item, file, f);
                if (r < 0)
                        break;
        }
        if (r < 0)
                policy_cut(p, before);
        return r;
}

const struct policy_line *policy_next(const struct policy *p, const char *bundle, enum policy_kind kind,
                                      size_t *i)
{
        while (*i < p->n_lines) {
                const struct policy_line *l = p->lines + (*i)++;

                if (l->kind == kind && text_glob(l->glob, bundle))
                        return l;
        }
        return NULL;
}
