/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "ground/base.h"
#include "ground/fault.h"

/* Which instances of each bundle there are on this host, from what sealift-unitd remembers of its units and
 * sockets; anybody may read it. bundles is an array of objects with "name"; each gets "instances", an array
 * of names in their order, empty where the bundle runs once, without a name, or not at all. -ENOMEM. */
_must_check_ int instances_add(json_t *bundles, struct fault *f);
