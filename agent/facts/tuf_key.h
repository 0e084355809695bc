/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <openssl/evp.h>

#include "facts/json.h"

/* A public key as root (or a delegation) lists it, TUF spec 4.2. */
struct tuf_scheme;

struct tuf_key {
        char *id;                        /* owned */
        EVP_PKEY *pkey;                  /* owned; NULL when the key can never count (see tuf_key_parse) */
        const struct tuf_scheme *scheme; /* pinned here: a signature never chooses its own algorithm */
};

void tuf_key_done(struct tuf_key *k);

/* Reads KEY. A key of a type or scheme we do not know, or that is broken or too weak, is kept without pkey:
 * it never verifies anything, and the others still may reach the threshold. -EINVAL only for what is not a
 * key at all; -ENOMEM. */
_must_check_ int tuf_key_parse(const char *id, const json_t *json, const char *what, struct tuf_key *ret,
                               struct fault *f);

/* The same public key, whatever its ids: thresholds count keys, not names. */
_must_check_ int tuf_key_compare(const struct tuf_key *a, const struct tuf_key *b); /* 1, 0, -ENOMEM */
/* Whether it is known to be. */
_must_check_ bool tuf_key_equal(const struct tuf_key *a, const struct tuf_key *b);

/* 1: a good signature. 0: it is not, or the key is none that can count. -ENOMEM: nobody knows. */
_must_check_ int tuf_key_check(const struct tuf_key *k, const void *data, size_t len, const uint8_t *sig,
                               size_t sig_len);
/* Whether it is known to be a good one. */
_must_check_ bool tuf_key_verify(const struct tuf_key *k, const void *data, size_t len, const uint8_t *sig,
                                 size_t sig_len);
