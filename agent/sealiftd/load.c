/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Everything sealiftd reads before its story begins: configuration, policy, identity, state, and what runs.
 */

#include "sealiftd/load.h"

#include <syslog.h>

#include "doors/journal.h"
#include "doors/policydir.h"
#include "ground/io.h"
#include "ground/text.h"
#include "sealiftd/attempt.h"
#include "sealiftd/health.h"
#include "sealiftd/jobs.h"
#include "sealiftd/restore.h"

/* Changing it would give every machine a new name in the reports. */
#define SEALIFT_APP_ID SD_ID128_MAKE(5a, 9e, 2c, 61, 0d, 4b, 4f, 3e, 8a, 57, 9c, 11, 6b, f2, d0, 34)

/* Made by tmpfiles.d. */
#define BOOT_PATH "/run/sealift/boot"
enum { BOOT_BYTES_MAX = 64 }; /* an id in hex */

int load_config(const char *path, struct config **ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, path, CONFIG_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return r;
        return config_parse(text, len, path, ret, f);
}

int load_policy(struct agent *a, struct fault *f)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r;

        r = policydir_read(CONFIG_POLICY_PATH, &p, f);
        if (r < 0)
                return r;
        (void)policy_free(a->policy);
        a->policy = TAKE_PTR(p);
        return 0;
}

static int load_boot(sd_id128_t *ret)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        size_t len;

        if (io_read_file_at(AT_FDCWD, BOOT_PATH, BOOT_BYTES_MAX, &text, &len, &ignored) >= 0 &&
            len == SD_ID128_STRING_MAX - 1 && sd_id128_from_string(text, ret) >= 0)
                return 0;
        return sd_id128_get_boot(ret);
}

int load_identity(struct agent *a, struct fault *f)
{
        sd_id128_t id;
        int r;

        r = sd_id128_get_machine_app_specific(SEALIFT_APP_ID, &id);
        if (r < 0)
                return fault_set_errno(f, r, "/etc/machine-id: cannot derive this machine's name");
        sd_id128_to_string(id, a->machine);
        r = load_boot(&id);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read the boot id");
        sd_id128_to_string(id, a->boot);
        return 0;
}

/* One damaged file must not keep the other bundles from running; and of this one, nothing may be concluded
 * from a state that is empty only because nobody can read it. */
static void bundle_is_damaged(struct agent *a, struct bundle *b, const struct fault *why)
{
        struct journal_subject s = { .bundle = b->name };
        struct fault f = {};

        (void)fault_set(&f, -EINVAL,
                        "%.300s; put it right or remove it, then systemctl restart sealiftd.service",
                        why->text);
        memcpy(b->error, f.text, sizeof(b->error));
        b->damaged = true;
        agent_set_health(a, b, BUNDLE_FAILED);
        journal_send(JOURNAL_STATE_DAMAGED, LOG_CRIT, &s, "%s: %s", b->name, b->error);
}

static int load_named(struct agent *a, int (*list)(struct store *, store_name **, size_t *, struct fault *),
                      struct fault *f)
{
        _cleanup_free_ store_name *names = NULL;
        size_t n;
        int r;

        r = list(a->store, &names, &n, f);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                struct bundle *b = agent_find_bundle(a, names[i], true);

                if (!b)
                        return fault_set(f, -EFBIG, "%s: more than %d bundles", names[i], BUNDLES_MAX);
                if (!b->damaged && store_state_load(a->store, names[i], &b->state, f) < 0)
                        bundle_is_damaged(a, b, f);
                if (!b->damaged)
                        b->health = agent_resting_health(a, b);
        }
        return r;
}

/* Those without state were being installed for the first time when an earlier agent was killed: what is left
 * of them must be stopped and removed, and nothing else knows their names. */
int load_bundles(struct agent *a, struct fault *f)
{
        int r;

        r = load_named(a, store_state_list, f);
        return r < 0 ? r : load_named(a, store_bundle_list, f);
}

static void on_listed(void *userdata, const struct unitd_unit *u)
{
        struct agent *a = userdata;
        struct bundle *b = agent_find_bundle(a, u->bundle, false);

        /* digest12 is enough to recognise what unitd itself started from our store. Of one that is being
         * stopped, its end is yet to be told, and by whom. */
        if (b && (u->state == UNIT_RUNNING || u->state == UNIT_STOPPING) && !jobs_have(a, u) &&
            strncmp(b->state.current.digest, u->digest12, DIGEST_SHORT) == 0) {
                b->seen = true;
                b->stopping |= u->state == UNIT_STOPPING;
                /* The agent has just been started. */
                if (b->health == BUNDLE_ABSENT && u->state == UNIT_RUNNING) {
                        b->health = BUNDLE_RUNNING;
                        b->since_usec = u->since_usec;
                }
        }
}

static bool all_are_jobs(const struct manifest *m)
{
        for (size_t i = 0; i < m->n_services; i++)
                if (!manifest_find_timer(m, m->services[i].name))
                        return false;
        return true;
}

/* Where a connection or the time wakes the service, no process is the normal case between two of them. Read
 * only when something has ended, so that nothing of the manifest need be kept. */
static bool bundle_is_woken(struct agent *a, const struct bundle *b)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        size_t len;

        return store_manifest_read(a->store, b->name, &b->state.current, &text, &len, &ignored) >= 0 &&
               manifest_parse(text, len, b->name, &m, &ignored) >= 0 &&
               (m->n_sockets > 0 || (all_are_jobs(m) && jobs_are_armed(a, b)));
}

/* The agent has just been started, and finds a release of jobs alone with its timers armed. */
static bool bundle_is_armed(struct agent *a, const struct bundle *b)
{
        return b->health == BUNDLE_ABSENT && jobs_are_armed(a, b) && bundle_is_woken(a, b);
}

/* Nobody was there to see its end. A release on trial answers for it. */
static void bundle_is_gone(struct agent *a, struct bundle *b)
{
        struct journal_subject s = { .bundle = b->name,
                                     .version = b->state.current.version,
                                     .digest = b->state.current.digest };
        struct unitd_unit end = { .state = UNIT_FAILED, .own = true };

        (void)snprintf(b->error, sizeof(b->error),
                       "release %s does not run any more; see journalctl SEALIFT_BUNDLE=%s",
                       b->state.current.version, b->name);
        (void)snprintf(end.text, sizeof(end.text), "%s", b->error);
        memcpy(end.bundle, b->name, sizeof(end.bundle));
        memcpy(end.digest12, b->state.current.digest, DIGEST_SHORT);
        health_note_unit(a, &end);
        journal_send(JOURNAL_UNIT_FAILED, LOG_ERR, &s, "%s: %s", b->name, b->error);
        restore_forget(b); /* due while it ran; it may have been stopped */
        agent_set_health(a, b, BUNDLE_FAILED);
        a->report_due = true;
}

int load_running(struct agent *a, struct fault *f)
{
        int r;

        for (size_t i = 0; i < a->n_bundles; i++)
                a->bundles[i].seen = a->bundles[i].stopping = false;
        jobs_list_begin(a);
        r = units_list(a->units, on_listed, a, f);
        if (r >= 0)
                jobs_list_end(a);
        for (size_t i = 0; r >= 0 && i < a->n_bundles; i++) {
                struct bundle *b = a->bundles + i;

                if (!b->seen && bundle_is_armed(a, b))
                        agent_set_health(a, b, BUNDLE_RUNNING);
                if (b->seen || !attempt_old_runs(a, b) || bundle_is_woken(a, b))
                        continue;
                bundle_is_gone(a, b);
        }
        return r;
}

/* What this host did not give to it may come. And of what has proved itself there is nothing better: what
 * drove it to its death, time and again, may be over soon; one on trial goes back. Where somebody has
 * stopped another service of it, that is not undone for this one. */
static bool may_run_again(const struct bundle *b, const struct unitd_unit *u)
{
        if (b->health == BUNDLE_FAILED && !b->restore_due)
                return false;
        return u->state == UNIT_FAILED && (!u->own || (u->again && !state_on_trial(&b->state)));
}

static void on_event(void *userdata, const struct unitd_unit *u)
{
        struct agent *a = userdata;
        struct bundle *b = agent_find_bundle(a, u->bundle, false);

        health_note_unit(a, u);
        if (!b || strncmp(b->state.current.digest, u->digest12, DIGEST_SHORT) != 0)
                return; /* of a release on trial: its start answers for it */
        if (!agent_may_run(a, b))
                return; /* it is to end */
        /* Stopped: it ended in order, or somebody stopped it. */
        if (u->state == UNIT_FAILED || u->missing) {
                if (u->state == UNIT_STOPPED && !u->own)
                        restore_forget(b); /* by whoever has the last word */
                if (may_run_again(b, u))
                        restore_later(a, b);
                (void)snprintf(b->error, sizeof(b->error), "%s", u->text);
                agent_set_health(a, b, BUNDLE_FAILED);
                a->report_due = true;
        }
}

static void on_job(void *userdata, const struct unitd_job *j)
{
        jobs_take(userdata, j);
}

static void on_probed(void *userdata, const struct unitd_probed *p)
{
        health_take(userdata, p);
}

static void on_lost(void *userdata)
{
        struct agent *a = userdata;

        a->units_due = true;
        health_ask_anew(a);
}

int load_units(struct agent *a, struct fault *f)
{
        int r;

        r = units_new(&a->await, on_event, on_job, on_probed, on_lost, a, &a->units);
        if (r < 0)
                return fault_set_errno(f, r, "cannot set up the link to sealift-unitd");
        return load_running(a, f);
}
