/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sealiftd/await.h"

#include <sys/eventfd.h>

#include "tap.h"

struct beat {
        unsigned count, until;
};

static bool beat_enough(void *userdata)
{
        struct beat *b = userdata;

        return b->count >= b->until;
}

/* Stands for D-Bus and unit events, which must be served while the story waits. */
static int on_beat(sd_event_source *s, void *userdata)
{
        struct beat *b = userdata;

        b->count++;
        return 0;
}

static bool never(void *userdata)
{
        return false;
}

/* Something is due at each third beat. */
struct due {
        struct await *await;
        struct beat *beat;
        unsigned acts;
        int error;
        unsigned depth, deepest;
};

static bool due(void *userdata)
{
        const struct due *d = userdata;

        return d->beat->count / 3 > d->acts;
}

/* As an order that waits itself. */
static int act(void *userdata, struct fault *f)
{
        struct due *d = userdata;
        unsigned until = d->beat->until;

        d->acts = d->beat->count / 3;
        if (++d->depth > d->deepest)
                d->deepest = d->depth;
        d->beat->until = d->beat->count + 4;
        if (d->depth == 1 && await_idle_until(d->await, beat_enough, d->beat, UINT64_MAX, f) < 0)
                abort();
        d->depth--;
        d->beat->until = until;
        return d->depth == 0 ? d->error : 0;
}

static void test_idle(struct await *w, struct beat *b, int fd)
{
        struct due d = { .await = w, .beat = b };
        struct fault f = {};

        *b = (struct beat){ .until = 20 };
        tap_int(await_idle_until(w, beat_enough, b, UINT64_MAX, &f), 0, "an idle wait without anything due");
        w->due = due;
        w->act = act;
        w->userdata = &d;
        *b = (struct beat){ .until = 20 };
        tap_int(await_idle_until(w, beat_enough, b, UINT64_MAX, &f), 0, "an idle wait ends when it should");
        tap_ok(d.acts > 0, "what is due is done meanwhile");
        tap_int(d.deepest, 2, "and the next, while that waits itself");
        d.acts = 0;
        *b = (struct beat){ .count = 3, .until = 4 };
        tap_int(await_until(w, beat_enough, b, UINT64_MAX, &f), 0, "another wait");
        tap_int(d.acts, 0, "is no time for it");
        tap_int(await_idle_breathe(w, &f), 0, "a breath");
        tap_ok(d.acts > 0, "is");
        d = (struct due){ .await = w, .beat = b, .error = -EBUSY };
        *b = (struct beat){ .count = 3, .until = UINT32_MAX };
        tap_int(await_idle_until(w, beat_enough, b, UINT64_MAX, &f), -EBUSY, "which can end the wait");
        d.acts = 0;
        tap_int(await_idle_readable(w, fd, UINT64_MAX, &f), -EBUSY, "for a descriptor, too");
        d.acts = 0;
        tap_int(await_idle_breathe(w, &f), -EBUSY, "and the work");
        w->due = NULL;
}

static int on_stop(sd_event_source *s, void *userdata)
{
        struct await *w = userdata;

        w->stopping = true;
        return 0;
}

int main(void)
{
        struct await w = {};
        struct beat b = { .until = 3 };
        sd_event_source *source = NULL;
        struct fault f = {};
        int fd = eventfd(0, EFD_CLOEXEC);
        uint64_t one = 1;

        if (fd < 0 || sd_event_new(&w.event) < 0)
                abort();

        if (sd_event_add_defer(w.event, &source, on_beat, &b) < 0 ||
            sd_event_source_set_enabled(source, SD_EVENT_ON) < 0)
                abort();
        tap_int(await_until(&w, beat_enough, &b, UINT64_MAX, &f), 0, "a wait ends when its condition holds");
        tap_int(b.count, 3, "handlers run meanwhile, and not once more than needed");
        tap_int(await_breathe(&w, &f), 0, "a breath ends also where events never do");
        test_idle(&w, &b, fd);
        /* A source that is always pending would starve timers: sd_event_prepare() looks at them only when
         * idle. */
        source = sd_event_source_disable_unref(source);
        tap_int(await_until(&w, never, NULL, 1, &f), -ETIMEDOUT, "a wait that lasts too long says so");
        tap_int(await_readable(&w, fd, 1, &f), -ETIMEDOUT, "nothing to read is a time-out");
        if (write(fd, &one, sizeof(one)) != sizeof(one))
                abort();
        tap_int(await_readable(&w, fd, UINT64_MAX, &f), 0, "something to read ends the wait");
        tap_int(await_readable(&w, fd, UINT64_MAX, &f), 0, "and again: nothing was consumed");

        if (sd_event_add_defer(w.event, &source, on_stop, &w) < 0)
                abort();
        tap_int(await_until(&w, never, NULL, UINT64_MAX, &f), -ECANCELED,
                "a request to stop ends every wait");
        tap_int(await_readable(&w, fd, UINT64_MAX, &f), -ECANCELED, "also those that begin later");
        tap_int(await_breathe(&w, &f), -ECANCELED, "and the breaths between work");
        sd_event_source_disable_unref(source);
        sd_event_unref(w.event);
        fd_close(fd);
        return tap_done();
}
