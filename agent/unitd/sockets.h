/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* Sockets that systemd holds for bundles. They outlive services, releases and unitd; connections wait in
 * their backlog meanwhile. */

/* Makes and starts the sockets of a release that is about to start, or finds them as they are, and has
 * connections wake it. -EADDRINUSE: one cannot be opened. */
_must_check_ int sockets_hold(struct units *l, const struct manifest *m, const struct unitd_request *q,
                              struct fault *f);

/* Whether one of them is held by this name. */
bool sockets_has(const struct effective *e, const char *held);
