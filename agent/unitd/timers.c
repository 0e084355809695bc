/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The timers of a release, when each elapses next, and how its job ran last. What they have in common with
 * sockets is in wakes.c; what a unit says of a run is read in run.c. */

#include "unitd/timers.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "unitd/run.h"

#define MANAGER_NAME "org.freedesktop.systemd1"

static void timer_tell(const struct wake *w)
{
        if (w->units->on_job)
                w->units->on_job(w->units->userdata, w);
}

/* Whether this host's own drop-ins apply to it: who writes those says when it elapses. */
static int timer_is_the_hosts(struct wake *w, bool *ret, struct fault *f)
{
        const struct journal_subject subject = { .bundle = w->record.bundle,
                                                 .version = w->record.version,
                                                 .digest = w->record.digest,
                                                 .unit = w->held };
        _cleanup_(strv_freep) char **paths = NULL;
        int r;

        r = manager_dropins(w->units->bus, w->held, &paths, f);
        if (r < 0)
                return r;
        *ret = *paths != NULL;
        if (*ret)
                journal_send(JOURNAL_DROPINS_CHANGED, LOG_WARNING, &subject,
                             "%s: it has other times than its manifest says: drop-ins of this host apply to "
                             "it",
                             w->held);
        return 0;
}

/* systemd passes over an OnCalendar= whose time zone it does not find, and would arm the timer with the
 * rest: that is a job that does not run when its publisher said. Another host may know the time zone, so it
 * is none of the release's doing. */
static int timer_check(struct wake *w, const struct timer_unit *t, struct fault *f)
{
        struct manager_timer timer;
        bool is_the_hosts = false;
        size_t wanted = 0;
        int r;

        r = manager_timer(w->units->bus, w->held, &timer, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n_settings; i++)
                wanted += str_eq(t->settings[i].directive->key, "OnCalendar");
        if (timer.n_calendars != wanted) {
                r = timer_is_the_hosts(w, &is_the_hosts, f);
                if (r < 0)
                        return r;
                if (!is_the_hosts)
                        return fault_set(f, -EOPNOTSUPP,
                                         "%s: systemd does not take every OnCalendar= of it; does this host "
                                         "have the time zones (tzdata)?",
                                         w->held);
        }
        w->next_usec = timer.next_usec;
        return 0;
}

static int timer_hold(struct units *l, const struct manifest *m, const struct timer_unit *t,
                      const struct unitd_request *q, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(WAKES_BYTES_MAX);
        char held[UNIT_NAME_SIZE];
        struct wake *w;
        int r;

        dropin_timer_name(m->place, t->name, held);
        r = dropin_write_timer(m, t, &b, f);
        if (r >= 0)
                r = wakes_hold(l,
                               &(struct wake_wanted){ .manifest = m,
                                                      .release = q,
                                                      .held = held,
                                                      .service = t->service,
                                                      .serves = "",
                                                      .text = &b },
                               &w, f);
        if (r >= 0)
                r = timer_check(w, t, f);
        if (r >= 0)
                timer_tell(w); /* before the release is said to be up */
        return r;
}

int timers_hold(struct units *l, const struct manifest *m, const struct unitd_request *q, struct fault *f)
{
        for (size_t i = 0; i < m->n_timers; i++) {
                int r;

                r = timer_hold(l, m, m->timers + i, q, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void timer_look(struct wake *w)
{
        struct manager_timer timer;
        struct fault ignored;

        if (manager_timer(w->units->bus, w->held, &timer, &ignored) < 0 || timer.next_usec == w->next_usec)
                return;
        w->next_usec = timer.next_usec;
        timer_tell(w);
}

static int on_elapses(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        timer_look(userdata);
        return 0;
}

int timers_watch(struct wake *w, struct fault *f)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(w->held, &path);
        if (r >= 0)
                r = sd_bus_match_signal(w->units->bus, &w->elapses, MANAGER_NAME, path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged", on_elapses,
                                        w);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot watch it", w->held);
        timer_look(w);
        return 0;
}

/* Of a run that was over before sealift-unitd, started anew, could look, systemd says no more when it began.
 */
static struct run run_complete(const struct run *before, const struct run *now)
{
        struct run run = *now;

        if (run.started_usec == 0 && before->ended_usec == 0)
                run.started_usec = before->started_usec;
        return run;
}

void timers_pass(struct wake *w)
{
        struct record *record = &w->record;
        struct fault ignored;

        run_miss(record->version, &record->run);
        (void)!wakes_save(w, &ignored);
        wake_pass(w);
        timer_tell(w);
}

void timers_note(struct units *l, const struct unit *u)
{
        for (struct wake *w = l->wakes; w; w = w->next) {
                struct fault ignored;

                if (!wake_is_timer(w) || !str_eq(w->record.bundle, u->record.bundle) ||
                    !str_eq(w->record.instance, u->record.instance) ||
                    !str_eq(w->record.service, u->record.service))
                        continue;
                w->record.run = run_complete(&w->record.run, &u->run);
                (void)!wakes_save(w, &ignored);
                timer_tell(w);
        }
}

void timers_describe(const struct wake *w, uint64_t id, struct unitd_job *ret)
{
        const struct record *r = &w->record;
        char place[PLACE_SIZE];
        size_t skip;

        *ret = (struct unitd_job){ .id = id,
                                   .next_usec = w->next_usec,
                                   .started_usec = r->run.started_usec,
                                   .ended_usec = r->run.ended_usec,
                                   .code = (int32_t)r->run.code,
                                   .status = (int32_t)r->run.status,
                                   .resting = r->resting };
        name_place(r->bundle, r->instance, place);
        skip = STRLEN("sealift-") + strlen(place) + 1;
        (void)snprintf(ret->timer, sizeof(ret->timer), "%.*s",
                       (int)(strlen(w->held) - skip - STRLEN(".timer")), w->held + skip);
        memcpy(ret->bundle, r->bundle, sizeof(ret->bundle));
        memcpy(ret->instance, r->instance, sizeof(ret->instance));
        memcpy(ret->digest12, r->digest, DIGEST_SHORT);
        memcpy(ret->service, r->service, sizeof(ret->service));
        memcpy(ret->version, r->run.version, sizeof(ret->version));
        memcpy(ret->result, r->run.result, sizeof(ret->result));
}
