/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/state.h"

#include "facts/name.h"
#include "tap.h"
#include "releases.h"

static int parse(const char *text, struct bundle_state *ret, struct fault *f)
{
        return state_parse(text, strlen(text), "state/web", ret, f);
}

static void round_trip(const struct bundle_state *s, struct bundle_state *ret, const char *what)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(STATE_BYTES_MAX);
        struct fault f = {};

        *ret = (struct bundle_state){};
        tap_int(state_format(s, &text), 0, "%s is written", what);
        tap_int(state_parse(text.data, text.len, "state/web", ret, &f), 0, "and read again (%s)", f.text);
        tap_ok(release_ref_equal(&s->current, &ret->current) &&
                       release_ref_equal(&s->previous, &ret->previous) &&
                       release_ref_equal(&s->proven, &ret->proven),
               "with its releases");
        tap_ok(str_eq(s->boot, ret->boot) && s->boots == ret->boots && s->epoch == ret->epoch &&
                       s->held == ret->held && s->missing == ret->missing && s->wish == ret->wish &&
                       str_eq(s->stopped_boot, ret->stopped_boot) && str_eq(s->withdrawn, ret->withdrawn),
               "with what is known of the bundle");
        tap_int((long long)ret->n_quarantined, (long long)s->n_quarantined, "and its verdicts");
        for (size_t i = 0; i < s->n_quarantined; i++)
                if (!release_ref_equal(&s->quarantined[i].release, &ret->quarantined[i].release) ||
                    s->quarantined[i].since_usec != ret->quarantined[i].since_usec ||
                    s->quarantined[i].by_operator != ret->quarantined[i].by_operator)
                        tap_ok(false, "verdict %zu is as it was", i);
}

static void test_round_trip(void)
{
        static struct bundle_state s, back;

        round_trip(&s, &back, "an empty state");
        tap_ok(!release_ref_is_set(&back.current), "which has no release");
        s.current = two;
        s.previous = one;
        s.proven = one;
        state_quarantine(&s, &one, 1763683200000000, "web: did not become ready within 30s");
        state_set_back(&s, &two, 7);
        round_trip(&s, &back, "a full state");
        tap_str(back.quarantined[0].reason, "web: did not become ready within 30s", "with the reason");
        tap_ok(state_find_quarantined(&back, DIGEST_A) == back.quarantined, "a verdict is found by digest");
        tap_ok(!back.quarantined[0].by_operator && back.quarantined[1].by_operator, "with whose it was");
        tap_ok(!state_find_quarantined(&back, DIGEST_C), "and no other");
}

static void test_quarantine(void)
{
        static struct bundle_state s, back;
        struct release_ref r = one;
        char long_reason[1000];

        for (unsigned i = 0; i < STATE_QUARANTINE_MAX + 5; i++) {
                (void)snprintf(r.digest, sizeof(r.digest), "%064x", i);
                state_quarantine(&s, &r, i + 1, "x");
        }
        tap_int((long long)s.n_quarantined, STATE_QUARANTINE_MAX, "verdicts are bounded");
        tap_int((long long)s.quarantined[0].since_usec, 6, "the oldest went first");
        (void)snprintf(r.digest, sizeof(r.digest), "%064x", 5u);
        state_quarantine(&s, &r, 99, "again");
        tap_int((long long)s.n_quarantined, STATE_QUARANTINE_MAX, "a second verdict replaces the first");
        tap_int((long long)s.quarantined[STATE_QUARANTINE_MAX - 1].since_usec, 99, "and is the newest");
        round_trip(&s, &back, "the largest state");

        s.n_quarantined = 0;
        memset(long_reason, 'e', sizeof(long_reason));
        long_reason[sizeof(long_reason) - 1] = '\0';
        state_quarantine(&s, &one, 1, long_reason);
        state_quarantine(&s, &two, 1, " a\nb\xff\033[2J[Bundle]\nCurrent=evil \\ \\");
        round_trip(&s, &back, "a state with hostile reasons");
        tap_int((long long)strlen(back.quarantined[0].reason), STATE_REASON_SIZE - 1, "a long one is cut");
        tap_str(back.quarantined[1].reason, "?a?b??[2J[Bundle]?Current=evil", "a hostile one made harmless");
        state_quarantine(&s, &two, 1, "");
        round_trip(&s, &back, "a state with an empty reason");
}

static void test_wishes(void)
{
        static struct bundle_state s, back;

        s.held = s.missing = true;
        s.epoch = UINT64_MAX;
        s.wish = WISH_STOPPED;
        memcpy(s.stopped_boot, BOOT_A, sizeof(s.stopped_boot));
        memcpy(s.withdrawn, DIGEST_B, sizeof(s.withdrawn));
        round_trip(&s, &back, "a bundle that is held, stopped, and gone");
        tap_ok(!state_may_run(&back, BOOT_A), "what was stopped stays down in that boot");
        tap_ok(state_may_run(&back, BOOT_B), "and runs in the next");
        s = (struct bundle_state){ .wish = WISH_DISABLED };
        round_trip(&s, &back, "a bundle that is disabled");
        tap_ok(!state_may_run(&back, BOOT_A) && !state_may_run(&back, BOOT_B), "which runs in none");
        tap_ok(state_may_run(&(struct bundle_state){}, BOOT_A), "what nobody stopped may run");
}

/* one was proven, two came after it. */
static void state_with_two(struct bundle_state *s)
{
        *s = (struct bundle_state){};
        state_commit(s, &one, BOOT_A);
        state_prove(s, 3);
        state_commit(s, &two, BOOT_A);
}

static void test_trial(void)
{
        static struct bundle_state s, back;

        tap_ok(!state_on_trial(&s), "what there is not is not on trial");
        state_commit(&s, &one, BOOT_A);
        tap_ok(state_on_trial(&s), "what has just become current is");
        tap_ok(!state_back_target(&s), "with nothing before it there is nothing to go back to");
        state_with_two(&s);
        round_trip(&s, &back, "a release on trial");
        tap_ok(state_back_target(&s) && release_ref_equal(state_back_target(&s), &one),
               "what was proven is gone back to");
        state_commit(&s, &three, BOOT_A);
        tap_ok(release_ref_equal(state_back_target(&s), &one), "and not what was on trial after it");
        tap_int((long long)s.epoch, 3, "the floor is that of what was proven");
        state_prove(&s, 2);
        tap_int((long long)s.epoch, 3, "and never sinks");
        tap_ok(!state_on_trial(&s) && release_ref_equal(&s.proven, &three), "in the end it is proven");
}

static void test_going_back(void)
{
        static struct bundle_state s;

        state_with_two(&s);
        state_go_back(&s, state_back_target(&s), 7, "main: HTTP=8080/ answers 500");
        tap_ok(release_ref_equal(&s.current, &one) && !state_on_trial(&s), "the old one is current");
        tap_ok(state_find_quarantined(&s, DIGEST_B), "with a verdict over the new one");
        tap_ok(!state_back_target(&s), "and nothing to go back to from there");
        state_commit(&s, &two, BOOT_A);
        state_commit(&s, &three, BOOT_A);
        state_go_back(&s, state_back_target(&s), 8, "x");
        tap_ok(release_ref_equal(&s.current, &one), "what there is a verdict over is not gone back to");
        state_go_back(&s, state_back_target(&s), 9, "x");
        tap_ok(!release_ref_is_set(&s.current), "and then to nothing");
        tap_ok(state_pardon(&s, DIGEST_B) && !state_find_quarantined(&s, DIGEST_B), "a verdict is lifted");
        tap_ok(!state_pardon(&s, DIGEST_B), "once");
        tap_ok(state_pardon(&s, NULL) && s.n_quarantined == 0, "or all are");
}

static void test_last_resort(void)
{
        static struct bundle_state s;

        state_with_two(&s);
        state_prove(&s, 0);
        state_rolled_back(&s, &three);
        tap_ok(!state_rollback_target(&s), "what the operator set back is not what his next order goes to");
        tap_ok(state_back_target(&s) && release_ref_equal(state_back_target(&s), &two),
               "but better than nothing");
        state_go_back(&s, state_back_target(&s), 7, "x");
        tap_ok(release_ref_equal(&s.current, &two), "where it is gone back to");
        tap_ok(!state_on_trial(&s) && !state_find_quarantined(&s, DIGEST_B), "there is no verdict over it");
        tap_ok(state_find_quarantined(&s, DIGEST_C), "but over what failed");

        state_with_two(&s);
        state_rolled_back(&s, &three);
        state_quarantine(&s, &one, 6, "died");
        tap_ok(!state_back_target(&s), "what failed by itself is not gone back to");
        state_with_two(&s);
        state_prove(&s, 0);
        state_rolled_back(&s, &three);
        state_quarantine(&s, &two, 6, "died");
        tap_ok(!state_back_target(&s), "nor what was set back first, and failed then");
        state_with_two(&s);
        state_prove(&s, 0);
        state_commit(&s, &three, BOOT_A);
        s.proven = one;
        state_set_back(&s, &two, 6);
        tap_ok(release_ref_equal(state_back_target(&s), &one), "it comes after all others");
}

/* By an operator, or a channel that has it again. */
static void test_taking_up_again(void)
{
        static struct bundle_state s;

        state_with_two(&s);
        state_commit(&s, &one, BOOT_A);
        tap_ok(!release_ref_is_set(&s.previous), "what is current again does not come before itself");
        tap_ok(!state_on_trial(&s), "and stays proven");
        tap_ok(!state_back_target(&s), "with nothing to go back to");
}

static void test_boots(void)
{
        static struct bundle_state s, back;
        char boot[STATE_BOOT_SIZE] = BOOT_B;

        state_with_two(&s);
        tap_ok(state_trial_boot(&s, BOOT_A) && s.boots == 0, "an agent that starts anew is no boot");
        tap_ok(!state_trial_uncount(&s, BOOT_A), "that of the commit is not counted");
        for (int i = 0; i < STATE_TRIAL_BOOTS_MAX; i++) {
                boot[0] = (char)('2' + i);
                tap_ok(state_trial_boot(&s, boot), "boot %d on trial", i + 1);
                tap_ok(state_trial_boot(&s, boot), "which counts once");
        }
        tap_ok(!state_trial_boot(&s, BOOT_B), "the next is one too many");
        tap_ok(!state_trial_uncount(&s, BOOT_B), "a boot that was not counted is not taken back");
        tap_ok(state_trial_uncount(&s, boot), "one that ends in order is");
        tap_ok(!state_trial_uncount(&s, boot), "once");
        round_trip(&s, &back, "a boot taken back");
        tap_ok(back.boots == STATE_TRIAL_BOOTS_MAX - 1, "those before it still count");
        tap_ok(state_trial_boot(&back, boot) && back.boots == STATE_TRIAL_BOOTS_MAX,
               "it counts anew when the agent starts anew");
        tap_ok(!state_trial_boot(&back, BOOT_B), "with no more left");
        state_prove(&s, 0);
        tap_ok(s.boots == 0 && !*s.boot, "of what is proven boots are not counted");
}

/* sealift-unitd dies of a start, or so it seems. */
static void test_losses(void)
{
        static struct bundle_state s, back;
        struct fault f = {};

        state_with_two(&s);
        for (int i = 1; i < STATE_LOSSES_MAX; i++)
                tap_ok(!state_count_loss(&s, &three), "loss %d may be chance", i);
        round_trip(&s, &back, "a loss");
        tap_ok(str_eq(back.lost, three.digest) && back.losses == STATE_LOSSES_MAX - 1, "with how many");
        tap_ok(!state_count_loss(&s, &one), "so may that of another release");
        tap_ok(!state_count_loss(&s, &three), "after which they count anew");
        tap_ok(state_count_loss(&back, &three), "so many in a row are its doing");
        tap_ok(!state_count_loss(&back, &three), "and it may be given as many again");
        tap_ok(!state_forget_losses(&back, &one) && *back.lost, "a start of another release says nothing");
        tap_ok(state_forget_losses(&back, &three), "one that goes well ends the row");
        tap_ok(!state_forget_losses(&back, &three), "once");
        tap_ok(!state_count_loss(&back, &three) && back.losses == 1, "and they count anew");
        state_prove(&back, 0);
        tap_str(back.lost, "", "what is proven has none");
        state_commit(&s, &three, BOOT_A);
        tap_str(s.lost, "", "nor has what is current");
        tap_int(parse("[Bundle]\nLost=" DIGEST_A "\n", &back, &f), -EINVAL, "how many must be said");
        tap_int(parse("[Bundle]\nLost=" DIGEST_A " x\n", &back, &f), -EINVAL, "as a number");
        tap_int(parse("[Bundle]\nLost=a 1\n", &back, &f), -EINVAL, "of a digest");
}

/* Of releases on disk: known from when it is found until it is put right, or the release has gone. */
static void test_damaged(void)
{
        static struct bundle_state s, back;
        const struct release_ref *r;
        char place[NAME_RELEASE_SIZE];

        state_with_two(&s);
        name_release(two.version, two.digest, place);
        tap_ok(state_find_release(&s, place) == &s.current, "a release is found by its place");
        name_release(three.version, three.digest, place);
        tap_ok(!state_find_release(&s, place), "but one that the state does not name");
        tap_ok(state_note_damage(&s, &two, 7, "page.html: its SHA-256 is not what was signed"),
               "damage is news");
        tap_ok(!state_note_damage(&s, &two, 8, "page.html: its SHA-256 is not what was signed"), "once");
        tap_ok(state_note_damage(&s, &one, 9, "x\n\\"), "so is that of another release");
        state_rest_damaged(&s, true);
        round_trip(&s, &back, "damage");
        tap_int((long long)back.n_damaged, 2, "with each");
        tap_ok(state_find_damage(&back, two.digest) && release_ref_equal(&back.damaged[0].release, &two) &&
                       back.damaged[0].since_usec == 7 && back.damaged[0].rests,
               "which release, since when, and that it is not started");
        tap_str(back.damaged[0].reason, "page.html: its SHA-256 is not what was signed", "and how");
        tap_ok(!back.damaged[1].rests, "which the other one may be");
        tap_str(back.damaged[1].reason, "x?", "in one line");
        tap_ok(!state_find_damage(&back, three.digest), "and no other one");
        tap_ok(state_note_damage(&back, &two, 10, "site: missing"), "otherwise damaged is news");
        tap_ok(back.n_damaged == 2 && back.damaged[0].since_usec == 7 && back.damaged[0].rests,
               "of the same damage");
        tap_ok(state_note_unrepaired(&back, &two, "not there"), "that it cannot be put right is news");
        tap_ok(!state_note_unrepaired(&back, &two, "not there"), "once");
        tap_ok(!state_note_unrepaired(&back, &three, "not there"), "of what is damaged");
        round_trip(&back, &s, "what cannot be put right");
        tap_str(s.damaged[0].unrepaired, "not there", "with the reason");
        tap_str(s.damaged[1].unrepaired, "", "and nothing of the other one");
        tap_ok(state_forget_damage(&back, &two) && !state_find_damage(&back, two.digest), "it is put right");
        tap_ok(!state_forget_damage(&back, &two), "once");
        tap_ok(state_find_damage(&back, one.digest) != NULL, "which leaves the other one");
        state_withdraw(&s, DIGEST_A);
        tap_int((long long)s.n_damaged, 0, "of what was withdrawn none is known");

        for (char c = 'a'; c <= 'z'; c++) {
                struct release_ref next = { .version = { c } };

                memset(next.digest, 'a' + c % 6, sizeof(next.digest) - 1);
                (void)snprintf(next.digest, 3, "%02x", (unsigned char)c);
                next.digest[2] = '0';
                state_commit(&s, &next, BOOT_A);
                state_prove(&s, 0);
                (void)state_note_damage(&s, &next, 1, "x");
        }
        tap_int((long long)s.n_damaged, STATE_DAMAGED_MAX, "it is bounded");
        r = &s.earlier[STATE_EARLIER_MAX - 1];
        tap_ok(state_find_damage(&s, s.current.digest) && state_find_damage(&s, r->digest),
               "and known of each release that the state names");
        round_trip(&s, &back, "as much as there can be");
}

/* By a state of an older agent, which has none, nothing is known to be damaged; to one, what it does not
 * know is nothing (test_damage()). */
static const struct damaged_text {
        const char *text, *words;
} damages[] = {
        { "[Bundle]\nCurrent=1.0\n", "state/web:2: Current=1.0" },
        { "[Bundle]\nCurrent=1.0 abc\n", "state/web:2" },
        { "[Bundle]\nCurrent=../x " DIGEST_A "\n", "state/web:2" },
        { "[Bundle]\nProven=1.0  " DIGEST_A "\n", "state/web:2" },
        { "[Quarantined]\n", "state/web:1: [Quarantined ]" },
        { "[Quarantined x]\n", "state/web:1: [Quarantined x]" },
        { "[Quarantined " DIGEST_A "]\n[Quarantined " DIGEST_A "]\n", "state/web:2" },
        { "[Quarantined " DIGEST_A "]\nSince=-1\n", "state/web:2: Since=-1" },
        { "[Quarantined " DIGEST_A "]\nVersion=a/b\n", "state/web:2: Version=a/b" },
        { "garbage\n", "state/web:1" },
        { "[Bundle]\nBoot=abc 1\n", "state/web:2: Boot=abc 1" },
        { "[Bundle]\nBoot=" BOOT_A "\n", "state/web:2" },
        { "[Bundle]\nBoot=" BOOT_A " -1\n", "state/web:2" },
        { "[Damaged]\n", "state/web:1: [Damaged ]" },
        { "[Damaged " DIGEST_A "]\n[Damaged " DIGEST_A "]\n", "state/web:2" },
        { "[Damaged " DIGEST_A "]\nVersion=a/b\n", "state/web:2: Version=a/b" },
        { "[Damaged " DIGEST_A "]\nSince=-1\n", "state/web:2: Since=-1" },
        { "[Damaged " DIGEST_A "]\nRests=no\n", "state/web:2: Rests=no" },
        { "[Bundle]\nEpoch=x\n", "state/web:2: Epoch=x" },
        { "[Bundle]\nHold=no\n", "state/web:2: Hold=no" },
        { "[Bundle]\nDisabled=\n", "state/web:2" },
        { "[Bundle]\nStopped=yes\n", "state/web:2: Stopped=yes" },
        { "[Bundle]\nWithdrawn=1.0\n", "state/web:2: Withdrawn=1.0" },
};

static void test_damage(void)
{
        static struct bundle_state s;
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(damages); i++) {
                s.n_quarantined = 77;
                tap_int(parse(damages[i].text, &s, &f), -EINVAL, "damage %zu is refused", i);
                tap_like(f.text, damages[i].words, "with its line");
                tap_int((long long)s.n_quarantined, 77, "and nothing is touched");
        }
        tap_int(parse("[Bundle]\nCurrent=1.0 " DIGEST_A "\nColour=blue\n[Future x]\nA=b\n", &s, &f), 0,
                "what a newer agent wrote is skipped (%s)", f.text);
        tap_ok(release_ref_equal(&s.current, &one), "and the rest is known");
        tap_int((long long)s.n_damaged, 0, "where no damage is named, none is known");
}

static struct release_ref release(char c)
{
        struct release_ref r = { .version = { c } };

        memset(r.digest, c, sizeof(r.digest) - 1);
        return r;
}

/* "K" for each release that stays, in the order 1, 2, 3, ... */
static const char *kept(const struct bundle_state *s, size_t keep)
{
        static char text[8];

        for (size_t i = 0; i < 6; i++) {
                char place[NAME_RELEASE_SIZE];
                struct release_ref r = release((char)('1' + i));

                name_release(r.version, r.digest, place);
                text[i] = state_keeps(s, keep, place) ? 'K' : '-';
        }
        text[6] = '\0';
        return text;
}

static void commit(struct bundle_state *s, char c, bool prove)
{
        struct release_ref r = release(c);

        state_commit(s, &r, BOOT_A);
        if (prove)
                state_prove(s, 0);
}

static void test_keep(void)
{
        static struct bundle_state s, back;
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(STATE_BYTES_MAX);
        struct release_ref r;
        struct fault f = {};

        s = (struct bundle_state){};
        tap_str(kept(&s, 3), "------", "what never was current does not stay");
        for (char c = '1'; c <= '5'; c++)
                commit(&s, c, true);
        tap_str(kept(&s, 3), "-KKKK-", "three beside the current one");
        tap_str(kept(&s, 1), "---KK-", "or one");
        tap_str(kept(&s, 0), "---KK-", "or none but what is gone back to");
        tap_str(kept(&s, 16), "KKKKK-", "or all");
        tap_int(state_format(&s, &text), 0, "written down");
        tap_int(state_parse(text.data, text.len, "state", &back, &f), 0, "read back (%s)", f.text);
        tap_str(kept(&back, 3), "-KKKK-", "in the same order");
        commit(&s, '2', true);
        tap_str(kept(&s, 2), "-K-KK-", "one that comes back");
        tap_str(kept(&s, 4), "KKKKK-", "is not counted beside itself");
        commit(&s, '6', false);
        tap_str(kept(&s, 0), "-K---K", "on trial: what is gone back to");
        commit(&s, '1', false);
        tap_str(kept(&s, 0), "KK----", "and the last good one, not the one that was never proven");
        r = release('6');
        state_quarantine(&s, &r, 1, "bad");
        tap_str(kept(&s, 2), "KK--K-", "a verdict over one: it goes, and another stays");
        for (size_t i = 0; i < 2 * STATE_EARLIER_MAX; i++)
                commit(&s, (char)('1' + i % 6), true);
        tap_int((long long)s.n_earlier, 6, "each is there once");
        s.proven = release('3');
        s.previous = release('4');
        s.n_earlier = 0;
        tap_str(kept(&s, 0), "-KKK--", "what proved itself last stays, whatever came after it");
        for (char c = 'a'; c <= 'z'; c++)
                commit(&s, c, true);
        tap_int((long long)s.n_earlier, STATE_EARLIER_MAX, "they end somewhere");
        tap_str(s.earlier[0].version, "y", "the last one is the first");
        tap_str(s.earlier[STATE_EARLIER_MAX - 1].version, "j", "the oldest went");
}

static void test_withdrawn(void)
{
        static struct bundle_state s;
        char place[NAME_RELEASE_SIZE];

        s = (struct bundle_state){ .held = true, .epoch = 7, .wish = WISH_DISABLED };
        state_commit(&s, &one, "b");
        state_prove(&s, 0);
        state_commit(&s, &two, "b"); /* one is an earlier one now */
        state_prove(&s, 0);
        state_withdraw(&s, DIGEST_A);
        tap_ok(!release_ref_is_set(&s.current) && !release_ref_is_set(&s.previous) &&
                       !release_ref_is_set(&s.proven),
               "of what was withdrawn nothing is kept");
        tap_ok(!state_on_trial(&s) && !state_back_target(&s), "nor gone back to");
        name_release(one.version, one.digest, place);
        tap_ok(!state_keeps(&s, 3, place), "nor left on disk, however many earlier ones are");
        tap_ok(s.held && s.epoch == 7 && s.wish == WISH_DISABLED, "but what holds for releases to come");
        tap_str(s.withdrawn, DIGEST_A, "and by what");
        state_commit(&s, &one, "b");
        tap_str(s.withdrawn, "", "a release that is installed ends it");
}

/* What was broken before, until the trial is over, whichever way. */
static void test_forgiven(void)
{
        static struct bundle_state s, back;
        char name[NAME_SIZE];
        struct fault f = {};

        s = (struct bundle_state){};
        state_commit(&s, &one, BOOT_A);
        state_forgive(&s, "main");
        state_forgive(&s, "other");
        round_trip(&s, &back, "what is forgiven");
        tap_str(back.forgiven, "main other", "by name");
        state_prove(&back, 0);
        tap_str(back.forgiven, "", "forgotten by what is proven");
        back = s;
        state_commit(&back, &two, BOOT_A);
        tap_str(back.forgiven, "", "by the next release");
        back = s;
        state_go_back(&back, state_back_target(&back), 7, "x");
        tap_str(back.forgiven, "", "by going back");
        (void)snprintf(name, sizeof(name), "%048d", 0);
        for (size_t i = 0; i < 100; i++)
                state_forgive(&s, name);
        tap_ok(strlen(s.forgiven) < STATE_FORGIVEN_SIZE, "and it is bounded");
        tap_int(parse("[Bundle]\nForgiven=a/b\n", &back, &f), -EINVAL, "what is no name is refused");
}

int main(void)
{
        test_withdrawn();
        test_round_trip();
        test_quarantine();
        test_wishes();
        test_trial();
        test_going_back();
        test_last_resort();
        test_taking_up_again();
        test_boots();
        test_losses();
        test_keep();
        test_forgiven();
        test_damaged();
        test_damage();
        return tap_done();
}
