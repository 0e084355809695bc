/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/clock.h"

#include "tap.h"

#define DAY INT64_C(86400)

static const int64_t build = BUILD_DATE;

static void test_floor(void)
{
        static const struct {
                const char *what;
                int64_t trusted, now; /* past the build date */
                int wrong;
        } cases[] = {
                { "the build date itself", -BUILD_DATE, 0, 0 },
                { "as far behind it as NTP may step", -BUILD_DATE, -CLOCK_TOLERANCE_SEC, 0 },
                { "a second more", -BUILD_DATE, -CLOCK_TOLERANCE_SEC - 1, -EDOM },
                { "1970", -BUILD_DATE, -BUILD_DATE, -EDOM },
                { "a last trusted time before the build date does not count", -DAY, -1, 0 },
                { "nor does it lower the floor", -DAY, -CLOCK_TOLERANCE_SEC - 1, -EDOM },
                { "the last trusted time itself", 90 * DAY, 90 * DAY, 0 },
                { "as far behind it as NTP may step", 90 * DAY, 90 * DAY - CLOCK_TOLERANCE_SEC, 0 },
                { "a second more", 90 * DAY, 90 * DAY - CLOCK_TOLERANCE_SEC - 1, -EDOM },
                { "far ahead: not for the floor to say", 90 * DAY, 9000 * DAY, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct fault f = {};

                tap_int(clock_check(build + cases[i].trusted, build + cases[i].now, &f), cases[i].wrong,
                        "clock at %s: %s", cases[i].what, cases[i].wrong ? "wrong" : "believed");
                tap_int(f.error, cases[i].wrong, "and the fault says as much");
        }
        tap_int(clock_build_date(), build, "the build date is configure's");
        tap_ok(build > 1700000000, "and a day on which this could have been made");
}

static void test_words(void)
{
        struct fault f = {};

        tap_int(clock_check(1900000000, 1900000000 - 10 * DAY, &f), -EDOM, "ten days behind a refresh");
        tap_like(f.text, "it says 2030-03-07T17:46:40Z, 10 days behind 2030-03-17T17:46:40Z",
                 "which it says");
        tap_like(f.text, "metadata was last found valid", "and behind what");
        tap_like(f.text, "timedatectl", "and what sets a clock");
        tap_like(f.text, "what runs is left alone", "and what it does not mean");
        tap_ok(strlen(f.text) < FAULT_TEXT_MAX - 1, "uncut");
        tap_int(clock_check(0, 0, &f), -EDOM, "1970");
        tap_like(f.text, "it says 1970-01-01T00:00:00Z", "which it says");
        tap_like(f.text, "years behind", "and by how much");
        tap_like(f.text, "when this sealift was made", "and behind what");
}

/* What a clock that was wrong once, and ahead, leaves behind. */
static void test_advance(void)
{
        static const struct {
                const char *what;
                int64_t trusted, now, expires, want;
        } cases[] = {
                { "a refresh raises it", 100, 200, 300, 200 },
                { "a clock that went back does not lower it", 200, 150, 300, 200 },
                { "the same once more", 200, 200, 300, 200 },
                { "from nothing", 0, 200, 300, 200 },
                { "the last second that metadata is valid in", 100, 299, 300, 299 },
                { "no clock takes it to the expiry", 100, 300, 300, 299 },
                { "or past it", 100, 1000000, 300, 299 },
                { "which lowers nothing either", 500, 1000, 300, 500 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_int(clock_advance(cases[i].trusted, cases[i].now, cases[i].expires), cases[i].want,
                        "last trusted time: %s", cases[i].what);
}

static void test_doubt(void)
{
        static const char *const expired = "root.json version 3 expired at 2027-11-21T00:00:00Z";
        int64_t trusted = build + 90 * DAY;
        struct fault f = {}, g = {};

        (void)fault_set(&f, -ETIME, "%s", expired);
        clock_doubt(trusted, trusted + CLOCK_AHEAD_SEC, &f);
        tap_str(f.text, expired, "an expiry within a year of the floor is the publisher's");
        clock_doubt(0, build + CLOCK_AHEAD_SEC, &f);
        tap_str(f.text, expired, "where the floor is the build date, too");
        clock_doubt(trusted, trusted + CLOCK_AHEAD_SEC + 1, &f);
        tap_ok(str_has_prefix(f.text, "this machine's clock looks wrong: it says 20"),
               "a second later it is more likely the clock's");
        tap_like(f.text, "366 days past the last time known here to be right", "it says why");
        tap_like(f.text, expired, "and what was refused");
        tap_int(f.error, -ETIME, "which stays what it is");
        (void)fault_set(&g, -ETIME, "%s", expired);
        clock_doubt(trusted, trusted + CLOCK_AHEAD_SEC + 301, &g);
        tap_str(g.text, f.text, "the next poll has the same words for it");
        (void)fault_set(&f, -ETIME, "%s", expired);
        clock_doubt(0, build + CLOCK_AHEAD_SEC + 1, &f);
        tap_like(f.text, "looks wrong", "the same past the build date");
        (void)fault_set(&f, -EACCES, "certificate has expired");
        clock_doubt(0, build + CLOCK_AHEAD_SEC + 1, &f);
        tap_like(f.text, "looks wrong", "the same of a server's certificate, which is looked at first");
        (void)fault_set(&f, -EHOSTUNREACH, "connection refused");
        clock_doubt(0, build + CLOCK_AHEAD_SEC + 1, &f);
        tap_str(f.text, "connection refused", "but what has nothing to do with time is left as it is");
}

static void test_span(void)
{
        static const struct {
                int64_t seconds;
                const char *want;
        } cases[] = {
                { 0, "0 seconds" },      { 119, "119 seconds" },    { 120, "2 minutes" },
                { 7199, "119 minutes" }, { 7200, "2 hours" },       { 2 * DAY - 1, "47 hours" },
                { 2 * DAY, "2 days" },   { 729 * DAY, "729 days" }, { 730 * DAY, "2 years" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[CLOCK_SPAN_SIZE];

                clock_span_format(cases[i].seconds, text);
                tap_str(text, cases[i].want, "%lld seconds in words", (long long)cases[i].seconds);
        }
}

int main(void)
{
        test_floor();
        test_words();
        test_advance();
        test_doubt();
        test_span();
        return tap_done();
}
