/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes and removes private listeners. Their names come from a unit's own, so that nothing about them has to
 * be remembered: what a unit has stands in its drop-in. */

#include "unitd/listeners.h"

#include "facts/dropin.h"
#include "ground/io.h"

#define PREFIX "Sockets=sealift-probe."

/* "sealift-<place>.<service>@<version>-<digest12>-<n>.service" */
static unsigned unit_number(const char *unit)
{
        const char *dash = strrchr(unit, '-');

        return dash ? (unsigned)strtoul(dash + 1, NULL, 10) : 0;
}

static bool is_listed(const struct listeners *x, const char *socket)
{
        for (size_t i = 0; i < x->n; i++)
                if (str_eq(x->sockets[i]->name, socket))
                        return true;
        return false;
}

static const struct socket_unit *find_socket(const struct manifest *m, const char *name)
{
        for (size_t i = 0; i < m->n_sockets; i++)
                if (str_eq(m->sockets[i].name, name))
                        return m->sockets + i;
        return NULL;
}

size_t listeners_name(struct listeners *x, const struct manifest *m, const struct service *s,
                      const struct unitd_request *q, const char *unit)
{
        x->n = 0;
        for (size_t i = 0; s->task == TASK_NONE && i < m->n_probes; i++) {
                const struct health_probe *p = m->probes + i;
                const struct socket_unit *socket = *p->socket ? find_socket(m, p->socket) : NULL;

                if (!socket || !str_eq(p->service, s->name) || is_listed(x, p->socket) ||
                    x->n >= LISTENERS_MAX)
                        continue;
                x->sockets[x->n] = socket;
                dropin_listener_name(m->place, socket->name, q->digest, unit_number(unit), x->names[x->n]);
                x->list[x->n] = x->names[x->n];
                x->n++;
        }
        return x->n;
}

int listeners_install(struct units *l, const struct listeners *x, const struct manifest *m, const char *unit,
                      struct fault *f)
{
        for (size_t i = 0; i < x->n; i++) {
                _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);
                int r;

                r = dropin_write_listener(m, x->sockets[i], x->names[i], unit, &b, f);
                if (r >= 0)
                        r = io_replace_file_at(l->dropins_fd, x->names[i], b.data, b.len, 0644, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int listener_remove(struct units *l, const char *name)
{
        struct fault ignored;
        int r;

        if (strchr(name, '/') || !str_has_suffix(name, ".socket"))
                return 0;
        r = manager_run(MANAGER_JOB_STOP, name, &ignored);
        if (r < 0)
                return r;
        return unlinkat(l->dropins_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int listeners_remove(struct units *l, int dropin_fd)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        char *rest, *line;
        size_t len;
        int r;

        r = io_read_file_at(dropin_fd, DROPIN_NAME, DROPIN_BYTES_MAX, &text, &len, &ignored);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        rest = text;
        while (r >= 0 && (line = strsep(&rest, "\n")))
                if (str_has_prefix(line, PREFIX))
                        r = listener_remove(l, line + STRLEN("Sockets="));
        return r;
}

int listeners_path(const struct manifest *m, const char *socket, const struct unit *u,
                   char ret[static DROPIN_LISTENER_PATH_SIZE])
{
        char name[UNIT_NAME_SIZE];

        dropin_listener_name(m->place, socket, u->record.digest, unit_number(u->record.unit), name);
        return dropin_listener_path(name, ret);
}
