/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a tree on disk to the release that runs, and back. The commit is one rename of state/<bundle>; before
 * it a power cut leaves the old release as what starts at boot, after it the new one. */

#include "sealiftd/attempt.h"

#include <syslog.h>

#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/task.h"
#include "ground/text.h"
#include "sealiftd/health.h"
#include "sealiftd/restore.h"
#include "sealiftd/trial.h"

/* In all instances, as this host has them now. */
static bool releases_may_overlap(const struct manifest *running, const struct manifest *next)
{
        _cleanup_(effective_done) struct effective old = {}, new = {};
        struct fault ignored;

        if (sitedir_apply(CONFIG_BUNDLES_PATH, running, &old, &ignored) < 0 ||
            sitedir_apply(CONFIG_BUNDLES_PATH, next, &new, &ignored) < 0 || old.n != new.n)
                return false;
        for (size_t i = 0; i < old.n; i++)
                if (!manifest_may_overlap(old.items[i], new.items[i]))
                        return false;
        return true;
}

/* A manifest on disk that cannot be read is no reason to keep an update out: the old release stops first. */
bool attempt_overlaps(struct agent *a, const char *bundle, const struct release_ref *old,
                      const struct manifest *next)
{
        _cleanup_(manifest_freep) struct manifest *running = NULL;
        _cleanup_free_ char *text = NULL;
        struct fault ignored = {};
        size_t len;

        return store_manifest_read(a->store, bundle, old, &text, &len, &ignored) >= 0 &&
               manifest_parse(text, len, "manifest", &running, &ignored) >= 0 &&
               releases_may_overlap(running, next);
}

/* Where nothing is to be done in between, stopping the old one is left to the start of the new one, which
 * then waits for nobody but systemd. */
int attempt_stop_old_first(struct attempt *t, struct fault *f)
{
        bool migrates = task_any_migrates(t->manifest, false);

        if (!*t->old.digest ||
            (!migrates && attempt_overlaps(t->agent, t->bundle->name, &t->old, t->manifest)))
                return 0;
        t->bundle->trial = trial_free(t->bundle->trial); /* else it would fail for being stopped */
        t->old_stopped = true; /* also where we cannot know: starting what runs is harmless */
        t->replaces = !migrates;
        return migrates ? units_stop(t->agent->units, t->bundle->name, &t->old, t->id, f) : 0;
}

/* An upgrade of it, or somebody's kill, meets one start: that is asked for again (units.c), and is none of
 * the release's. */
int attempt_blame(struct agent *a, struct bundle *b, const struct release_ref *r, int error, struct fault *f)
{
        struct fault ignored = {};
        bool its;

        if (error != -ECONNRESET || !units_answer_now(a->units))
                return error;
        its = state_count_loss(&b->state, r);
        (void)!store_state_save(a->store, b->name, &b->state,
                                &ignored); /* in memory it counts all the same */
        return its ? fault_set(f, -ECHILD,
                               "sealift-unitd ended each time when it was to start it, at %d attempts in a "
                               "row; "
                               "see journalctl -u sealift-unitd.service",
                               STATE_LOSSES_MAX)
                   : error;
}

int attempt_start(struct attempt *t, struct fault *f)
{
        int r;

        t->started = true;
        r = (t->replaces ? units_replace : units_start)(t->agent->units, t->bundle->name, &t->release, t->id,
                                                        f);
        return attempt_blame(t->agent, t->bundle, &t->release, r, f);
}

int attempt_commit(struct attempt *t, struct fault *f)
{
        struct bundle_state *s = &t->bundle->state, before = *s;
        int r;

        if (t->bundle->kind == ATTEMPT_ROLLBACK && release_ref_is_set(&t->old))
                state_set_back(s, &t->old, agent_now_usec());
        s->wish = WISH_RUN;
        state_commit(s, &t->release, t->agent->boot);
        for (size_t i = 0; i < t->n_forgiven; i++)
                state_forgive(s, t->forgiven[i]);
        r = store_state_save(t->agent->store, t->bundle->name, s, f);
        if (r < 0) {
                *s = before;
                return r;
        }
        t->bundle->trial = trial_free(t->bundle->trial); /* of the old one */
        /* Now, not when the old one has been stopped: should it fail meanwhile, that is what counts. */
        *t->bundle->error = '\0';
        restore_forget(t->bundle);
        agent_set_health(t->agent, t->bundle, BUNDLE_RUNNING);
        return 0;
}

int attempt_stop_other(struct agent *a, struct bundle *b, const struct release_ref *r, uint64_t id,
                       struct fault *f)
{
        int k;

        k = units_stop(a->units, b->name, r, id, f);
        b->crowded |= k < 0;
        return k;
}

int attempt_stop_old_last(struct attempt *t, struct fault *f)
{
        if (!*t->old.digest || t->old_stopped)
                return 0;
        t->old_stopped = true;
        /* The new release is current whatever comes of this; collect.c stops units left over. */
        if (attempt_stop_other(t->agent, t->bundle, &t->old, t->id, f) == -ECANCELED)
                return -ECANCELED;
        return 0;
}

/* What it has written stays, and what operators said of it. Its places in the store go with the next
 * collection, which also stops what cannot be stopped now. */
int attempt_withdraw(struct attempt *t, struct fault *f)
{
        struct bundle_state next = t->bundle->state;
        struct bundle *b = t->bundle;
        struct fault ignored = {};
        int r;

        state_withdraw(&next, t->release.digest);
        r = store_state_save(t->agent->store, b->name, &next, f);
        if (r < 0)
                return r;
        b->state = next;
        b->trial = trial_free(b->trial);
        restore_forget(b);
        *b->error = '\0';
        agent_set_health(t->agent, b, agent_resting_health(t->agent, b));
        if (release_ref_is_set(&t->old) &&
            units_close(t->agent->units, b->name, &t->old, t->id, &ignored) == -ECANCELED)
                return -ECANCELED;
        return 0;
}

int attempt_begin_trial(struct attempt *t, struct fault *f)
{
        if (!state_on_trial(&t->bundle->state)) /* it proved itself earlier, and runs again */
                return 0;
        trial_begin(t->agent, t->bundle, t->manifest, TAKE_PTR(t->health));
        return t->bundle->trial ? 1 : 0;
}

static void attempt_quarantine(struct attempt *t, const struct fault *why)
{
        struct journal_subject s = attempt_subject(t);
        struct fault f = {};

        state_quarantine(&t->bundle->state, &t->release, agent_now_usec(), why->text);
        t->bundle->unsaved = store_state_save(t->agent->store, t->bundle->name, &t->bundle->state, &f) < 0;
        if (t->bundle->unsaved)
                journal_send(
                        JOURNAL_STATE_UNSAVED, LOG_ERR, &s,
                        "%s: cannot write down that release %s is quarantined, it may be tried again: %s",
                        t->bundle->name, t->release.version, f.text);
}

/* What was current was started: says how that went. */
static int release_note_start(struct agent *a, struct bundle *b, const struct release_ref *r, uint64_t id,
                              const struct fault *f)
{
        struct journal_subject s = { b->name, r->version, r->digest, id, NULL };

        if (f->error >= 0) {
                restore_done(b);
                if (b->health == BUNDLE_FAILED) /* why, is over */
                        *b->error = '\0';
                attempt_note_old(a, b, BUNDLE_RUNNING);
                journal_send(JOURNAL_RELEASE_RESTORED, LOG_NOTICE, &s, "%s runs release %s again", b->name,
                             r->version);
                return 0;
        }
        if (f->error == -ECANCELED)
                return -ECANCELED;
        if (f->error == -EINTR) /* somebody has stopped it, who has the last word */
                restore_forget(b);
        else
                restore_later(a, b);
        attempt_note_old(a, b, BUNDLE_FAILED);
        if (str_eq(b->error, f->text))
                return f->error; /* said at an earlier poll */
        (void)snprintf(b->error, sizeof(b->error), "%s", f->text);
        journal_send(JOURNAL_RESTORE_FAILED, LOG_CRIT, &s,
                     "%s is down: release %s could not be started again: %s", b->name, r->version, f->text);
        return f->error;
}

/* sealift-unitd lives, and where something was in the way it is gone. */
static void came_up(struct agent *a, struct bundle *b)
{
        struct fault ignored = {};

        b->crowded = false;
        if (state_forget_losses(&b->state, &b->state.current))
                (void)!store_state_save(a->store, b->name, &b->state, &ignored);
}

int attempt_start_current(struct agent *a, struct bundle *b, bool yields, uint64_t id, struct fault *f)
{
        const struct release_ref *to = &b->state.current;
        int r;

        if (yields)
                r = units_restore(a->units, b->name, to, id, b->crowded, f);
        else
                r = (b->crowded ? units_replace : units_start)(a->units, b->name, to, id, f);
        if (r >= 0)
                came_up(a, b);
        return r;
}

/* Should the other one not obey, or not be reached: the two must not run beside each other, now or when this
 * is tried again. */
int attempt_start_again(struct agent *a, struct bundle *b, bool replaces, uint64_t id)
{
        struct fault f = {};

        b->crowded |= replaces;
        (void)!attempt_start_current(a, b, false, id, &f);
        return release_note_start(a, b, &b->state.current, id, &f);
}

/* Of the release that was not stopped: it gets back the sockets that the failed one was the last to hold, or
 * they would wake nobody, and be closed when the failed one is collected. And it runs again where it was
 * down, or its own start made way for the other one's. */
static void release_hold_again(struct agent *a, struct bundle *b, const struct release_ref *r, uint64_t id)
{
        struct fault f = {};

        if (units_restore(a->units, b->name, r, id, false, &f) >= 0) {
                if (!attempt_old_runs(a, b))
                        (void)!release_note_start(a, b, r, id, &f);
        } else if (f.error != -ECANCELED && f.error != -EINTR)
                restore_later(a, b);
}

void attempt_roll_back(struct attempt *t, const struct fault *why)
{
        struct journal_subject s = attempt_subject(t);
        bool asked = t->health != NULL;
        struct fault ignored = {};

        t->health = health_free(t->health);
        if (t->started)
                (void)!attempt_stop_other(t->agent, t->bundle, &t->release, t->id, &ignored);
        /* Written down before the old one runs again, so that no power cut can make us try it a second time.
         */
        if (why->error == -ECHILD) {
                attempt_quarantine(t, why);
                journal_send(JOURNAL_RELEASE_FAILED, LOG_ERR, &s,
                             "%s: release %s did not come up and is quarantined: %s", t->bundle->name,
                             t->release.version, why->text);
        }
        /* This host's doing, or somebody's; but tried again at each poll, it would stop the old one, or be
         * fetched, each time. */
        if (why->error == -EOPNOTSUPP || (why->error == -EADDRINUSE && t->old_stopped) ||
            (why->error == -EINTR && asked)) {
                t->bundle->unwalled = t->release;
                (void)snprintf(t->bundle->unwalled_why, sizeof(t->bundle->unwalled_why), "%s", why->text);
        }
        if (!agent_may_run(t->agent, t->bundle))
                return; /* the old one did not run */
        /* In its place, also where it was stopped just now: that may not have come to its end. */
        if (t->old_stopped)
                (void)!attempt_start_again(t->agent, t->bundle, true, t->id);
        else if (t->started && *t->old.digest)
                release_hold_again(t->agent, t->bundle, &t->old, t->id);
        trial_resume(t->agent, t->bundle);
}

/* The host's files are wrong, or no longer grant what runs: it goes on, but could not be started again. Said
 * once, and shown until it is right. */
static void bundle_note_configuration(struct bundle *b, int error, const struct fault *why)
{
        struct journal_subject s = { .bundle = b->name,
                                     .version = b->state.current.version,
                                     .digest = b->state.current.digest };

        bool was = b->misconfigured;

        b->misconfigured = error == -EINVAL || error == -EPERM || error == -ENOENT;
        if (was && !b->misconfigured)
                *b->error = '\0';
        if (!b->misconfigured || str_eq(b->error, why->text))
                return;
        (void)snprintf(b->error, sizeof(b->error), "%s", why->text);
        journal_send(JOURNAL_CONFIGURATION_WRONG, LOG_WARNING, &s,
                     "%s runs on, but could not be started again: %s", b->name, why->text);
}

/* What runs is left alone, but one of several services may be missing, or the host's configuration has
 * changed. Any other error than of such a start says nothing about those that run. */
int attempt_end_restore(struct agent *a, struct bundle *b, const struct fault *f)
{
        if (f->error >= 0)
                came_up(a, b);
        if (b->health != BUNDLE_RUNNING)
                return release_note_start(a, b, &b->state.current, agent_now_usec(), f);
        bundle_note_configuration(b, f->error, f);
        if (f->error >= 0)
                restore_done(b);
        if (f->error == -EINTR)
                restore_forget(b);
        if (f->error == -ECONNRESET) /* or sealift-unitd, which is looked for, is asked for it at once */
                restore_later(a, b);
        if (f->error != -ECHILD && f->error != -EOPNOTSUPP)
                return f->error;
        return attempt_start_again(a, b, false, agent_now_usec());
}

int attempt_restore(struct agent *a, struct bundle *b)
{
        uint64_t id = agent_now_usec();
        struct fault f = {};

        if (!*b->state.current.digest || !agent_may_run(a, b))
                return 0;
        (void)!attempt_start_current(a, b, true, id, &f);
        /* What is proven has nothing better to go back to. */
        if (f.error == -ECONNRESET && state_on_trial(&b->state) &&
            attempt_blame(a, b, &b->state.current, f.error, &f) == -ECHILD)
                return release_note_start(a, b, &b->state.current, id, &f);
        return attempt_end_restore(a, b, &f);
}
