/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/state.h"
#include "ground/base.h"
#include "ground/limits.h"

/* What a machine says about itself (man sealift-report(5)): one JSON object, made from plain facts. */
enum {
        REPORT_FORMAT = 1,
        /* Of a bundle: where the whole disk goes, a report must still be one that the outbox takes. */
        REPORT_DAMAGED_MAX = 3,
};

/* Who says nothing could be gone: after so long, a poll is reported also where nothing is new. */
#define REPORT_HEARTBEAT_USEC (UINT64_C(3600) * 1000000)

struct report_job { /* a timer, and how what it runs ran last */
        const char *name, *instance, *service;
        const char *state;
        const char *version, *result;                 /* NULL or "": it has not run yet; it runs */
        int exit_status;                              /* -1: none */
        const char *signal;                           /* "KILL"; NULL: none */
        uint64_t started_usec, ended_usec, next_usec; /* CLOCK_REALTIME; 0 = unknown, or never */
};

struct report_bundle {
        const char *name, *version, *digest; /* version and digest NULL: nothing installed */
        const char *state;
        uint64_t since_usec;                /* CLOCK_REALTIME; 0 = unknown */
        const char *error;                  /* of the last attempt; NULL or "" = none */
        uint64_t trial_until_usec;          /* CLOCK_REALTIME; 0: it is not on trial */
        unsigned trial_failures, trial_max; /* so far, and what sets it back */
        const struct report_job *jobs;
        size_t n_jobs;
        const char *const *instances; /* NULL behind the last; NULL: it runs once, without a name */
        const char *proven;           /* version of the last release that proved itself; NULL or "": none */
        uint64_t epoch;               /* nothing below it runs here */
        bool held;                    /* by the operator */
        bool missing;                 /* from its channel */
        const struct damage *damaged; /* releases on disk; the first are said */
        size_t n_damaged;
};

struct report {
        const char *machine; /* sd_id128_get_machine_app_specific(3), in hex */
        const char *boot;
        const char *agent; /* version */
        const char *channel;
        const char *reason;          /* "start", "poll", "unit" */
        const char *error;           /* of the poll as a whole; NULL = none */
        const char *const *warnings; /* what will become an error; NULL behind the last */
        uint64_t sequence; /* rises by one with each report of this machine: a gap is a report lost */
        uint64_t dropped;  /* reports this machine had to drop undelivered, since ever */
        uint64_t time_usec;
        const struct report_bundle *bundles;
        size_t n_bundles;
};

/* *ret is the caller's: JSON text in one line. -ENOMEM, -EINVAL (text that is not UTF-8). */
_must_check_ int report_write(const struct report *r, char **ret);

/* What a machine reported last. */
struct report_last {
        char sum[DIGEST_HEX_SIZE];
        uint64_t time_usec; /* CLOCK_REALTIME; 0: nothing yet */
};

/* Of all that it says but for which report it is, when and why it was made, and which were dropped. As
 * report_write(). */
_must_check_ int report_sum(const struct report *r, char ret[static DIGEST_HEX_SIZE]);

/* Whether one with that sum says anything that last did not, or it is time to be heard from. */
bool report_is_due(const struct report_last *last, const char *sum, uint64_t now_usec) _pure_;
