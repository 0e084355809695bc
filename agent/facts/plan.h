/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/limits.h"
#include "facts/state.h"

/* What there is to do: pure comparison of what the channel names with what the machine holds. */

/* One release the channel names now. */
struct plan_item {
        char bundle[NAME_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* SHA-256 of its manifest, as signed */
        uint64_t manifest_size;
};

struct plan {
        struct plan_item *items; /* owned; sorted by bundle */
        size_t n_items;
};

struct plan *plan_free(struct plan *p);
DEFINE_POINTER_CLEANUP(struct plan, plan_free)

_must_check_ int plan_new(struct plan **ret); /* -ENOMEM */
_must_check_ int plan_add(struct plan *p, const char *bundle, const char *digest,
                          uint64_t manifest_size); /* -ENOMEM */

/* "stable/web.manifest" is bundle "web" of channel "stable". false: some other target. */
bool plan_target_bundle(const char *target, const char *channel, char ret[static NAME_SIZE]);

enum plan_decision {
        PLAN_KEEP,        /* it is current already, or has been withdrawn */
        PLAN_QUARANTINED, /* it failed here before, and nothing new was signed since */
        PLAN_INSTALL,
};
/* state may be NULL: nothing is known of the bundle. */
enum plan_decision plan_decide(const struct bundle_state *state, const char *digest);
