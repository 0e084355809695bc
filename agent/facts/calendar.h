/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Calendar events of systemd.time(7). */

/* Whether systemd takes value in OnCalendar=. -EINVAL, f: what is wrong with it. */
_must_check_ int calendar_check(const char *value, struct fault *f);
