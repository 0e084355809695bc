/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_sign.h"

/* Which role is trusted with which names: an entry of "delegations" in the body of a targets role that is
 * still to be signed (spec 4.5). Fields that we do not know stay. */
struct delegation {
        const char *role;
        json_t *paths, *prefixes; /* borrowed arrays; one of them, or neither: as it is */
        const struct tuf_signing_key *keys;
        size_t n_keys;      /* 0: as they are */
        uint64_t threshold; /* 0: as it is; 1 for a new one */
        int terminating;    /* 1, 0, or -1: as it is; no for a new one */
        int64_t period;     /* seconds; 0: as it is */
        const char *before; /* the role that is to be trusted less, or NULL: stays, or comes last */
};

/* Borrowed; NULL when body does not delegate to it. */
json_t *delegation_find(const json_t *body, const char *role);

/* Adds or changes it, and forgets keys that no delegation lists any more. -EINVAL for what no host would
 * take, or nobody could sign; -ENOENT when "before" is not there. The body is then to be thrown away. */
_must_check_ int delegation_set(json_t *body, const struct delegation *d, struct fault *f);

_must_check_ int delegation_remove(json_t *body, const char *role, struct fault *f); /* -ENOENT */
