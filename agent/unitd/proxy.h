/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* A service behind a socket with Proxy=, and what stands before it (facts/manifest_proxy.c), run together or
 * not at all. */

/* Stops u where it is half of such a pair and the other half is gone. To be called for each unit after every
 * change, but not while sealiftd has the release started or stopped. */
void proxy_look(struct unit *u);

/* Whether the connection that wakes record has to wait until u has ended: the program behind it, which is
 * being stopped. */
bool proxy_must_wait(const struct unit *u, const struct record *record);
