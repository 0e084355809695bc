/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the programs say to each other, one section a worker. The message module (ground/message.h) carries
 * it; every struct has fixed size and no hidden padding; char arrays end in NUL inside themselves or the
 * message is refused. */

#include "ground/base.h"
#include "ground/limits.h"
#include "ground/fault.h"

#define FETCH_SOCKET_PATH  "/run/sealift/fetch.sock"
#define UNPACK_SOCKET_PATH "/run/sealift/unpack.sock"
#define UNITD_SOCKET_PATH  "/run/sealift/unitd.sock"

/* ---- sealift-fetch: one conversation may hold many requests, one at a time (libcurl keeps the connection
 * alive).
 *
 *   -> FETCH_GET    + write end of a pipe    the body goes down the pipe, which is closed at its end
 *   <- FETCH_DONE                            after the pipe was closed
 *   -> FETCH_UPLOAD + a sealed memfd         PUT or POST to [Report] of the configuration
 *   <- FETCH_DONE
 *
 * A caller that wants no more closes its end of the pipe or the conversation. What FETCH_DONE may say, so
 * that the caller can decide about trying again (sealift-fetch never does by itself):
 *
 *   0              200, or 304 to a request with an ETag; any 2xx to an upload
 *   -ENOENT        404, 403 (a bucket that may not be listed says so), 410
 *   -ERANGE        the server does not go on from offset (416, all of it, another part): ask again from 0
 *   -EFBIG         the object is, or announces to be, longer than max_bytes; the pipe got no more than that
 *   -EHOSTUNREACH  no name, no connection, no answer in time, cut off, 5xx, 408, 425 to 429: later
 *   -EACCES        certificate, name or CA wrong; 401: somebody must look
 *   -EINVAL        bad source, path, name or configuration; a redirect; other 4xx: somebody must look
 *   -EPIPE         the caller closed its end
 *   -ENOMEM
 */
enum fetch_message { FETCH_GET = 1, FETCH_UPLOAD, FETCH_DONE };

struct fetch_get {
        uint64_t max_bytes; /* more is an error: the cap of what is signed, or of the role */
        uint64_t offset; /* so many bytes are here already, at most max_bytes: the pipe gets what is behind
                            them, also from a server that sends them all the same */
        char source[NAME_SIZE];
        char path[FETCH_PATH_SIZE]; /* below the source's URL; segments of RFC 3986 unreserved characters,
                                       '+' and "%XX"; no ".", no "..", no query */
        char etag[FETCH_ETAG_SIZE]; /* If-None-Match, or "" */
        char reserved[5];
};

struct fetch_upload {
        uint64_t size;  /* of the memfd's content */
        char name[128]; /* last path segment below the URL for Method=PUT; [a-z0-9.-] */
};

struct fetch_done {
        int32_t error;  /* 0, or one of those above */
        int32_t status; /* HTTP status, 0 when there was no answer; 304 comes with error 0 and bytes 0 */
        uint64_t bytes; /* written to the pipe */
        char etag[FETCH_ETAG_SIZE];
        char text[FAULT_TEXT_MAX]; /* why, when error is set */
        char reserved[7];
};

/* ---- sealift-unpack: one bundle a conversation.
 *
 *   -> UNPACK_START + the verified bundle, open for reading, at position 0
 *   <- UNPACK_ENTRY, then for a file exactly size bytes in UNPACK_DATA; again, in the archive's order
 *   <- UNPACK_END | UNPACK_FAILED
 */
enum unpack_message { UNPACK_START = 1, UNPACK_ENTRY, UNPACK_DATA, UNPACK_END, UNPACK_FAILED };

enum compression { COMPRESSION_ZSTD = 1, COMPRESSION_GZIP };

enum entry_type { ENTRY_FILE = 1, ENTRY_DIRECTORY, ENTRY_SYMLINK };

struct unpack_start {
        uint32_t compression;
        uint32_t reserved;
        uint64_t bundle_size; /* as signed */
        uint64_t entries_max; /* as signed */
        uint64_t bytes_max;   /* unpacked, as signed */
};

struct unpack_entry {
        uint32_t type;
        uint32_t mode;              /* permission bits only */
        uint64_t size;              /* of a file */
        char path[ENTRY_PATH_SIZE]; /* one leading "./" and a directory's trailing "/" removed, nothing else
                                     */
        char target[ENTRY_PATH_SIZE]; /* of a symlink */
        char reserved[6];
};

struct unpack_failed {
        int32_t error;
        char text[FAULT_TEXT_MAX];
};

/* ---- sealift-unitd: one conversation as long as sealiftd lives; requests carry an id that answers repeat;
 * events carry 0.
 *
 *   -> UNITD_PREPARE + sealed memfd with the manifest   makes
 * releases/<bundle>/<version>-<digest12>/{manifest,tree}
 *   <- UNITD_TREE    + directory descriptor of tree     | UNITD_RESULT with an error
 *   -> UNITD_START     starts every service of an installed release; answered when all are ready, or one is
 * not
 *   -> UNITD_REPLACE   the same, in the place of every other release of its bundle: those are stopped first
 *   -> UNITD_STOP      stops every unit of the release; answered when they are gone
 *   -> UNITD_CLOSE     the same, and ends its sockets and timers
 *   -> UNITD_REMOVE    removes a release that does not run and whose tree sealiftd has emptied
 *   <- UNITD_RESULT
 *   -> UNITD_LIST
 *   <- UNITD_UNIT ...  one for each unit of ours that systemd knows; UNITD_JOB, one for each timer; then
 * UNITD_RESULT
 *   -> UNITD_PROBE     asks once after the health of a release, as its [Health TASK] says, in all instances
 *   <- UNITD_PROBED    once for each: what came of it
 *   -> UNITD_MIGRATE   runs each ExecMigrate= of a release that is for when the old one is TASK: "stopped",
 *                      "running"; answered after the last, or when one failed
 *   <- UNITD_EVENT     unasked: a unit failed, or was started again after it had; a wall was found missing
 *                      after a restart or reload; without a unit: a connection waits, and what it is for
 *                      cannot be started
 *   <- UNITD_JOB       unasked: a timer's job began, ended, or is to run at another time
 */
enum unitd_message {
        UNITD_PREPARE = 1,
        UNITD_START,
        UNITD_STOP,
        UNITD_REMOVE,
        UNITD_LIST,
        UNITD_TREE,
        UNITD_RESULT,
        UNITD_UNIT,
        UNITD_EVENT,
        UNITD_JOB,
        UNITD_PROBE,
        UNITD_MIGRATE,
        UNITD_PROBED,
        UNITD_CLOSE,
        UNITD_REPLACE,
};

/* So many starts sealiftd has in flight at once, at a boot. sealift-unitd takes in that many and some. */
enum { UNITD_STARTS_MAX = 48 };

struct unitd_request {
        uint64_t id;      /* chosen by the caller, not 0 */
        uint64_t attempt; /* for the journal */
        char bundle[NAME_SIZE];
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* SHA-256 of the manifest */
        char task[NAME_SIZE];         /* of UNITD_PROBE and UNITD_MIGRATE */
        uint8_t yields; /* of a start: -EINTR where somebody else is stopping what it is of, else it waits
                           for the end of that, and undoes it */
        char reserved[3];
};

struct unitd_result {
        uint64_t id;
        int32_t error;
        char text[FAULT_TEXT_MAX];
        char reserved[4];
};

enum unit_state { UNIT_STARTING = 1, UNIT_RUNNING, UNIT_STOPPING, UNIT_STOPPED, UNIT_FAILED };

struct unitd_unit {
        uint64_t id;
        uint64_t since_usec; /* CLOCK_REALTIME of the last state change */
        uint32_t state;
        int32_t pid;
        uint32_t restarts; /* of an event: it died so often, by its own doing, and runs again */
        char bundle[NAME_SIZE];
        char version[VERSION_SIZE];
        char digest12[DIGEST_SHORT + 1];
        char service[NAME_SIZE];
        char unit[UNIT_NAME_SIZE];
        char text[FAULT_TEXT_MAX]; /* of an event: what happened */
        char instance[INSTANCE_SIZE];
        uint8_t own;     /* of an event: its release is to blame, no one and nothing of this host's */
        uint8_t missing; /* of an event: it was to run and has ended, in order or for somebody's stop */
        uint8_t again;   /* of an event: it failed, and its Restart= would have had it started again */
};

struct unitd_probed { /* what came of one question, in all instances together */
        uint64_t id;
        int32_t error; /* 0: good. -ECHILD: the answer was not, or there is nobody to ask. Others are not the
                          release's doing. -EINTR: what was asked is being stopped, or has just ended */
        char bundle[NAME_SIZE];
        char digest12[DIGEST_SHORT + 1];
        char probe[NAME_SIZE];
        char text[FAULT_TEXT_MAX]; /* why, when error is set */
        char reserved[5];
};

struct unitd_job { /* one timer of a bundle, and how what it runs ran last */
        uint64_t id;
        uint64_t next_usec;                /* CLOCK_REALTIME; 0: never, or it runs now */
        uint64_t started_usec, ended_usec; /* of the last run; 0: not known; it runs */
        int32_t code;                      /* CLD_EXITED and so on; 0: nothing is known */
        int32_t status;                    /* exit status, or number of the signal */
        uint32_t resting;                  /* 1: its release is stopped, and its time wakes nobody */
        uint32_t reserved;
        char bundle[NAME_SIZE];
        char instance[INSTANCE_SIZE];
        char digest12[DIGEST_SHORT + 1]; /* of the release that its time wakes */
        char timer[NAME_SIZE];
        char service[NAME_SIZE];
        char version[VERSION_SIZE];   /* of the release that ran last; "": it has not run yet */
        char result[RUN_RESULT_SIZE]; /* of the last run (facts/record.h); "": it runs */
        char reserved_text[6];
};

_Static_assert(sizeof(struct unitd_job) % 8 == 0 && sizeof(struct unitd_probed) % 8 == 0 &&
                       sizeof(struct unitd_unit) % 8 == 0,
               "no hidden padding");
_Static_assert(sizeof(struct fetch_get) % 8 == 0 && sizeof(struct fetch_done) % 8 == 0, "no hidden padding");
_Static_assert(sizeof(struct unpack_entry) % 8 == 0 && sizeof(struct unitd_request) % 8 == 0,
               "no hidden padding");
