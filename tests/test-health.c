/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A release that is asked after its health by an agent whose clock this test sets, and answers, or cannot be
 * asked. */

#include "sealiftd/health.h"

#include <time.h>

#include "doors/journal.h"
#include "tap.h"

#define SECOND UINT64_C(1000000)

int __real_clock_gettime(clockid_t id, struct timespec *ret);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

static uint64_t now, slept; /* which CLOCK_BOOTTIME alone sees */
static bool away;
static unsigned asked;
static uint64_t last_id;

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
        *ret = (struct timespec){ .tv_sec = (time_t)((now + (id == CLOCK_BOOTTIME ? slept : 0)) / SECOND) };
        return 0;
}

int units_probe(struct units *l, const char *bundle, const struct release_ref *r, uint64_t attempt,
                const char *probe, uint64_t *ret_id, struct fault *f)
{
        asked++;
        if (away)
                return fault_set(f, -ECONNREFUSED, "cannot reach sealift-unitd");
        *ret_id = ++last_id;
        return 0;
}

void journal_send(enum journal_event event, int priority, const struct journal_subject *subject,
                  const char *format, ...)
{
}

#define DIGEST "0123456789ab"

static struct agent agent;
static struct health *health;

/* StartSec=10s Successes=1. The pause between two questions is nothing, so that the loop comes to the next
 * at once: time is what the test says. */
static void begin(void)
{
        static struct health_probe probe = { .name = "main",
                                             .interval_usec = 1,
                                             .timeout_usec = SECOND,
                                             .start_usec = 10 * SECOND,
                                             .successes = 1,
                                             .failures = 3 };
        const struct manifest m = { .probes = &probe, .n_probes = 1 };
        const struct release_ref r = { .version = "1", .digest = DIGEST };
        struct fault f = {};

        now = 1000 * SECOND;
        away = false;
        health = health_free(health);
        if (health_new(&agent, "app", &r, &m, 1, NULL, NULL, &health, &f) < 0)
                abort();
}

static void ask(void)
{
        for (unsigned before = asked; asked == before;)
                if (sd_event_run(agent.await.event, UINT64_MAX) < 0)
                        abort();
}

static void answer(int error)
{
        const struct unitd_probed p = { .id = last_id, .error = error, .text = "an answer" };

        health_take(&agent, &p);
}

static void unit(enum unit_state state, bool own, bool missing, const char *text)
{
        struct unitd_unit u = {
                .state = state, .bundle = "app", .unit = "app.service", .own = own, .missing = missing
        };

        memcpy(u.digest12, DIGEST, DIGEST_SHORT);
        (void)snprintf(u.text, sizeof(u.text), "%s", text);
        health_note_unit(&agent, &u);
}

static enum health_verdict judge(void)
{
        char why[FAULT_TEXT_MAX];

        return health_judge(health, why);
}

static int unasked(void)
{
        return health_unasked(health, HEALTH_UNASKED_MAX_USEC, NULL);
}

static void test_start(void)
{
        begin();
        ask();
        answer(-ECHILD);
        tap_int(judge(), HEALTH_UNKNOWN, "a bad answer in StartSec= is no verdict");
        now += 11 * SECOND;
        ask();
        answer(0);
        tap_int(judge(), HEALTH_BAD, "what is asked after it comes too late");
        begin();
        ask();
        now += 11 * SECOND;
        answer(0);
        tap_int(judge(), HEALTH_WELL, "the answer to what was asked before counts");
        begin();
        ask();
        now += 11 * SECOND;
        answer(-ECHILD);
        tap_int(judge(), HEALTH_BAD, "also where it is bad");
}

static void test_away(void)
{
        begin();
        away = true;
        ask();
        now += 50 * SECOND;
        ask();
        tap_int(judge(), HEALTH_UNKNOWN, "nobody there to ask: no verdict");
        tap_int(unasked(), 0, "and not long enough to give up");
        tap_int(health_was_asked(health), false, "nor to go on without");
        away = false;
        now += 5 * SECOND;
        ask();
        answer(-ECHILD);
        tap_int(judge(), HEALTH_UNKNOWN, "that time is not of StartSec=");
        now += 9 * SECOND;
        ask();
        answer(0);
        tap_int(judge(), HEALTH_WELL, "nor is any of it");

        begin();
        away = true;
        ask();
        now += 50 * SECOND;
        away = false;
        ask();
        answer(-ECHILD);
        away = true;
        ask();
        now += 10 * SECOND;
        ask();
        tap_int(unasked(), -ECONNRESET, "a minute in all is long enough");
        tap_int(judge(), HEALTH_UNKNOWN, "and still no verdict");
        away = false;
        ask();
        answer(-ECHILD);
        tap_int(unasked(), 0, "one that answers again is asked");
        begin();
        away = true;
        for (int i = 0; i < 5; i++) {
                ask();
                now += 11 * SECOND;
        }
        tap_int(unasked(), 0, "each second counts once");
        begin();
        away = true;
        ask();
        now += 60 * SECOND;
        ask();
        tap_ok(health_was_asked(health), "what nobody could ask for a minute is not waited for");
}

static void test_host(void)
{
        begin();
        ask();
        now += 59 * SECOND;
        answer(-ENOSPC);
        tap_int(judge(), HEALTH_UNKNOWN, "a full disk is no answer");
        tap_int(unasked(), 0, "it may have room again");
        ask();
        now += 1 * SECOND;
        answer(-EOPNOTSUPP);
        tap_int(unasked(), -EOPNOTSUPP, "a minute is long enough here, too");
}

static void test_trial(void)
{
        unsigned max;

        begin();
        ask();
        answer(0);
        now += 3600 * SECOND;
        ask();
        now += 40 * SECOND;
        answer(-ENOSPC);
        tap_int(judge(), HEALTH_UNKNOWN, "what cannot be asked any more is not known to be well");
        tap_int(unasked(), 0, "the pause before is not counted");
        ask();
        answer(0);
        tap_int(judge(), HEALTH_WELL, "until it is asked again");
        ask();
        now += 40 * SECOND;
        answer(-ENOSPC);
        tap_int(unasked(), 0, "then the time counts anew");
        tap_int((int)health_failures(health, &max), 0, "and none of it is a failure");
}

static int failures(void)
{
        return (int)health_failures(health, &(unsigned){ 0 });
}

/* A service of it ended: by itself, or somebody stopped it, or for want of something of this host's. */
static void test_ended(void)
{
        struct fault f = {};

        begin();
        unit(UNIT_STOPPED, true, true, "it ended");
        tap_int(judge(), HEALTH_BAD, "what ends by itself is not well");
        tap_int(health_down(health, NULL), 0, "and nobody else's doing");
        unit(UNIT_STOPPED, false, true, "it was stopped");
        tap_int(health_down(health, NULL), 0, "which a stop after it does not change");

        begin();
        ask();
        answer(0);
        unit(UNIT_STOPPED, false, true, "it was stopped");
        tap_int(health_down(health, &f), -EINTR, "what somebody stops is down");
        tap_ok(strstr(f.text, "it was stopped by somebody else"), "for that (%s)", f.text);
        for (int i = 0; i < 5; i++) {
                ask();
                answer(-ECHILD);
        }
        now += 11 * SECOND;
        unit(UNIT_FAILED, true, false, "it ended");
        tap_int(failures(), 0, "that it does not answer any more is no failure");
        tap_ok(judge() != HEALTH_BAD, "nor is what ends after it");
        begin();
        unit(UNIT_STOPPED, false, false, "it was stopped");
        tap_int(health_down(health, NULL), 0, "what the next connection starts is not down");
        begin();
        unit(UNIT_FAILED, false, false, "a wall was missing");
        tap_int(health_down(health, NULL), -EOPNOTSUPP, "what a wall is missing for is, for that");
        tap_ok(judge() != HEALTH_BAD, "and has not failed");
}

/* Its end is not told yet. */
static void test_ending(void)
{
        begin();
        ask();
        answer(0);
        ask();
        answer(-EINTR);
        tap_int(failures(), 0, "what is being stopped has given no answer");
        now += 60 * SECOND;
        ask();
        answer(-EINTR);
        tap_int(unasked(), -EINTR, "and a minute of that is somebody's stop, nothing that is missing here");
}

/* Before an update. */
static void test_compare(void)
{
        size_t at = 0;

        begin();
        ask();
        tap_ok(!health_was_asked(health), "an answer is waited for");
        unit(UNIT_STOPPED, false, true, "it was stopped");
        tap_ok(health_was_asked(health), "but not of what somebody stops meanwhile");
        tap_str(health_next_bad(health, &at), "main", "which is not well");
}

/* As sealift-unitd tells of a connection that it could start nothing for, which is of no unit. */
static void test_wake(void)
{
        struct unitd_unit u = { .state = UNIT_FAILED, .bundle = "app" };

        begin();
        ask();
        memcpy(u.digest12, DIGEST, DIGEST_SHORT);
        health_note_unit(&agent, &u);
        tap_int(health_down(health, NULL), 0, "a connection that nobody took brings nothing down");
        answer(0);
        tap_int(judge(), HEALTH_WELL, "and is no verdict");
}

static void test_again(void)
{
        begin();
        ask();
        health_ask_anew(&agent);
        ask();
        answer(0);
        tap_int(judge(), HEALTH_WELL, "what an earlier sealift-unitd was asked another one is asked");
        tap_int((int)health_failures(health, &(unsigned){ 0 }), 0, "which is no failure");
}

static void test_sleep(void)
{
        begin();
        ask();
        answer(-ECHILD);
        slept += 3600 * SECOND;
        ask();
        answer(0);
        tap_int(judge(), HEALTH_WELL, "a machine that sleeps uses up no StartSec=");
}

int main(void)
{
        if (sd_event_new(&agent.await.event) < 0)
                abort();
        test_start();
        test_away();
        test_host();
        test_trial();
        test_ended();
        test_ending();
        test_compare();
        test_wake();
        test_again();
        test_sleep();
        health = health_free(health);
        agent.await.event = sd_event_unref(agent.await.event);
        return tap_done();
}
