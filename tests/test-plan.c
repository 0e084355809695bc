/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/plan.h"

#include "tap.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define DIGEST_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static void test_targets(void)
{
        static const struct {
                const char *target, *bundle;
        } cases[] = {
                { "stable/web.manifest", "web" },
                { "stable/a-1.manifest", "a-1" },
                { "testing/web.manifest", NULL },
                { "stable/web.tar.zst", NULL },
                { "stable/.manifest", NULL },
                { "stable/../web.manifest", NULL },
                { "stable/sub/web.manifest", NULL },
                { "stable/WEB.manifest", NULL },
                { "stableweb.manifest", NULL },
                { "stable/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.manifest",
                  NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char name[NAME_SIZE] = "untouched";
                bool found = plan_target_bundle(cases[i].target, "stable", name);

                tap_ok(found == !!cases[i].bundle, "%s is %sa bundle of channel stable", cases[i].target,
                       cases[i].bundle ? "" : "not ");
                tap_str(name, cases[i].bundle ? cases[i].bundle : "untouched", "its name");
        }
}

static void test_decisions(void)
{
        static struct bundle_state s;
        struct release_ref a = { "1", DIGEST_A }, b = { "2", DIGEST_B };

        tap_int(plan_decide(NULL, DIGEST_A), PLAN_INSTALL, "an unknown bundle is installed");
        tap_int(plan_decide(&s, DIGEST_A), PLAN_INSTALL, "so is one with nothing current");
        s.current = a;
        tap_int(plan_decide(&s, DIGEST_A), PLAN_KEEP, "what is current is kept");
        tap_int(plan_decide(&s, DIGEST_B), PLAN_INSTALL, "another digest is new, whatever its version says");
        state_quarantine(&s, &b, 1, "died");
        tap_int(plan_decide(&s, DIGEST_B), PLAN_QUARANTINED, "what failed here is not tried again");
        state_withdraw(&s, DIGEST_B);
        tap_int(plan_decide(&s, DIGEST_B), PLAN_KEEP, "what has been withdrawn is not withdrawn again");
        tap_int(plan_decide(&s, DIGEST_A), PLAN_INSTALL, "and what ran may come back");
        tap_int(plan_decide(&s, DIGEST_C), PLAN_INSTALL, "something newly signed is");
}

static void test_order(void)
{
        _cleanup_(plan_freep) struct plan *p = NULL;

        if (plan_new(&p) < 0)
                abort();
        tap_int(plan_add(p, "web", DIGEST_A, 1), 0, "a release is planned");
        tap_int(plan_add(p, "api", DIGEST_B, 2), 0, "another");
        tap_int(plan_add(p, "db", DIGEST_C, 3), 0, "and another");
        tap_int((long long)p->n_items, 3, "three in all");
        tap_str(p->items[0].bundle, "api", "in the order of their names");
        tap_str(p->items[1].bundle, "db", "the second");
        tap_str(p->items[2].bundle, "web", "the third");
        tap_str(p->items[0].digest, DIGEST_B, "each with its digest");
}

int main(void)
{
        test_targets();
        test_decisions();
        test_order();
        return tap_done();
}
