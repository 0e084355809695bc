/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judges a clock that somebody else has read. Pure: it must never ask for the time itself, or tests could
 * not say what happens when. */

#include "facts/clock.h"

#include <inttypes.h>

#include "facts/date.h"

int64_t clock_build_date(void)
{
        return BUILD_DATE; /* configure's */
}

int64_t clock_floor(int64_t trusted)
{
        return trusted > BUILD_DATE ? trusted : BUILD_DATE;
}

int clock_check(int64_t trusted, int64_t now, struct fault *f)
{
        int64_t floor = clock_floor(trusted);
        char here[DATE_SIZE], there[DATE_SIZE], behind[CLOCK_SPAN_SIZE];

        if (now >= floor - CLOCK_TOLERANCE_SEC)
                return 0;
        date_format(now, here);
        date_format(floor, there);
        clock_span_format(floor - now, behind);
        return fault_set(
                f, -EDOM,
                "this machine's clock looks wrong: it says %s, %s behind %s, %s; nothing is judged "
                "or installed by it: set it (timedatectl, chronyc tracking), what runs is left alone",
                here, behind, there,
                floor > BUILD_DATE ? "when metadata was last found valid here"
                                   : "when this sealift was made");
}

int64_t clock_advance(int64_t trusted, int64_t now, int64_t expires)
{
        int64_t proven = now < expires ? now : expires - 1;

        return proven > trusted ? proven : trusted;
}

void clock_doubt(int64_t trusted, int64_t now, struct fault *f)
{
        int64_t floor = clock_floor(trusted);
        char here[DATE_SIZE], ahead[CLOCK_SPAN_SIZE];
        int day = STRLEN("YYYY-MM-DD"); /* no more of it: what stays the same is said once */

        if ((f->error != -ETIME && f->error != -EACCES) || now - floor <= CLOCK_AHEAD_SEC)
                return;
        date_format(now, here);
        clock_span_format(now - floor, ahead);
        (void)fault_prefix(
                f,
                "this machine's clock looks wrong: it says %.*s, %s past the last time known here to "
                "be right; compare it (timedatectl, chronyc tracking) before anybody else is asked",
                day, here, ahead);
}

void clock_span_format(int64_t seconds, char ret[static CLOCK_SPAN_SIZE])
{
        static const struct {
                int64_t seconds;
                const char *name;
        } units[] = {
                { 365 * 86400, "years" },
                { 86400, "days" },
                { 3600, "hours" },
                { 60, "minutes" },
        };

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (seconds >= 2 * units[i].seconds) {
                        (void)snprintf(ret, CLOCK_SPAN_SIZE, "%" PRId64 " %s", seconds / units[i].seconds,
                                       units[i].name);
                        return;
                }
        (void)snprintf(ret, CLOCK_SPAN_SIZE, "%" PRId64 " seconds", seconds);
}
