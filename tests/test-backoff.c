/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/backoff.h"

#include "tap.h"

#define SEC UINT64_C(1000000)

int main(void)
{
        static const struct backoff b = { .first_usec = 15 * SEC, .max_usec = 300 * SEC };
        static const struct backoff short_poll = { .first_usec = 15 * SEC, .max_usec = SEC };
        static const struct backoff huge = { .first_usec = 15 * SEC, .max_usec = UINT64_MAX };
        static const uint64_t want[] = { 300, 15, 30, 60, 120, 240, 300, 300 };
        uint64_t least = UINT64_MAX, most = 0;

        for (unsigned i = 0; i < ELEMENTSOF(want); i++)
                tap_int((long long)backoff_pause(&b, i, 0), (long long)(want[i] * SEC),
                        "the pause after %u failures", i);
        tap_int((long long)backoff_pause(&b, UINT32_MAX, 0), 300 * (long long)SEC, "failures without end");
        tap_int((long long)backoff_pause(&short_poll, 1, 0), (long long)SEC,
                "a retry never waits longer than a poll");
        tap_ok(backoff_pause(&huge, 200, 0) > UINT64_MAX / 2, "doubling does not wrap around");
        for (uint64_t chance = 0; chance < 4000; chance++) {
                uint64_t pause = backoff_pause(&b, 1, chance * UINT64_C(0x9e3779b97f4a7c15));

                least = pause < least ? pause : least;
                most = pause > most ? pause : most;
        }
        tap_ok(least >= 15 * SEC / 4 * 3 && most <= 15 * SEC, "chance stays in the last quarter");
        tap_ok(most - least > 3 * SEC, "and uses it");
        return tap_done();
}
