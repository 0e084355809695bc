/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Follows each unit from its start job to its end. systemd's signals only say when to look; what is true is
 * read anew each time, from systemd (which invocation, in which state) and from the kernel (is it behind its
 * walls). Touches no files but to read drop-ins. */

#include "unitd/watch.h"

#include <time.h>

#include "facts/digest.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "ground/io.h"
#include "ground/text.h"
#include "unitd/describe.h"
#include "unitd/inforce.h"
#include "unitd/restarts.h"
#include "unitd/run.h"
#include "unitd/timers.h"

#define MANAGER_NAME   "org.freedesktop.systemd1"
#define MANAGER_OBJECT "/org/freedesktop/systemd1"

/* A Type=exec service is ready when the same invocation still runs this long after exec: a process that dies
 * 0.3 s after it leaves a start job that says "done". */
#define READY_AFTER_USEC (UINT64_C(5) * 1000000)

#define DROPIN_PATH_SIZE (sizeof(UNITS_DROPINS_PATH) + UNIT_NAME_SIZE + 2 + sizeof(DROPIN_NAME))

enum { DROPIN_SITE_BYTES_MAX = 1024 * 1024 }; /* a site's own drop-in: written by hand */

/* Not by LoadState: a unit whose files are gone or broken still runs what it runs. */
static bool status_is_up(const struct manager_status *s)
{
        return str_eq(s->active, "active") || str_eq(s->active, "reloading");
}

static bool invocation_is_checked(const struct unit *u, const struct manager_status *s)
{
        return !u->recheck && s->invocation_len == sizeof(u->invocation) &&
               memcmp(u->invocation, s->invocation, sizeof(u->invocation)) == 0;
}

static int site_add(struct digest *sum, const char *path, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        size_t len = 0;
        int r;

        /* A file that cannot be read counts as empty: what matters is whether it changes. */
        if (io_read_file_at(AT_FDCWD, path, DROPIN_SITE_BYTES_MAX, &text, &len, &ignored) < 0)
                len = 0;
        r = digest_add(sum, path, strlen(path) + 1);
        if (r >= 0)
                r = digest_add(sum, text, len);
        return r < 0 ? fault_set_errno(f, r, "cannot compute a sum") : 0;
}

static void own_path(const struct record *record, char ret[static DROPIN_PATH_SIZE])
{
        (void)snprintf(ret, DROPIN_PATH_SIZE, "%s/%s.d/%s", UNITS_DROPINS_PATH, record->unit, DROPIN_NAME);
}

static int own_check(const struct unit *u, const char *path, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char sum[DIGEST_HEX_SIZE];
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, path, DROPIN_BYTES_MAX, &text, &len, f);
        if (r == -ENOENT)
                return fault_set(f, -EOPNOTSUPP, "its drop-in %s is gone", path);
        if (r < 0 && r != -EFBIG)
                return r; /* ours, and no reason to doubt the release */
        if (r < 0 || digest_hex(text, len, sum) < 0 || !str_eq(sum, u->record.dropin))
                return fault_set(f, -EOPNOTSUPP, "its drop-in %s was changed", path);
        return 0;
}

static void note(struct unit *u, const char *text)
{
        (void)snprintf(u->text, sizeof(u->text), "%s: %s", u->record.unit, text);
        u->noted = true;
        units_changed(u->units);
}

static int dropins_read(struct unit *u, char **paths, struct digest *sum, struct fault *f)
{
        char own[DROPIN_PATH_SIZE];
        bool seen = false;
        int r;

        own_path(&u->record, own);
        for (char **p = paths; *p; p++) {
                if (str_eq(*p, own)) {
                        seen = true;
                        r = own_check(u, own, f);
                } else
                        r = site_add(sum, *p, f);
                if (r < 0)
                        return r;
        }
        return seen ? 0 : fault_set(f, -EOPNOTSUPP, "systemd does not know its drop-in %s", own);
}

/* What the next restart would use: our drop-in byte for byte, or the unit is stopped. Drop-ins of the host's
 * own are its administrator's right, but a change is told. */
static int dropins_check(struct unit *u, struct fault *f)
{
        _cleanup_(digest_freep) struct digest *sum = NULL;
        _cleanup_(strv_freep) char **paths = NULL;
        uint8_t bytes[SHA256_SIZE];
        char sites[DIGEST_HEX_SIZE];
        int r;

        r = manager_dropins(u->units->bus, u->record.unit, &paths, f);
        if (r < 0)
                return r;
        r = digest_new(&sum);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        r = dropins_read(u, paths, sum, f);
        if (r < 0)
                return r;
        r = digest_take(sum, bytes);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        text_hex(bytes, sizeof(bytes), sites);
        if (*u->sites && !str_eq(sites, u->sites))
                note(u, "drop-ins of this host that apply to it have changed; the next restart uses them");
        memcpy(u->sites, sites, sizeof(sites));
        return 0;
}

static void fail_wall(struct unit *u, struct fault *f)
{
        (void)fault_prefix(f, "%s", u->record.unit);
        u->wall = true;
        unit_fail(u, f);
}

static int walls_look(struct unit *u, const struct manager_status *s, struct fault *f)
{
        char tree[RELEASE_PATH_SIZE], root[sizeof(UNITS_ROOTS_PATH) + UNIT_NAME_SIZE];
        char dropin[DROPIN_PATH_SIZE];
        const struct record *record = &u->record;
        char place_name[PLACE_SIZE];
        const struct walls w = { .place = place_name,
                                 .promise = &record->promise,
                                 .systemd_version = u->units->systemd_version };
        const struct inforce_place place = {
                .unit = record->unit, .root = root, .tree = tree, .dropin = dropin
        };
        struct unitd_request release = {};

        memcpy(release.bundle, record->bundle, sizeof(release.bundle));
        memcpy(release.version, record->version, sizeof(release.version));
        memcpy(release.digest, record->digest, sizeof(release.digest));
        release_tree_path(&release, tree);
        name_place(record->bundle, record->instance, place_name);
        (void)snprintf(root, sizeof(root), "%s/%s", UNITS_ROOTS_PATH, record->unit);
        own_path(record, dropin);
        return inforce_check((pid_t)s->main_pid, &w, &place, f);
}

static bool shares_network(const struct record *a, const struct record *b)
{
        return a->promise.network == NETWORK_BUNDLE && b->promise.network == NETWORK_BUNDLE &&
               str_eq(a->bundle, b->bundle) && str_eq(a->instance, b->instance) &&
               str_eq(a->digest, b->digest);
}

/* Services of one release that share a network do share it, and nobody else is in it. Each service is held
 * against those whose walls were found standing before; of one that ends meanwhile nothing is known. */
static int networks_look(const struct unit *u, const struct manager_status *s, struct fault *f)
{
        struct inforce_network ours, theirs;
        struct fault ignored;
        int r;

        if (u->record.promise.network >= NETWORK_OUTBOUND)
                return 0;
        r = inforce_network((pid_t)s->main_pid, u->record.unit, &ours, f);
        if (r < 0)
                return r;
        for (const struct unit *other = u->units->first; other; other = other->next) {
                bool same, share = shares_network(&u->record, &other->record);

                if (other == u || other->ended || other->pid <= 0 ||
                    inforce_network(other->pid, other->record.unit, &theirs, &ignored) < 0)
                        continue;
                same = ours.device == theirs.device && ours.inode == theirs.inode;
                if (same != share)
                        return fault_set(f, -EOPNOTSUPP, "it is %sin the network of %s", same ? "" : "not ",
                                         other->record.unit);
        }
        return 0;
}

/* The list of addresses is a BPF program on the unit's cgroup. The kernel shows it to CAP_NET_ADMIN alone,
 * and systemd goes on without one; but where it could not make it, it has no count of bytes either. */
static int addresses_look(struct unit *u, const struct manager_status *s, struct fault *f)
{
        char invocation[RECORD_INVOCATION_SIZE];

        /* Once an invocation: a reload does not take from a cgroup what is attached to it, but systemd 257
         * knows no count after one. Written down, since a unitd that starts anew then cannot see it either.
         */
        text_hex(s->invocation, sizeof(s->invocation), invocation);
        if (!u->record.promise.confined || str_eq(u->record.listed, invocation))
                return 0;
        if (s->ip_bytes == UINT64_MAX)
                return fault_set(f, -EOPNOTSUPP,
                                 "it can reach every address, not only those of Outbound=: systemd cannot "
                                 "filter them "
                                 "here (BPF, and cgroups version 2 alone, are needed)");
        memcpy(u->record.listed, invocation, sizeof(invocation));
        return unit_save(u, f);
}

/* Checks a new invocation's walls. False: it is being stopped now, or it is gone already, which the next
 * look will see. */
static bool walls_hold(struct unit *u, const struct manager_status *s)
{
        struct fault f = {};
        int r;

        r = walls_look(u, s, &f);
        if (r >= 0)
                r = networks_look(u, s, &f);
        if (r == -ESRCH)
                return false;
        if (r >= 0)
                r = addresses_look(u, s, &f);
        if (r >= 0)
                r = dropins_check(u, &f);
        if (r < 0) {
                fail_wall(u, &f);
                return false;
        }
        memcpy(u->invocation, s->invocation, sizeof(u->invocation));
        u->recheck = false;
        if (u->record.job) /* what waits in sealift-hold; to others SIGCONT means nothing */
                manager_continue(u->units->bus, u->record.unit);
        u->pid = (pid_t)s->main_pid;
        return true;
}

static int on_settled(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct unit *u = userdata;
        struct manager_status s;
        struct fault f = {};
        int r;

        u->settle = sd_event_source_disable_unref(u->settle);
        r = manager_status(u->units->bus, u->record.unit, &s, &f);
        if (r >= 0 && !(status_is_up(&s) && invocation_is_checked(u, &s)))
                r = describe_failure(u->record.unit, NULL, &s, &f);
        if (r < 0)
                unit_fail(u, &f);
        else
                unit_set_state(u, UNIT_RUNNING);
        return 0;
}

/* A job waits for us, or is over already, or is to be run again (Restart=): it is ready for nothing. */
static void look_job(struct unit *u, const struct manager_status *s)
{
        run_begin(u, s);
        timers_note(u->units, u);
        unit_set_state(u, UNIT_RUNNING);
        if (status_is_up(s))
                (void)walls_hold(u, s);
}

/* Between the end of its start job and being ready. One that died is told from one that has just been exec'd
 * by systemd's state, not by what the kernel says: a process that is gone already has no walls to look at,
 * and why it went is known to systemd a moment later, in another change. */
static void look_starting(struct unit *u, const struct manager_status *s)
{
        bool died = str_eq(s->sub, "auto-restart") || s->restarts != u->restarts ||
                    (u->settle && !(status_is_up(s) && invocation_is_checked(u, s)));
        struct fault f = {};
        int r;

        if (u->record.job) {
                look_job(u, s);
                return;
        }
        if (died) {
                (void)describe_failure(u->record.unit, NULL, s, &f);
                unit_fail(u, &f);
                return;
        }
        if (u->settle || !status_is_up(s) || !walls_hold(u, s))
                return;
        if (u->record.notify) {
                unit_set_state(u, UNIT_RUNNING);
                return;
        }
        r = sd_event_add_time_relative(u->units->event, &u->settle, CLOCK_MONOTONIC, READY_AFTER_USEC, 0,
                                       on_settled, u);
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
               (u->state == UNIT_RUNNING || u->woken || (u->record.on_demand && u->record.notify));
}

static void look_down(struct unit *u, const struct manager_status *s)
{
        struct fault f = {};

        if (u->record.job) {
                run_end(u, s);
                unit_end(u);
                return;
        }
        if (u->state != UNIT_STOPPING && !ended_in_order(u, s)) {
                (void)describe_failure(u->record.unit, NULL, s, &f);
                (void)snprintf(u->text, sizeof(u->text), "%s", f.text);
                u->error = f.error;
                u->failed = true;
        } else if (u->state != UNIT_STOPPING)
                (void)snprintf(u->text, sizeof(u->text), "%s: it ended by itself", u->record.unit);
        unit_end(u);
}

/* Up, in an invocation that may be new: after an automatic restart, systemctl restart, or our own. */
static void look_up(struct unit *u, const struct manager_status *s)
{
        if (u->state == UNIT_STOPPING) {
                unit_set_state(u, UNIT_RUNNING); /* somebody started it while it stopped: stop it again */
                unit_stop(u);
                return;
        }
        if (!invocation_is_checked(u, s))
                (void)walls_hold(u, s);
}

void watch_look(struct unit *u)
{
        struct manager_status s;
        struct fault f = {};

        u->dirty = false;
        if (u->ended || u->job)
                return; /* while a job runs, its end decides */
        if (manager_status(u->units->bus, u->record.unit, &s, &f) < 0) {
                unit_fail(u, &f);
                return;
        }
        if (manager_is_down(&s)) {
                look_down(u, &s);
                return;
        }
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
        int r;

        free(u->job);
        u->job = NULL;
        if (!starting) {
                if (str_eq(result, "timeout"))
                        manager_kill(u->units->bus, u->record.unit);
                look_later(u);
                return;
        }
        r = manager_status(u->units->bus, u->record.unit, &s, &f);
        if (r >= 0 && str_eq(result, "done")) {
                if (manager_is_down(&s))
                        look_down(u, &s);
                else
                        look_starting(u, &s);
                return;
        }
        if (r >= 0)
                (void)describe_failure(u->record.unit, result, &s, &f);
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
                struct fault f = {};

                if (u->ended || u->state == UNIT_STOPPING)
                        continue;
                /* Not a bus that did not answer in time. */
                if (dropins_check(u, &f) == -EOPNOTSUPP) {
                        fail_wall(u, &f);
                        continue;
                }
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
