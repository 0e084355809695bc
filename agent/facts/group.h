/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Whether members of the group of that name are root by another name, or read what only root should: by what
 * Debian (base-passwd's users-and-groups), systemd and the makers of containers and machines say of it. Ids
 * are others on each host, and a host may have groups of its own of which nobody here knows. */
bool group_is_powerful(const char *name) _pure_;
