/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts how often systemd has started a unit again, and remembers why. Its input is what systemd says of a
 * unit; it stops those that die too often, and touches nothing else. */

#include "unitd/restarts.h"

#include "unitd/describe.h"

/* The service's start limit is off (it would take its socket down), so a service that dies again and again
 * is stopped here: systemd's own default is 5 starts in 10 s, ours allows for RestartSec=1s. */
enum { RESTARTS_MAX = 5 };
#define RESTARTS_SPAN_USEC (UINT64_C(60) * 1000000)

/* systemd forgets why when it starts it again, which may be between two answers of it. */
void restarts_note(struct unit *u, const struct manager_status *s)
{
        struct fault f = {};

        if (!str_has_prefix(s->sub, "auto-restart") || str_eq(s->result, "success"))
                return;
        u->excuse = describe_failure(u, NULL, s, &f) == -EOPNOTSUPP;
        memcpy(u->ending, f.text, sizeof(u->ending));
}

/* The last of them says whose doing it was. */
static int stop_restarting(struct unit *u)
{
        struct fault f = {};

        if (u->excuse)
                (void)fault_set(&f, -EOPNOTSUPP, "%s; it died %u times within a minute", u->ending,
                                u->restarts_counted);
        else
                (void)fault_set(&f, -ELOOP, "%s: it died %u times within a minute; see journalctl -u %s",
                                u->record.unit, u->restarts_counted, u->record.unit);
        unit_fail(u, &f);
        return f.error;
}

int restarts_count(struct unit *u, const struct manager_status *s)
{
        unsigned n;
        uint64_t now = 0;

        if (s->restarts == u->restarts)
                return 0;
        (void)sd_event_now(u->units->event, CLOCK_MONOTONIC, &now);
        if (now - u->restarts_since_usec > RESTARTS_SPAN_USEC) {
                u->restarts_since_usec = now;
                u->restarts_counted = 0;
        }
        n = s->restarts > u->restarts ? s->restarts - u->restarts : 1;
        u->restarts_counted += n;
        u->restarted += n;
        u->excused += u->excuse ? n : 0;
        u->restarts = s->restarts;
        units_changed(u->units);
        if (u->restarts_counted > RESTARTS_MAX)
                return stop_restarting(u);
        u->excuse = false;
        return 0;
}
