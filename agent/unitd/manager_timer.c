/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What systemd says about a timer. */

#include "unitd/manager.h"

#define MANAGER_NAME    "org.freedesktop.systemd1"
#define TIMER_INTERFACE "org.freedesktop.systemd1.Timer"

static int calendars_count(sd_bus_message *m, size_t *ret)
{
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "(sst)");
        while (r >= 0 && (r = sd_bus_message_skip(m, "(sst)")) > 0)
                n++;
        if (r >= 0 || r == -ENXIO) { /* the end of the array */
                *ret = n;
                return 0;
        }
        return r;
}

int manager_timer(sd_bus *bus, const char *unit, struct manager_timer *ret, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *path = NULL;
        struct manager_timer timer = {};
        int r;

        r = manager_path(unit, &path);
        if (r >= 0)
                r = sd_bus_get_property_trivial(bus, MANAGER_NAME, path, TIMER_INTERFACE,
                                                "NextElapseUSecRealtime", &e, 't', &timer.next_usec);
        if (r >= 0)
                r = sd_bus_get_property(bus, MANAGER_NAME, path, TIMER_INTERFACE, "TimersCalendar", &e,
                                        &reply, "a(sst)");
        if (r >= 0)
                r = calendars_count(reply, &timer.n_calendars);
        if (r < 0)
                return fault_set(f, r, "%s: systemd cannot describe it: %s", unit,
                                 e.message ? e.message : strerror(-r));
        if (timer.next_usec == UINT64_MAX)
                timer.next_usec = 0;
        *ret = timer;
        return 0;
}
