/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Window= of sealift.conf: when releases may be installed, "[WEEKDAYS ]HH:MM-HH:MM" in local time; weekdays
 * as in systemd.time(7). A window that ends before it begins ends on the next day. */
struct window {
        unsigned days;   /* that it begins on: bits 1 << day, Monday is 0 */
        uint32_t from;   /* seconds since midnight */
        uint32_t length; /* in seconds, 86400 at most */
};

/* A point of the week, and how long until a window is open. */
struct window_time {
        unsigned day; /* Monday is 0 */
        uint32_t second;
};

/* -EINVAL, f: what is wrong with it. */
_must_check_ int window_parse(const char *text, struct window *ret, struct fault *f);

/* Seconds from t until one of n windows is open; 0: one is, or there are none. *ret_length: of the one that
 * opens first, or is open. A day on which clocks change may make it an hour more or less. */
uint32_t window_wait(const struct window *w, size_t n, const struct window_time *t, uint32_t *ret_length);
