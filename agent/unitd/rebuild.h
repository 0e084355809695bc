/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/unit.h"

/* After a start of unitd: units that an earlier one started and that still run are taken over, what the
 * others left in /run is removed. */
_must_check_ int rebuild_units(struct units *l, struct fault *f);
