/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Dates to seconds and back, by arithmetic alone: strptime() depends on the locale and accepts too much, and
 * this floor may not ask the environment for a time zone. */

#include "facts/date.h"

#include <inttypes.h>

#define SECONDS_PER_DAY INT64_C(86400)
#define DATE_MIN        INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define DATE_MAX        INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* Days since 1970 of a day in the proleptic Gregorian calendar; years begin in March, so that the leap day
 * is the last one. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = y / 400, of_era = y % 400;
        int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
        static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

        return month == 2 && leap ? 29 : days[month - 1];
}

int date_parse(const char *s, int64_t *ret)
{
        static const char form[] = "0000-00-00T00:00:00Z";
        int64_t fields[6] = {};
        size_t field = 0;

        if (strlen(s) != STRLEN("0000-00-00T00:00:00Z"))
                return -EINVAL;
        for (size_t i = 0; form[i]; i++) {
                if (form[i] != '0') {
                        if (s[i] != form[i])
                                return -EINVAL;
                        field++;
                        continue;
                }
                if (s[i] < '0' || s[i] > '9')
                        return -EINVAL;
                fields[field] = fields[field] * 10 + (s[i] - '0');
        }
        if (fields[0] < 1 || fields[1] < 1 || fields[1] > 12 || fields[2] < 1 ||
            fields[2] > days_in_month(fields[0], fields[1]) || fields[3] > 23 || fields[4] > 59 ||
            fields[5] > 59)
                return -EINVAL;
        *ret = days_from_date(fields[0], fields[1], fields[2]) * SECONDS_PER_DAY + fields[3] * 3600 +
               fields[4] * 60 + fields[5];
        return 0;
}

void date_format(int64_t seconds, char ret[static DATE_SIZE])
{
        int64_t s = seconds < DATE_MIN ? DATE_MIN : seconds > DATE_MAX ? DATE_MAX : seconds;
        int64_t rest = ((s % SECONDS_PER_DAY) + SECONDS_PER_DAY) % SECONDS_PER_DAY;
        int64_t days = (s - rest) / SECONDS_PER_DAY + 719468;
        int64_t era = days / 146097, of_era = days % 146097;
        int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
        int64_t m = (5 * of_year + 2) / 153;
        int64_t month = m < 10 ? m + 3 : m - 9;
        unsigned y = (unsigned)(year + era * 400 + (month <= 2)) % 10000;

        (void)snprintf(ret, DATE_SIZE, "%04u-%02u-%02uT%02u:%02u:%02uZ", y, (unsigned)month % 100,
                       (unsigned)(of_year - (153 * m + 2) / 5 + 1) % 100, (unsigned)(rest / 3600) % 100,
                       (unsigned)(rest / 60 % 60) % 100, (unsigned)(rest % 60) % 100);
}
