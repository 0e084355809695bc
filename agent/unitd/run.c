/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads from systemd's status how a job runs and ran. Its input is a unit and that status; touches nothing
 * but the unit. */

#include "unitd/run.h"

#include <inttypes.h>
#include <signal.h>
#include <time.h>

#include "unitd/describe.h"

/* sealiftd waits for a release to stop, and with it all updates. */
#define GRACE_MAX_USEC (UINT64_C(10) * 60 * 1000000)

static uint64_t now_usec(void)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void run_begin(struct unit *u, const struct manager_status *s)
{
        u->run = (struct run){ .started_usec = s->started_usec ? s->started_usec : now_usec() };
        memcpy(u->run.version, u->record.version, sizeof(u->run.version));
}

/* systemd stops a service by SIGTERM, and calls it a success when it obeys; and when it does not, somebody
 * has stopped it all the same. */
static bool was_stopped(const struct unit *u, const struct manager_status *s)
{
        return (u->state == UNIT_STOPPING && !u->failed) || (u->told && !str_eq(s->result, RUN_SUCCESS)) ||
               (str_eq(s->result, RUN_SUCCESS) &&
                (s->exec_code == CLD_KILLED || s->exec_code == CLD_DUMPED));
}

/* A unit that failed is kept until we have looked (manager_start()), so one that is gone ended well. */
static const char *result_of(const struct unit *u, const struct manager_status *s)
{
        if (u->wall)
                return RUN_WALL;
        if (was_stopped(u, s))
                return RUN_STOPPED;
        if (!str_eq(s->load, "loaded") && !u->failed)
                return RUN_SUCCESS;
        return u->failed && str_eq(s->result, RUN_SUCCESS) ? RUN_NOT_STARTED : s->result;
}

static void took(const struct run *run, char *ret, size_t size)
{
        uint64_t ms = run->ended_usec > run->started_usec ? (run->ended_usec - run->started_usec) / 1000 : 0;

        *ret = '\0';
        if (run->started_usec > 0)
                (void)snprintf(ret, size, " after %" PRIu64 ".%03" PRIu64 " s", ms / 1000, ms % 1000);
}

static void run_describe(struct unit *u, const struct manager_status *s)
{
        bool seen = memcmp(u->invocation, (uint8_t[MANAGER_INVOCATION_SIZE]){}, sizeof(u->invocation)) != 0;
        struct fault f = {};
        char after[48];

        took(&u->run, after, sizeof(after));
        if (str_eq(u->run.result, RUN_STOPPED))
                (void)snprintf(u->text, sizeof(u->text), "%s: the job was stopped before its end%s",
                               u->record.unit, after);
        else if (u->failed && !*u->text) {
                (void)describe_run(u, s, after, &f);
                (void)snprintf(u->text, sizeof(u->text), "%s", f.text);
                u->error = f.error;
        } else if (!u->failed)
                (void)snprintf(u->text, sizeof(u->text), "%s: the job ended well%s%s", u->record.unit, after,
                               seen ? "" : "; it was over before its walls could be looked at");
}

void run_end(struct unit *u, const struct manager_status *s)
{
        if (u->run.started_usec == 0)
                memcpy(u->run.version, u->record.version, sizeof(u->run.version));
        if (s->started_usec > 0)
                u->run.started_usec = s->started_usec;
        u->run.ended_usec = s->exited_usec > 0 ? s->exited_usec : now_usec();
        u->run.code = (unsigned)s->exec_code;
        u->run.status = (unsigned)s->exec_status;
        (void)snprintf(u->run.result, sizeof(u->run.result), "%s", result_of(u, s));
        u->failed = !str_eq(u->run.result, RUN_SUCCESS) && !str_eq(u->run.result, RUN_STOPPED);
        run_describe(u, s);
}

void run_miss(const char *version, struct run *ret)
{
        *ret = (struct run){ .ended_usec = now_usec(), .result = RUN_NOT_STARTED };
        (void)snprintf(ret->version, sizeof(ret->version), "%s", version);
}

static int on_grace_over(sd_event_source *source, uint64_t usec, void *userdata)
{
        unit_stop(userdata);
        return 0;
}

void run_retire(struct unit *u)
{
        struct manager_status s;
        uint64_t grace;
        struct fault ignored;

        unit_ask(u);
        if (u->settle || u->ended)
                return; /* asked for a second time */
        if (u->state != UNIT_RUNNING || manager_status(u->units->bus, u->record.unit, &s, &ignored) < 0) {
                unit_stop(u);
                return;
        }
        grace = s.stop_max_usec < GRACE_MAX_USEC ? s.stop_max_usec : GRACE_MAX_USEC;
        if (sd_event_add_time_relative(u->units->event, &u->settle, CLOCK_MONOTONIC, grace, 0, on_grace_over,
                                       u) < 0)
                unit_stop(u);
}
