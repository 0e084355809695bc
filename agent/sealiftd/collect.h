/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"
#include "sealiftd/refresh.h"

/* What could not be swept, or "": once for each cause, not at every poll. */
void collect_tell_left(struct agent *a, const char *why);

/* Removes what was downloaded in part for releases that are no longer to be installed. Logs; never fails. */
void collect_downloads(struct agent *a, const struct refresh *trust, const struct plan *plan);

/* Stops what runs of any release that is not its bundle's current one: of a release on trial when an earlier
 * agent was killed, of an old one that could not be stopped. Logs; never fails. */
void collect_units(struct agent *a);
/* Of bundles of which something did not obey when it was told to stop. */
void collect_strays(struct agent *a);

/* The same, and removes every release from disk that state_keeps() does not: what retention drops, what a
 * killed attempt left half-made. Logs; never fails. */
void collect_releases(struct agent *a);

/* At the agent's start: what is left in trees of releases that an agent was killed while mending, since what
 * is in a tree, and was not signed, must not be gone back to. Logs; never fails. */
void collect_copies(struct agent *a);

/* The same of one bundle, as state says, but for besides (or NULL) and what is current now. */
void collect_bundle(struct agent *a, struct bundle *b, const struct bundle_state *state,
                    const struct release_ref *besides);

/* What that would give back of the disk, at least. */
void collect_measure(struct agent *a, const struct bundle *b, const struct bundle_state *state,
                     const struct release_ref *besides, struct space *ret);

/* What collect_releases() would remove. bytes: of the disk, at least. *ret is the caller's. -ENOMEM, or
 * -errno of the disk. */
struct collected {
        char bundle[NAME_SIZE];
        store_name place;
        uint64_t bytes;
};
_must_check_ int collect_list(struct agent *a, struct collected **ret, size_t *ret_n);
