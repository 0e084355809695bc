/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* The one form of date on TUF's wire (spec 4.2): "YYYY-MM-DDTHH:MM:SSZ", UTC, against seconds since 1970.
 * No clock, no time zone, no locale. */
enum { DATE_SIZE = sizeof("YYYY-MM-DDTHH:MM:SSZ") };

/* Exactly that form and a day that exists, year 1 to 9999; -EINVAL otherwise. */
_must_check_ int date_parse(const char *s, int64_t *ret);

/* Seconds outside year 1 to 9999 are written as the nearest end of it. */
void date_format(int64_t seconds, char ret[static DATE_SIZE]);
