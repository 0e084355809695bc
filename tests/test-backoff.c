/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/backoff.h"

#include "tap.h"

#define SEC UINT64_C(1000000)

/* Of one machine: always at the same times, whenever it was asked last. */
static void test_slots(void)
{
        const uint64_t every = 300 * SEC, splay = 77 * SEC;
        uint64_t least = UINT64_MAX, most = 0;

        for (uint64_t now = 0; now < 2 * every; now += 7 * SEC) {
                uint64_t pause = backoff_slot(every, splay, now, 0);

                if (pause < every / 2 || pause > every * 3 / 2 || (now + pause) % every != splay)
                        tap_ok(false, "at %llu: %llu", (unsigned long long)now, (unsigned long long)pause);
        }
        tap_int((long long)backoff_slot(every, splay, splay, 0), (long long)every, "a slot after the other");
        tap_int((long long)backoff_slot(every, splay + 4 * every, splay, 0), (long long)every,
                "a splay beyond the pause");
        tap_int((long long)backoff_slot(every, UINT64_MAX, 0, 0),
                (long long)(UINT64_MAX % every >= every / 2 ? UINT64_MAX % every
                                                            : UINT64_MAX % every + every),
                "the largest splay");
        for (uint64_t chance = 0; chance < 4000; chance++) {
                uint64_t pause = backoff_slot(every, splay, splay, chance * UINT64_C(0x9e3779b97f4a7c15));

                least = pause < least ? pause : least;
                most = pause > most ? pause : most;
        }
        tap_ok(most == every && least >= every / 16 * 15 && least < every - 10 * SEC, "chance, a little");
        tap_ok(backoff_slot(every, splay, splay - every / 16, 0) > every,
               "which does not make it ask twice for one slot");
}

static void test_record(void)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(BACKOFF_BYTES_MAX);
        struct backoff_record b = { .failures = 3, .last = 1000000, .next = 1000120 }, back = {};
        struct fault f = {};

        tap_int(backoff_format(&b, &text), 0, "a record is written");
        tap_int(backoff_parse(text.data, text.len, "polls", &back, &f), 0, "and read (%s)", f.text);
        tap_ok(back.failures == 3 && back.last == b.last && back.next == b.next, "as it was");
        tap_int(backoff_parse("[Polls]\nNext=soon\n", 18, "polls", &back, &f), -EINVAL, "nonsense is not");
        tap_int(backoff_left(&b, 1000020, 300), 100, "what is left of the pause");
        tap_int(backoff_left(&b, 1000120, 300), 0, "nothing of one that is over");
        tap_int(backoff_left(&b, 999999, 300), 0, "nothing for a clock that was set back");
        tap_int(backoff_left(&b, 1000000, 119), 0, "nor of one longer than there are any");
        tap_int(backoff_left(&b, 1000000, 120), 120, "the longest");
        tap_int(backoff_left(&b, 1000000 + INT64_C(315360000), 300), 0, "ten years ahead");
        b.failures = 0;
        tap_int(backoff_left(&b, 1000020, 300), 0, "nothing after a success");
}

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
        test_slots();
        test_record();
        return tap_done();
}
