/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_key.h"

enum {
        TUF_KEYS_MAX = 256, /* a key costs a point decompression, before any signature is checked */
};

/* Who may sign for a role, and how many of them must: "keyids" and "threshold" of a role in root (spec 4.3)
 * or of a delegation (spec 4.5). */
struct tuf_signers {
        struct tuf_key *keys; /* owned; every key named in keyids that is listed, each id once */
        size_t n_keys;
        uint64_t threshold;
};

/* role is the object that has both fields, keys the object that lists keys by id. ret is the caller's to
 * free with tuf_signers_done(), also on failure. -EINVAL, -EFBIG, -ENOMEM. */
_must_check_ int tuf_signers_parse(const json_t *role, const json_t *keys, const char *what,
                                   struct tuf_signers *ret, struct fault *f);
void tuf_signers_done(struct tuf_signers *s);

/* 1: a key that could sign before cannot any more, "rotated" in the sense of spec 5.3.11. 0: all can.
 * -ENOMEM. */
_must_check_ int tuf_signers_rotated(const struct tuf_signers *before, const struct tuf_signers *after);

/* How many signatures they could come to: keys that are two names of one count once, unknown ones never. */
uint64_t tuf_signers_distinct(const struct tuf_signers *s);
