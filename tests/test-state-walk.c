/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Every transition of a state from every state that transitions lead to, so many steps deep; and what may be
 * gone back to. */

#include "tap.h"
#include "releases.h"

enum { WALK_DEPTH = 5 };

static const struct release_ref *const releases[] = { &one, &two, &three };

static void walk_commit(struct bundle_state *s, const struct release_ref *r)
{
        if (!state_find_quarantined(s, r->digest) && !release_ref_equal(&s->current, r))
                state_commit(s, r, BOOT_A);
}

static void walk_roll_back(struct bundle_state *s, const struct release_ref *r)
{
        if (release_ref_is_set(&s->current) && !state_find_quarantined(s, r->digest) &&
            !release_ref_equal(&s->current, r))
                state_rolled_back(s, r);
}

static void walk_prove(struct bundle_state *s, const struct release_ref *r)
{
        if (release_ref_is_set(&s->current))
                state_prove(s, 0);
}

static void walk_go_back(struct bundle_state *s, const struct release_ref *r)
{
        if (release_ref_is_set(&s->current))
                state_go_back(s, state_back_target(s), 1, "died");
}

static void walk_pardon(struct bundle_state *s, const struct release_ref *r)
{
        (void)state_pardon(s, NULL);
}

static void walk_withdraw(struct bundle_state *s, const struct release_ref *r)
{
        state_withdraw(s, r->digest);
}

static const struct step {
        void (*go)(struct bundle_state *s, const struct release_ref *r);
        size_t releases; /* it is tried with */
} steps[] = {
        { walk_commit, 3 },  { walk_roll_back, 3 }, { walk_prove, 1 },
        { walk_go_back, 1 }, { walk_pardon, 1 },    { walk_withdraw, 1 },
};

static bool quarantine_is_failure(const struct bundle_state *s, const struct release_ref *r)
{
        const struct quarantine *q = state_find_quarantined(s, r->digest);

        return q && !q->by_operator;
}

/* NULL: all holds. */
static const char *state_wrong(const struct bundle_state *s)
{
        const struct release_ref *back = state_back_target(s), *order = state_rollback_target(s);
        bool on_trial = state_on_trial(s);

        if (release_ref_is_set(&s->current) && state_find_quarantined(s, s->current.digest))
                return "there is a verdict over what is current";
        if (release_ref_is_set(&s->current) && release_ref_equal(&s->current, &s->previous))
                return "what is current comes before itself";
        if (back && (release_ref_equal(back, &s->current) || quarantine_is_failure(s, back)))
                return "goes back to itself, or to what failed";
        if (order && (back != order || state_find_quarantined(s, order->digest)))
                return "an order goes elsewhere than a failure, or to what there is a verdict over";
        if (on_trial && release_ref_is_set(&s->proven) && !quarantine_is_failure(s, &s->proven) && !back)
                return "ends with nothing, and something was proven";
        if (!on_trial && (s->boots > 0 || *s->forgiven))
                return "counts what is on no trial";
        return NULL;
}

static const char *walk(const struct bundle_state *from, int depth, unsigned long *n)
{
        const char *wrong = state_wrong(from);

        ++*n;
        for (size_t i = 0; !wrong && depth > 0 && i < ELEMENTSOF(steps); i++)
                for (size_t k = 0; !wrong && k < steps[i].releases; k++) {
                        struct bundle_state to = *from;

                        steps[i].go(&to, releases[k]);
                        wrong = walk(&to, depth - 1, n);
                }
        return wrong;
}

static void test_walk(void)
{
        static struct bundle_state empty;
        unsigned long n = 0;
        const char *wrong = walk(&empty, WALK_DEPTH, &n);

        tap_ok(!wrong && n > 100000, "%lu ways through the transitions: %s", n, wrong ? wrong : "all holds");
}

/* "1 2": the versions, in the order in which they are tried. */
static const char *candidates(const struct bundle_state *s)
{
        const struct release_ref *list[STATE_BACK_MAX];
        static char text[256];
        size_t n = state_back_candidates(s, list), at = 0;

        *text = '\0';
        for (size_t i = 0; i < n; i++)
                at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i > 0 ? " " : "",
                                       list[i]->version);
        return text;
}

/* Where the first of them is damaged, the next one is taken. */
static void test_candidates(void)
{
        static struct bundle_state s, before;

        s = (struct bundle_state){};
        tap_str(candidates(&s), "", "there is nothing to go back to");
        for (char c = '1'; c <= '5'; c++) {
                struct release_ref r = { .version = { c } };

                memset(r.digest, c, sizeof(r.digest) - 1);
                state_commit(&s, &r, BOOT_A);
                if (c < '5')
                        state_prove(&s, 0);
        }
        tap_str(candidates(&s), "4 3 2 1", "what was proven, then what was before that, the last first");
        s.previous = s.earlier[2];
        tap_str(candidates(&s), "2 4 3 1", "what current took the place of before all");
        before = s;
        state_set_back(&s, &s.proven, 7);
        tap_str(candidates(&s), "2 4 3 1", "what the operator set back, where it is the proven one");
        state_set_back(&s, &s.previous, 7);
        tap_str(candidates(&s), "2 4 3 1", "or both");
        state_pardon(&s, s.proven.digest);
        tap_str(candidates(&s), "4 2 3 1", "but behind one that he did not");
        s = before;
        state_set_back(&s, s.earlier + 1, 7);
        tap_str(candidates(&s), "2 4 1", "of those before, none that he set back");
        state_quarantine(&s, &s.proven, 7, "died");
        tap_str(candidates(&s), "2 1", "and none that failed");
        state_go_back(&s, s.earlier + 3, 8, "x");
        tap_str(s.current.version, "1", "any of them is gone back to");
        tap_ok(state_find_quarantined(&s, before.current.digest) && state_on_trial(&s),
               "on trial once more");
        state_go_back(&s, NULL, 9, "x");
        tap_ok(!release_ref_is_set(&s.current), "or none");
        for (char c = 'a'; c <= 'z'; c++) {
                struct release_ref r = { .version = { c } };

                memset(r.digest, c, sizeof(r.digest) - 1);
                state_commit(&s, &r, BOOT_A);
        }
        s.previous = two;
        s.proven = three;
        tap_int((long long)strlen(candidates(&s)),
                (long long)strlen(two.version) + (long long)strlen(three.version) + 1 +
                        2 * STATE_EARLIER_MAX,
                "of as many as there can be");
}

int main(void)
{
        test_candidates();
        test_walk();
        return tap_done();
}
