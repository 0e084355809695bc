/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What this machine ran before runs again, at boot and at each start of the agent: from state/ and releases/
 * alone. No network, no clock, no metadata: nothing here could wait for any of them. */

#include "sealiftd/restore.h"

#include <sys/random.h>

#include "facts/backoff.h"
#include "sealiftd/attempt.h"
#include "sealiftd/damage.h"
#include "sealiftd/trial.h"

/* A sealift-unitd that is stuck; longer than any start. */
#define RESTORE_ANSWER_MAX_USEC (UINT64_C(30) * 60 * 1000000)

/* What fails for want of something that is there a moment later, the port of what is just stopping, should
 * not stay down until the next poll; what fails for good must not keep the machine busy. */
#define RESTORE_FIRST_USEC (UINT64_C(5) * 1000000)
#define RESTORE_MAX_USEC   (UINT64_C(600) * 1000000)

struct restore {
        struct bundle *bundle; /* NULL: no start is under way */
        struct release_ref release;
        bool counted; /* trial_begin_restore() */
        bool lost;    /* sealift-unitd went away under it */
        struct units_call call;
};

struct restores {
        struct restore *items; /* owned; UNITD_STARTS_MAX */
        size_t next;           /* bundle, in two rounds */
};

static void restores_done(struct restores *l)
{
        free(l->items);
}

static bool is_wanted(const struct agent *a, const struct bundle *b)
{
        return release_ref_is_set(&b->state.current) && agent_may_run(a, b) && !b->damaged &&
               !damage_rests(b);
}

/* One whose trial is over goes back, which is waited for: in the second round. */
static struct bundle *restores_next(struct agent *a, struct restores *l)
{
        while (l->next < 2 * a->n_bundles && !a->await.stopping) {
                bool second = l->next >= a->n_bundles;
                struct bundle *b = a->bundles + l->next++ % a->n_bundles;

                if (is_wanted(a, b) && state_trial_is_over(&b->state, a->boot) == second)
                        return b;
        }
        return NULL;
}

static void restore_send(struct agent *a, struct restore *x, struct bundle *b)
{
        struct fault f = {};

        if (units_begin_start(a->units, b->name, &x->release, agent_now_usec(), b->crowded, &x->call, &f) >=
            0)
                x->bundle = b;
        else
                trial_end_restore(a, b, x->counted, attempt_end_restore(a, b, &f));
}

static void restore_begin(struct agent *a, struct restore *x, struct bundle *b)
{
        *x = (struct restore){ .release = b->state.current };
        if (b->health != BUNDLE_RUNNING)
                agent_set_health(a, b, BUNDLE_STARTING);
        if (trial_begin_restore(a, b, &x->counted))
                restore_send(a, x, b);
}

/* As many as go at once. */
static void restores_begin(struct agent *a, struct restores *l)
{
        for (struct restore *x = l->items; x < l->items + UNITD_STARTS_MAX; x++)
                for (struct bundle *b; !x->bundle && (b = restores_next(a, l));)
                        restore_begin(a, x, b);
}

static bool any_left(const struct restores *l)
{
        for (size_t i = 0; i < UNITD_STARTS_MAX; i++)
                if (l->items[i].bundle)
                        return true;
        return false;
}

static bool any_answered(void *userdata)
{
        const struct restores *l = userdata;

        for (size_t i = 0; i < UNITD_STARTS_MAX; i++)
                if (l->items[i].bundle && l->items[i].call.id == 0)
                        return true;
        return false;
}

/* An order came meanwhile, and what came of that has been said. */
static bool is_overruled(const struct agent *a, const struct restore *x, const struct bundle *b, int error)
{
        return !agent_may_run(a, b) || !release_ref_equal(&x->release, &b->state.current) ||
               (error == -EINTR && b->health != BUNDLE_STARTING);
}

/* A sealift-unitd that was killed is asked once more for all that it was asked for, and then for one after
 * the other: none is to be blamed for what another one does to it. */
static void restore_note(struct agent *a, struct restore *x)
{
        struct bundle *b = TAKE_PTR(x->bundle);
        struct fault f = {};
        int r;

        r = units_end_start(a->units, &x->call, &f);
        if (is_overruled(a, x, b, r))
                return;
        if (r != -ECONNRESET)
                trial_end_restore(a, b, x->counted, attempt_end_restore(a, b, &f));
        else if (x->lost)
                trial_end_restore(a, b, x->counted, attempt_restore(a, b));
        else {
                x->lost = true;
                restore_send(a, x, b);
        }
}

static void restores_note(struct agent *a, struct restores *l, bool all)
{
        for (struct restore *x = l->items; x < l->items + UNITD_STARTS_MAX; x++)
                if (x->bundle && (x->call.id == 0 || all))
                        restore_note(a, x);
}

void restore_all(struct agent *a)
{
        _cleanup_(restores_done) struct restores l = { calloc(UNITD_STARTS_MAX, sizeof(*l.items)), 0 };

        for (size_t i = 0; !l.items && i < a->n_bundles && !a->await.stopping; i++)
                trial_restore(a, a->bundles + i);
        if (!l.items)
                return;
        for (restores_begin(a, &l); any_left(&l); restores_begin(a, &l)) {
                struct fault f = {};
                int r;

                r = await_idle_until(&a->await, any_answered, &l, RESTORE_ANSWER_MAX_USEC, &f);
                restores_note(a, &l, r < 0);
        }
}

/* ---- what could not be started */

/* Of those that wait, the first decides; a timer that is too early finds nothing to do. */
static int on_restore(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct agent *a = userdata;

        a->restore_now = true;
        return 0;
}

static void restore_arm(struct agent *a)
{
        uint64_t now = agent_now_usec(), first = UINT64_MAX;

        for (size_t i = 0; i < a->n_bundles; i++)
                if (a->bundles[i].restore_due && a->bundles[i].restore_usec > 0 &&
                    a->bundles[i].restore_usec < first)
                        first = a->bundles[i].restore_usec;
        a->restore_timer = sd_event_source_disable_unref(a->restore_timer);
        if (first == UINT64_MAX)
                return;
        /* A clock that was set back keeps nothing down for longer than the longest pause. */
        first = first <= now ? 0 : first - now < RESTORE_MAX_USEC ? first - now : RESTORE_MAX_USEC;
        (void)sd_event_add_time_relative(a->await.event, &a->restore_timer, CLOCK_BOOTTIME, first, 0,
                                         on_restore, a);
}

void restore_later(struct agent *a, struct bundle *b)
{
        static const struct backoff pauses = { .first_usec = RESTORE_FIRST_USEC,
                                               .max_usec = RESTORE_MAX_USEC };
        uint64_t chance = 0, now = agent_now_usec();

        (void)!getrandom(&chance, sizeof(chance), 0);
        if (b->health == BUNDLE_RUNNING && now > b->since_usec && now - b->since_usec >= RESTORE_MAX_USEC)
                b->restore_relapses = 0;
        b->restore_due = true;
        b->restore_failures++;
        b->restore_usec = now + backoff_pause(&pauses, b->restore_relapses + b->restore_failures, chance);
        restore_arm(a);
}

/* What starts well and dies each time after it would else be started every few seconds for ever. */
void restore_done(struct bundle *b)
{
        b->restore_due = false;
        b->restore_relapses += b->restore_failures;
        b->restore_failures = 0;
        b->restore_usec = 0;
}

void restore_forget(struct bundle *b)
{
        restore_done(b);
        b->restore_relapses = 0;
}

/* A download may take hours, for which what is down should not stay so. But the attempt counts on that it
 * remains what it was, and so there is no verdict over it. */
static bool may_start_beside(const struct agent *a, const struct bundle *b)
{
        return attempt_of(a, b)->staging && !state_on_trial(&b->state) && !attempt_old_runs(a, b);
}

void restore_go(struct agent *a)
{
        uint64_t now = agent_now_usec();

        a->restore_now = false;
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct bundle *b = a->bundles + i;

                if (!b->restore_due || b->restore_usec == 0 ||
                    (b->restore_usec > now && b->restore_usec - now < RESTORE_MAX_USEC))
                        continue;
                if (attempt_is_of(a, b) && !may_start_beside(a, b)) {
                        b->restore_usec = now + RESTORE_FIRST_USEC;
                        continue;
                }
                b->restore_usec = 0;
                trial_restore(a, b);
        }
        restore_arm(a);
}
