/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/paths.h"
#include "ground/protocol.h"
#include "doors/journal.h"
#include "facts/record.h"
#include "unitd/manager.h"
#include "unitd/release.h"

enum { UNITS_MAX = 512 }; /* sealiftd gone mad must not fill systemd with units */

/* All units of ours, and what they need. One per process. */
struct units {
        sd_event *event;
        sd_bus *bus;
        unsigned systemd_version;
        int records_fd, roots_fd, wakes_fd, dropins_fd;
        struct unit *first; /* owned list */
        size_t n;
        struct wake *wakes; /* owned list (wakes.c) */

        /* Called from the event loop after something happened to units: state, ended or text. */
        void (*on_change)(void *userdata);
        /* A connection waits for a service, or its time has come; which, and of which release. */
        void (*on_wake)(void *userdata, struct wake *w);
        /* A job began, ended, or is to run at another time. */
        void (*on_job)(void *userdata, const struct wake *w);
        void *userdata;
        sd_event_source *change; /* the call is deferred, so that it may free units */
};

/* One unit: one start of one service of one release. */
struct unit {
        struct unit *next;
        struct units *units;
        struct record record;
        enum unit_state state;
        bool failed;   /* it is being stopped because something is wrong with it: error, text */
        int error;     /* 0, or negative errno: whose doing it was, as in ground/fault.h */
        bool asked;    /* it is being stopped because sealiftd said so */
        bool unneeded; /* it is being stopped because nobody is connected (proxy.h) */
        bool told;     /* a job of somebody else's was done with it: it did not end by itself */
        bool over;     /* it ended in order; by itself, unless such a job is told of next */
        bool ended;    /* systemd runs nothing for it any more; to be told and freed */
        bool wall;     /* what is wrong with it is a wall that is missing */
        bool noted;    /* there is something to tell while it runs on: note_text, as note */
        enum journal_event note;
        bool dirty;     /* systemd said that something about it changed */
        uint64_t owner; /* number of the request that started it; 0 = none waits any more */
        uint64_t asker; /* the same of a task (tasks.c) */
        uint64_t since_usec;
        pid_t pid;
        char *job; /* owned; the start or stop job we wait for */
        sd_bus_slot *changes;
        sd_event_source *settle;
        uint8_t invocation[MANAGER_INVOCATION_SIZE]; /* whose walls were checked last */
        bool recheck;                                /* they are to be checked again */
        bool stood;                                  /* they were once, by us or an earlier unitd */
        sd_event_source *again;                      /* it is looked at again then (watch_again()) */
        enum { SPAWN_UNKNOWN, SPAWN_WORKED, SPAWN_FAILED } spawn; /* what was found out of it (describe.c) */
        uint8_t spawned[MANAGER_INVOCATION_SIZE];
        sd_event_source *doubt;        /* until that is asked for again (doubt.c), */
        unsigned doubts;               /* so often by now, */
        struct manager_status doubted; /* of this */
        unsigned misses;               /* looks in vain, in a row; and at whom: */
        uint8_t missed[MANAGER_INVOCATION_SIZE];
        uint32_t missed_pid;
        bool missed_gone;
        uint64_t restarts_since_usec;
        unsigned restarts_counted;   /* since then */
        unsigned restarts;           /* in all, as systemd counts */
        unsigned restarted;          /* of them, to be told */
        unsigned excused;            /* of these, for want of what this host did not give */
        bool excuse;                 /* the next of them is, too */
        char ending[FAULT_TEXT_MAX]; /* why it died before the last of them */
        struct run run;              /* of a job: this one */
        char sites[DIGEST_HEX_SIZE]; /* sum of all drop-ins of the host's that apply too */
        char note_text[FAULT_TEXT_MAX];
        char text[FAULT_TEXT_MAX]; /* of its end */
};

/* Writes record, skeleton and drop-in, and starts the unit under a name of its own. *ret is in the list,
 * state UNIT_STARTING. */
_must_check_ int unit_start(struct units *l, const struct manifest *m, const struct service *s,
                            const struct unitd_request *q, struct unit **ret, struct fault *f);

/* What the unit would be made of, apart from its number and attempt: its own lines and those of its sockets.
 * Another sum than the record's means that the host's configuration has changed. */
_must_check_ int unit_config(const struct manifest *m, const struct service *s,
                             const struct unitd_request *q, char ret[static DIGEST_HEX_SIZE],
                             struct fault *f);

/* The sum of the host's own files, policy.d and bundles.d. */
_must_check_ int unit_site(char ret[static DIGEST_HEX_SIZE], struct fault *f);

/* Writes its record anew. */
_must_check_ int unit_save(struct unit *u, struct fault *f);

/* Takes over a unit that systemd knows and an earlier unitd started. */
_must_check_ int unit_adopt(struct units *l, const struct record *record, struct unit **ret,
                            struct fault *f);

/* A job that ended while no unitd was there to see it; for run_end() and unit_end(). NULL: out of memory. */
struct unit *unit_recall(struct units *l, const struct record *record);

/* Asks systemd to stop it; ended becomes true later (or now, where nothing runs any more). */
void unit_stop(struct unit *u);

/* Notes that sealiftd wants it stopped, also for a unitd that starts anew; before unit_stop(). */
void unit_ask(struct unit *u);

/* Noted for a unitd that starts anew, too: a connection started it; it is ready, which is told next. */
void unit_note_woken(struct unit *u);
void unit_note_ready(struct unit *u);

/* Stops it because of what f says. */
void unit_fail(struct unit *u, const struct fault *f);

/* Nothing runs any more. */
void unit_end(struct unit *u);

void unit_set_state(struct unit *u, enum unit_state state);

/* Takes it out of the list, removes its files where it has ended, gives up the reference, and frees it. */
struct unit *unit_free(struct unit *u);

/* Removes what a unit leaves in /run. */
void unit_remove_files(struct units *l, const char *unit);

bool unit_is_of(const struct unit *u, const struct unitd_request *q);

/* Schedules on_change. */
void units_changed(struct units *l);
