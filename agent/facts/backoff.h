/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"

/* How long to wait before the next try. A fleet that starts together, or whose bucket or receiver comes back
 * after an outage, must not come all at once: the last quarter of every pause is chance. */
struct backoff {
        uint64_t first_usec; /* after the first failure; doubles with each further one */
        uint64_t max_usec;   /* never more; also the pause when nothing has failed */
};

/* The pause until the next of one machine's own times, which are `every` apart and begin at splay: a fleet
 * is spread over the whole of it for good, however its machines were started. At least half of `every`, at
 * most one and a half, and chance takes up to a sixteenth of `every` off. now: CLOCK_REALTIME; a jump of it
 * moves one pause, within these bounds. */
uint64_t backoff_slot(uint64_t every, uint64_t splay, uint64_t now, uint64_t chance) _pure_;

/* What outlives the agent: a machine that is restarted again and again must not ask as if nothing had
 * failed. */
struct backoff_record {
        uint64_t failures;  /* in a row; 0: nothing to remember */
        int64_t last, next; /* since 1970: when it was asked, and will be again */
};
enum { BACKOFF_BYTES_MAX = 4096 };

/* -EINVAL with file and line. What a newer sealift may have written is skipped. */
_must_check_ int backoff_parse(const char *text, size_t len, const char *file, struct backoff_record *ret,
                               struct fault *f);
_must_check_ int backoff_format(const struct backoff_record *b, struct buffer *out);

/* Seconds of the pause that are left at now, 0: none. A clock that is behind what is remembered, or a next
 * time further away than max seconds, is a clock that was wrong once: then there is no pause. */
int64_t backoff_left(const struct backoff_record *b, int64_t now, int64_t max) _pure_;

/* failures in a row, 0 = none; chance is any 64 random bits. Between three quarters of the pause and the
 * whole of it. */
uint64_t backoff_pause(const struct backoff *b, unsigned failures, uint64_t chance) _pure_;
