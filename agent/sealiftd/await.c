/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Waiting without callbacks in the story. sd_event_run() may not be nested inside a handler (it says
 * -EBUSY), which also keeps us honest: only the story waits. */

#include "sealiftd/await.h"

#include <sys/epoll.h>

static void source_unref(sd_event_source **s)
{
        *s = sd_event_source_disable_unref(*s);
}

static int on_timeout(sd_event_source *s, uint64_t usec, void *userdata)
{
        bool *late = userdata;

        *late = true;
        return 0;
}

int await_until(struct await *w, bool (*done)(void *userdata), void *userdata, uint64_t timeout_usec,
                struct fault *f)
{
        _cleanup_(source_unref) sd_event_source *timer = NULL;
        bool late = false;
        int r;

        if (timeout_usec != UINT64_MAX) {
                r = sd_event_add_time_relative(w->event, &timer, CLOCK_MONOTONIC, timeout_usec, 0,
                                               on_timeout, &late);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot set a timer");
        }
        while (!done(userdata)) {
                if (w->stopping)
                        return fault_set(f, -ECANCELED, "the agent was asked to stop");
                if (late)
                        return fault_set(f, -ETIMEDOUT, "no answer in time");
                r = sd_event_run(w->event, UINT64_MAX);
                if (r < 0)
                        return fault_set_errno(f, r, "the event loop failed");
        }
        return 0;
}

static int on_readable(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        bool *readable = userdata;

        *readable = true;
        return 0;
}

static bool is_true(void *userdata)
{
        return *(bool *)userdata;
}

/* await_until(), or await_idle_until() */
typedef int (*await_how)(struct await *w, bool (*done)(void *userdata), void *userdata,
                         uint64_t timeout_usec, struct fault *f);

static int readable_await(struct await *w, int fd, await_how how, uint64_t timeout_usec, struct fault *f)
{
        _cleanup_(source_unref) sd_event_source *source = NULL;
        bool readable = false;
        int r;

        r = sd_event_add_io(w->event, &source, fd, EPOLLIN, on_readable, &readable);
        if (r < 0)
                return fault_set_errno(f, r, "cannot watch a descriptor");
        r = sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        if (r < 0)
                return fault_set_errno(f, r, "cannot watch a descriptor");
        return how(w, is_true, &readable, timeout_usec, f);
}

int await_readable(struct await *w, int fd, uint64_t timeout_usec, struct fault *f)
{
        return readable_await(w, fd, await_until, timeout_usec, f);
}

int await_idle_readable(struct await *w, int fd, uint64_t timeout_usec, struct fault *f)
{
        return readable_await(w, fd, await_idle_until, timeout_usec, f);
}

/* ---- what is due meanwhile */

static bool something_is_due(const struct await *w)
{
        return w->due && w->due(w->userdata);
}

static int await_act(struct await *w, struct fault *f)
{
        w->acts++;
        return w->act(w->userdata, f);
}

struct idle {
        struct await *await;
        bool (*done)(void *userdata);
        void *userdata;
};

static bool idle_is_over(void *userdata)
{
        const struct idle *x = userdata;

        return x->done(x->userdata) || something_is_due(x->await);
}

int await_idle_until(struct await *w, bool (*done)(void *userdata), void *userdata, uint64_t timeout_usec,
                     struct fault *f)
{
        struct idle x = { w, done, userdata };
        int r;

        for (;;) {
                r = await_until(w, idle_is_over, &x, timeout_usec, f);
                if (r < 0 || done(userdata))
                        return r;
                r = await_act(w, f);
                if (r < 0)
                        return r;
        }
}

/* Who sends without end (anybody may call us over D-Bus) must not be able to hold the story up. */
enum { BREATHE_EVENTS_MAX = 64 };

int await_breathe(struct await *w, struct fault *f)
{
        int r = 1;

        for (size_t i = 0; i < BREATHE_EVENTS_MAX && r > 0 && !w->stopping; i++)
                r = sd_event_run(w->event, 0);
        if (r < 0)
                return fault_set_errno(f, r, "the event loop failed");
        if (w->stopping)
                return fault_set(f, -ECANCELED, "the agent was asked to stop");
        return 0;
}

int await_idle_breathe(struct await *w, struct fault *f)
{
        int r;

        r = await_breathe(w, f);
        return r >= 0 && something_is_due(w) ? await_act(w, f) : r;
}
