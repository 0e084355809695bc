/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may stand in OnCalendar=. Pure. */

#include "facts/calendar.h"

int calendar_check(const char *value, struct fault *f)
{
        static const char letters[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789*:,./~_+- ";

        if (!*value || value[strspn(value, letters)])
                return fault_set(f, -EINVAL, "must be a calendar event such as daily, or Mon..Fri 08:00");
        return 0;
}
