/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The clock of the agent: notes how a poll ended, sets the timer for the next one, and knows whether it is a
 * time to install. What it remembers on disk is written when a poll has failed, never when there was nothing
 * new. */

#include "sealiftd/poll.h"

#include <sys/random.h>
#include <time.h>

#include "facts/backoff.h"
#include "sealiftd/bus.h"

#define RECORD           "polls"
#define RETRY_FIRST_USEC (UINT64_C(15) * 1000000)

static int on_poll(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct agent *a = userdata;

        a->check_due = true;
        return 0;
}

/* CLOCK_BOOTTIME: time spent suspended counts, jumps of the wall clock do not. */
static void poll_after(struct agent *a, uint64_t pause)
{
        a->next_check_usec = agent_now_usec() + pause;
        a->poll_timer = sd_event_source_disable_unref(a->poll_timer);
        (void)sd_event_add_time_relative(a->await.event, &a->poll_timer, CLOCK_BOOTTIME, pause, 0, on_poll,
                                         a);
}

/* The machine's name for sealift is a hash already: its first bits are as good as any. */
static uint64_t poll_splay(const struct agent *a)
{
        char digits[17];

        (void)snprintf(digits, sizeof(digits), "%.16s", a->machine);
        return strtoull(digits, NULL, 16);
}

static struct window_time local_time(void)
{
        time_t now = time(NULL);
        struct tm tm = {};

        tzset(); /* localtime_r() alone would never see that the host moved to another zone */
        (void)localtime_r(&now, &tm);
        return (struct window_time){ .day = (unsigned)(tm.tm_wday + 6) % 7,
                                     .second = (uint32_t)(tm.tm_hour * 60 + tm.tm_min) * 60 +
                                               (uint32_t)(tm.tm_sec % 60) };
}

uint64_t poll_window_usec(const struct agent *a, uint64_t *ret_length_usec)
{
        struct window_time now = local_time();
        uint32_t length, wait;

        wait = window_wait(a->config->windows, a->config->n_windows, &now, &length);
        *ret_length_usec = (uint64_t)length * 1000000;
        return (uint64_t)wait * 1000000;
}

/* A release waits: when the window opens, and not all of a fleet in the same second. */
static uint64_t pause_for_window(const struct agent *a, uint64_t pause)
{
        uint64_t length, spread, wait = poll_window_usec(a, &length);

        if (wait == 0)
                return pause;
        spread = length / 4 < a->config->poll_usec ? length / 4 : a->config->poll_usec;
        wait += poll_splay(a) % (spread + 1);
        return wait < pause ? wait : pause;
}

static uint64_t poll_pause(const struct agent *a)
{
        uint64_t chance = 0, every = a->config->poll_usec, pause;

        (void)!getrandom(&chance, sizeof(chance), 0);
        if (a->failures > 0)
                return backoff_pause(&(struct backoff){ .first_usec = RETRY_FIRST_USEC, .max_usec = every },
                                     a->failures, chance);
        pause = backoff_slot(every, poll_splay(a), agent_now_usec(), chance);
        return a->window_awaited ? pause_for_window(a, pause) : pause;
}

/* Neither is worth a poll: without it, the next agent asks at once. */
static void poll_remember(struct agent *a)
{
        struct backoff_record b = { .failures = a->failures,
                                    .last = (int64_t)(a->last_check_usec / 1000000),
                                    .next = (int64_t)(a->next_check_usec / 1000000) };
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(BACKOFF_BYTES_MAX);
        struct fault ignored = {};

        if (a->failures > 0) {
                if (backoff_format(&b, &text) >= 0 &&
                    store_trust_write(a->store, RECORD, text.data, text.len, &ignored) >= 0)
                        a->failures_on_disk = true;
        } else if (a->failures_on_disk && store_trust_remove(a->store, RECORD, &ignored) >= 0)
                a->failures_on_disk = false;
}

void poll_begin(struct agent *a)
{
        struct backoff_record b = {};
        _cleanup_free_ char *text = NULL;
        struct fault ignored = {};
        int64_t left = 0;
        size_t len;
        int r;

        r = store_trust_read(a->store, RECORD, BACKOFF_BYTES_MAX, &text, &len, &ignored);
        a->failures_on_disk = r != -ENOENT;
        if (r >= 0 && backoff_parse(text, len, RECORD, &b, &ignored) >= 0)
                left = backoff_left(&b, (int64_t)(agent_now_usec() / 1000000),
                                    (int64_t)(a->config->poll_usec / 1000000));
        if (left == 0) {
                a->check_due = true;
                return;
        }
        a->failures = (unsigned)b.failures;
        poll_after(a, (uint64_t)left * 1000000);
}

void poll_schedule(struct agent *a, int result, const struct fault *f)
{
        a->last_check_usec = agent_now_usec();
        a->last_ok = result >= 0;
        a->failures = fault_transient(result) ? a->failures + 1 : 0;
        (void)snprintf(a->last_result, sizeof(a->last_result), "%s",
                       result < 0          ? f->text
                       : a->window_awaited ? "up to date, but for what waits for Window="
                                           : "up to date");
        poll_after(a, poll_pause(a));
        poll_remember(a);
        bus_tell_checked(a->bus);
}
