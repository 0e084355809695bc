/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one story of sealift, top to bottom:
 *
 *     poll -> what runs -> policy -> what this host changed -> refresh trust -> plan
 *          -> for each new release: the gates below
 *          -> downloads nobody waits for -> what is damaged -> what is missing -> collect -> report
 *
 * and beside it, while a release is new: asked, counted (health.c) -> judged (trial.c) -> proven, or back
 *
 * A gate is one step that either holds or names why not. `undo` says what a failure of that gate has to put
 * back. Nothing here knows how a step is done; the steps are in attempt.c, trust in refresh.c, units in
 * sealift-unitd. */

#include "sealiftd/story.h"

#include <syslog.h>

#include "doors/journal.h"
#include "doors/sitedir.h"
#include "facts/plan.h"
#include "sealiftd/attempt.h"
#include "sealiftd/collect.h"
#include "sealiftd/damage.h"
#include "sealiftd/load.h"
#include "sealiftd/meanwhile.h"
#include "sealiftd/refresh.h"
#include "sealiftd/repair.h"
#include "sealiftd/report.h"
#include "sealiftd/restore.h"
#include "sealiftd/trial.h"

enum undo {
        UNDO_NOTHING, /* nothing has been touched */
        UNDO_TREE,    /* what was staged is removed */
        UNDO_SWITCH,  /* the new release is stopped and quarantined, the old one runs again */
};

/* Which attempts a gate is for. */
enum scope {
        FOR_RELEASES, /* all that bring a release up */
        FOR_CHANNEL,  /* what the channel names now, be it a withdrawal */
        FOR_BUCKET,   /* releases that are fetched */
        FOR_DISK,     /* releases that are on disk already */
        FOR_WITHDRAWAL,
};

static const unsigned scopes[] = {
        [FOR_RELEASES] = 1 << ATTEMPT_INSTALL | 1 << ATTEMPT_ROLLBACK,
        [FOR_CHANNEL] = 1 << ATTEMPT_INSTALL | 1 << ATTEMPT_WITHDRAWAL,
        [FOR_BUCKET] = 1 << ATTEMPT_INSTALL,
        [FOR_DISK] = 1 << ATTEMPT_ROLLBACK,
        [FOR_WITHDRAWAL] = 1 << ATTEMPT_WITHDRAWAL,
};

static const struct gate {
        const char *name;
        int (*pass)(struct attempt *t, struct fault *f);
        enum undo undo;
        enum scope scope;
} gates[] = {
        /* Decided from signed facts alone, before a byte of the bundle is fetched. */
        { "quarantine", attempt_check_quarantine, UNDO_NOTHING },
        { "hold", attempt_check_hold, UNDO_NOTHING, FOR_CHANNEL },
        { "window", attempt_check_window, UNDO_NOTHING, FOR_CHANNEL },
        { "manifest", attempt_fetch_manifest, UNDO_NOTHING, FOR_CHANNEL },
        { "manifest", attempt_read_manifest, UNDO_NOTHING, FOR_DISK },
        { "withdraw", attempt_withdraw, UNDO_NOTHING, FOR_WITHDRAWAL },
        { "stop", attempt_check_stop, UNDO_NOTHING, FOR_BUCKET },
        { "epoch", attempt_check_epoch, UNDO_NOTHING },
        { "suits", attempt_check_suits, UNDO_NOTHING },
        { "policy", attempt_check_policy, UNDO_NOTHING },
        /* From here on, what is there already, every byte as signed, is not fetched again. */
        { "on disk", attempt_look_on_disk, UNDO_NOTHING, FOR_BUCKET },
        { "space", attempt_check_space, UNDO_NOTHING, FOR_BUCKET },
        /* sealift-unitd looks for what only root can see, the secrets of this host. */
        { "place", attempt_make_place, UNDO_TREE, FOR_BUCKET },
        /* On disk, where nothing runs from it yet. */
        { "fetch", attempt_fetch_bundle, UNDO_TREE, FOR_BUCKET },
        { "unpack", attempt_unpack, UNDO_TREE, FOR_BUCKET },
        { "walk", attempt_walk, UNDO_TREE },
        { "durable", attempt_sync, UNDO_TREE },
        /* Running. */
        { "compare", attempt_ask_old, UNDO_TREE },
        { "migrate beside", attempt_migrate_beside, UNDO_SWITCH, FOR_BUCKET },
        { "make way", attempt_stop_old_first, UNDO_SWITCH },
        { "migrate", attempt_migrate, UNDO_SWITCH, FOR_BUCKET },
        { "ready", attempt_start, UNDO_SWITCH },
        { "healthy", attempt_await_health, UNDO_SWITCH },
        { "current", attempt_commit, UNDO_SWITCH },
        { "retire", attempt_stop_old_last, UNDO_NOTHING },
        /* On trial: passed later, or the bundle goes back (trial.c). */
        { "proven", attempt_begin_trial, UNDO_NOTHING },
};

static bool gate_is_for(const struct gate *g, enum attempt_kind kind)
{
        return scopes[g->scope] & 1U << kind;
}

static int story_pass_gates(struct attempt *t, enum undo *ret_undo, struct fault *f)
{
        struct bundle *b = t->bundle;

        for (b->gates_passed = 0; b->gates_passed < ELEMENTSOF(gates); b->gates_passed++) {
                const struct gate *g = gates + b->gates_passed;
                int r;

                if (!gate_is_for(g, b->kind))
                        continue;
                r = g->pass(t, f);
                if (r < 0) {
                        *ret_undo = g->undo;
                        return r;
                }
                if (r > 0)
                        return 0;
        }
        return 0;
}

size_t story_n_gates(void)
{
        return ELEMENTSOF(gates);
}

const char *story_gate(enum attempt_kind kind, size_t i)
{
        return gate_is_for(gates + i, kind) ? gates[i].name : NULL;
}

/* Brings one release up, or leaves everything as it was. */
static int story_attempt(struct agent *a, struct attempt *t, struct fault *f)
{
        enum undo undo = UNDO_NOTHING;
        int r;

        t->outer = a->attempt;
        a->attempt = t;
        *t->bundle->gate_error = '\0';
        r = story_pass_gates(t, &undo, f);
        if (r < 0)
                (void)snprintf(t->bundle->gate_error, sizeof(t->bundle->gate_error), "%s", f->text);
        a->attempt = t->outer;
        a->trial_due = true; /* what waited for this bundle alone */
        if (r >= 0) {
                attempt_end_current(t);
                return 0;
        }
        /* The next start of the agent finishes or sweeps. Nothing is quarantined for our own sake, nor for
         * the machine's, which goes down and takes a release on trial with it. */
        if (r == -ECANCELED || a->await.stopping)
                return -ECANCELED;
        if (undo == UNDO_SWITCH || r == -ECHILD)
                attempt_roll_back(t, f);
        if (undo != UNDO_NOTHING)
                attempt_remove(t);
        attempt_end_failed(t, f);
        return t->unwanted ? 0 : r;
}

/* Read anew at each poll; a mistake in it is said once. */
static int story_policy(struct agent *a, struct fault *f)
{
        int r;

        r = load_policy(a, f);
        if (r < 0 && !str_eq(a->last_result, f->text))
                journal_send(JOURNAL_CONFIG_INVALID, LOG_ERR, NULL, "%s", f->text);
        return r;
}

static int story_release(struct agent *a, struct refresh *trust, const struct plan_item *item,
                         struct fault *f)
{
        _cleanup_(attempt_done) struct attempt t = {};
        const struct bundle *b = agent_find_bundle(a, item->bundle, false);
        int r;

        /* It has gone back to it, or was set back, since the plan was made. */
        if (b && str_eq(b->state.current.digest, item->digest))
                return 0;
        r = attempt_begin(&t, a, trust, item, f);
        return r < 0 ? r : story_attempt(a, &t, f);
}

int story_may_roll_back(struct agent *a, const struct bundle *b, const struct release_ref *to,
                        struct fault *f)
{
        int r;

        r = story_policy(a, f);
        return r < 0 ? r : attempt_may_roll_back(a, b, to, f);
}

int story_roll_back(struct agent *a, struct bundle *b, const struct release_ref *to, struct fault *f)
{
        _cleanup_(attempt_done) struct attempt t = {};
        int r;

        r = story_policy(a, f);
        if (r < 0)
                return r;
        attempt_begin_rollback(&t, a, b, to);
        return story_attempt(a, &t, f);
}

/* All new releases of the plan; one that fails does not keep the others from being tried. */
static int story_releases(struct agent *a, struct refresh *trust, const struct plan *plan, struct fault *f)
{
        struct fault kept = {};

        for (size_t i = 0; i < plan->n_items; i++) {
                struct fault mine = {};
                int r;

                r = story_release(a, trust, plan->items + i, &mine);
                if (r == -ECANCELED)
                        return fault_set(f, r, "%s", mine.text);
                if (r < 0)
                        (void)fault_keep(&kept, &mine);
                (void)meanwhile_go(a);
        }
        if (kept.error < 0)
                *f = kept;
        return kept.error;
}

/* Starts at which sealift-unitd dies, so that it is looked for again, and they are asked for again, would be
 * asked for all the time: after a few of them, only when their time has come (restore.h). */
static bool restore_is_sane(const struct bundle *b)
{
        return b->restore_failures < STATE_LOSSES_MAX;
}

/* What ended while sealift-unitd was gone is told by nobody, and of a release that runs one service may be
 * missing: it is started, and what runs is left alone. What somebody is stopping is not missing: a start
 * would wait for its end and undo it. */
static void story_catch_up(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct bundle *b = a->bundles + i;

                if (b->health != BUNDLE_RUNNING || b->stopping || !restore_is_sane(b))
                        continue;
                if (attempt_is_of(a, b))
                        (void)!attempt_restore(a, b);
                else
                        trial_restore(a, b);
        }
}

int story_look(struct agent *a, struct fault *f)
{
        bool was_gone = a->units_due;
        int r;

        a->units_due = false;
        r = load_running(a, f);
        if (r >= 0 && was_gone)
                story_catch_up(a);
        for (size_t i = 0; r >= 0 && i < a->n_bundles && !a->await.stopping; i++)
                if (a->bundles[i].restore_due && !attempt_is_of(a, a->bundles + i) &&
                    (!was_gone || restore_is_sane(a->bundles + i)))
                        trial_restore(a, a->bundles + i);
        return r;
}

/* bundles.d and policy.d as they are now, for what runs: sealift-unitd starts anew what would be another
 * unit today, and leaves all else alone. Asked for after a change only, since it reads every manifest again.
 */
static void story_configuration(struct agent *a)
{
        static const char *const folders[] = { CONFIG_POLICY_PATH, CONFIG_BUNDLES_PATH };
        char now[DIGEST_HEX_SIZE] = "";

        if (sitedir_digest(folders, ELEMENTSOF(folders), now) >= 0 && str_eq(now, a->folders))
                return;
        memcpy(a->folders, now, sizeof(a->folders));
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct bundle *b = a->bundles + i;

                if (b->health != BUNDLE_RUNNING || b->stopping)
                        continue;
                b->trial = trial_free(b->trial); /* else what is started anew would count against it */
                trial_restore(a, b);
        }
}

/* Nobody has said that they are to go: they run on. Told when it begins, once, whoever is the agent. */
static void story_missing(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles; i++) {
                struct bundle *b = a->bundles + i;
                struct journal_subject s = { .bundle = b->name, .version = b->state.current.version };
                bool missing = !b->listed && release_ref_is_set(&b->state.current);
                struct fault ignored = {};

                if (missing == b->state.missing)
                        continue;
                if (missing)
                        journal_send(JOURNAL_BUNDLE_MISSING, LOG_WARNING, &s,
                                     "%s is no longer in channel %s, or not in Bundles=; release %s runs on",
                                     b->name, a->config->channel, b->state.current.version);
                b->state.missing = missing;
                (void)!store_state_save(a->store, b->name, &b->state, &ignored);
        }
}

/* What the channel has for this machine: new releases; and, whatever became of those, what is damaged here.
 * Not "up to date" where a role or a bundle was refused: what there is of it is not known. */
static int story_channel(struct agent *a, struct refresh *trust, struct fault *f)
{
        _cleanup_(plan_freep) struct plan *plan = NULL;
        struct fault releases = {}, repairs = {}, roles = {};
        int r;

        r = refresh_plan(trust, &plan, f);
        if (r < 0)
                return r;
        r = story_releases(a, trust, plan, &releases);
        if (r != -ECANCELED) {
                collect_downloads(a, trust, plan);
                r = repair_releases(a, trust, &repairs);
        }
        if (r == -ECANCELED)
                return fault_set(f, r, "asked to stop");
        if (refresh_verdict(trust, &roles) >= 0)
                story_missing(a);
        (void)fault_keep(&releases, &repairs);
        (void)fault_keep(&releases, &roles);
        if (releases.error < 0)
                *f = releases;
        return releases.error;
}

int story_poll(struct agent *a, struct fault *f)
{
        _cleanup_(refresh_done) struct refresh trust = { .fetcher.sock = -EBADF };
        int r;

        a->window_awaited = false;
        r = story_look(a, f);
        if (r >= 0) {
                collect_strays(a); /* nothing is to be started beside them */
                r = story_policy(a, f);
        }
        if (r >= 0) {
                story_configuration(a);
                r = refresh_trust(&trust, a, f);
        }
        if (r >= 0)
                r = story_channel(a, &trust, f);
        if (r == -ECANCELED)
                return r;
        collect_releases(a);
        report_make(a, "poll", r < 0 ? f->text : NULL);
        return r;
}

/* What must not run goes first: it may hold the port or the state of what must. */
void story_restore(struct agent *a)
{
        collect_units(a);
        damage_resume(a);
        restore_all(a);
        collect_copies(a);
        collect_releases(a);
        report_make(a, "start", NULL);
}
