/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The clock of the agent: notes how a poll ended, and sets the timer for the next one. */

#include "sealiftd/poll.h"

#include <sys/random.h>

#include "facts/backoff.h"
#include "sealiftd/bus.h"

#define RETRY_FIRST_USEC (UINT64_C(15) * 1000000)

static int on_poll(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct agent *a = userdata;

        a->check_due = true;
        return 0;
}

static uint64_t poll_pause(const struct agent *a)
{
        uint64_t chance = 0;

        (void)!getrandom(&chance, sizeof(chance), 0);
        return backoff_pause(
                &(struct backoff){ .first_usec = RETRY_FIRST_USEC, .max_usec = a->config->poll_usec },
                a->failures, chance);
}

void poll_schedule(struct agent *a, int result, const struct fault *f)
{
        uint64_t pause;

        a->last_check_usec = agent_now_usec();
        a->last_ok = result >= 0;
        a->failures = fault_transient(result) ? a->failures + 1 : 0;
        (void)snprintf(a->last_result, sizeof(a->last_result), "%s", result >= 0 ? "up to date" : f->text);
        pause = poll_pause(a);
        a->next_check_usec = a->last_check_usec + pause;
        a->poll_timer = sd_event_source_disable_unref(a->poll_timer);
        /* CLOCK_BOOTTIME: time spent suspended counts, jumps of the wall clock do not. */
        (void)sd_event_add_time_relative(a->await.event, &a->poll_timer, CLOCK_BOOTTIME, pause, 0, on_poll,
                                         a);
        bus_tell_checked(a->bus);
}
