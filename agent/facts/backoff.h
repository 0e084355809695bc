/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* How long to wait before the next try. A fleet that starts together, or whose bucket or receiver comes back
 * after an outage, must not come all at once: the last quarter of every pause is chance. */
struct backoff {
        uint64_t first_usec; /* after the first failure; doubles with each further one */
        uint64_t max_usec;   /* never more; also the pause when nothing has failed */
};

/* failures in a row, 0 = none; chance is any 64 random bits. Between three quarters of the pause and the
 * whole of it. */
uint64_t backoff_pause(const struct backoff *b, unsigned failures, uint64_t chance) _pure_;
