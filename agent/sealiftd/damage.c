/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory of damage. Its input is what others found when they compared a release with its manifest; it
 * never reads or touches a release itself. */

#include "sealiftd/damage.h"

#include <syslog.h>

#include "doors/journal.h"

const struct damage *damage_of_current(const struct bundle *b)
{
        return state_find_damage(&b->state, b->state.current.digest);
}

bool damage_rests(const struct bundle *b)
{
        const struct damage *d = damage_of_current(b);

        return d && d->rests;
}

static bool is_current(const struct bundle *b, const struct release_ref *r)
{
        return release_ref_equal(r, &b->state.current);
}

static void damage_save(struct agent *a, const struct bundle *b)
{
        struct fault ignored = {};

        (void)!store_state_save(a->store, b->name, &b->state, &ignored);
}

static void current_is_damaged(struct agent *a, struct bundle *b, const char *reason)
{
        (void)snprintf(b->error, sizeof(b->error), "release %s is damaged on disk: %.400s",
                       b->state.current.version, reason);
        a->check_due = true;
}

bool damage_note(struct agent *a, struct bundle *b, const struct release_ref *r, const char *reason)
{
        bool news = state_note_damage(&b->state, r, agent_now_usec(), reason);

        if (news)
                damage_save(a, b);
        if (news && is_current(b, r))
                current_is_damaged(a, b, reason);
        a->check_due |= news || is_current(b, r);
        return news;
}

void damage_note_rest(struct agent *a, struct bundle *b, const char *reason)
{
        (void)state_note_damage(&b->state, &b->state.current, agent_now_usec(), reason);
        state_rest_damaged(&b->state, true);
        damage_save(a, b);
        current_is_damaged(a, b, reason);
}

bool damage_note_unrepaired(struct agent *a, struct bundle *b, const struct release_ref *r, const char *why)
{
        if (!state_note_unrepaired(&b->state, r, why))
                return false;
        damage_save(a, b);
        return true;
}

void damage_wake(struct agent *a, struct bundle *b)
{
        if (!damage_rests(b))
                return;
        state_rest_damaged(&b->state, false);
        damage_save(a, b);
}

void damage_forget(struct agent *a, struct bundle *b, const struct release_ref *r)
{
        if (!state_forget_damage(&b->state, r))
                return;
        damage_save(a, b);
        if (is_current(b, r) && b->health != BUNDLE_FAILED)
                *b->error = '\0';
}

void damage_resume(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles; i++) {
                struct bundle *b = a->bundles + i;
                const struct damage *d = damage_of_current(b);
                struct journal_subject s = { .bundle = b->name,
                                             .version = b->state.current.version,
                                             .digest = b->state.current.digest };

                if (!d)
                        continue;
                current_is_damaged(a, b, d->reason);
                if (d->rests && agent_may_run(a, b) && b->health == BUNDLE_ABSENT)
                        agent_set_health(a, b, BUNDLE_FAILED);
                journal_send(
                        JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &s,
                        "%s: release %s is damaged on disk, as was found before the agent was started%s; "
                        "it is fetched again as soon as that can be: %s",
                        b->name, b->state.current.version,
                        d->rests              ? ", and is not started"
                        : agent_may_run(a, b) ? ", and runs all the same"
                                              : "",
                        d->reason);
        }
}
