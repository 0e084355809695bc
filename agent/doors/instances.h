/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* Which instances of bundles there are on this host, from what sealift-unitd remembers of its units and
 * sockets; anybody may read it. A bundle that runs once, without a name, is not among them. */
struct instance {
        char bundle[NAME_SIZE];
        char name[INSTANCE_SIZE];
};

/* *ret is the caller's, ordered by bundle and name, each pair once. */
_must_check_ int instances_read(struct instance **ret, size_t *ret_n, struct fault *f);
