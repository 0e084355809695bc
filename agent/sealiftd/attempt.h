/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "doors/journal.h"
#include "facts/manifest.h"
#include "facts/plan.h"
#include "sealiftd/agent.h"
#include "sealiftd/refresh.h"

/* One attempt to bring one release up: what story.c's gates work on. Each attempt_* gate returns 0, or an
 * error with a text that names the object and the remedy; a gate that fails has changed nothing that its
 * undo does not put back. */
struct attempt {
        struct agent *agent;
        struct refresh *trust;
        struct bundle *bundle;
        const struct plan_item *item;
        struct attempt *outer; /* borrowed; in whose wait this one is made; NULL: in none */
        uint64_t id;           /* CLOCK_REALTIME at its start, in usec: unique, sortable, needs no state */
        struct release_ref release; /* version is "" until the manifest has been read */
        struct release_ref old;     /* current before; digest "" = none */
        char *manifest_text;        /* owned; as signed */
        size_t manifest_len;
        struct manifest *manifest; /* owned */
        int bundle_fd;             /* verified bundle, position 0 */
        int tree_fd;
        enum bundle_health health_before;
        uint64_t since_before;
        bool staging;                   /* nothing runs of it yet: it can be broken off */
        char overtaken[FAULT_TEXT_MAX]; /* why it is; "": it is not */
        bool repairs;  /* a release that is here, and stays what it is (repair.c); no gates */
        bool unwanted; /* the operator wants no such thing now, or it is not the time: no failure of the poll
                        */
        struct health *health;                         /* owned; of the release, once it has been started */
        char forgiven[MANIFEST_PROBES_MAX][NAME_SIZE]; /* questions that the old one has no good answer to */
        size_t n_forgiven;
        bool old_stopped;
        bool replaces; /* it is to be, when the new one is started */
        bool started;
        bool placed; /* the release has a place in the store */
        bool kept;   /* it had before: to be gone back to; a failure must not cost it */
        bool whole;  /* what is there is as signed, and need not be fetched */
        bool summed; /* the bundle is here, of the length and sum that were signed */
        bool sealed; /* with fs-verity */
};

int attempt_begin(struct attempt *t, struct agent *a, struct refresh *trust, const struct plan_item *item,
                  struct fault *f);
void attempt_begin_rollback(struct attempt *t, struct agent *a, struct bundle *b,
                            const struct release_ref *to);
/* Whether a rollback to that release would be refused by what is known of it: a verdict, its epoch, what it
 * asks of this host. Changes nothing, and nobody is told. */
int attempt_may_roll_back(struct agent *a, const struct bundle *b, const struct release_ref *to,
                          struct fault *f);
void attempt_done(struct attempt *t);

/* What journal entries of this attempt are about; points into t. */
struct journal_subject attempt_subject(const struct attempt *t);

/* The attempt at a release of b that is under way, or the repair; also one in whose wait another is made. Or
 * NULL. */
struct attempt *attempt_of(const struct agent *a, const struct bundle *b);
bool attempt_is_of(const struct agent *a, const struct bundle *b);
/* A release of it that is here is being put right, by a repair. */
bool attempt_repairs(const struct agent *a, const struct bundle *b);
/* Whether the current release of b runs, also while another one is on its way; and notes that it does now,
 * or does not. */
bool attempt_old_runs(const struct agent *a, const struct bundle *b);
void attempt_note_old(struct agent *a, struct bundle *b, enum bundle_health h);
/* That release, which runs, is to go back: where nothing of t's runs yet, t ends for it, and a check begins
 * anew. Else what comes of t decides. */
void attempt_overtake(struct attempt *t, const char *version, const char *why);

/* Gates, in the order of story.c. */
int attempt_check_quarantine(struct attempt *t, struct fault *f);
int attempt_check_hold(struct attempt *t, struct fault *f);
int attempt_check_window(struct attempt *t, struct fault *f);
int attempt_fetch_manifest(struct attempt *t, struct fault *f);
int attempt_read_manifest(struct attempt *t, struct fault *f);
int attempt_check_stop(struct attempt *t, struct fault *f);
int attempt_check_epoch(struct attempt *t, struct fault *f);
int attempt_withdraw(struct attempt *t, struct fault *f);
int attempt_check_suits(struct attempt *t, struct fault *f);
int attempt_check_policy(struct attempt *t, struct fault *f);
int attempt_look_on_disk(struct attempt *t, struct fault *f);
int attempt_check_space(struct attempt *t, struct fault *f);
int attempt_make_place(struct attempt *t, struct fault *f);
int attempt_fetch_bundle(struct attempt *t, struct fault *f);
int attempt_unpack(struct attempt *t, struct fault *f);
int attempt_walk(struct attempt *t, struct fault *f);
int attempt_sync(struct attempt *t, struct fault *f);
int attempt_ask_old(struct attempt *t, struct fault *f);
int attempt_migrate_beside(struct attempt *t, struct fault *f);
int attempt_stop_old_first(struct attempt *t, struct fault *f);
int attempt_migrate(struct attempt *t, struct fault *f);
int attempt_start(struct attempt *t, struct fault *f);
int attempt_await_health(struct attempt *t, struct fault *f);
int attempt_commit(struct attempt *t, struct fault *f);
int attempt_stop_old_last(struct attempt *t, struct fault *f);
/* 1: it is on trial; what follows is trial.h's. */
int attempt_begin_trial(struct attempt *t, struct fault *f);

/* The release failed while running: stop it, quarantine its digest, start the old one again. */
void attempt_roll_back(struct attempt *t, const struct fault *why);
/* The bundle that was fetched into the place of a release that may be running, or be gone back to: through a
 * copy (store/mend.h). *ret_replaced: how much was not as signed. */
int attempt_mend(struct attempt *t, size_t *ret_replaced, struct fault *f);
/* Removes what was staged, but for a release that was kept before. */
void attempt_remove(struct attempt *t);
/* Removes what was fetched, unless a new attempt can go on with it, or begin with all of it. */
void attempt_drop_download(struct attempt *t, const struct fault *why);

/* The ends of an attempt: journal, health, last error. */
void attempt_end_current(struct attempt *t);
void attempt_end_failed(struct attempt *t, const struct fault *why);

/* The current release of b runs, or is started: at the agent's start, and at each poll after that has
 * failed. Whatever of it runs already is left alone. -ECHILD: it does not come up; which has been told. */
int attempt_restore(struct agent *a, struct bundle *b);
/* Notes what came of such a start, f, or nothing wrong; as attempt_restore() returns. */
int attempt_end_restore(struct agent *a, struct bundle *b, const struct fault *f);

/* error and f: what sealift-unitd said of a start of that release of b; where it said yes, f may be of an
 * earlier step. Where it died of it, each time it was asked, and is well otherwise, that is counted; so
 * often in a row is the release's own doing: -ECHILD then, else error. */
int attempt_blame(struct agent *a, struct bundle *b, const struct release_ref *r, int error,
                  struct fault *f);

/* A release of b that is not to run. What does not obey may run on: nothing is to be started beside it. */
_must_check_ int attempt_stop_other(struct agent *a, struct bundle *b, const struct release_ref *r,
                                    uint64_t id, struct fault *f);

/* Starts what is current: in the place of what else runs of its bundle, where that was to make way and may
 * not have. yields: as units_restore(). */
int attempt_start_current(struct agent *a, struct bundle *b, bool yields, uint64_t id, struct fault *f);

/* The same, after something else ran, and tells how that went; replaces: it is to make way first. */
int attempt_start_again(struct agent *a, struct bundle *b, bool replaces, uint64_t id);

/* Whether next may start while that release of the bundle still runs. */
bool attempt_overlaps(struct agent *a, const char *bundle, const struct release_ref *running,
                      const struct manifest *next);
