/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sockets of a release. What they have in common with its timers is in wakes.c. */

#include "unitd/sockets.h"

#include "facts/dropin.h"
#include "unitd/wakes.h"

static int socket_hold(struct units *l, const struct manifest *m, const struct socket_unit *s,
                       const struct unitd_request *q, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(WAKES_BYTES_MAX);
        char socket[UNIT_NAME_SIZE];
        char taker[NAME_SIZE];
        struct wake *w;
        int r;

        dropin_socket_name(m->place, s->name, socket);
        r = dropin_write_socket(m, s, &b, f);
        if (r < 0)
                return r;
        manifest_taker(s, taker);
        return wakes_hold(l,
                          &(struct wake_wanted){ .manifest = m,
                                                 .release = q,
                                                 .held = socket,
                                                 .service = taker,
                                                 .serves = s->proxy ? s->service : "",
                                                 .text = &b },
                          &w, f);
}

bool sockets_has(const struct effective *e, const char *held)
{
        char socket[UNIT_NAME_SIZE];

        for (size_t i = 0; i < e->n; i++)
                for (size_t k = 0; k < e->items[i]->n_sockets; k++) {
                        dropin_socket_name(e->items[i]->place, e->items[i]->sockets[k].name, socket);
                        if (str_eq(socket, held))
                                return true;
                }
        return false;
}

int sockets_hold(struct units *l, const struct manifest *m, const struct unitd_request *q, struct fault *f)
{
        for (size_t i = 0; i < m->n_sockets; i++) {
                int r;

                r = socket_hold(l, m, m->sockets + i, q, f);
                if (r < 0)
                        return r;
        }
        return 0;
}
