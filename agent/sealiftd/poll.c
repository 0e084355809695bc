/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The clock of the agent. A fleet that starts together, or whose bucket comes back after an outage, must not
 * ask all at once, so every pause has chance in it. */

#include "sealiftd/poll.h"

#include <sys/random.h>

#include "ground/text.h"
#include "sealiftd/bus.h"

#define USEC_PER_SEC UINT64_C(1000000)
enum { RETRY_FIRST_SEC = 15, RETRY_DOUBLINGS_MAX = 20 };

static int on_poll(sd_event_source *s, uint64_t usec, void *userdata)
{
        struct agent *a = userdata;

        a->check_due = true;
        return 0;
}

/* Between three quarters of the pause and the whole of it. */
static uint64_t pause_with_chance(uint64_t pause)
{
        uint64_t chance = 0;

        (void)!getrandom(&chance, sizeof(chance), 0);
        return pause - chance % (pause / 4 + 1);
}

static uint64_t poll_pause(const struct agent *a)
{
        uint64_t pause = a->config->poll_usec, retry;
        unsigned doublings = a->failures > RETRY_DOUBLINGS_MAX ? RETRY_DOUBLINGS_MAX : a->failures;

        if (doublings > 0) {
                retry = RETRY_FIRST_SEC * USEC_PER_SEC << (doublings - 1);
                pause = retry < pause ? retry : pause;
        }
        return pause_with_chance(pause);
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
