/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

#include <systemd/sd-event.h>

/* The story is straight-line code, and yet the bus, unitd's events and signals are served while it waits:
 * the main loop calls the story outside of any event handler, and each wait of the story runs the event loop
 * until what it waits for is there. Handlers only note what happened; they never start a part of the story.
 */
struct await {
        sd_event *event; /* owned */
        bool stopping;   /* SIGTERM came: every wait ends with -ECANCELED */

        /* A download may take hours, and an order must not. Where the story waits with nothing half done
         * (await_idle_*), due() says whether something else is to be done, and act() does it; what act()
         * returns below 0 ends the wait. act() may wait so itself: it is called again then, for what has
         * become due since, so due() must not say what it is at. NULL: there is never anything. */
        bool (*due)(void *userdata);
        int (*act)(void *userdata, struct fault *f);
        void *userdata;
        unsigned acts; /* how often it was called */
};

/* Runs the loop until done(userdata) is true. -ECANCELED when asked to stop, -ETIMEDOUT after timeout_usec
 * (UINT64_MAX: never), other -errno. */
_must_check_ int await_until(struct await *w, bool (*done)(void *userdata), void *userdata,
                             uint64_t timeout_usec, struct fault *f);

/* Runs the loop until fd can be read, or its peer has gone. */
_must_check_ int await_readable(struct await *w, int fd, uint64_t timeout_usec, struct fault *f);

/* Lets what is pending be handled, without waiting; called between pieces of long work. -ECANCELED when
 * asked to stop. */
_must_check_ int await_breathe(struct await *w, struct fault *f);

/* The same three, where what is due may be done meanwhile. */
_must_check_ int await_idle_until(struct await *w, bool (*done)(void *userdata), void *userdata,
                                  uint64_t timeout_usec, struct fault *f);
_must_check_ int await_idle_readable(struct await *w, int fd, uint64_t timeout_usec, struct fault *f);
_must_check_ int await_idle_breathe(struct await *w, struct fault *f);
