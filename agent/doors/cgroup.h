/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Limits of cgroups as the kernel has them, on the unified hierarchy (cgroups(7)). Needs no privilege. */

/* Whether this host can limit that at all: "memory", "pids". Where the hierarchy is hybrid or legacy it
 * cannot, and systemd says nothing. */
bool cgroup_has(const char *controller);

/* Whether lists of addresses can be in force: systemd attaches a BPF program to the service's cgroup, and
 * the kernel takes one only where version 2 is alone. */
bool cgroup_filters_addresses(void);

enum { CGROUP_LIMIT_SIZE = 64 }; /* "max 100000", or a number of bytes */

/* The first line of file ("memory.max") in the cgroup that membership, the text of a /proc/PID/cgroup,
 * names; without the newline. -ENOENT: the cgroup is gone; -ENODATA: the kernel was built or started without
 * such a limit; -EOPNOTSUPP: nobody gave this cgroup the controller. */
_must_check_ int cgroup_read(const char *membership, const char *controller, const char *file,
                             char ret[static CGROUP_LIMIT_SIZE]);
