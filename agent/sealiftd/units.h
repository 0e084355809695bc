/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"
#include "facts/state.h"
#include "sealiftd/await.h"

/* sealiftd's end of the conversation with sealift-unitd: places in the store, and units, are made by it
 * alone. The connection is kept while sealiftd lives, since unitd tells of units that fail later. */
struct units;

/* Called from the event loop for each UNITD_EVENT; u is valid during the call. */
typedef void (*units_handler)(void *userdata, const struct unitd_unit *u);

/* The same for each UNITD_JOB; also while a list is awaited (j->id is not 0 then). */
typedef void (*units_job_handler)(void *userdata, const struct unitd_job *j);

/* The same for the answer to each units_probe(). */
typedef void (*units_probed_handler)(void *userdata, const struct unitd_probed *p);

/* The conversation has ended, or could not be begun, some time ago: whoever wants to know what has happened
 * since then asks (units_list()), which is where one begins again. Called again, later each time, for as
 * long as that fails. */
typedef void (*units_lost_handler)(void *userdata);

struct units *units_free(struct units *l);
DEFINE_POINTER_CLEANUP(struct units, units_free)

/* Does not connect yet: each request connects where need be. */
_must_check_ int units_new(struct await *w, units_handler handler, units_job_handler job,
                           units_probed_handler probed, units_lost_handler lost, void *userdata,
                           struct units **ret);

/* Requests; each waits for its answer while the event loop runs. Errors: unitd's own (text from unitd),
 * -ECONNRESET when it went away twice (after once f is as it was), -ETIMEDOUT, -ECANCELED. attempt is for
 * the journal. */
_must_check_ int units_prepare(struct units *l, const char *bundle, const struct release_ref *r,
                               uint64_t attempt, const void *manifest, size_t len, int *ret_tree_fd,
                               struct fault *f);
_must_check_ int units_start(struct units *l, const char *bundle, const struct release_ref *r,
                             uint64_t attempt, struct fault *f);
/* The same, in the place of what else runs of its bundle: that is stopped first, and nobody waits for us in
 * between. */
_must_check_ int units_replace(struct units *l, const char *bundle, const struct release_ref *r,
                               uint64_t attempt, struct fault *f);
/* One of these, as replaces says, where nobody has just asked for it: what somebody is stopping stays
 * stopped, -EINTR. */
_must_check_ int units_restore(struct units *l, const char *bundle, const struct release_ref *r,
                               uint64_t attempt, bool replaces, struct fault *f);
_must_check_ int units_stop(struct units *l, const char *bundle, const struct release_ref *r,
                            uint64_t attempt, struct fault *f);
/* The same, and its sockets are closed, its timers ended: nothing waits for it. */
_must_check_ int units_close(struct units *l, const char *bundle, const struct release_ref *r,
                             uint64_t attempt, struct fault *f);
_must_check_ int units_remove(struct units *l, const char *bundle, const struct release_ref *r,
                              uint64_t attempt, struct fault *f);

/* Each ExecMigrate= of the release that is for when the old one runs, or is stopped. max_usec: all of them
 * may take so long (facts/task.h). */
_must_check_ int units_migrate(struct units *l, const char *bundle, const struct release_ref *r,
                               uint64_t attempt, bool running, uint64_t max_usec, struct fault *f);

/* Asks once, as its [Health PROBE] says, and does not wait: the handler gets the answer, with this id. One
 * that sealift-unitd was asked for when it went away never comes. */
_must_check_ int units_probe(struct units *l, const char *bundle, const struct release_ref *r,
                             uint64_t attempt, const char *probe, uint64_t *ret_id, struct fault *f);

/* What units_restore() asks for, sent: several may be under way, beside one of the others. Its memory must
 * stay where it is until it has been ended. */
struct units_call {
        struct units_call *next;
        uint64_t id; /* 0: it has been answered */
        int error;
        char text[FAULT_TEXT_MAX];
};
_must_check_ int units_begin_start(struct units *l, const char *bundle, const struct release_ref *r,
                                   uint64_t attempt, bool replaces, struct units_call *c, struct fault *f);
/* Its answer, as units_start() has it; where there is none yet it is given up, with -ECANCELED or
 * -ETIMEDOUT. */
_must_check_ int units_end_start(struct units *l, struct units_call *c, struct fault *f);

/* Every unit of ours that systemd knows, one call of each() a unit; and every timer. */
_must_check_ int units_list(struct units *l, units_handler each, void *userdata, struct fault *f);

/* Whether sealift-unitd answers now: after it has died under a request, was that the request's doing? */
bool units_answer_now(struct units *l);

/* Whether sealift-unitd would have told of a unit that ended: false from when it has gone until the lost
 * handler is called. */
bool units_are_watched(const struct units *l) _pure_;
