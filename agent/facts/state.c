/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of a bundle's state: each transition, and what may be asked of it. Pure. */

#include "facts/state.h"

#include "facts/name.h"
#include "ground/text.h"

bool release_ref_is_set(const struct release_ref *r)
{
        return r->version[0] != '\0';
}

bool release_ref_equal(const struct release_ref *a, const struct release_ref *b)
{
        return str_eq(a->version, b->version) && str_eq(a->digest, b->digest);
}

/* A reason repeats what a hostile bundle or service said; as a value it must be one line that ends in
 * neither a space nor a backslash. */
static void reason_set(char ret[static STATE_REASON_SIZE], const char *reason)
{
        size_t len = strnlen(reason, STATE_REASON_SIZE - 1);

        memcpy(ret, reason, len);
        ret[len] = '\0';
        text_make_printable(ret);
        while (len > 0 && (ret[len - 1] == '\\' || ret[len - 1] == ' '))
                len--;
        ret[len] = '\0';
        if (ret[0] == ' ')
                ret[0] = '?';
}

static void quarantine_forget(struct bundle_state *s, size_t i)
{
        s->n_quarantined--;
        memmove(s->quarantined + i, s->quarantined + i + 1,
                (s->n_quarantined - i) * sizeof(*s->quarantined));
}

void state_quarantine(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec,
                      const char *reason)
{
        const struct quarantine *old = state_find_quarantined(s, release->digest);
        struct quarantine *q;

        if (old)
                quarantine_forget(s, (size_t)(old - s->quarantined));
        else if (s->n_quarantined == ELEMENTSOF(s->quarantined))
                quarantine_forget(s, 0);
        q = s->quarantined + s->n_quarantined++;
        *q = (struct quarantine){ .release = *release, .since_usec = now_usec };
        reason_set(q->reason, reason);
}

void state_set_back(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec)
{
        state_quarantine(s, release, now_usec, "set back by the operator");
        s->quarantined[s->n_quarantined - 1].by_operator = true;
}

const struct quarantine *state_find_quarantined(const struct bundle_state *s, const char *digest)
{
        for (size_t i = 0; i < s->n_quarantined; i++)
                if (str_eq(s->quarantined[i].release.digest, digest))
                        return s->quarantined + i;
        return NULL;
}

bool state_pardon(struct bundle_state *s, const char *digest)
{
        bool any = false;

        for (size_t i = s->n_quarantined; i-- > 0;)
                if (!digest || str_eq(s->quarantined[i].release.digest, digest)) {
                        quarantine_forget(s, i);
                        any = true;
                }
        return any;
}

bool state_on_trial(const struct bundle_state *s)
{
        return release_ref_is_set(&s->current) && !release_ref_equal(&s->current, &s->proven);
}

static void trial_forget(struct bundle_state *s)
{
        s->boots = 0;
        *s->boot = *s->forgiven = *s->lost = '\0';
}

static void earlier_add(struct bundle_state *s, const struct release_ref *r)
{
        size_t at = 0;

        while (at < s->n_earlier && !release_ref_equal(s->earlier + at, r))
                at++;
        if (at == s->n_earlier && at < ELEMENTSOF(s->earlier))
                s->n_earlier++;
        if (at == ELEMENTSOF(s->earlier))
                at--;
        memmove(s->earlier + 1, s->earlier, at * sizeof(*s->earlier));
        s->earlier[0] = *r;
}

static bool is_in_place(const struct release_ref *r, const char *place)
{
        char name[NAME_RELEASE_SIZE];

        if (!release_ref_is_set(r))
                return false;
        name_release(r->version, r->digest, name);
        return str_eq(name, place);
}

bool state_keeps(const struct bundle_state *s, size_t keep, const char *place)
{
        if (is_in_place(&s->current, place) || is_in_place(&s->previous, place) ||
            is_in_place(&s->proven, place))
                return true;
        for (size_t i = 0; i < s->n_earlier && keep > 0; i++) {
                const struct release_ref *r = s->earlier + i;

                if (release_ref_equal(r, &s->current) || state_find_quarantined(s, r->digest))
                        continue;
                if (is_in_place(r, place))
                        return true;
                keep--;
        }
        return false;
}

const struct release_ref *state_find_release(const struct bundle_state *s, const char *place)
{
        const struct release_ref *first[] = { &s->current, &s->previous, &s->proven };

        for (size_t i = 0; i < ELEMENTSOF(first); i++)
                if (is_in_place(first[i], place))
                        return first[i];
        for (size_t i = 0; i < s->n_earlier; i++)
                if (is_in_place(s->earlier + i, place))
                        return s->earlier + i;
        return NULL;
}

static void damage_drop(struct bundle_state *s, size_t i)
{
        s->n_damaged--;
        memmove(s->damaged + i, s->damaged + i + 1, (s->n_damaged - i) * sizeof(*s->damaged));
}

const struct damage *state_find_damage(const struct bundle_state *s, const char *digest)
{
        for (size_t i = 0; i < s->n_damaged; i++)
                if (str_eq(s->damaged[i].release.digest, digest))
                        return s->damaged + i;
        return NULL;
}

void state_rest_damaged(struct bundle_state *s, bool rests)
{
        const struct damage *d = state_find_damage(s, s->current.digest);

        if (d)
                s->damaged[d - s->damaged].rests = rests;
}

bool state_note_unrepaired(struct bundle_state *s, const struct release_ref *r, const char *why)
{
        const struct damage *d = state_find_damage(s, r->digest);
        char text[STATE_REASON_SIZE];

        reason_set(text, why);
        if (!d || str_eq(d->unrepaired, text))
                return false;
        memcpy(s->damaged[d - s->damaged].unrepaired, text, sizeof(text));
        return true;
}

bool state_forget_damage(struct bundle_state *s, const struct release_ref *r)
{
        const struct damage *d = state_find_damage(s, r->digest);

        if (d)
                damage_drop(s, (size_t)(d - s->damaged));
        return d != NULL;
}

/* Of those that are not named any more there may be some, which makes room for all that are. */
static void damage_make_room(struct bundle_state *s)
{
        for (size_t i = s->n_damaged; i-- > 0 && s->n_damaged == ELEMENTSOF(s->damaged);) {
                char place[NAME_RELEASE_SIZE];

                name_release(s->damaged[i].release.version, s->damaged[i].release.digest, place);
                if (!state_find_release(s, place))
                        damage_drop(s, i);
        }
        if (s->n_damaged == ELEMENTSOF(s->damaged))
                damage_drop(s, 0);
}

bool state_note_damage(struct bundle_state *s, const struct release_ref *r, uint64_t now_usec,
                       const char *reason)
{
        const struct damage *old = state_find_damage(s, r->digest);
        struct damage next = { .release = *r, .since_usec = now_usec };

        reason_set(next.reason, reason);
        if (old && str_eq(old->reason, next.reason))
                return false;
        if (old) {
                next.since_usec = old->since_usec;
                next.rests = old->rests;
                s->damaged[old - s->damaged] = next;
                return true;
        }
        if (s->n_damaged == ELEMENTSOF(s->damaged))
                damage_make_room(s);
        s->damaged[s->n_damaged++] = next;
        return true;
}

void state_commit(struct bundle_state *s, const struct release_ref *next, const char *boot)
{
        if (release_ref_is_set(&s->current) && !release_ref_equal(&s->current, next))
                earlier_add(s, &s->current);
        if (release_ref_is_set(&s->current) && (!state_on_trial(s) || !release_ref_is_set(&s->previous)))
                s->previous = s->current;
        s->current = *next;
        if (release_ref_equal(&s->previous, next))
                s->previous = (struct release_ref){};
        trial_forget(s);
        (void)!text_copy(s->boot, sizeof(s->boot), boot);
        *s->withdrawn = '\0';
}

void state_prove(struct bundle_state *s, uint64_t epoch)
{
        s->proven = s->current;
        trial_forget(s);
        if (epoch > s->epoch)
                s->epoch = epoch;
}

void state_withdraw(struct bundle_state *s, const char *digest)
{
        s->current = s->previous = s->proven = (struct release_ref){};
        s->n_earlier = s->n_damaged = 0;
        trial_forget(s);
        (void)!text_copy(s->withdrawn, sizeof(s->withdrawn), digest);
}

/* against: the worst verdict that does not matter. */
enum against { AGAINST_NOTHING, AGAINST_OPERATOR };

static bool may_go_back_to(const struct bundle_state *s, const struct release_ref *r, enum against against)
{
        const struct quarantine *q = state_find_quarantined(s, r->digest);

        return release_ref_is_set(r) && !release_ref_equal(r, &s->current) &&
               (!q || (q->by_operator && against == AGAINST_OPERATOR));
}

static const struct release_ref *target_find(const struct bundle_state *s, enum against against)
{
        if (may_go_back_to(s, &s->previous, against))
                return &s->previous;
        return may_go_back_to(s, &s->proven, against) ? &s->proven : NULL;
}

const struct release_ref *state_rollback_target(const struct bundle_state *s)
{
        return target_find(s, AGAINST_NOTHING);
}

const struct release_ref *state_back_target(const struct bundle_state *s)
{
        const struct release_ref *target = target_find(s, AGAINST_NOTHING);

        return target ? target : target_find(s, AGAINST_OPERATOR);
}

static bool is_among(const struct release_ref *const *list, size_t n, const struct release_ref *r)
{
        while (n > 0 && !release_ref_equal(list[n - 1], r))
                n--;
        return n > 0;
}

size_t state_back_candidates(const struct bundle_state *s,
                             const struct release_ref *ret[static STATE_BACK_MAX])
{
        static const enum against rounds[] = { AGAINST_NOTHING, AGAINST_OPERATOR };
        const struct release_ref *first[] = { &s->previous, &s->proven };
        size_t n = 0;

        for (size_t k = 0; k < ELEMENTSOF(rounds); k++)
                for (size_t i = 0; i < ELEMENTSOF(first); i++)
                        if (may_go_back_to(s, first[i], rounds[k]) && !is_among(ret, n, first[i]))
                                ret[n++] = first[i];
        for (size_t i = 0; i < s->n_earlier; i++)
                if (may_go_back_to(s, s->earlier + i, AGAINST_NOTHING) && !is_among(ret, n, s->earlier + i))
                        ret[n++] = s->earlier + i;
        return n;
}

void state_go_back(struct bundle_state *s, const struct release_ref *target, uint64_t now_usec,
                   const char *reason)
{
        struct release_ref to = target ? *target : (struct release_ref){};

        (void)state_pardon(s, to.digest);
        state_quarantine(s, &s->current, now_usec, reason);
        s->current = to;
        s->previous = (struct release_ref){};
        trial_forget(s);
}

bool state_trial_is_over(const struct bundle_state *s, const char *boot)
{
        return state_on_trial(s) && s->boots >= STATE_TRIAL_BOOTS_MAX && !str_eq(s->boot, boot);
}

bool state_trial_boot(struct bundle_state *s, const char *boot)
{
        if (state_trial_is_over(s, boot))
                return false;
        if (str_eq(s->boot, boot))
                return true;
        s->boots++;
        (void)!text_copy(s->boot, sizeof(s->boot), boot);
        return true;
}

bool state_trial_uncount(struct bundle_state *s, const char *boot)
{
        if (s->boots == 0 || !str_eq(s->boot, boot))
                return false;
        s->boots--;
        memset(s->boot, '0', sizeof(s->boot) - 1); /* no boot's, and those before it still count */
        return true;
}

bool state_count_loss(struct bundle_state *s, const struct release_ref *r)
{
        s->losses = str_eq(s->lost, r->digest) ? s->losses + 1 : 1;
        memcpy(s->lost, r->digest, sizeof(s->lost));
        return s->losses % STATE_LOSSES_MAX == 0; /* after a verdict that was lifted they count anew */
}

bool state_forget_losses(struct bundle_state *s, const struct release_ref *r)
{
        bool any = *s->lost && str_eq(s->lost, r->digest);

        if (any)
                *s->lost = '\0';
        return any;
}

bool state_may_run(const struct bundle_state *s, const char *boot)
{
        return s->wish == WISH_RUN || (s->wish == WISH_STOPPED && !str_eq(s->stopped_boot, boot));
}

void state_forgive(struct bundle_state *s, const char *probe)
{
        size_t len = strlen(s->forgiven), n = strlen(probe);

        if (len + n + 2 > sizeof(s->forgiven))
                return;
        if (len > 0)
                s->forgiven[len++] = ' ';
        memcpy(s->forgiven + len, probe, n + 1);
}
