/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts a verdict off for as long as the journal may still be written: journald has what PID 1 sends it
 * before we hear of the end, but writes it when it comes to that, and may be gone, or keep nothing. All
 * other units are watched meanwhile. Touches nothing but the unit. */

#include "unitd/doubt.h"

#include "unitd/describe.h"
#include "unitd/restarts.h"
#include "unitd/watch.h"

/* 10 ms, 20 ms and so on: 5.11 s in all. A journald that is up writes within a few milliseconds; on a
 * machine that is starved it takes longer, and one that has not by then most likely never will. */
#define DOUBT_FIRST_USEC (UINT64_C(10) * 1000)
enum { DOUBT_LOOKS_MAX = 9 };

static int on_doubt(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct unit *u = userdata;

        u->doubt = sd_event_source_disable_unref(u->doubt);
        watch_look(u);
        return 0;
}

/* False: no longer. */
static bool doubt_wait(struct unit *u)
{
        if (u->doubts >= DOUBT_LOOKS_MAX)
                return false;
        return sd_event_add_time_relative(u->units->event, &u->doubt, CLOCK_MONOTONIC,
                                          DOUBT_FIRST_USEC << u->doubts++, 0, on_doubt, u) >= 0;
}

static bool is_restarted(const struct manager_status *s)
{
        return str_has_prefix(s->sub, "auto-restart");
}

/* True: *s is to be judged as well, and may be of a later end. */
static bool doubt_settle(struct unit *u, struct manager_status *s)
{
        if (u->doubts == 0 || manager_is_down(s) || !is_restarted(&u->doubted))
                return false;
        if (u->state == UNIT_STARTING) {
                *s = u->doubted;
                return false;
        }
        restarts_note(u, &u->doubted);
        return true;
}

bool doubt_waits(struct unit *u, struct manager_status *s)
{
        bool again;

        if (u->doubt)
                return true;
        if (u->doubts == 0)
                u->doubted = *s;
        if (u->state != UNIT_STOPPING && (manager_is_down(&u->doubted) || is_restarted(&u->doubted)) &&
            describe_is_open(u, &u->doubted) && doubt_wait(u))
                return true;
        describe_close(u);
        again = doubt_settle(u, s);
        doubt_end(u);
        return again && doubt_waits(u, s);
}

void doubt_end(struct unit *u)
{
        u->doubt = sd_event_source_disable_unref(u->doubt);
        u->doubts = 0;
}
