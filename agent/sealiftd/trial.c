/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judges releases on trial: proves them, or goes back. Its input is what health.c has counted, and the time.
 * The state is saved before anything is started or stopped for it, so that a power cut at any point ends in
 * the same release. */

#include "sealiftd/trial.h"

#include <syslog.h>

#include "doors/journal.h"
#include "ground/text.h"
#include "sealiftd/attempt.h"
#include "sealiftd/damage.h"
#include "sealiftd/restore.h"
#include "sealiftd/story.h"
#include "store/tree.h"

/* Where a verdict cannot be written down: the disk is full, or going. Or nobody knows whether what is to be
 * proven runs. */
#define AGAIN_USEC (UINT64_C(30) * 1000000)

struct trial {
        struct agent *agent;
        struct health *health; /* owned */
        sd_event_source *timer;
        uint64_t soak_usec;
        uint64_t until_usec; /* CLOCK_REALTIME: for people */
        uint64_t epoch;      /* of the release */
        bool over;
};

struct trial *trial_free(struct trial *t)
{
        if (t) {
                t->health = health_free(t->health);
                t->timer = sd_event_source_disable_unref(t->timer);
        }
        free(t);
        return NULL;
}

static struct journal_subject trial_subject(const struct bundle *b, const struct release_ref *r)
{
        return (struct journal_subject){ .bundle = b->name, .version = r->version, .digest = r->digest };
}

static void on_change(void *userdata)
{
        struct trial *t = userdata;

        t->agent->trial_due = true;
}

static int on_over(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct trial *t = userdata;

        t->over = t->agent->trial_due = true;
        return 0;
}

static int trial_arm(struct trial *t, uint64_t usec)
{
        t->over = false;
        t->until_usec = agent_now_usec() + usec;
        t->timer = sd_event_source_disable_unref(t->timer);
        /* Time that the machine sleeps is no trial. */
        return sd_event_add_time_relative(t->agent->await.event, &t->timer, CLOCK_MONOTONIC, usec, 0,
                                          on_over, t);
}

/* ---- proven */

static int bundle_prove(struct agent *a, struct bundle *b)
{
        struct journal_subject s = trial_subject(b, &b->state.current);
        struct bundle_state before = b->state;
        struct fault f = {};
        int r;

        state_prove(&b->state, b->trial->epoch);
        r = store_state_save(a->store, b->name, &b->state, &f);
        if (r < 0) {
                b->state = before;
                journal_send(JOURNAL_STATE_UNSAVED, LOG_ERR, &s,
                             "%s: cannot write down that release %s is proven: %s", b->name,
                             b->state.current.version, f.text);
                return r;
        }
        b->trial = trial_free(b->trial);
        if (!attempt_is_of(a, b) || attempt_repairs(a, b)) /* else they are another release's */
                b->gates_passed = story_n_gates();
        journal_send(JOURNAL_RELEASE_PROVEN, LOG_INFO, &s, "%s: release %s is proven", b->name,
                     b->state.current.version);
        return 0;
}

/* ---- back */

static int manifest_read(struct agent *a, const struct bundle *b, const struct release_ref *r,
                         struct manifest **ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int k;

        k = store_manifest_read(a->store, b->name, r, &text, &len, f);
        return k < 0 ? k : manifest_parse(text, len, "manifest", ret, f);
}

static bool may_overlap(struct agent *a, const struct bundle *b, const struct release_ref *running)
{
        _cleanup_(manifest_freep) struct manifest *next = NULL;
        struct fault ignored = {};

        return manifest_read(a, b, &b->state.current, &next, &ignored) >= 0 &&
               attempt_overlaps(a, b->name, running, next);
}

static int breathe(void *await, struct fault *f)
{
        return await_breathe(await, f);
}

/* Every byte of what is to be gone back to, as for an operator's rollback: it may have lain there for
 * months. -EBADMSG: it is not what was signed; -ENOENT: it is not there. */
static int target_walk(struct agent *a, const struct bundle *b, const struct release_ref *to,
                       struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_close_ int tree = -EBADF;
        int r;

        r = manifest_read(a, b, to, &m, f);
        if (r < 0)
                return r;
        tree = store_tree_open(a->store, b->name, to, f);
        if (tree < 0)
                return tree;
        return tree_walk_breathing(tree, &m->content, breathe, &a->await, f);
}

/* previous and proven were what ran here last, and are started whatever this host says of them today. What
 * ran before those must be what the operator could go back to: not below the floor, granted. */
static int target_check(struct agent *a, const struct bundle *b, const struct release_ref *to,
                        struct fault *f)
{
        bool last = release_ref_equal(to, &b->state.previous) || release_ref_equal(to, &b->state.proven);
        int r;

        r = last ? 0 : story_may_roll_back(a, b, to, f);
        if (r >= 0)
                r = target_walk(a, b, to, f);
        /* Also what cannot be read for want of something may be whole. */
        return r == -EBADMSG || r == -ENOENT || r == -ECANCELED || !last ? r : 0;
}

/* What is gone back to: the first that is whole; where none is, the first of all, with f as it is damaged.
 * NULL: there is nothing. Points into b's state; f->error is -ECANCELED when the agent is to stop. */
static const struct release_ref *target_choose(struct agent *a, struct bundle *b, struct fault *f)
{
        const struct release_ref *candidates[STATE_BACK_MAX];
        size_t n = state_back_candidates(&b->state, candidates);

        for (size_t i = 0; i < n; i++) {
                struct journal_subject s = trial_subject(b, candidates[i]);
                struct fault why = {};
                int r;

                r = target_check(a, b, candidates[i], &why);
                if (r < 0 && (i == 0 || r == -ECANCELED))
                        *f = why;
                if (r == -ECANCELED)
                        return NULL;
                if (r >= 0) {
                        *f = (struct fault){};
                        return candidates[i];
                }
                if (r != -EBADMSG || !damage_note(a, b, candidates[i], why.text))
                        continue;
                journal_send(JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &s,
                             "%s: release %s is damaged on disk, and not what is gone back to: %s", b->name,
                             candidates[i]->version, why.text);
        }
        return n > 0 ? candidates[0] : NULL;
}

/* What is current again is not what was signed: nothing runs until it is put right, which the next poll
 * tries, or there is another release. */
static void bundle_rest_damaged(struct agent *a, struct bundle *b, const char *damage)
{
        struct journal_subject s = trial_subject(b, &b->state.current);

        restore_forget(b);
        damage_note_rest(a, b, damage);
        agent_set_health(a, b, BUNDLE_FAILED);
        journal_send(JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &s, "%s is down: %s", b->name, b->error);
}

/* The failing release makes way first, where both cannot run at once, else is stopped afterwards. */
static void bundle_switch_back(struct agent *a, struct bundle *b, const struct release_ref *bad)
{
        bool any = release_ref_is_set(&b->state.current), beside = any && may_overlap(a, b, bad);
        uint64_t id = agent_now_usec();
        struct fault f = {};
        int r = 0;

        if (any)
                r = attempt_start_again(a, b, !beside, id);
        else
                agent_set_health(a, b, BUNDLE_ABSENT);
        if ((any && !beside && r >= 0) || r == -ECANCELED)
                return;
        /* Also where the other one was refused before this one made way: nobody watches it any more. */
        (void)!attempt_stop_other(a, b, bad, id, &f);
        /* What it held is closed by now. */
        if (r < 0 && beside)
                (void)!attempt_start_again(a, b, false, id);
}

/* False: it could not be written down, so nothing was done. */
static bool bundle_go_back(struct agent *a, struct bundle *b, const char *why)
{
        const struct release_ref bad = b->state.current;
        struct journal_subject s = trial_subject(b, &bad);
        const struct release_ref *to;
        struct bundle_state before;
        struct fault f = {}, damage = {};

        to = target_choose(a, b, &damage);
        if (damage.error == -ECANCELED)
                return false; /* the next agent judges anew */
        before = b->state;
        state_go_back(&b->state, to, agent_now_usec(), why);
        if (store_state_save(a->store, b->name, &b->state, &f) < 0) {
                b->state = before;
                journal_send(JOURNAL_STATE_UNSAVED, LOG_ERR, &s,
                             "%s: release %s is not well, but that cannot be written down: %s", b->name,
                             bad.version, f.text);
                return false;
        }
        b->trial = trial_free(b->trial);
        restore_forget(b); /* the starts of that release */
        journal_send(JOURNAL_RELEASE_FAILED, LOG_ERR, &s,
                     "%s: release %s did not pass its time on trial and is quarantined: %s", b->name,
                     bad.version, why);
        if (damage.error == -EBADMSG) {
                bundle_rest_damaged(a, b, damage.text);
                (void)!attempt_stop_other(a, b, &bad, agent_now_usec(), &f);
        } else
                bundle_switch_back(a, b, &bad);
        b->gates_passed = story_n_gates() - 1;
        memcpy(b->tried, bad.version, sizeof(b->tried));
        (void)snprintf(b->gate_error, sizeof(b->gate_error), "%s", why);
        if (b->health != BUNDLE_FAILED)
                (void)snprintf(b->error, sizeof(b->error), "%.64s: %.400s", bad.version, why);
        a->report_due = true;
        trial_resume(a, b);
        return true;
}

/* ---- the course of a trial */

static void health_forgive_all(struct health *h, const char *names)
{
        for (size_t n; *names; names += n + strspn(names + n, " ")) {
                char name[NAME_SIZE] = "";

                n = strcspn(names, " ");
                memcpy(name, names, n < sizeof(name) ? n : sizeof(name) - 1);
                health_forgive(h, name);
        }
}

void trial_begin(struct agent *a, struct bundle *b, const struct manifest *m, struct health *health)
{
        struct trial *t = calloc(1, sizeof(*t));
        struct journal_subject s = trial_subject(b, &b->state.current);
        struct fault f = {};
        int r = t ? 0 : fault_set(&f, -ENOMEM, "out of memory");

        b->trial = trial_free(b->trial);
        if (r >= 0 && !health) {
                r = health_new(a, b->name, &b->state.current, m, agent_now_usec(), NULL, NULL, &health, &f);
                if (r >= 0)
                        health_forgive_all(health, b->state.forgiven);
        }
        if (r >= 0) {
                t->agent = a;
                t->health = TAKE_PTR(health);
                t->soak_usec = manifest_soak_usec(m);
                t->epoch = manifest_epoch(m);
                health_on_change(t->health, on_change, t);
                b->trial = t;
                if (t->soak_usec == 0 && m->n_probes == 0 && bundle_prove(a, b) >= 0)
                        return;
                r = trial_arm(t, t->soak_usec);
                if (r < 0)
                        (void)fault_set_errno(&f, r, "cannot set a timer");
        }
        a->trial_due = true; /* what happened before */
        if (r >= 0)
                return;
        (void)health_free(health);
        if (!b->trial)
                (void)trial_free(t);
        journal_send(JOURNAL_TRIAL_UNWATCHED, LOG_ERR, &s, "%s: release %s cannot be watched: %s", b->name,
                     b->state.current.version, f.text);
}

void trial_resume(struct agent *a, struct bundle *b)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        struct journal_subject s = trial_subject(b, &b->state.current);
        struct fault f = {};

        if (b->trial || b->damaged || !state_on_trial(&b->state) || !attempt_old_runs(a, b) ||
            !state_may_run(&b->state, a->boot))
                return;
        if (manifest_read(a, b, &b->state.current, &m, &f) >= 0)
                trial_begin(a, b, m, NULL);
        else
                journal_send(JOURNAL_TRIAL_UNWATCHED, LOG_ERR, &s, "%s: release %s cannot be watched: %s",
                             b->name, b->state.current.version, f.text);
}

/* In this boot too it is going to be started before it is proven. False: too often. */
static bool count_boot(struct agent *a, struct bundle *b, bool *ret_counted)
{
        char before[STATE_BOOT_SIZE];
        struct fault ignored = {};

        memcpy(before, b->state.boot, sizeof(before));
        if (!state_trial_boot(&b->state, a->boot))
                return false;
        *ret_counted = !str_eq(before, b->state.boot);
        /* What cannot be written down is counted in the next boot. */
        if (*ret_counted)
                (void)!store_state_save(a->store, b->name, &b->state, &ignored);
        return true;
}

static void uncount_boot(struct agent *a, struct bundle *b)
{
        struct fault ignored = {};

        if (state_trial_uncount(&b->state, a->boot))
                (void)!store_state_save(a->store, b->name, &b->state, &ignored);
}

/* What the operator keeps down is in no boot's trial, and going back would start the old one. */
static bool is_judged(const struct agent *a, const struct bundle *b)
{
        return !b->damaged && state_on_trial(&b->state) && agent_may_run(a, b);
}

bool trial_begin_restore(struct agent *a, struct bundle *b, bool *ret_counted)
{
        char why[FAULT_TEXT_MAX];

        *ret_counted = false;
        if (damage_rests(b))
                return false;
        if (!is_judged(a, b) || count_boot(a, b, ret_counted))
                return true;
        (void)snprintf(why, sizeof(why),
                       "the machine went down in %d boots while it was on trial, with no orderly end",
                       STATE_TRIAL_BOOTS_MAX);
        return !bundle_go_back(a, b, why);
}

/* A boot in which it did not come up for a reason that is not its own is none of its trial's. Nor is one in
 * which it was tried again for such a reason when the agent was told to stop. That sealift-unitd died of it
 * may well be its own. */
void trial_end_restore(struct agent *a, struct bundle *b, bool counted, int error)
{
        char why[FAULT_TEXT_MAX];

        if (!is_judged(a, b))
                return;
        if (error == -ECHILD) {
                (void)snprintf(why, sizeof(why), "%s", b->error);
                (void)bundle_go_back(a, b, why);
        } else if (error < 0 && error != -ECONNRESET && b->health != BUNDLE_RUNNING &&
                   (error != -ECANCELED || b->restore_failures > 0)) {
                if (counted)
                        uncount_boot(a, b);
        } else
                trial_resume(a, b);
}

void trial_restore(struct agent *a, struct bundle *b)
{
        bool counted;

        if (trial_begin_restore(a, b, &counted))
                trial_end_restore(a, b, counted, attempt_restore(a, b));
}

/* What could not be started in this boot, or was about to go back, is nothing that ended well. What cannot
 * be written down counts: as one of several. */
void trial_end_boot(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles; i++) {
                struct bundle *b = a->bundles + i;
                char why[FAULT_TEXT_MAX];
                struct fault ignored = {};

                if (!state_on_trial(&b->state) || b->restore_failures > 0 ||
                    (b->trial && health_judge(b->trial->health, why) == HEALTH_BAD))
                        continue;
                if (state_trial_uncount(&b->state, a->boot))
                        (void)!store_state_save(a->store, b->name, &b->state, &ignored);
        }
}

/* Over, but not proven: it has not answered yet. */
static void bundle_judge(struct agent *a, struct bundle *b)
{
        struct trial *t = b->trial;
        char why[FAULT_TEXT_MAX];
        enum health_verdict verdict = health_judge(t->health, why);

        if (verdict == HEALTH_BAD && attempt_is_of(a, b)) {
                attempt_overtake(attempt_of(a, b), b->state.current.version, why);
                return;
        }
        if (verdict == HEALTH_BAD) {
                if (!bundle_go_back(a, b, why))
                        (void)!trial_arm(t, AGAIN_USEC);
                return;
        }
        /* It is down for a reason that is not its own. When it runs again, its trial begins anew. */
        if (b->health == BUNDLE_FAILED || health_down(t->health, NULL) < 0) {
                b->trial = trial_free(t);
                trial_resume(a, b); /* it may do so by now */
                return;
        }
        if (!t->over)
                return;
        if (!attempt_old_runs(a, b))
                (void)!trial_arm(t, t->soak_usec > 0 ? t->soak_usec : AGAIN_USEC);
        else if (verdict == HEALTH_UNKNOWN)
                (void)!trial_arm(t,
                                 t->soak_usec > 0 && t->soak_usec < AGAIN_USEC ? t->soak_usec : AGAIN_USEC);
        else if (!units_are_watched(a->units) || bundle_prove(a, b) < 0)
                (void)!trial_arm(t, AGAIN_USEC);
}

void trial_judge(struct agent *a)
{
        a->trial_due = false;
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++)
                if (a->bundles[i].trial && state_may_run(&a->bundles[i].state, a->boot))
                        bundle_judge(a, a->bundles + i);
                else /* stopped by the operator: that is no verdict */
                        a->bundles[i].trial = trial_free(a->bundles[i].trial);
}

uint64_t trial_until(const struct bundle *b, unsigned *ret_failures, unsigned *ret_max)
{
        *ret_failures = *ret_max = 0;
        if (!b->trial)
                return 0;
        *ret_failures = health_failures(b->trial->health, ret_max);
        return b->trial->until_usec;
}
