/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What stands between a [Socket] with Proxy= and its program, as one more service of the manifest: so it is
 * behind the walls of a service, is watched, judged, shown and stopped as one, and no line of code but these
 * has to know what it is. Pure. */

#include <inttypes.h>

#include "facts/manifest_parts.h"
#include "facts/name.h"
#include "ground/text.h"

#define PROXY_WAIT    SANDBOX_LIBEXECDIR "/sealift-proxy"
#define PROXY_PROGRAM "/usr/lib/systemd/systemd-socket-proxyd"

/* systemd-socket-proxyd closes a connection at its limit, 256 by default; each one takes six descriptors:
 * its two ends, and two pipes. */
#define PROXY_CONNECTIONS "4096"
#define PROXY_DESCRIPTORS "25000"
/* One, and those that look up names, which here are none. */
#define PROXY_TASKS "16"

enum {
        PROXY_NAME_MAX = NAME_SIZE - 1 - STRLEN(MANIFEST_PROXY_SUFFIX), /* of the socket */
        PROXY_SETTINGS_MAX = 8,
        PROXY_COMMAND_SIZE = 512,
};

static int proxy_set(struct service *s, const char *key, const char *value, struct fault *f)
{
        struct manifest_setting *x = s->settings + s->n_settings;
        int r;

        r = directive_find(SECTION_SERVICE, s->name, key, &x->directive, f);
        if (r >= 0)
                r = directive_check(x->directive, value, f);
        if (r < 0)
                return r;
        x->value = strdup(value);
        if (!x->value)
                return -ENOMEM;
        x->line = s->line;
        s->n_settings++;
        return 0;
}

/* --first, since systemd-socket-proxyd counts idle time from the end of a connection only. */
static int proxy_command(const struct socket_unit *socket, char ret[static PROXY_COMMAND_SIZE])
{
        const char *idle = manifest_get_socket(socket, "ExitIdle");
        char option[64] = "";
        uint64_t usec;

        if (idle) {
                if (text_parse_span(idle, &usec) < 0)
                        return -EINVAL;
                (void)snprintf(option, sizeof(option), " --exit-idle-time=%" PRIu64 "ms", usec / 1000);
        }
        (void)snprintf(ret, PROXY_COMMAND_SIZE,
                       "%s%s -- %u %s --connections-max=" PROXY_CONNECTIONS "%s 127.0.0.1:%u", PROXY_WAIT,
                       idle ? " --first" : "", socket->proxy, PROXY_PROGRAM, option, socket->proxy);
        return 0;
}

/* It waits for its program as long as that may take to start. */
static int proxy_fill(const struct manifest *m, const struct socket_unit *socket, struct service *s,
                      struct fault *f)
{
        const char *timeout = manifest_get(manifest_find_service(m, socket->service), "TimeoutStartSec");
        char command[PROXY_COMMAND_SIZE];
        const struct {
                const char *key, *value;
        } settings[] = {
                { "ExecStart", command },     { "Type", "notify" },
                { "TasksMax", PROXY_TASKS },  { "LimitNOFILE", PROXY_DESCRIPTORS },
                { "After", socket->service }, { "TimeoutStartSec", timeout },
        };
        int r;

        _Static_assert(ELEMENTSOF(settings) <= PROXY_SETTINGS_MAX, "room for each");
        s->settings = calloc(PROXY_SETTINGS_MAX, sizeof(*s->settings));
        if (!s->settings)
                return -ENOMEM;
        r = proxy_command(socket, command);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(settings); i++)
                if (settings[i].value)
                        r = proxy_set(s, settings[i].key, settings[i].value, f);
        return r;
}

static int proxy_add(struct manifest *m, const struct socket_unit *socket, const char *file, struct fault *f)
{
        struct service *s = m->services + m->n_services++;

        if (strlen(socket->name) > PROXY_NAME_MAX)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Socket %s]: with Proxy= a name has %d characters at most", file,
                                 socket->line, socket->name, PROXY_NAME_MAX);
        manifest_taker(socket, s->name);
        s->line = socket->line;
        memcpy(s->serves, socket->service, sizeof(s->serves));
        s->sandbox.network = NETWORK_BUNDLE;
        return proxy_fill(m, socket, s, f);
}

int manifest_add_proxies(struct manifest *m, const char *file, struct fault *f)
{
        struct service *services;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; i < m->n_sockets; i++)
                n += m->sockets[i].proxy != 0;
        if (n == 0)
                return 0;
        services = reallocarray(m->services, m->n_services + n, sizeof(*services));
        if (!services)
                return -ENOMEM;
        memset(services + m->n_services, 0, n * sizeof(*services));
        m->services = services;
        for (size_t i = 0; r >= 0 && i < m->n_sockets; i++)
                if (m->sockets[i].proxy)
                        r = proxy_add(m, m->sockets + i, file, f);
        return r;
}

void manifest_taker(const struct socket_unit *s, char ret[static NAME_SIZE])
{
        if (s->proxy)
                (void)snprintf(ret, NAME_SIZE, "%.*s" MANIFEST_PROXY_SUFFIX, PROXY_NAME_MAX, s->name);
        else
                memcpy(ret, s->service, NAME_SIZE);
}

bool manifest_takes(const struct socket_unit *socket, const struct service *s)
{
        char taker[NAME_SIZE];

        manifest_taker(socket, taker);
        return str_eq(taker, s->name);
}

bool manifest_rests(const struct manifest *m, const char *service)
{
        bool idle = false;

        for (size_t i = 0; i < m->n_sockets; i++)
                if (str_eq(m->sockets[i].service, service))
                        idle = idle || manifest_get_socket(m->sockets + i, "ExitIdle");
        return idle && !manifest_has_socket(m, service);
}
