/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Groups of system calls (systemd-analyze(1), syscall-filter), as far as `systemd-analyze security` tells
 * them apart: a class is one set of calls that are in the same groups, so a filter is a set of classes. */

/* The classes that group ("@chown") has calls in; 0 for a group that no assessor asks for. -ENOENT: not a
 * group that systemd 252 to 257 knows. */
_must_check_ int exposure_calls_find(const char *group, uint32_t *ret);
