/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/window.h"

#include "tap.h"

enum { HOUR = 3600, DAY = 86400 };

static const struct parse_case {
        const char *text;
        unsigned days, from, length; /* length 0: refused */
} cases[] = {
        { "02:00-05:00", 0x7f, 2 * HOUR, 3 * HOUR },
        { "22:30-04:00", 0x7f, 22 * HOUR + HOUR / 2, 5 * HOUR + HOUR / 2 },
        { "00:00-24:00", 0x7f, 0, DAY },
        { "00:00-00:01", 0x7f, 0, 60 },
        { "23:59-00:00", 0x7f, 23 * HOUR + 59 * 60, 60 },
        { "Mon 02:00-05:00", 0x01, 2 * HOUR, 3 * HOUR },
        { "Mon..Fri 02:00-05:00", 0x1f, 2 * HOUR, 3 * HOUR },
        { "Sat,Sun  02:00-05:00", 0x60, 2 * HOUR, 3 * HOUR },
        { "Sun..Tue,Thu 02:00-05:00", 0x4b, 2 * HOUR, 3 * HOUR },
        { "", 0, 0, 0 },
        { "02:00", 0, 0, 0 },
        { "02:00-", 0, 0, 0 },
        { "02:00-02:00", 0, 0, 0 },
        { "24:00-02:00", 0, 0, 0 },
        { "02:00-24:01", 0, 0, 0 },
        { "02:00-25:00", 0, 0, 0 },
        { "01:60-03:00", 0, 0, 0 },
        { "2:00-03:00", 0, 0, 0 },
        { "02:00-03:00 ", 0, 0, 0 },
        { "02:00 03:00", 0, 0, 0 },
        { "0a:00-03:00", 0, 0, 0 },
        { "Mon", 0, 0, 0 },
        { "Mon02:00-03:00", 0, 0, 0 },
        { "Mon.. 02:00-03:00", 0, 0, 0 },
        { "Mon, 02:00-03:00", 0, 0, 0 },
        { "Mon,,Tue 02:00-03:00", 0, 0, 0 },
        { "monday 02:00-03:00", 0, 0, 0 },
        { "Monday 02:00-03:00", 0, 0, 0 },
};

static void test_parse(void)
{
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const struct parse_case *c = cases + i;
                struct window w = {};
                struct fault f = {};

                tap_int(window_parse(c->text, &w, &f), c->length > 0 ? 0 : -EINVAL, "\"%s\"", c->text);
                tap_ok(w.days == c->days && w.from == c->from && w.length == c->length, "\"%s\": %x, %u, %u",
                       c->text, w.days, w.from, w.length);
        }
}

static const struct wait_case {
        const char *windows[2];
        unsigned day, second, wait, length;
} waits[] = {
        { { "02:00-05:00" }, 0, 0, 2 * HOUR, 3 * HOUR },
        { { "02:00-05:00" }, 0, 2 * HOUR - 1, 1, 3 * HOUR },
        { { "02:00-05:00" }, 3, 2 * HOUR, 0, 3 * HOUR },
        { { "02:00-05:00" }, 6, 5 * HOUR - 1, 0, 3 * HOUR },
        { { "02:00-05:00" }, 6, 5 * HOUR, 21 * HOUR, 3 * HOUR },
        { { "22:00-04:00" }, 0, 0, 0, 6 * HOUR },
        { { "22:00-04:00" }, 6, 23 * HOUR, 0, 6 * HOUR },
        { { "22:00-04:00" }, 6, 4 * HOUR, 18 * HOUR, 6 * HOUR },
        { { "Sun 22:00-04:00" }, 0, HOUR, 0, 6 * HOUR },
        { { "Sun 22:00-04:00" }, 6, HOUR, 21 * HOUR, 6 * HOUR },
        { { "Mon 00:00-24:00" }, 1, 0, 6 * DAY, DAY },
        { { "00:00-24:00" }, 4, 12 * HOUR, 0, DAY },
        { { "Mon 02:00-05:00", "Wed 01:00-02:00" }, 0, 6 * HOUR, DAY + 19 * HOUR, HOUR },
        { { "Wed 01:00-02:00", "Mon 02:00-05:00" }, 3, 0, 4 * DAY + 2 * HOUR, 3 * HOUR },
};

static void test_wait(void)
{
        uint32_t length;

        for (size_t i = 0; i < ELEMENTSOF(waits); i++) {
                const struct wait_case *c = waits + i;
                struct window w[2];
                struct fault f;
                size_t n = 0;

                while (n < 2 && c->windows[n] && window_parse(c->windows[n], w + n, &f) >= 0)
                        n++;
                tap_int(window_wait(w, n, &(struct window_time){ c->day, c->second }, &length), c->wait,
                        "%s on day %u at %u", c->windows[0], c->day, c->second);
                tap_int(length, c->length, "how long it is");
        }
        tap_int(window_wait(NULL, 0, &(struct window_time){ 3, 5 }, &length), 0, "none: at any time");
}

int main(void)
{
        test_parse();
        test_wait();
        return tap_done();
}
