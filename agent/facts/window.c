/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Maintenance windows, as arithmetic on the seconds of a week. Pure: whoever calls has asked the clock. */

#include "facts/window.h"

enum { DAY_SEC = 86400, WEEK_SEC = 7 * DAY_SEC };

static int window_fault(struct fault *f, const char *text)
{
        return fault_set(f, -EINVAL, "%.100s: not a window such as 02:00-05:00 or Mon..Fri 22:30-04:00",
                         text);
}

/* "Mon", at *p. */
static int day_read(const char **p, unsigned *ret)
{
        static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

        for (unsigned i = 0; i < ELEMENTSOF(days); i++)
                if (str_has_prefix(*p, days[i])) {
                        *p += STRLEN("Mon");
                        *ret = i;
                        return 0;
                }
        return -EINVAL;
}

/* "Mon..Fri,Sun": a range may go over the end of the week. */
static int days_read(const char **p, unsigned *ret)
{
        unsigned days = 0, from, to;

        do {
                if (days != 0)
                        ++*p; /* the comma */
                if (day_read(p, &from) < 0)
                        return -EINVAL;
                to = from;
                if (str_has_prefix(*p, "..")) {
                        *p += STRLEN("..");
                        if (day_read(p, &to) < 0)
                                return -EINVAL;
                }
                for (unsigned day = from;; day = (day + 1) % 7) {
                        days |= 1U << day;
                        if (day == to)
                                break;
                }
        } while (**p == ',');
        *ret = days;
        return 0;
}

static int two_digits(const char *p, unsigned *ret)
{
        if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
                return -EINVAL;
        *ret = (unsigned)(p[0] - '0') * 10 + (unsigned)(p[1] - '0');
        return 0;
}

/* "HH:MM"; 24:00 is the end of the day. */
static int time_read(const char **p, uint32_t *ret)
{
        unsigned hour, minute;

        if (strnlen(*p, 5) < 5 || two_digits(*p, &hour) < 0 || (*p)[2] != ':' ||
            two_digits(*p + 3, &minute) < 0)
                return -EINVAL;
        if (minute > 59 || hour > 24 || (hour == 24 && minute > 0))
                return -EINVAL;
        *p += STRLEN("HH:MM");
        *ret = (hour * 60 + minute) * 60;
        return 0;
}

int window_parse(const char *text, struct window *ret, struct fault *f)
{
        struct window w = { .days = 0x7f };
        const char *p = text;
        uint32_t to;

        if (*p >= 'A') {
                if (days_read(&p, &w.days) < 0 || *p != ' ')
                        return window_fault(f, text);
                p += strspn(p, " ");
        }
        if (time_read(&p, &w.from) < 0 || *p++ != '-' || time_read(&p, &to) < 0 || *p || to == w.from ||
            w.from == DAY_SEC)
                return window_fault(f, text);
        w.length = to > w.from ? to - w.from : to + DAY_SEC - w.from;
        *ret = w;
        return 0;
}

uint32_t window_wait(const struct window *w, size_t n, const struct window_time *t, uint32_t *ret_length)
{
        uint32_t at = t->day * DAY_SEC + t->second, best = n > 0 ? WEEK_SEC : 0;

        *ret_length = WEEK_SEC;
        for (size_t i = 0; i < n; i++)
                for (unsigned day = 0; day < 7; day++) {
                        uint32_t since, wait;

                        if (!(w[i].days & 1U << day))
                                continue;
                        since = (at + WEEK_SEC - (day * DAY_SEC + w[i].from)) % WEEK_SEC;
                        wait = since < w[i].length ? 0 : WEEK_SEC - since;
                        if (wait >= best)
                                continue;
                        best = wait;
                        *ret_length = w[i].length;
                }
        return best;
}
