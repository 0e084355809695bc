/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "sealiftd/agent.h"

/* How well one release is, watched from its start until it is proven or goes back: its [Health] sections are
 * asked at their intervals, and restarts and ends of its units are noted, from the event loop, whatever else
 * goes on. This only counts; what follows from it is the story's, and trial.c's, to decide. */
struct health;

struct health *health_free(struct health *h);
DEFINE_POINTER_CLEANUP(struct health, health_free)

/* Begins to ask at once. m is the release's signed manifest, and need not outlive the call. on_change is
 * called from the event loop, whenever something below may have changed; or NULL. -ENOMEM. */
_must_check_ int health_new(struct agent *a, const char *bundle, const struct release_ref *r,
                            const struct manifest *m, uint64_t attempt, void (*on_change)(void *userdata),
                            void *userdata, struct health **ret, struct fault *f);
void health_on_change(struct health *h, void (*on_change)(void *userdata), void *userdata);

/* This question was not answered well before the update either: it keeps nothing back. */
void health_forgive(struct health *h, const char *probe);

enum health_verdict {
        HEALTH_UNKNOWN, /* not every question has been answered well often enough yet, and there is time; or
                         * the last time one was to be asked, it could not be */
        HEALTH_WELL,    /* they have; nothing has gone wrong too often since */
        HEALTH_BAD,     /* it is not, and will not be: why says why */
};
enum health_verdict health_judge(const struct health *h, char why[static FAULT_TEXT_MAX]);

/* Whose doing it is that the release is not known to be well: where it could not be asked at all, be it that
 * sealift-unitd is away or that this host does not let a question run, that says nothing about it, and
 * StartSec= stands still. 0: it is being asked, or it has not been out of reach for usec in all since a good
 * or bad answer was last heard of it (before it was well: in all). -ECONNRESET: sealift-unitd did not
 * answer; -EOPNOTSUPP: it did, and could not ask; -EINTR: what it was to ask is being stopped. */
int health_unasked(const struct health *h, uint64_t usec, struct fault *f);
#define HEALTH_UNASKED_MAX_USEC (UINT64_C(60) * 1000000)

/* Whether a service of it does not run, and that is nobody's doing but this host's, or that of whoever
 * stopped it: nothing that is asked from then on counts. -EINTR: it was stopped; -EOPNOTSUPP: it failed for
 * want of something. 0: they run, or it is HEALTH_BAD. */
int health_down(const struct health *h, struct fault *f);

/* How much has gone wrong so far, and how much makes it HEALTH_BAD. */
unsigned health_failures(const struct health *h, unsigned *ret_max);

/* Every question has been answered by the release once, or could not be asked for HEALTH_UNASKED_MAX_USEC,
 * or a service of it is down (health_down()), so that none counts any more. */
bool health_was_asked(void *health);

/* The first question from at on whose last answer was not good, or would not be, or NULL. */
const char *health_next_bad(const struct health *h, size_t *at);

/* From sealift-unitd: an answer; what happened to a unit. */
void health_take(struct agent *a, const struct unitd_probed *p);
void health_note_unit(struct agent *a, const struct unitd_unit *u);

/* The sealift-unitd that was asked is gone, and what it was asked with it: another is asked, at once. */
void health_ask_anew(struct agent *a);
