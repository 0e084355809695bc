/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "facts/config.h"
#include "facts/policy.h"
#include "facts/report.h"
#include "facts/state.h"
#include "sealiftd/await.h"
#include "sealiftd/units.h"
#include "store/outbox.h"
#include "store/store.h"

#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>

/* What a bundle is doing, as status, D-Bus and reports say it. */
enum bundle_health {
        BUNDLE_ABSENT, /* nothing installed */
        BUNDLE_RUNNING,
        BUNDLE_UPDATING,
        BUNDLE_STARTING,  /* at boot: what it ran before is being started */
        BUNDLE_FAILED,    /* its current release does not run */
        BUNDLE_STOPPED,   /* by the operator, until the machine is started again */
        BUNDLE_DISABLED,  /* by the operator, until it is started */
        BUNDLE_WITHDRAWN, /* by its publisher */
        _BUNDLE_HEALTH_MAX,
};
const char *bundle_health_text(enum bundle_health h) _const_;

/* How a release comes, which says by which gates of the story. */
enum attempt_kind {
        ATTEMPT_INSTALL,    /* from the channel */
        ATTEMPT_ROLLBACK,   /* from disk: the operator wants it back */
        ATTEMPT_WITHDRAWAL, /* the channel names none: it is to go */
        _ATTEMPT_KIND_MAX,
};

struct bundle {
        char name[NAME_SIZE];
        struct bundle_state state; /* as on disk */
        enum bundle_health health;
        uint64_t since_usec;             /* CLOCK_REALTIME of the last change of health */
        char error[FAULT_TEXT_MAX];      /* why the last attempt failed; "" when it did not */
        char tried[VERSION_SIZE];        /* version of the last attempt; "" = none since the agent started */
        bool damaged;                    /* its state cannot be read: hands off until somebody has looked */
        bool crowded;                    /* a release of it that was to make way may still run */
        bool restore_due;                /* its current release could not be started again */
        unsigned restore_failures;       /* in a row */
        unsigned restore_relapses;       /* failures before a start of it that did not last */
        uint64_t restore_usec;           /* CLOCK_REALTIME: when that is tried again; 0: never by itself */
        bool misconfigured;              /* it runs, but error says why it could not be started */
        bool unsaved;                    /* its last verdict could not be written down, and is tried again */
        bool listed;                     /* its channel, and Bundles=, had it when they were last known */
        bool seen;                       /* while units are listed: one of its current release runs */
        bool stopping;                   /* the same: one is being stopped, and its end is to be told */
        enum attempt_kind kind;          /* of the last attempt */
        size_t gates_passed;             /* by it, along the story's table */
        char gate_error[FAULT_TEXT_MAX]; /* why it did not pass the next one; "": it did, or stands at it */
        struct release_ref unwalled;     /* this host lacks a wall or an address for it; not tried again */
        char unwalled_why[FAULT_TEXT_MAX]; /* before somebody asks for a check, or the agent starts anew */
        struct trial *trial;               /* owned; of its current release (trial.h); NULL: it is on none */
};

/* Everything sealiftd holds while it runs. */
struct agent {
        char machine[SD_ID128_STRING_MAX]; /* app-specific: names this machine for sealift alone */
        char boot[SD_ID128_STRING_MAX];
        struct await await;
        struct config *config;
        struct policy *policy;
        char folders[DIGEST_HEX_SIZE]; /* sum of policy.d and bundles.d when they were last applied */
        struct store *store;
        struct outbox *outbox;
        struct units *units;
        struct vigil *vigil; /* time */
        struct scrub *scrub;
        struct outbound *outbound; /* reports on their way */
        struct agent_bus *bus;
        struct bundle *bundles; /* owned; sorted by name */
        size_t n_bundles;
        bool units_due;          /* sealift-unitd was gone: what runs is to be asked anew */
        struct health *healths;  /* all that live, whoever owns them (health.h) */
        struct attempt *attempt; /* borrowed; the one that is under way, the innermost; or NULL */
        bool trial_due;          /* a release on trial is to be judged */
        struct job *jobs;        /* owned; sorted by bundle (jobs.h) */
        size_t n_jobs;
        char timestamp_etag[FETCH_ETAG_SIZE];
        /* Polling */
        sd_event_source *poll_timer;
        sd_event_source *bus_retry; /* while there is no bus */
        bool bus_due;               /* it is time to look whether there is one again */
        uint64_t last_order;        /* id; outlives the bus, which may be renewed while one is carried out */
        bool check_due;
        unsigned failures; /* polls in a row that did not reach or trust the source */
        bool failures_on_disk;
        bool install_due;                          /* the next check installs outside of Window=, too */
        bool install_now;                          /* the one under way does */
        bool window_awaited;                       /* since the last poll: a release waits for one */
        uint64_t last_check_usec, next_check_usec; /* CLOCK_REALTIME, 0 = never */
        char last_result[FAULT_TEXT_MAX];
        char last_refused[FAULT_TEXT_MAX]; /* in part, in the last check that was good else; "" = nothing */
        char last_left[FAULT_TEXT_MAX];    /* what could not be swept, the last time; "" = nothing */
        bool last_ok;
        sd_event_source *restore_timer; /* for the first of those that are to be started again */
        bool restore_now;               /* its time has come */
        struct report_last reported;    /* the last report that is on its way, or was */
        bool report_due; /* a unit failed between polls, or a job ended otherwise than before */
};

/* The bundle of that name; added (absent) when add is set and it is new. NULL: unknown, or no room. */
struct bundle *agent_find_bundle(struct agent *a, const char *name, bool add);

/* Sets health and its time, and tells the bus. */
void agent_set_health(struct agent *a, struct bundle *b, enum bundle_health h);

/* Whether the operator lets it run in this boot; and what it is while nothing of it runs and nothing is
 * wrong with that. */
bool agent_may_run(const struct agent *a, const struct bundle *b);
enum bundle_health agent_resting_health(const struct agent *a, const struct bundle *b);

uint64_t agent_now_usec(void); /* CLOCK_REALTIME */
