/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/manifest.h"

/* The root directory of one unit, below /run/sealift/root: empty mount points and the links of a merged
 * /usr, root's own, so that nobody else can change what PID 1 resolves. */

/* Makes roots/unit afresh. */
_must_check_ int skeleton_make(int roots_fd, const char *unit, enum root root, struct fault *f);

/* Removes it with whatever mount points systemd has made in it. 0 where there is none. */
_must_check_ int skeleton_remove(int roots_fd, const char *unit, struct fault *f);
