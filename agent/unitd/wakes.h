/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/buffer.h"
#include "facts/site.h"
#include "unitd/unit.h"

/* What systemd holds for a bundle while its releases come and go, and what wakes a service: sockets
 * (sockets.h) and timers (timers.h). Each is a plain unit file in /run; what sealift-unitd remembers of it
 * (whom it wakes) is a record in UNITS_WAKES_PATH, under the unit's name. */
struct wake {
        struct wake *next;
        struct units *units;
        struct record record;      /* whom it wakes; record.unit is no unit that exists */
        char held[UNIT_NAME_SIZE]; /* sealift-<place>.<name>.socket, .timer */
        char unit[UNIT_NAME_SIZE]; /* sealift-wake@..., which it starts */
        uint64_t next_usec;        /* of a timer: CLOCK_REALTIME; 0: unknown, or never */
        sd_bus_slot *changes, *elapses;
        sd_event_source *pause;                      /* until it listens again */
        uint64_t starts_since_usec, last_start_usec; /* CLOCK_MONOTONIC */
        unsigned starts;                             /* since the former */
        bool hasty;                                  /* it starts too often, which has been told */
        bool stuck; /* a connection waits, and what it is for cannot be started */
};

enum { WAKES_BYTES_MAX = 64 * 1024 }; /* a unit file as facts/dropin.h makes it, with room */

/* One that a release which is about to start asks for: whom it wakes, and its unit file. */
struct wake_wanted { /* all borrowed */
        const struct manifest *manifest;
        const struct unitd_request *release;
        const char *held;
        const char *service, *serves; /* whom it wakes; and "", or whom that one stands before */
        const struct buffer *text;
};

/* Makes and starts it, or finds it as it is, and has it wake this release. *ret is in the list.
 * -EADDRINUSE: it is a socket and cannot be opened; -ECHILD: it is a timer and cannot be armed. */
_must_check_ int wakes_hold(struct units *l, const struct wake_wanted *want, struct wake **ret,
                            struct fault *f);

/* The release is stopped on request, or did not come up: what comes waits, and wakes nobody until it is held
 * again. */
void wakes_rest(struct units *l, const struct unitd_request *q);

/* Whether what q starts is to be left to the next connection on this socket: whom it wakes has been up in
 * this very release, and has ended in order since. */
bool wakes_is_idle(const struct units *l, const char *held, const struct unitd_request *q);

/* u has just been started. Whether a connection waits for it, which has been up in this release before, and
 * could not be started meanwhile; it waits no more. */
bool wakes_take(const struct unit *u);

/* Whom w is for has just been started. */
void wake_count(struct wake *w);

/* A unit has ended: the next connection for it is seen again, its timer waits for the next time. Where
 * connections have started too many in a row, they are seen again a moment later only. */
void wakes_listen_again(struct units *l, const struct unit *u);

/* What w is for cannot be started. A time passes, and the timer waits for the next one; a connection stays,
 * since its socket would say so again at once: it waits for its release to be started. */
void wake_pass(struct wake *w);

/* What came while something stood in the way wakes whom it would have. */
void wakes_look_again(struct units *l);

/* Ends what this release was the last to hold, but for what another one that runs has too; of that, what
 * instances hold that this host does not have any more, and with it the sockets of releases that were
 * stopped, if this one has them not; or what other releases of its bundle hold, when it has come up. */
void wakes_close(struct units *l, const struct unitd_request *q);
void wakes_close_unwanted(struct units *l, const struct unitd_request *q, const struct effective *e);
void wakes_close_others(struct units *l, const struct unitd_request *q);

/* Writes down what changed in w->record. */
_must_check_ int wakes_save(struct wake *w, struct fault *f);

/* After a start of unitd, and after the units: what came meanwhile wakes whom it would have. */
_must_check_ int wakes_rebuild(struct units *l, struct fault *f);

void wakes_free(struct units *l);

bool wake_is_timer(const struct wake *w);
