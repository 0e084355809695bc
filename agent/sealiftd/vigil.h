/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/trust.h"
#include "sealiftd/agent.h"

/* Time, as the agent watches it: a clock that looks wrong, metadata that will have expired soon, a timestamp
 * that no newer one follows. The judgements are facts/clock.h, facts/expiry.h and facts/freeze.h; this asks
 * the clocks, remembers in trust/times, and tells. */
struct vigil;

struct vigil *vigil_free(struct vigil *v);
DEFINE_POINTER_CLEANUP(struct vigil, vigil_free)

/* What an earlier agent has left; a record that is not there or damaged is begun anew (and the latter told).
 * -ENOMEM. */
_must_check_ int vigil_open(struct store *store, struct vigil **ret, struct fault *f);

/* Before a refresh: *ret_now is its fixed "now" (TUF spec 5.1), seconds since 1970. -EDOM when the clock
 * cannot be right: nothing may be judged by it. Told when that begins, not at every poll. */
_must_check_ int vigil_begin(struct agent *a, int64_t *ret_now, struct fault *f);

/* After a refresh that succeeded at that now. -errno when the record cannot be written. */
_must_check_ int vigil_end(struct agent *a, const struct trust *t, struct fault *f);

/* After one that did not, for the reason in f, to which a doubt about the clock may be added. */
void vigil_fail(struct agent *a, struct fault *f);

/* What an operator should know of, one text each, until the next poll; NULL behind the last. */
enum { VIGIL_WARNINGS_MAX = 16 };
void vigil_warnings(const struct agent *a, const char *ret[static VIGIL_WARNINGS_MAX + 1]);
