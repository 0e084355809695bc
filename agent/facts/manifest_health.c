/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Health NAME]: how a service shows that it is well, and what goes together in it. Pure; every single value
 * has passed its own check before. */

#include "facts/command.h"
#include "facts/manifest_parts.h"
#include "ground/text.h"

#define SECOND UINT64_C(1000000)

/* Also where no [Health] says so. */
#define SOAK_DEFAULT_USEC (60 * SECOND)
enum { SOAK_FAILURES_DEFAULT = 3 };

static const char *probe_get(const struct health_probe *p, const char *key)
{
        return manifest_settings_get(p->settings, p->n_settings, key);
}

/* Checked against the table: what does not parse here is not there. */
static uint64_t probe_span(const struct health_probe *p, const char *key, uint64_t otherwise)
{
        const char *value = probe_get(p, key);
        uint64_t v;

        return value && text_parse_span(value, &v) >= 0 ? v : otherwise;
}

static unsigned probe_number(const struct health_probe *p, const char *key, unsigned otherwise)
{
        const char *value = probe_get(p, key);
        uint64_t v;

        return value && text_parse_u64(value, UINT16_MAX, &v) >= 0 ? (unsigned)v : otherwise;
}

/* "8080/healthz", "/healthz", "8080", "yes" */
static void probe_take_target(struct health_probe *p, const char *value)
{
        unsigned port = 0;

        for (; *value >= '0' && *value <= '9'; value++)
                port = port * 10 + (unsigned)(*value - '0');
        p->port = (uint16_t)port;
        p->subject = value;
}

static int probe_take_kind(struct health_probe *p, const char *file, struct fault *f)
{
        static const struct {
                const char *key;
                enum health_kind kind;
        } kinds[] = { { "HTTP", HEALTH_HTTP }, { "TCP", HEALTH_TCP }, { "Exec", HEALTH_EXEC } };
        unsigned n = 0;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const char *value = probe_get(p, kinds[i].key);

                if (!value)
                        continue;
                n++;
                p->kind = kinds[i].kind;
                if (p->kind == HEALTH_EXEC)
                        p->subject = value;
                else
                        probe_take_target(p, value);
        }
        return n == 1 ? 0
                      : fault_set(f, -EINVAL,
                                  "%s:%u: [Health %s] must say one of HTTP=, TCP= and Exec=", file, p->line,
                                  p->name);
}

int manifest_build_probe(struct health_probe *p, struct manifest_section *section, const char *file,
                         struct fault *f)
{
        const char *service, *socket;
        int r;

        p->line = section->line;
        p->settings = TAKE_PTR(section->settings);
        p->n_settings = section->n_settings;
        section->n_settings = 0;
        service = probe_get(p, "Service");
        socket = probe_get(p, "Socket");
        r = text_copy(p->name, sizeof(p->name), section->name);
        if (r >= 0)
                r = text_copy(p->service, sizeof(p->service), service ? service : p->name);
        if (r >= 0)
                r = text_copy(p->socket, sizeof(p->socket), socket ? socket : "");
        if (r < 0)
                return r;
        p->interval_usec = probe_span(p, "IntervalSec", 5 * SECOND);
        p->timeout_usec = probe_span(p, "TimeoutSec", 5 * SECOND);
        p->start_usec = probe_span(p, "StartSec", 60 * SECOND);
        p->successes = probe_number(p, "Successes", 2);
        p->failures = probe_number(p, "Failures", SOAK_FAILURES_DEFAULT);
        return probe_take_kind(p, file, f);
}

/* ---- rules */

static const struct socket_unit *find_socket(const struct manifest *m, const char *name)
{
        for (size_t i = 0; i < m->n_sockets; i++)
                if (str_eq(m->sockets[i].name, name))
                        return m->sockets + i;
        return NULL;
}

static int check_socket(const struct manifest *m, const struct health_probe *p, const char *file,
                        struct fault *f)
{
        const struct socket_unit *s = find_socket(m, p->socket);
        const char *input = manifest_get(manifest_find_service(m, p->service), "StandardInput");

        if (p->kind == HEALTH_EXEC || p->port != 0)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s]: Socket= goes with HTTP=/PATH or TCP=yes, without a "
                                 "port",
                                 file, p->line, p->name);
        if (!s || !str_eq(s->service, p->service) || s->proxy || !manifest_get_socket(s, "ListenStream"))
                return fault_set(f, -EINVAL,
                                 "%s:%u: Socket=%s: must be a [Socket] with ListenStream= that the service "
                                 "'%s' takes itself",
                                 file, p->line, p->socket, p->service);
        if (input && str_eq(input, "socket"))
                return fault_set(f, -EINVAL,
                                 "%s:%u: Socket=%s: with StandardInput=socket the service can have that "
                                 "one socket only; use Exec=",
                                 file, p->line, p->socket);
        return 0;
}

static int check_port(const struct manifest *m, const struct health_probe *p, const char *file,
                      struct fault *f)
{
        const struct service *s = manifest_find_service(m, p->service);

        if (p->port == 0)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s] names no port; add one, or Socket= for a service that "
                                 "systemd gives its sockets to",
                                 file, p->line, p->name);
        if (s->sandbox.network != NETWORK_BUNDLE && s->sandbox.network != NETWORK_BIND)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s]: the service '%s' can listen on no port; it needs "
                                 "Network=bundle or bind, or Socket= here",
                                 file, p->line, p->name, p->service);
        return 0;
}

static int check_program(const struct manifest *m, const struct health_probe *p, const char *file,
                         struct fault *f)
{
        const struct service *s = manifest_find_service(m, p->service);

        if (s->sandbox.root == ROOT_BUNDLE && !str_has_prefix(p->subject, COMMAND_BUNDLE_PREFIX))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s]: Exec= is below /usr, which Root=bundle leaves out; "
                                 "use a program of the bundle",
                                 file, p->line, p->name);
        return 0;
}

static int check_probe(const struct manifest *m, const struct health_probe *p, const char *file,
                       struct fault *f)
{
        if (!manifest_find_service(m, p->service))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s] is for the service '%s', which is not here; set "
                                 "Service=",
                                 file, p->line, p->name, p->service);
        if (manifest_find_timer(m, p->service))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Health %s]: the service '%s' is a job of a [Timer], and mostly "
                                 "does not run",
                                 file, p->line, p->name, p->service);
        if (strlen(p->name) + STRLEN(MANIFEST_PROBE_SUFFIX) >= NAME_SIZE)
                return fault_set(f, -EINVAL, "%s:%u: [Health %s]: its name has %d characters at most", file,
                                 p->line, p->name, (int)(NAME_SIZE - 1 - STRLEN(MANIFEST_PROBE_SUFFIX)));
        if (*p->socket)
                return check_socket(m, p, file, f);
        return p->kind == HEALTH_EXEC ? check_program(m, p, file, f) : check_port(m, p, file, f);
}

int manifest_check_probes(const struct manifest *m, const char *file, struct fault *f)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < m->n_probes; i++)
                r = check_probe(m, m->probes + i, file, f);
        return r;
}

/* ---- questions */

const struct health_probe *manifest_find_probe(const struct manifest *m, const char *name)
{
        for (size_t i = 0; i < m->n_probes; i++)
                if (str_eq(m->probes[i].name, name))
                        return m->probes + i;
        return NULL;
}

bool manifest_ask_alike(const struct manifest *a, const struct manifest *b, const char *name)
{
        const struct health_probe *p = manifest_find_probe(a, name), *q = manifest_find_probe(b, name);

        return p && q && p->kind == q->kind && p->port == q->port && str_eq(p->service, q->service) &&
               str_eq(p->socket, q->socket) &&
               str_eq(p->subject ? p->subject : "", q->subject ? q->subject : "");
}

uint64_t manifest_soak_usec(const struct manifest *m)
{
        const char *value = manifest_get_bundle(m, "SoakSec");
        uint64_t v;

        return value && text_parse_span(value, &v) >= 0 ? v : SOAK_DEFAULT_USEC;
}

unsigned manifest_soak_failures(const struct manifest *m)
{
        unsigned least = m->n_probes > 0 ? UINT16_MAX : SOAK_FAILURES_DEFAULT;

        for (size_t i = 0; i < m->n_probes; i++)
                if (m->probes[i].failures < least)
                        least = m->probes[i].failures;
        return least;
}

bool manifest_has_private_listener(const struct manifest *m, const char *service)
{
        for (size_t i = 0; i < m->n_probes; i++)
                if (*m->probes[i].socket && str_eq(m->probes[i].service, service))
                        return true;
        return false;
}
