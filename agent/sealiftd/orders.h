/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/name.h"
#include "sealiftd/agent.h"

/* What operators want of a bundle, as they say it over D-Bus: rollback, hold, stop and so on. A handler of
 * the bus only notes an order; it is carried out outside of handlers (meanwhile.h), in the order they came.
 * What is wanted is written down first and then done, so that a restart of anything in between finishes it.
 * Each is idempotent: what is so already is no error. */

struct order_verb; /* a row of the table */

struct order {
        const struct order_verb *verb;
        char bundle[NAME_SIZE];
        char version[NAME_RELEASE_SIZE]; /* of Rollback(): VERSION, VERSION-DIGEST12, or "" */
        uint64_t id;                     /* the agent's, never used twice: who waits for it */
};

/* Takes words of a caller into *ret; -EINVAL: one is not a name. version "": none. */
_must_check_ int order_make(const char *method, const char *bundle, const char *version, struct order *ret,
                            struct fault *f);

/* Those that wait, each answered when it has been carried out. Whether there was one. While an attempt is
 * under way: but for those about its bundle, unless nothing runs of it yet and they leave it alone; and for
 * a rollback, where that attempt is itself made in the wait of another. */
bool orders_carry_out(struct agent *a);

/* Whether there is something for orders_carry_out() or orders_overtake(). */
bool orders_wait(struct agent *a);

/* t, of which nothing runs yet, is to end where one of them could not be carried out beside it. */
struct attempt;
void orders_overtake(struct agent *a, struct attempt *t);
