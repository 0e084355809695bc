/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/freeze.h"

#include "tap.h"

#define HOUR INT64_C(3600)
#define DAY  (24 * HOUR)
#define T0   INT64_C(1800000000)

enum { SERVED, UNSERVED };

/* A life as the agent sees it: each row is one look. Unless it says otherwise the agent has been awake all
 * the time, and the look before was answered. */
struct look {
        const char *what;
        int kind;
        uint64_t version;
        int64_t at; /* since T0 */
        enum freeze_news want;
        int64_t slept; /* of the time since the look before */
};

struct life {
        const char *name;
        int64_t announced, poll;
        const struct look *looks;
        size_t n;
};

static void live(const struct life *life)
{
        struct freeze z = {};
        int64_t served = 0, last = 0;

        for (size_t i = 0; i < life->n; i++) {
                const struct look *l = life->looks + i;
                struct freeze_look look = { .now = T0 + l->at,
                                            .served = served,
                                            .awake = l->at - last - l->slept,
                                            .poll = life->poll };

                tap_int(l->kind == SERVED ? freeze_served(&z, &look, l->version, life->announced)
                                          : freeze_unserved(&z, &look),
                        l->want, "%s: %s", life->name, l->what);
                last = l->at;
                if (l->kind == SERVED)
                        served = look.now;
        }
}

#define LIFE(name_, announced_, poll_, looks_)                                                              \
        {                                                                                                   \
                .name = (name_), .announced = (announced_), .poll = (poll_), .looks = (looks_),             \
                .n = ELEMENTSOF(looks_)                                                                     \
        }

static const struct look frozen[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "the same two intervals later", SERVED, 1, 2 * DAY, FREEZE_NOTHING },
        { "and a second", SERVED, 1, 2 * DAY + 1, FREEZE_RAISED },
        { "said once", SERVED, 1, 3 * DAY, FREEZE_NOTHING },
        { "also when the source goes away then", UNSERVED, 0, 4 * DAY, FREEZE_NOTHING },
        { "a newer one ends it", SERVED, 2, 5 * DAY, FREEZE_CLEARED },
        { "once", SERVED, 2, 5 * DAY + HOUR, FREEZE_NOTHING },
        { "it begins anew", SERVED, 2, 7 * DAY, FREEZE_NOTHING },
        { "with the newer one", SERVED, 2, 7 * DAY + 1, FREEZE_RAISED },
};

static const struct look unreachable[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "no source for an interval", UNSERVED, 0, DAY, FREEZE_NOTHING },
        { "for two", UNSERVED, 0, 2 * DAY, FREEZE_NOTHING },
        { "and a second", UNSERVED, 0, 2 * DAY + 1, FREEZE_RAISED },
        { "the source is back, with nothing new", SERVED, 1, 3 * DAY, FREEZE_NOTHING },
        { "and with something", SERVED, 2, 3 * DAY + 1, FREEZE_CLEARED },
};

static const struct look off[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "off for a month, and no network yet", UNSERVED, 0, 30 * DAY, FREEZE_NOTHING, 30 * DAY - HOUR },
        { "an hour of trying", UNSERVED, 0, 30 * DAY + HOUR, FREEZE_NOTHING },
        { "the network is there, and so is a newer one", SERVED, 9, 30 * DAY + 2 * HOUR, FREEZE_NOTHING },
        { "off for a month again", SERVED, 10, 60 * DAY, FREEZE_NOTHING, 30 * DAY },
};

static const struct look old_bucket[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "off for a month; the source still serves it", SERVED, 1, 30 * DAY, FREEZE_RAISED, 30 * DAY },
};

static const struct look dozing[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "awake for half of each day", UNSERVED, 0, 1 * DAY, FREEZE_NOTHING, 12 * HOUR },
        { "without a network", UNSERVED, 0, 2 * DAY, FREEZE_NOTHING, 12 * HOUR },
        { "three days", UNSERVED, 0, 3 * DAY, FREEZE_NOTHING, 12 * HOUR },
        { "48 hours in all", UNSERVED, 0, 4 * DAY, FREEZE_NOTHING, 12 * HOUR },
        { "and a second", UNSERVED, 0, 4 * DAY + 1, FREEZE_RAISED },
};

static const struct look busy[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "awake, but kept from asking for a week", UNSERVED, 0, 7 * DAY, FREEZE_NOTHING },
        { "each look speaks for one poll", UNSERVED, 0, 7 * DAY + 47 * HOUR, FREEZE_NOTHING },
};

static const struct look nothing_yet[] = {
        { "a source that was never reached", UNSERVED, 0, 100 * DAY, FREEZE_NOTHING },
        { "the first timestamp", SERVED, 1, 100 * DAY, FREEZE_NOTHING },
};

static const struct look long_poll[] = {
        { "polls less often than it is signed", SERVED, 1, 0, FREEZE_NOTHING },
        { "one poll later", SERVED, 1, 7 * DAY, FREEZE_NOTHING },
        { "two", SERVED, 1, 14 * DAY, FREEZE_NOTHING },
        { "and a second", SERVED, 1, 14 * DAY + 1, FREEZE_RAISED },
};

static const struct look clock_back[] = {
        { "the first timestamp", SERVED, 1, 0, FREEZE_NOTHING },
        { "the clock goes back a little", SERVED, 1, -200, FREEZE_NOTHING },
};

/* Polls every 12 hours, as it is served; the interval has to be learned. */
static const struct look learning[] = {
        { "what lay there when we came says nothing of its age", SERVED, 1, 0, FREEZE_NOTHING },
        { "a newer one comes", SERVED, 2, 12 * HOUR, FREEZE_NOTHING },
        { "again", SERVED, 2, 24 * HOUR, FREEZE_NOTHING },
        { "the next, a day later: that is the interval", SERVED, 3, 36 * HOUR, FREEZE_NOTHING },
        { "two days later", SERVED, 3, 84 * HOUR, FREEZE_NOTHING },
        { "and a second", SERVED, 3, 84 * HOUR + 1, FREEZE_RAISED },
        { "a newer one after all", SERVED, 4, 90 * HOUR, FREEZE_CLEARED },
        { "the pause of the alarm taught nothing", SERVED, 4, 138 * HOUR, FREEZE_NOTHING },
        { "so it is as before", SERVED, 4, 138 * HOUR + 1, FREEZE_RAISED },
};

static const struct look unknown[] = {
        { "the only timestamp there ever was", SERVED, 1, 0, FREEZE_NOTHING },
        { "what comes next is no pause yet", SERVED, 2, HOUR, FREEZE_NOTHING },
        { "no interval, no alarm: expiry has to do", SERVED, 2, 300 * DAY, FREEZE_NOTHING },
        { "nor of an absent source", UNSERVED, 0, 600 * DAY, FREEZE_NOTHING },
};

static void test_lives(void)
{
        static const struct life lives[] = {
                LIFE("frozen", DAY, HOUR, frozen),
                LIFE("unreachable", DAY, DAY, unreachable),
                LIFE("off", DAY, HOUR, off),
                LIFE("old bucket", DAY, HOUR, old_bucket),
                LIFE("dozing", DAY, 12 * HOUR, dozing),
                LIFE("busy", DAY, HOUR, busy),
                LIFE("nothing yet", DAY, HOUR, nothing_yet),
                LIFE("long poll", DAY, 7 * DAY, long_poll),
                LIFE("clock back", DAY, HOUR, clock_back),
                LIFE("learning", 0, 12 * HOUR, learning),
                LIFE("unknown", 0, HOUR, unknown),
        };

        for (size_t i = 0; i < ELEMENTSOF(lives); i++)
                live(lives + i);
}

/* What a newer timestamp teaches about the interval. */
static void test_observe(void)
{
        static const struct {
                const char *what;
                bool witnessed, raised;
                int64_t observed, pause, since_served, want;
        } cases[] = {
                { "a first pause", true, false, 0, DAY, HOUR, DAY },
                { "a longer one counts", true, false, HOUR, DAY, HOUR, DAY },
                { "a release in between does not, at once", true, false, DAY, 300, HOUR, DAY / 4 * 3 },
                { "one that began before we looked does not", false, false, HOUR, DAY, HOUR, HOUR },
                { "we looked two polls ago", true, false, HOUR, DAY, 2 * HOUR, DAY },
                { "a second more, and we did not see it come", true, false, HOUR, DAY, 2 * HOUR + 1, HOUR },
                { "we never looked before", true, false, HOUR, DAY, 0, HOUR },
                { "an alarm is not how things should be", true, true, HOUR, DAY, HOUR, HOUR },
                { "a pause that cannot be", true, false, HOUR, FREEZE_INTERVAL_MAX_SEC + 1, HOUR,
                  HOUR / 4 * 3 },
                { "a clock that went back", true, false, HOUR, -DAY, HOUR, HOUR / 4 * 3 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct freeze z = { .version = 1,
                                    .seen = T0 - cases[i].pause,
                                    .observed = cases[i].observed,
                                    .witnessed = cases[i].witnessed,
                                    .raised = cases[i].raised };
                struct freeze_look look = {
                        .now = T0,
                        .served = cases[i].since_served ? T0 - cases[i].since_served : 0,
                        .poll = HOUR,
                };

                (void)freeze_served(&z, &look, 2, 0);
                tap_int(z.observed, cases[i].want, "interval: %s", cases[i].what);
                tap_int(z.seen, T0, "the newer one begins now");
        }
}

static void test_nothing_to_remember(void)
{
        struct freeze z = {};

        (void)freeze_unserved(&z, &(struct freeze_look){ .now = T0, .awake = HOUR, .poll = HOUR });
        tap_int(z.awake, 0, "before the first timestamp there is no time to count");
}

static void test_interval(void)
{
        static const struct {
                int64_t announced, observed, poll, want;
        } cases[] = {
                { 0, 0, HOUR, 0 },           { DAY, 0, HOUR, DAY },
                { DAY, 2 * DAY, HOUR, DAY }, { 0, 2 * DAY, HOUR, 2 * DAY },
                { 60, 0, HOUR, HOUR },       { 0, HOUR, 7 * DAY, 7 * DAY },
                { HOUR, 0, HOUR, HOUR },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct freeze z = { .announced = cases[i].announced, .observed = cases[i].observed };

                tap_int(freeze_interval(&z, cases[i].poll), cases[i].want,
                        "announced %lld, observed %lld, polls of %lld", (long long)cases[i].announced,
                        (long long)cases[i].observed, (long long)cases[i].poll);
        }
}

static void test_read(void)
{
        static const struct {
                const char *text;
                int64_t want;
        } cases[] = {
                { "{\"signed\":{\"x-sealift-interval-seconds\":86400},\"signatures\":[]}", 86400 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":60}}", 60 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":59}}", 0 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":31622400}}", 31622400 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":31622401}}", 0 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":-86400}}", 0 },
                { "{\"signed\":{\"x-sealift-interval-seconds\":\"86400\"}}", 0 },
                { "{\"signed\":{}}", 0 },
                { "{\"x-sealift-interval-seconds\":86400}", 0 },
                { "[", 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_int(freeze_read_interval(cases[i].text, strlen(cases[i].text)), cases[i].want,
                        "announced in %s", cases[i].text);
}

int main(void)
{
        test_lives();
        test_observe();
        test_nothing_to_remember();
        test_interval();
        test_read();
        return tap_done();
}
