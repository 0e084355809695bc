/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "facts/promise.h"

/* How a job ran last. */
struct run {
        char version[VERSION_SIZE];   /* of the release it was of; "": it has not run yet */
        char result[RUN_RESULT_SIZE]; /* systemd's Result= (systemd.exec(5)), or RUN_STOPPED, RUN_WALL; "":
                                         it runs */
        uint64_t started_usec, ended_usec; /* CLOCK_REALTIME; 0: not known, not yet */
        unsigned code;                     /* CLD_EXITED and so on; 0: nothing is known */
        unsigned status;                   /* exit status, or number of the signal */
};

#define RUN_SUCCESS     "success"
#define RUN_STOPPED     "stopped" /* it was cut short: by an update that could not wait, or by somebody */
#define RUN_WALL        "wall-missing" /* it ran without one of its walls, and was stopped for it */
#define RUN_NOT_STARTED "resources"    /* as systemd calls it: something that it needs is not there */

enum { RECORD_INVOCATION_SIZE = 33 }; /* systemd's, in hex */

/* What sealift-unitd remembers about one unit, in /run/sealift/units/<unit>: a unit's name is not enough to
 * know its release ('+' became '_'), and a restarted unitd must know what was true before. */
struct record {
        char unit[UNIT_NAME_SIZE];
        char bundle[NAME_SIZE];
        char instance[INSTANCE_SIZE]; /* "": the only one */
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* of the manifest */
        char service[NAME_SIZE];
        char serves[NAME_SIZE];       /* what it stands before, or "" (facts/manifest.h) */
        char dropin[DIGEST_HEX_SIZE]; /* SHA-256 of the drop-in as written */
        char config[DIGEST_HEX_SIZE]; /* what tells whether it would be written otherwise now */
        char site[DIGEST_HEX_SIZE];   /* sum of the host's files at its start */
        char maker[VERSION_SIZE]; /* version of the sealift-unitd that wrote it: another one may write the
                                     same otherwise */
        uint64_t attempt;
        struct promise promise;
        char listed[RECORD_INVOCATION_SIZE]; /* the invocation whose list of addresses was seen to hold; ""
                                              */
        unsigned rank;                       /* as manifest_rank(): the higher, the sooner it is stopped */
        bool notify;                         /* Type=notify */
        bool rests;                          /* nobody needs it while nothing stands before it */
        bool on_demand;                      /* a connection starts it: it may end in order at any time */
        bool unready;        /* it is on its first start, and nobody has been told that it runs;
                                systemd knows of a program no more than that it was executed */
        bool woken;          /* a connection started it */
        bool job;            /* it ends by itself, and its timer starts it again */
        bool planned;        /* of a job: systemd may not have been told yet */
        enum task_kind task; /* none of its bundle's services; job is true too */
        bool resting;        /* of a socket or timer: what comes waits, and wakes nobody */
        bool idle;           /* of a socket: whom it wakes has run, and ended in order */
        bool asked;          /* of a unit: sealiftd wants it stopped; before systemd is told, so that another
                                sealift-unitd that finds it stopping knows whose wish that was */
        bool wall;           /* and why it is stopped otherwise: a wall is missing, */
        unsigned blame;      /* errno; 0: nothing is wrong with it */
        struct run run;      /* of a timer: its job's last */
};

enum { RECORD_BYTES_MAX = 16384 }; /* as record_write() makes it, with room for what later ones write */

_must_check_ int record_write(const struct record *r, struct buffer *out);

/* One of another sealift-unitd, older or newer: an upgrade must not stop what runs. Lines that are not known
 * are skipped, and what is missing is 0 or empty, which promises the strictest. -EINVAL: not a record, or
 * without a line that says what it is of; nothing is believed then. */
_must_check_ int record_parse(const char *text, size_t len, const char *file, struct record *ret,
                              struct fault *f);
