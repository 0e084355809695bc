/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* How far a clock may be believed. Expiry is TUF's answer to a source that freezes, and it is worth no more
 * than the clock it is held against: whoever sets that back (a forged NTP answer, a battery gone flat) makes
 * expired metadata valid again. So there is a floor, the later of
 *
 *   - the build date: this program cannot have run before it was made
 *   - the last trusted time: the clock of the last refresh in which everything signed was found valid
 *
 * and a clock behind it judges nothing. All times are seconds since 1970.
 *
 * The floor cannot be driven far ahead. A refresh succeeds only while its "now" is before the expiry of each
 * role, and that is signed: a clock that was wrong once leaves a floor no later than the expiry of the
 * metadata it was wrong about, days as a rule; clock_advance() holds to that by itself. */
enum {
        /* NTP steps a clock that drifted while the machine was off: seconds, seldom minutes. What it costs
         * is as much more life for expired metadata, once, since the floor itself never goes down. */
        CLOCK_TOLERANCE_SEC = 300,
        /* Nothing that a fleet owner runs is off for so long: what has expired so far past the floor is
         * more likely the clock's fault than somebody else's. */
        CLOCK_AHEAD_SEC = 366 * 86400,
        CLOCK_SPAN_SIZE = 32,
};

/* SOURCE_DATE_EPOCH as configure saw it, else the date of the release that the source is of. */
int64_t clock_build_date(void) _const_;

/* trusted: the last trusted time, 0 when there is none. */
int64_t clock_floor(int64_t trusted) _const_;

/* -EDOM when now is behind the floor by more than the tolerance; f says by how much, and what to do. */
_must_check_ int clock_check(int64_t trusted, int64_t now, struct fault *f);

/* The last trusted time after a refresh at now, all of whose metadata expires after expires - 1: never
 * earlier than trusted, and never as late as expires unless trusted was. */
int64_t clock_advance(int64_t trusted, int64_t now, int64_t expires) _const_;

/* After a failure: where metadata or a certificate is not believed (-ETIME, -EACCES) and the clock is far
 * past the floor, puts before f's text that the clock may be what is wrong. */
void clock_doubt(int64_t trusted, int64_t now, struct fault *f);

/* "3 days", "7 hours", "12 minutes": rounded down, in the largest unit of which there are two at least. */
void clock_span_format(int64_t seconds, char ret[static CLOCK_SPAN_SIZE]);
