/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/keys.h"
#include "facts/tuf_metadata.h"

/* Other keys for a role, in the body of a root that is still to be signed. */
struct rotation {
        json_t *root; /* borrowed */
        enum tuf_role role;
        json_t *added, *removed; /* owned; key ids, for who wants to know what changed */
};

_must_check_ int rotation_begin(json_t *root, enum tuf_role role, struct rotation *ret, struct fault *f);
void rotation_done(struct rotation *r);

size_t rotation_keys(const struct rotation *r);
uint64_t rotation_threshold(const struct rotation *r);

/* what is a key id or the beginning of one (8 digits at least), a key of keys by name ("root-2.pem",
 * "root-2"), or a file with a public key in PEM. -ENOENT when the role has no such key, -EINVAL for several.
 */
_must_check_ int rotation_remove(struct rotation *r, const char *what, const struct keys *keys,
                                 struct fault *f);
_must_check_ int rotation_remove_all(struct rotation *r, struct fault *f);

/* -EEXIST when it is listed already, also under another id: it would never count twice. */
_must_check_ int rotation_add(struct rotation *r, const struct tuf_signing_key *key, struct fault *f);

/* Sets the threshold (0: as it is), and forgets keys that sign for no role any more. */
_must_check_ int rotation_end(struct rotation *r, uint64_t threshold, struct fault *f);

/* Refuses (-EINVAL) a root in which some role can never be signed: fewer distinct keys than must sign. */
_must_check_ int rotation_check(const json_t *root, struct fault *f);
