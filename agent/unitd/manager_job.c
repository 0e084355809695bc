/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs that are waited for: sockets, whose start and stop take milliseconds and must be over before the
 * services that need them are started. */

#include <time.h>

#include "unitd/manager.h"

#define MANAGER_NAME      "org.freedesktop.systemd1"
#define MANAGER_OBJECT    "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

/* A socket that takes longer than this to open or close is stuck. */
#define JOB_MAX_USEC (UINT64_C(10) * 1000000)

struct wait {
        char job[64]; /* "/org/freedesktop/systemd1/job/4294967295" */
        char result[24];
};

static int on_removed(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        struct wait *w = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && str_eq(job, w->job))
                (void)snprintf(w->result, sizeof(w->result), "%s", result);
        return 0;
}

static uint64_t now_usec(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int job_await(sd_bus *bus, struct wait *w)
{
        uint64_t end = now_usec() + JOB_MAX_USEC;

        while (!*w->result) {
                uint64_t now = now_usec();
                int r;

                r = sd_bus_process(bus, NULL);
                if (r == 0 && now < end)
                        r = sd_bus_wait(bus, end - now);
                if (r < 0)
                        return r;
                if (now >= end)
                        return -ETIMEDOUT;
        }
        return 0;
}

static int job_start(sd_bus *bus, const char *method, const char *unit, struct wait *w, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *job;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, method, &e, &reply,
                               "ss", unit, "replace");
        if (r < 0 && sd_bus_error_has_name(&e, "org.freedesktop.systemd1.NoSuchUnit"))
                return -ENOENT;
        if (r >= 0)
                r = sd_bus_message_read(reply, "o", &job);
        if (r < 0)
                return fault_set(f, r, "%s: %s: %s", unit, method, e.message ? e.message : strerror(-r));
        (void)snprintf(w->job, sizeof(w->job), "%s", job);
        return 0;
}

int manager_run(enum manager_job what, const char *unit, struct fault *f)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        struct wait w = {};
        int r;

        r = sd_bus_open_system(&bus);
        if (r >= 0)
                r = sd_bus_match_signal(bus, NULL, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE,
                                        "JobRemoved", on_removed, &w);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot reach systemd", unit);
        r = job_start(bus, what == MANAGER_JOB_START ? "StartUnit" : "StopUnit", unit, &w, f);
        if (r == -ENOENT && what == MANAGER_JOB_STOP)
                return 0;
        if (r == -ENOENT)
                return fault_set(f, r, "%s: systemd does not find it", unit);
        if (r < 0)
                return r;
        r = job_await(bus, &w);
        if (r < 0)
                return fault_set_errno(f, r, "%s: waiting for systemd", unit);
        if (!str_eq(w.result, "done"))
                return fault_set(f, -ECHILD, "%s: %s; see journalctl -u %s", unit, w.result, unit);
        return 0;
}

int manager_reload(sd_bus *bus, struct fault *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = sd_bus_call_method(bus, MANAGER_NAME, MANAGER_OBJECT, MANAGER_INTERFACE, "Reload", &e, NULL,
                               NULL);
        if (r < 0)
                return fault_set(f, r, "systemd cannot reload: %s", e.message ? e.message : strerror(-r));
        return 0;
}
