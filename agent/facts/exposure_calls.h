/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Groups of system calls (systemd-analyze(1), syscall-filter), as far as `systemd-analyze security` tells
 * them apart: a class is one set of calls that are in the same groups, so a filter is a set of classes. */

/* The classes that a group ("@chown") has calls in, or that a single call is in; 0 where no assessor asks.
 * -ENOENT: a group that systemd 252 to 257 does not know, or a call that is in no drop-in of ours. */
_must_check_ int exposure_calls_find(const char *name, uint32_t *ret);
