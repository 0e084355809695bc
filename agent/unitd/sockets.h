/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/site.h"
#include "unitd/unit.h"

/* Sockets that systemd holds for bundles. They outlive services, releases and unitd; connections wait in
 * their backlog meanwhile. What unitd remembers of each (whom a connection wakes) is a record in
 * UNITS_WAKES_PATH, under the socket unit's name. */

/* Makes and starts the sockets of a release that is about to start, or finds them as they are, and has
 * connections wake it. -ECHILD: one cannot be opened (its port is taken). */
_must_check_ int sockets_hold(struct units *l, const struct manifest *m, const struct unitd_request *q,
                              struct fault *f);

/* The release is stopped on request: connections wait and wake nobody until another sockets_hold(). */
void sockets_rest(struct units *l, const struct unitd_request *q);

/* A unit has ended: the next connection for it is seen again. */
void sockets_listen_again(struct units *l, const struct unit *u);

/* Closes the sockets that this release was the last to hold. */
void sockets_close(struct units *l, const struct unitd_request *q);

/* The same, but only those of instances that this host does not have any more. */
void sockets_close_instances(struct units *l, const struct unitd_request *q, const struct effective *e);

/* After a start of unitd, and after the units: connections that came meanwhile wake what they would have. */
_must_check_ int sockets_rebuild(struct units *l, struct fault *f);

void sockets_free(struct units *l);
