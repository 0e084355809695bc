/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/dropin.h"
#include "unitd/unit.h"

/* Private listeners: sockets that one unit of a service gets beside those that all releases share, so that
 * whoever asks after its health is answered by it and nobody else (facts/dropin.h). systemd starts them with
 * the unit that wants them; they end with it. */
enum { LISTENERS_MAX = 32 }; /* as many as a manifest has sockets */

struct listeners {
        const struct socket_unit *sockets[LISTENERS_MAX]; /* the manifest's */
        char names[LISTENERS_MAX][UNIT_NAME_SIZE];
        const char *list[LISTENERS_MAX];
        size_t n;
};

/* Those of a unit of service s that is to have this name. Returns n. */
size_t listeners_name(struct listeners *ret, const struct manifest *m, const struct service *s,
                      const struct unitd_request *q, const char *unit);

/* Writes their unit files. Before the unit is started. */
_must_check_ int listeners_install(struct units *l, const struct listeners *x, const struct manifest *m,
                                   const char *unit, struct fault *f);

/* Stops those that the drop-in in this folder names, and removes their files; without a drop-in there are
 * none. < 0: some may be left, and nothing but that drop-in knows of them. */
_must_check_ int listeners_remove(struct units *l, int dropin_fd);

/* Where the listener beside that socket of a running unit is. */
_must_check_ int listeners_path(const struct manifest *m, const char *socket, const struct unit *u,
                                char ret[static DROPIN_LISTENER_PATH_SIZE]);
