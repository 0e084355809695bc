/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* Looks whether what is installed is still what was signed: every byte of each release on disk, every
 * ScrubSec= and when root asks (Verify(), `sealift verify`). A process of its own reads, a
 * quarter of the time at most where nobody waits; the story goes on beside it. Damage is put
 * right by the next poll (repair.h), which is due at once. */
struct scrub;

struct scrub *scrub_free(struct scrub *s); /* ends the process that reads */
DEFINE_POINTER_CLEANUP(struct scrub, scrub_free)

/* Sets the timer. -ENOMEM. */
_must_check_ int scrub_new(struct agent *a, struct scrub **ret, struct fault *f);

/* Begins to look at every release of the bundle ("": of all). call is answered when that is done, with
 * a(ssss): bundle, release, "good", "damaged" or "unreadable" (it could not be looked at), and how; or with
 * an error. NULL: nobody waits; such a scrub makes way for one that somebody waits for, and begins anew
 * after it. -EBUSY: it is looking for somebody already; the caller keeps call. */
_must_check_ int scrub_begin(struct scrub *s, const char *bundle, sd_bus_message *call, struct fault *f);

/* Whether scrub_begin() would be -EBUSY for somebody who waits. */
bool scrub_is_taken(const struct scrub *s);

/* Takes what was found, and goes on with the next; is_due: there is something to take. Not from a handler,
 * but also while a release is fetched (meanwhile.h): that one is passed over. */
bool scrub_is_due(const struct scrub *s);
void scrub_go_on(struct scrub *s);

/* That release is going to be written: what is found there from now on is nobody's news. */
void scrub_leave(struct scrub *s, const char *bundle, const struct release_ref *r);
