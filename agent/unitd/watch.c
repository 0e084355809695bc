/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Follows each unit from its start job to its end. systemd's signals only say when to look; what is true is
 * read anew each time, from systemd (which invocation, in which state) and from the kernel (is it behind its
 * walls: watch_walls.c). Touches no files. */

#include "unitd/watch.h"

#include <limits.h>
#include <signal.h>
#include <time.h>

#include "unitd/describe.h"
#include "unitd/doubt.h"
#include "unitd/restarts.h"
#include "unitd/run.h"
#include "unitd/timers.h"
#include "unitd/watch_walls.h"

#define MANAGER_NAME   "org.freedesktop.systemd1"
#define MANAGER_OBJECT "/org/freedesktop/systemd1"

/* A Type=exec service is ready when the same invocation still runs this long after exec: a process that dies
 * 0.3 s after it leaves a start job that says "done". */
#define READY_AFTER_USEC (UINT64_C(5) * 1000000)

/* Not by LoadState: a unit whose files are gone or broken still runs what it runs. */
static bool status_is_up(const struct manager_status *s)
{
        return str_eq(s->active, "active") || str_eq(s->active, "reloading");
}

static bool invocation_is_same(const struct unit *u, const struct manager_status *s)
{
        return s->invocation_len == sizeof(u->invocation) &&
               memcmp(u->invocation, s->invocation, sizeof(u->invocation)) == 0;
}

static bool invocation_is_checked(const struct unit *u, const struct manager_status *s)
{
        return !u->recheck && invocation_is_same(u, s);
}

void watch_note(struct unit *u, enum journal_event event, const char *what, const char *why)
{
        struct fault f = {};

        (void)fault_set(&f, 0, "%s: %s%s", u->record.unit, what, why);
        memcpy(u->note_text, f.text, sizeof(u->note_text));
        u->noted = true;
        u->note = event;
        units_changed(u->units);
}

static int on_again(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct unit *u = userdata;

        u->again = sd_event_source_disable_unref(u->again);
        watch_look(u);
        return 0;
}

bool watch_again(struct unit *u, const struct fault *why, unsigned max, uint64_t usec)
{
        if (u->again) /* this look was for another reason: it does not count */
                return true;
        if (u->misses >= max)
                return false;
        if (sd_event_add_time_relative(u->units->event, &u->again, CLOCK_MONOTONIC, usec, 0, on_again, u) <
            0)
                return false;
        if (++u->misses == 1 && why)
                watch_note(u, JOURNAL_UNIT_UNSEEN,
                           "it cannot be looked at now, and is again soon: ", why->text);
        return true;
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata);

static int settle_begin(struct unit *u)
{
        return sd_event_add_time_relative(u->units->event, &u->settle, CLOCK_MONOTONIC, READY_AFTER_USEC, 0,
                                          on_settled, u);
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct unit *u = userdata;
        struct manager_status s;
        struct fault f = {};
        int r;

        u->settle = sd_event_source_disable_unref(u->settle);
        r = manager_status(u->units->bus, u->record.unit, &s, &f);
        if (r < 0 && u->misses++ < WATCH_LOOKS_MAX && settle_begin(u) >= 0)
                return 0; /* systemd did not answer: that says nothing about the unit */
        if (r < 0)
                unit_fail(u, &f);
        else if (status_is_up(&s) && invocation_is_checked(u, &s))
                unit_note_ready(u);
        else
                watch_look(u);
        return 0;
}

/* A job waits for us, or is over already, or is to be run again (Restart=): it is ready for nothing. */
static void look_job(struct unit *u, const struct manager_status *s)
{
        run_begin(u, s);
        timers_note(u->units, u);
        unit_set_state(u, UNIT_RUNNING);
        if (status_is_up(s))
                (void)watch_walls_hold(u, s);
}

/* Between the end of its start job and being ready. One that died is told from one that has just been exec'd
 * by systemd's state, not by what the kernel says: a process that is gone already has no walls to look at,
 * and why it went is known to systemd a moment later, in another change. */
static void look_starting(struct unit *u, const struct manager_status *s)
{
        bool died = str_has_prefix(s->sub, "auto-restart") || s->restarts != u->restarts ||
                    (u->settle && !(status_is_up(s) && invocation_is_checked(u, s)));
        struct fault f = {};
        int r;

        if (u->record.job) {
                look_job(u, s);
                return;
        }
        if (str_eq(s->active, "deactivating"))
                return; /* by itself, or stopped by somebody: known at its end */
        if (died) {
                (void)describe_failure(u, NULL, s, &f);
                unit_fail(u, &f);
                return;
        }
        if (u->settle || !status_is_up(s) || !watch_walls_hold(u, s))
                return;
        if (u->record.notify) {
                unit_note_ready(u);
                return;
        }
        r = settle_begin(u);
        if (r < 0) {
                (void)fault_set_errno(&f, r, "%s: cannot wait for it", u->record.unit);
                unit_fail(u, &f);
        }
}

/* A service behind a socket may have answered and gone before anybody has looked: one that says READY=1 was
 * ready then, or systemd had not called it a success; and one that a connection woke is on no trial. */
static bool ended_in_order(const struct unit *u, const struct manager_status *s)
{
        return str_eq(s->load, "loaded") && str_eq(s->result, "success") &&
               (u->state == UNIT_RUNNING || u->record.woken || (u->record.on_demand && u->record.notify));
}

static int on_over(sd_event_source *source, void *userdata)
{
        struct unit *u = userdata;

        u->settle = sd_event_source_disable_unref(u->settle);
        watch_look(u);
        return 0;
}

/* Whether it ended by itself is told by what systemd sends of jobs: before it says that it is down, but
 * signals wait while an answer is waited for. False: once those that wait have been read. */
static bool end_is_clear(struct unit *u)
{
        if (u->over || u->told)
                return true;
        u->over = true;
        u->settle = sd_event_source_disable_unref(u->settle);
        return sd_event_add_defer(u->units->event, &u->settle, on_over, u) < 0 ||
               sd_event_source_set_priority(u->settle, SD_EVENT_PRIORITY_IDLE) < 0;
}

/* A job of somebody else's is done with it, and was no start, since nothing has begun that we have not seen,
 * or since we have not seen anything yet: it was stopped, with whatever status it then ended. */
static bool was_stopped(const struct unit *u, const struct manager_status *s)
{
        static const uint8_t none[MANAGER_INVOCATION_SIZE];

        return u->told && (s->started_usec == 0 || invocation_is_same(u, s) ||
                           memcmp(u->invocation, none, sizeof(none)) == 0);
}

/* The start job of one that an earlier unitd made is not ours to be told the end of: one that was canceled
 * left nothing but this. One that was done may be followed by a stop before it is ready. */
static const char *lost_job(const struct unit *u, const struct manager_status *s)
{
        if (u->state != UNIT_STARTING || !str_eq(s->load, "loaded"))
                return NULL;
        return was_stopped(u, s) || (s->started_usec == 0 && str_eq(s->result, "success")) ? "canceled"
                                                                                           : NULL;
}

static void end_describe(struct unit *u, const struct manager_status *s, bool in_order)
{
        struct fault f = {};

        if (in_order || (u->state == UNIT_RUNNING && was_stopped(u, s))) {
                (void)snprintf(u->text, sizeof(u->text), "%s: it %s", u->record.unit,
                               u->told ? "was stopped" : "ended by itself, in order");
                return;
        }
        (void)describe_failure(u, lost_job(u, s), s, &f);
        (void)snprintf(u->text, sizeof(u->text), "%s", f.text);
        u->error = f.error;
        u->failed = true;
}

static void look_down(struct unit *u, const struct manager_status *s)
{
        bool job = u->record.job, in_order = job ? str_eq(s->result, RUN_SUCCESS) : ended_in_order(u, s);

        if (u->state != UNIT_STOPPING && !(job && in_order)) {
                u->told = u->told || (in_order && s->exec_code != CLD_EXITED); /* by a signal */
                if (!end_is_clear(u))
                        return;
        }
        if (job)
                run_end(u, s);
        else if (u->state != UNIT_STOPPING)
                end_describe(u, s, in_order);
        unit_end(u);
}

/* Up, in an invocation that may be new: after an automatic restart, systemctl restart, or our own. */
static void look_up(struct unit *u, const struct manager_status *s)
{
        if (u->state == UNIT_STOPPING) {
                unit_set_state(u, UNIT_RUNNING); /* somebody started it while it stopped */
                u->unneeded = false;
                if (u->asked || u->failed) {
                        unit_stop(u);
                        return;
                }
                *u->text = '\0';
        }
        if (!invocation_is_checked(u, s))
                (void)watch_walls_hold(u, s);
}

void watch_look(struct unit *u)
{
        struct manager_status s;
        struct fault f = {};

        u->dirty = false;
        if (u->ended || u->job || u->doubt)
                return; /* while a job runs, its end decides */
        if (manager_status(u->units->bus, u->record.unit, &s, &f) < 0) {
                unsigned max = u->state == UNIT_STARTING ? WATCH_LOOKS_MAX : UINT_MAX;

                if (!watch_again(u, &f, max, WATCH_AGAIN_USEC))
                        unit_fail(u, &f);
                return;
        }
        if (doubt_waits(u, &s))
                return;
        if (invocation_is_checked(u, &s))
                u->misses = 0;
        if (manager_is_down(&s)) {
                look_down(u, &s);
                return;
        }
        u->told = u->over = false;
        if (u->state == UNIT_STARTING) {
                look_starting(u, &s);
                return;
        }
        restarts_note(u, &s);
        if (u->state != UNIT_STOPPING && restarts_count(u, &s) < 0)
                return;
        if (status_is_up(&s))
                look_up(u, &s);
}

static void look_later(struct unit *u)
{
        u->dirty = true;
        units_changed(u->units);
}

static void job_ended(struct unit *u, const char *result)
{
        struct manager_status s;
        struct fault f = {};
        bool starting = u->state == UNIT_STARTING;

        free(u->job);
        u->job = NULL;
        if (!starting) {
                if (str_eq(result, "timeout"))
                        manager_kill(u->units->bus, u->record.unit);
                look_later(u);
                return;
        }
        if (str_eq(result, "done")) {
                watch_look(u);
                return;
        }
        if (manager_status(u->units->bus, u->record.unit, &s, &f) >= 0) {
                if (doubt_waits(u, &s))
                        return;
                (void)describe_failure(u, result, &s, &f);
        }
        unit_fail(u, &f);
}

static int on_job_removed(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        struct units *l = userdata;
        const char *job, *unit, *result;
        uint32_t id;

        if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) < 0)
                return 0;
        for (struct unit *u = l->first; u; u = u->next)
                if (u->job && str_eq(u->job, job)) {
                        job_ended(u, result);
                        break;
                } else if (str_eq(u->record.unit, unit)) {
                        u->told = u->told || str_eq(result, "done");
                        look_later(u);
                }
        return 0;
}

/* A reload never changes what runs, but it changes what the next restart of it would be. What is in force is
 * looked at again all the same: whoever reloads has often changed more, such as a mount into a service. */
static int on_reloading(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        struct units *l = userdata;
        int begins;

        if (sd_bus_message_read(m, "b", &begins) < 0 || begins)
                return 0;
        for (struct unit *u = l->first; u; u = u->next) {
                if (u->ended || u->state == UNIT_STOPPING || !watch_walls_reloaded(u))
                        continue;
                if (u->state == UNIT_RUNNING)
                        u->recheck = true;
                look_later(u);
        }
        return 0;
}

int watch_systemd(struct units *l, struct fault *f)
{
        int r;

        r = sd_bus_match_signal(l->bus, NULL, MANAGER_NAME, MANAGER_OBJECT, MANAGER_NAME ".Manager",
                                "JobRemoved", on_job_removed, l);
        if (r >= 0)
                r = sd_bus_match_signal(l->bus, NULL, MANAGER_NAME, MANAGER_OBJECT, MANAGER_NAME ".Manager",
                                        "Reloading", on_reloading, l);
        return r < 0 ? fault_set_errno(f, r, "cannot listen to systemd") : 0;
}

static int on_properties(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        look_later(userdata);
        return 0;
}

int watch_unit(struct unit *u, struct fault *f)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(u->record.unit, &path);
        if (r >= 0)
                r = sd_bus_match_signal(u->units->bus, &u->changes, MANAGER_NAME, path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged",
                                        on_properties, u);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot watch it", u->record.unit) : 0;
}
