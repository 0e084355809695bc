/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may stand in OnCalendar=: read as systemd reads it (systemd.time(7), "Calendar Events"), since
 * systemd passes over one that it does not understand, and the job would never run and nobody be told. Where
 * the two differ this is the stricter one: see calendar.h. Its input is a publisher's; pure. */

#include "facts/calendar.h"

#include <ctype.h>
#include <strings.h>

enum {
        CHAIN_MAX = 241,           /* as many values as systemd takes in one list */
        SECOND_UNIT = 1000 * 1000, /* seconds are read with their fraction, in microseconds */
        FRACTION_DIGITS = 6,
        SHORT_MONTH = 3, /* "~29" is a day that February does not have */
};

enum field { FIELD_YEAR, FIELD_MONTH, FIELD_DAY, FIELD_HOUR, FIELD_MINUTE, FIELD_SECOND };

static const struct {
        const char *name;
        int64_t from, to;
} fields[] = {
        [FIELD_YEAR] = { "year", 1970, 2199 },
        [FIELD_MONTH] = { "month", 1, 12 },
        [FIELD_DAY] = { "day", 1, 31 },
        [FIELD_HOUR] = { "hour", 0, 23 },
        [FIELD_MINUTE] = { "minute", 0, 59 },
        [FIELD_SECOND] = { "second", 0, INT64_C(60) * SECOND_UNIT - 1 },
};

/* "start", "start..stop", "start/repeat" or "start..stop/repeat" */
struct component {
        int64_t start, stop, repeat;
        bool range;
};

struct chain { /* a list of them; "*" has none */
        struct component components[CHAIN_MAX];
        size_t n;
};

static int wrong(struct fault *f, const char *what, const char *where)
{
        return fault_set(f, -EINVAL,
                         "%s at '%s'; it must be a calendar event such as daily, or Mon..Fri 08:00", what,
                         where);
}

/* Digits only; and for seconds a fraction, whose seventh digit rounds the sixth. */
static int number_read(const char **p, int64_t unit, int64_t *ret)
{
        int64_t value = 0, fraction = 0;
        const char *s = *p;

        if (!isdigit((unsigned char)*s))
                return -EINVAL;
        for (; isdigit((unsigned char)*s); s++) {
                value = value * 10 + (*s - '0');
                if (value * unit > INT32_MAX)
                        return -ERANGE;
        }
        if (unit > 1 && s[0] == '.' && s[1] != '.') {
                if (!isdigit((unsigned char)*++s))
                        return -EINVAL;
                for (int i = 0; i < FRACTION_DIGITS; i++)
                        fraction = fraction * 10 + (isdigit((unsigned char)*s) ? *s++ - '0' : 0);
                fraction += *s >= '5' && *s <= '9';
                s += strspn(s, "0123456789");
        }
        *p = s;
        *ret = value * unit + fraction;
        return 0;
}

static int component_read(const char **p, int64_t unit, struct component *ret)
{
        struct component c = {};
        const char *s = *p;
        int r;

        r = number_read(&s, unit, &c.start);
        if (r >= 0 && s[0] == '.' && s[1] == '.') {
                s += 2;
                c.range = true;
                c.repeat = unit;
                r = number_read(&s, unit, &c.stop);
        }
        if (r >= 0 && *s == '/') {
                s++;
                r = number_read(&s, unit, &c.repeat);
                if (r >= 0 && c.repeat == 0)
                        r = -ERANGE;
        } else if (r >= 0 && c.range && unit > 1 && c.start + c.repeat > c.stop)
                r = -ERANGE; /* less than the second that it would be repeated after */
        if (r < 0)
                return r;
        *p = s;
        *ret = c;
        return 0;
}

static int chain_read(const char **p, int64_t unit, struct chain *ret, struct fault *f)
{
        const char *s = *p;

        ret->n = 0;
        if (*s == '*') {
                *p = s + 1;
                return 0;
        }
        for (;; s++) {
                if (ret->n >= CHAIN_MAX)
                        return wrong(f, "a list is too long", s);
                if (component_read(&s, unit, ret->components + ret->n++) < 0)
                        return wrong(f, "there is no number, or one that cannot be", s);
                if (*s != ',')
                        break;
        }
        *p = s;
        return 0;
}

/* Two digits of a year, as people write them. */
static int64_t year_whole(int64_t year)
{
        if (year >= 100)
                return year;
        return year < 70 ? year + 2000 : year + 1900;
}

/* A range ends where its last repetition falls, and one without any is its start alone. */
static struct component component_normal(struct component c, enum field field)
{
        if (field == FIELD_YEAR) {
                c.start = year_whole(c.start);
                c.stop = year_whole(c.stop);
        }
        if (c.range && c.stop > c.start)
                c.stop -= (c.stop - c.start) % c.repeat;
        if (c.range && c.stop == c.start)
                c = (struct component){ .start = c.start };
        return c;
}

/* Every start, every end, and one repetition at least lie inside. Days that count from the end of the month
 * repeat backwards; systemd takes three off their limit anew for each in a list, in an order of its own, and
 * so all are held to the lowest. */
static bool component_fits(struct component c, enum field field, bool end_of_month, int64_t of)
{
        int64_t from = fields[field].from, to = fields[field].to - (end_of_month ? SHORT_MONTH * of : 0);

        c = component_normal(c, field);
        if (c.start < from || c.start > to || c.repeat > to - from)
                return false;
        if (c.range)
                return c.stop <= to && c.start + c.repeat <= c.stop;
        return end_of_month ? c.start - c.repeat >= from : c.start + c.repeat <= to;
}

static int chain_check(const struct chain *l, enum field field, bool end_of_month, struct fault *f)
{
        for (size_t i = 0; i < l->n; i++)
                if (!component_fits(l->components[i], field, end_of_month, (int64_t)l->n))
                        return fault_set(f, -EINVAL,
                                         "a %s is not one, or its range or repetition leads out of them; "
                                         "see systemd.time(7)",
                                         fields[field].name);
        return 0;
}

/* The length of the day's name that s begins with, or 0. */
static size_t weekday_read(const char *s, int *ret_day)
{
        static const char *const days[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday" };
        enum { SHORT = 3 };

        for (size_t i = 0; i < ELEMENTSOF(days); i++) {
                size_t len = strlen(days[i]);

                if (strncasecmp(s, days[i], SHORT) != 0)
                        continue;
                *ret_day = (int)i;
                return strncasecmp(s, days[i], len) == 0 ? len : SHORT;
        }
        return 0;
}

/* "Mon", "Mon..Fri", "Mon,Wed-Fri"; a comma may stand at the end, an open range may not. */
static int weekdays_read(const char **p, struct fault *f)
{
        const char *s = *p;
        int day, since = -1;

        for (bool first = true;; first = false) {
                size_t len = weekday_read(s, &day);

                if (len == 0 && first)
                        return 0;
                if (len == 0 || !strchr("-., ", s[len]))
                        return wrong(f, "there is no day of the week", s);
                if (since > day)
                        return wrong(f, "a range of days runs backwards, or over Sunday", s);
                s += len;
                if (*s == '\0' || *s == ' ')
                        break;
                if (*s == ',')
                        since = -1, s++;
                else if (since >= 0 || (*s == '.' && s[1] != '.'))
                        return wrong(f, "that is no range of days", s);
                else {
                        since = day;
                        s += *s == '.' ? 2 : 1;
                }
                if ((*s == '\0' || *s == ' ') && since >= 0)
                        return wrong(f, "a range of days has no end", *p);
                if (*s == '\0' || *s == ' ')
                        break;
        }
        *p = s + strspn(s, " ");
        return 0;
}

/* "month-day" or "year-month-day", the last with '~' where days count from the end of the month. What turns
 * out to be a time is left alone. */
static int date_read(const char **p, struct fault *f)
{
        struct chain parts[3];
        const char *s = *p;
        bool end_of_month = false;
        size_t n = 0;
        int r = 0;

        for (;;) {
                r = chain_read(&s, 1, parts + n++, f);
                if (r < 0)
                        return r;
                if (n == 1 && (*s == '\0' || *s == ':'))
                        return 0;
                if ((n > 1 && (*s == '\0' || *s == ' ')))
                        break;
                if (n == ELEMENTSOF(parts) || end_of_month || (*s != '-' && *s != '~'))
                        return wrong(f, "that is no date", s);
                end_of_month = *s++ == '~';
        }
        if (n == 3)
                r = chain_check(parts, FIELD_YEAR, false, f);
        if (r >= 0)
                r = chain_check(parts + n - 2, FIELD_MONTH, false, f);
        if (r >= 0)
                r = chain_check(parts + n - 1, FIELD_DAY, end_of_month, f);
        *p = s + strspn(s, " ");
        return r;
}

enum { SECOND_SEVERAL = -1 };

static int64_t second_of(const struct chain *l)
{
        const struct component c = component_normal(l->components[0], FIELD_SECOND);

        return l->n == 1 && !c.range && c.repeat == 0 ? c.start : SECOND_SEVERAL;
}

/* "hour:minute" or "hour:minute:second" */
static int time_read(const char **p, int64_t *ret_second, struct fault *f)
{
        struct chain part = {};
        const char *s = *p;

        for (enum field i = FIELD_HOUR; i <= FIELD_SECOND; i++) {
                int r;

                r = chain_read(&s, i == FIELD_SECOND ? SECOND_UNIT : 1, &part, f);
                if (r >= 0)
                        r = chain_check(&part, i, false, f);
                if (r < 0)
                        return r;
                if (i == FIELD_SECOND)
                        *ret_second = second_of(&part);
                if (i > FIELD_HOUR && *s == '\0')
                        break;
                if (i == FIELD_SECOND || *s++ != ':')
                        return wrong(f, "that is no time of day", *p);
        }
        *p = s;
        return 0;
}

static bool is_shorthand(const char *s, size_t len)
{
        static const char *const words[] = {
                "minutely",    "hourly",       "daily",         "weekly",  "monthly",
                "quarterly",   "yearly",       "annually",      "anually", "biannually",
                "bi-annually", "semiannually", "semi-annually",
        };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (strlen(words[i]) == len && strncasecmp(words[i], s, len) == 0)
                        return true;
        return false;
}

static bool is_zone(const char *s)
{
        static const char *const areas[] = { "Africa/", "America/",  "Antarctica/", "Arctic/",
                                             "Asia/",   "Atlantic/", "Australia/",  "Etc/",
                                             "Europe/", "Indian/",   "Pacific/" };
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-+_/";

        for (size_t i = 0; i < ELEMENTSOF(areas); i++)
                if (str_has_prefix(s, areas[i]))
                        return s[strlen(areas[i])] && !s[strspn(s, letters)] && !strstr(s, "//") &&
                               !str_has_suffix(s, "/");
        return strcasecmp(s, "UTC") == 0;
}

/* Copies value without its time zone. */
static int zone_take_off(const char *value, char ret[static CALENDAR_SIZE], struct fault *f)
{
        const char *last = strrchr(value, ' ');
        size_t len = strlen(value);

        if (len >= CALENDAR_SIZE)
                return fault_set(f, -EINVAL, "a calendar event has less than %d characters", CALENDAR_SIZE);
        if (last && isalpha((unsigned char)last[1])) {
                if (!is_zone(last + 1))
                        return wrong(f, "a time zone is UTC or has a name such as Europe/Berlin", last + 1);
                len = (size_t)(last - value);
        }
        memcpy(ret, value, len);
        ret[len] = '\0';
        return 0;
}

static int calendar_read(const char *value, int64_t *ret_second, struct fault *f)
{
        char event[CALENDAR_SIZE];
        const char *s = event;
        int r;

        *ret_second = 0;
        r = zone_take_off(value, event, f);
        if (r < 0)
                return r;
        if (!*s)
                return wrong(f, "there is nothing", value);
        if (is_shorthand(s, strlen(s)))
                return 0;
        r = weekdays_read(&s, f);
        if (r >= 0 && *s)
                r = date_read(&s, f);
        if (r >= 0 && *s)
                r = time_read(&s, ret_second, f);
        return r;
}

int calendar_check(const char *value, struct fault *f)
{
        int64_t second;

        return calendar_read(value, &second, f);
}

_Static_assert(CALENDAR_INTERVAL_MIN_SEC == 60, "what falls on one second of the minute");

int calendar_second(const char *value, int64_t *ret, struct fault *f)
{
        int64_t second;
        int r;

        r = calendar_read(value, &second, f);
        if (r < 0)
                return r;
        if (second == SECOND_SEVERAL)
                return fault_set(f, -EINVAL,
                                 "it comes again in less than %d s; name one second of the minute, as in "
                                 "*:*:00",
                                 CALENDAR_INTERVAL_MIN_SEC);
        *ret = second;
        return 0;
}
