/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* Takes over what the file name is the record of. */
typedef int (*rebuild_one)(struct units *l, const char *name, struct fault *f);

/* one() for each record in fd, which path is the name of. An error that passes by itself (of systemd, of the
 * bus, or for lack of memory or descriptors) is returned: whoever starts again later finds the same records.
 * Any other is one()'s to see to. */
_must_check_ int rebuild_each(struct units *l, int fd, const char *path, rebuild_one one, struct fault *f);

/* After a start of unitd: units that an earlier one started and that still run are taken over, what the
 * others left in /run is removed. Errors: as rebuild_each(). */
_must_check_ int rebuild_units(struct units *l, struct fault *f);
