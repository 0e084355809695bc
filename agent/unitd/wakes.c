/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is held is a plain unit file in /run, the same for all releases that ask for the same, so that it
 * need not be touched when they change. What it starts is the shipped sealift-wake@.service, which has no
 * process: when it becomes active there is a connection, or a time has come, and whoever was last to hold it
 * is started if it does not run (on_wake of struct units). Stopped, it can become active again. */

#include "unitd/wakes.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "ground/io.h"
#include "unitd/rebuild.h"
#include "unitd/sockets.h"
#include "unitd/timers.h"
#include "unitd/wake_file.h"

#define MANAGER_NAME "org.freedesktop.systemd1"

/* A connection that nobody accepts starts its service again as soon as it has ended, ten times a second, for
 * as long as a stranger keeps it open. systemd's own limits are no help: the one in the socket's file
 * (TriggerLimitBurst=200 in 2 s) ends in a socket that refuses everybody, and PollLimitBurst= (15 in 2 s)
 * came with 255. More than one start a second for so long is no person and no health check; and from then on
 * there is at most one, until nobody has come for a while. */
enum { STARTS_MAX = 20, STARTS_SPAN_SEC = 20 };
#define PAUSE_USEC (UINT64_C(1) * 1000000)
#define CALM_USEC  (UINT64_C(10) * 1000000)

static struct wake *wake_free(struct wake *w)
{
        if (w) {
                w->changes = sd_bus_slot_unref(w->changes);
                w->elapses = sd_bus_slot_unref(w->elapses);
                w->pause = sd_event_source_disable_unref(w->pause);
        }
        free(w);
        return NULL;
}
DEFINE_POINTER_CLEANUP(struct wake, wake_free)

void wakes_free(struct units *l)
{
        while (l->wakes) {
                struct wake *w = l->wakes;

                l->wakes = w->next;
                (void)wake_free(w);
        }
}

bool wake_is_timer(const struct wake *w)
{
        return str_has_suffix(w->held, ".timer");
}

static struct wake *wake_find(const struct units *l, const char *held)
{
        for (struct wake *w = l->wakes; w; w = w->next)
                if (str_eq(w->held, held))
                        return w;
        return NULL;
}

static bool wake_is_of(const struct wake *w, const struct unitd_request *q)
{
        return str_eq(w->record.bundle, q->bundle) && str_eq(w->record.version, q->version) &&
               str_eq(w->record.digest, q->digest);
}

/* A connection, or a time that has come, waits where the wake service is up. */
static void wake_look(struct wake *w)
{
        struct manager_status s;
        struct fault f;

        if (w->record.resting || manager_status(w->units->bus, w->unit, &s, &f) < 0)
                return;
        /* It is being stopped, and what woke it has been seen to: it would be seen to twice. The end of that
         * job is another change. */
        if (s.job != 0)
                return;
        if (!str_eq(s.active, "active"))
                w->stuck = false;
        else if (w->units->on_wake && !w->stuck)
                w->units->on_wake(w->units->userdata, w);
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        wake_look(userdata);
        return 0;
}

static int wake_watch(struct wake *w, struct fault *f)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(w->unit, &path);
        if (r >= 0)
                r = sd_bus_match_signal(w->units->bus, &w->changes, MANAGER_NAME, path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged", on_changed,
                                        w);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot watch it", w->unit) : 0;
}

static int wake_add(struct units *l, const char *held, struct wake **ret, struct fault *f)
{
        _cleanup_(wake_freep) struct wake *w = NULL;
        int r;

        w = calloc(1, sizeof(*w));
        if (!w)
                return fault_set_errno(f, -ENOMEM, "%s", held);
        w->units = l;
        (void)snprintf(w->held, sizeof(w->held), "%s", held);
        if (!dropin_wake_of(held, w->unit))
                return fault_set(f, -EINVAL, "%s: not a socket or timer of sealift's", held);
        r = wake_watch(w, f);
        if (r < 0)
                return r;
        if (wake_is_timer(w))
                r = timers_watch(w, f);
        if (r < 0)
                return r;
        w->next = l->wakes;
        l->wakes = w;
        *ret = TAKE_PTR(w);
        return 0;
}

int wakes_save(struct wake *w, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(RECORD_BYTES_MAX);
        int r;

        r = record_write(&w->record, &b);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot write its record", w->held);
        return io_replace_file_at(w->units->wakes_fd, w->held, b.data, b.len, 0644, f);
}

/* How the last run of a job ended stays. */
static int wake_set(struct wake *w, const struct wake_wanted *want, struct fault *f)
{
        const struct unitd_request *q = want->release;
        struct record *record = &w->record;

        *record = (struct record){ .attempt = q->attempt,
                                   .idle = wake_is_of(w, q) && record->idle && !record->resting,
                                   .run = record->run };
        memcpy(record->bundle, q->bundle, sizeof(record->bundle));
        memcpy(record->instance, want->manifest->instance, sizeof(record->instance));
        memcpy(record->version, q->version, sizeof(record->version));
        memcpy(record->digest, q->digest, sizeof(record->digest));
        memcpy(record->dropin, q->digest, sizeof(record->dropin));
        memcpy(record->config, q->digest, sizeof(record->config));
        (void)snprintf(record->service, sizeof(record->service), "%s", want->service);
        (void)snprintf(record->serves, sizeof(record->serves), "%s", want->serves);
        (void)snprintf(record->unit, sizeof(record->unit), "sealift-%s.%s.service", want->manifest->place,
                       want->service);
        return wakes_save(w, f);
}

/* What a release listens on has been granted to it: that systemd cannot is this host's doing. It says no
 * more over D-Bus than that it failed. */
static int wake_open(const struct wake *w, struct fault *f)
{
        int r;

        r = manager_run(MANAGER_JOB_START, w->held, f);
        if (r != -ECHILD || wake_is_timer(w))
                return r;
        return fault_set(
                f, -EADDRINUSE,
                "%s: systemd cannot listen there; somebody else has the address, or the release that "
                "runs has kept it while this socket was stopped (sealift restart %s opens it again), "
                "or this host has no such address; see journalctl -u %s",
                w->held, w->record.bundle, w->held);
}

int wakes_hold(struct units *l, const struct wake_wanted *want, struct wake **ret, struct fault *f)
{
        struct wake *w;
        int r;

        r = wake_file_install(l, want->held, want->text, f);
        if (r < 0)
                return r;
        w = wake_find(l, want->held);
        if (!w)
                r = wake_add(l, want->held, &w, f);
        if (r >= 0)
                r = wake_set(w, want, f);
        if (r >= 0)
                r = wake_open(w, f);
        if (r < 0)
                return r;
        w->starts = 0;
        w->hasty = false;
        *ret = w;
        return 0;
}

/* Written down, since a unitd that starts again must not wake what was stopped, or what failed. */
void wakes_rest(struct units *l, const struct unitd_request *q)
{
        struct fault ignored;

        for (struct wake *w = l->wakes; w; w = w->next)
                if (wake_is_of(w, q) && !w->record.resting) {
                        w->record.resting = true;
                        w->stuck = false; /* what waits is for the next start */
                        (void)!wakes_save(w, &ignored);
                }
}

static void wake_listen(const struct wake *w)
{
        _cleanup_free_ char *job = NULL;
        struct fault ignored;

        (void)!manager_stop(w->units->bus, w->unit, &job, &ignored);
}

void wake_pass(struct wake *w)
{
        if (wake_is_timer(w)) {
                wake_listen(w);
                return;
        }
        w->stuck = true;
}

bool wakes_is_idle(const struct units *l, const char *held, const struct unitd_request *q)
{
        const struct wake *w = wake_find(l, held);

        return w && wake_is_of(w, q) && w->record.idle && !w->record.resting && !w->stuck;
}

static void wake_tell_hasty(const struct wake *w)
{
        const struct record *record = &w->record;
        const struct journal_subject subject = { .bundle = record->bundle,
                                                 .version = record->version,
                                                 .digest = record->digest,
                                                 .attempt = record->attempt,
                                                 .unit = w->held };

        journal_send(
                JOURNAL_STARTED_TOO_OFTEN, LOG_WARNING, &subject,
                "%s: connections have started %s %d times within %d s, and each time it ended; from now "
                "on each start waits for a second, as long as this goes on",
                w->held, record->service, STARTS_MAX, STARTS_SPAN_SEC);
}

void wake_count(struct wake *w)
{
        uint64_t now = 0, since = w->last_start_usec;

        (void)sd_event_now(w->units->event, CLOCK_MONOTONIC, &now);
        w->last_start_usec = now;
        if (w->hasty && now - since <= CALM_USEC)
                return;
        if (w->hasty || now - w->starts_since_usec > UINT64_C(1000000) * STARTS_SPAN_SEC) {
                w->hasty = false;
                w->starts_since_usec = now;
                w->starts = 0;
        }
        if (++w->starts < STARTS_MAX || wake_is_timer(w))
                return;
        w->hasty = true;
        wake_tell_hasty(w);
}

static int on_paused(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct wake *w = userdata;

        w->pause = sd_event_source_disable_unref(w->pause);
        wake_listen(w);
        return 0;
}

static void wake_listen_later(struct wake *w)
{
        if (w->pause)
                return;
        if (sd_event_add_time_relative(w->units->event, &w->pause, CLOCK_MONOTONIC, PAUSE_USEC, 0, on_paused,
                                       w) < 0)
                wake_listen(w);
}

static void wake_set_idle(struct wake *w, bool idle)
{
        struct fault ignored;

        if (w->record.idle == idle)
                return;
        w->record.idle = idle;
        (void)!wakes_save(w, &ignored);
}

/* Whether w wakes u, or what u stands behind. */
static bool wake_is_for(const struct wake *w, const struct unit *u)
{
        return str_eq(w->record.bundle, u->record.bundle) &&
               str_eq(w->record.instance, u->record.instance) &&
               (str_eq(w->record.service, u->record.service) || str_eq(w->record.serves, u->record.service));
}

void wakes_listen_again(struct units *l, const struct unit *u)
{
        for (struct wake *w = l->wakes; w; w = w->next) {
                if (!wake_is_for(w, u))
                        continue;
                if (str_eq(w->record.digest, u->record.digest)) /* else it is the next release's already */
                        wake_set_idle(w, !wake_is_timer(w) && !u->failed && !u->asked);
                if (w->hasty)
                        wake_listen_later(w);
                else
                        wake_listen(w);
        }
}

bool wakes_take(const struct unit *u)
{
        bool waits = false;

        for (struct wake *w = u->units->wakes; w; w = w->next)
                if (wake_is_for(w, u)) {
                        waits = waits || (w->stuck && w->record.idle);
                        w->stuck = false;
                }
        return waits;
}

static void wake_close(struct units *l, struct wake *w)
{
        struct fault ignored;

        (void)!manager_run(MANAGER_JOB_STOP, w->held, &ignored);
        (void)!manager_run(MANAGER_JOB_STOP, w->unit, &ignored);
        (void)unlinkat(l->dropins_fd, w->held, 0);
        (void)unlinkat(l->wakes_fd, w->held, 0);
        (void)wake_free(w);
}

struct leaving { /* which are closed; borrowed */
        const struct unitd_request *release;
        const struct effective *keep;
};

static bool leaves_with_release(const struct wake *w, const struct leaving *x)
{
        return wake_is_of(w, x->release);
}

static bool leaves_with_instance(const struct wake *w, const struct leaving *x)
{
        return wake_is_of(w, x->release) && !effective_find(x->keep, w->record.instance);
}

static bool leaves_for_release(const struct wake *w, const struct leaving *x)
{
        return str_eq(w->record.bundle, x->release->bundle) && !wake_is_of(w, x->release);
}

/* Its address may be one that the next release opens itself, or by another name. */
static bool leaves_in_time(const struct wake *w, const struct leaving *x)
{
        return leaves_for_release(w, x) && w->record.resting && !wake_is_timer(w) &&
               !sockets_has(x->keep, w->held);
}

static void wakes_close_each(struct units *l, bool (*leaves)(const struct wake *, const struct leaving *),
                             const struct leaving *x)
{
        for (struct wake **p = &l->wakes; *p;) {
                struct wake *w = *p;

                if (!leaves(w, x)) {
                        p = &w->next;
                        continue;
                }
                *p = w->next;
                wake_close(l, w);
        }
}

/* Where two releases overlap, and whoever asked was lost before the old one held its sockets again: one that
 * is closed while the old one runs cannot be opened a second time, since that still has it (EADDRINUSE). */
static void wake_hand_over(struct wake *w, const struct record *to)
{
        struct fault ignored;

        w->stuck = false;
        w->record.attempt = to->attempt;
        w->record.resting = false;
        memcpy(w->record.version, to->version, sizeof(w->record.version));
        memcpy(w->record.digest, to->digest, sizeof(w->record.digest));
        memcpy(w->record.dropin, to->digest, sizeof(w->record.dropin));
        memcpy(w->record.config, to->digest, sizeof(w->record.config));
        (void)!wakes_save(w, &ignored);
}

static void wakes_hand_over(struct units *l, const struct unitd_request *q)
{
        for (struct wake *w = l->wakes; w; w = w->next)
                for (const struct unit *u = l->first; u && wake_is_of(w, q); u = u->next)
                        if (!u->ended && str_eq(u->record.bundle, q->bundle) &&
                            str_eq(u->record.instance, w->record.instance) &&
                            str_eq(u->record.service, w->record.service) &&
                            !str_eq(u->record.digest, q->digest))
                                wake_hand_over(w, &u->record);
}

void wakes_close(struct units *l, const struct unitd_request *q)
{
        wakes_hand_over(l, q);
        wakes_close_each(l, leaves_with_release, &(struct leaving){ .release = q });
}

void wakes_close_unwanted(struct units *l, const struct unitd_request *q, const struct effective *e)
{
        wakes_close_each(l, leaves_with_instance, &(struct leaving){ .release = q, .keep = e });
        wakes_close_each(l, leaves_in_time, &(struct leaving){ .release = q, .keep = e });
}

void wakes_close_others(struct units *l, const struct unitd_request *q)
{
        wakes_close_each(l, leaves_for_release, &(struct leaving){ .release = q });
}

void wakes_look_again(struct units *l)
{
        for (struct wake *w = l->wakes; w; w = w->next)
                wake_look(w);
}

static int wake_take_over(struct units *l, const char *held, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char place[PLACE_SIZE] = "";
        struct record record;
        struct wake *w;
        size_t len;
        int r;

        r = io_read_file_at(l->wakes_fd, held, RECORD_BYTES_MAX, &text, &len, f);
        if (r >= 0)
                r = record_parse(text, len, held, &record, f);
        if (r >= 0)
                name_place(record.bundle, record.instance, place);
        /* Under another's name it would have one bundle's connections start another bundle. */
        if (r >= 0 && !dropin_is_held_for(held, place))
                r = fault_set(f, -EINVAL, "%s: it is of %s", held, place);
        if (r >= 0)
                r = wake_add(l, held, &w, f);
        if (r < 0)
                return r;
        w->record = record;
        /* Nobody may be waiting any more: a socket says so again if somebody is. */
        if (wake_is_timer(w))
                wake_look(w);
        else if (!record.resting)
                wake_listen(w);
        return 0;
}

/* An unreadable one is made anew by the next start of its release. */
int wakes_rebuild(struct units *l, struct fault *f)
{
        return rebuild_each(l, l->wakes_fd, UNITS_WAKES_PATH, wake_take_over, f);
}
