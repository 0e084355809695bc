/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pauses, for polls and for reports alike. */

#include "facts/backoff.h"

uint64_t backoff_pause(const struct backoff *b, unsigned failures, uint64_t chance)
{
        uint64_t pause = failures == 0 ? b->max_usec : b->first_usec;

        for (unsigned i = 1; i < failures && pause < b->max_usec; i++)
                pause = pause > b->max_usec / 2 ? b->max_usec : pause * 2;
        if (pause > b->max_usec)
                pause = b->max_usec;
        return pause - chance % (pause / 4 + 1);
}
