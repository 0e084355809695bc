/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Calendar events of systemd.time(7). */

enum { CALENDAR_SIZE = 512 }; /* a list of every minute of an hour fits; parsing stays on the stack */

/* Whether systemd takes value in OnCalendar=: what this takes systemd takes on every host that has the time
 * zone. The other way round there are exceptions, none of which a job needs: "@SECONDS" (one moment of the
 * Unix clock), the host's own zone by its short name ("CET": it means something else on the next host),
 * zones that are no Area/City (many hosts do not have them), some lists with ranges of days that count from
 * the end of the month, and values of CALENDAR_SIZE bytes. -EINVAL, f: what is wrong with it. */
_must_check_ int calendar_check(const char *value, struct fault *f);

/* The least time between two runs of a job. Each is a unit with namespaces, filters and a file system of its
 * own, made by systemd and sealift-unitd, whom no limit of the job's holds: a publisher who says *:*:* or
 * *:*:0/0.001 would keep every machine of the fleet busy with that alone, and fill its journal. */
enum { CALENDAR_INTERVAL_MIN_SEC = 60 };

/* The one second of a minute, in microseconds, that value falls on; all that fall on the same are never less
 * than CALENDAR_INTERVAL_MIN_SEC apart. -EINVAL: it falls on several, or is none. */
_must_check_ int calendar_second(const char *value, int64_t *ret, struct fault *f);
