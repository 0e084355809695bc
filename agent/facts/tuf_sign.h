/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <openssl/evp.h>

#include "facts/digest.h"
#include "facts/json.h"

/* The publisher's side of facts/tuf_key.h: private keys, and documents signed with them. */
struct tuf_signing_key {
        EVP_PKEY *pkey;           /* owned */
        json_t *public;           /* owned; KEY as root lists it, spec 4.2 */
        char id[DIGEST_HEX_SIZE]; /* SHA-256 of public's canonical form */
};

void tuf_signing_key_done(struct tuf_signing_key *k);

/* Ed25519, ECDSA P-256, or RSA of at least 2,048 bits (signed with PSS); -EINVAL for another. pkey is
 * transferred, also on failure. what names the key in errors. */
_must_check_ int tuf_sign_adopt(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret,
                                struct fault *f);

/* An unencrypted PEM private key (PKCS#8 or OpenSSL's older forms). */
_must_check_ int tuf_sign_parse_pem(const char *what, const char *pem, size_t len,
                                    struct tuf_signing_key *ret, struct fault *f);

/* The envelope {"signed": body, "signatures": [...]} by all n keys, as indented text with sorted keys: with
 * Ed25519, the same body and keys give the same bytes. */
_must_check_ int tuf_sign_document(const json_t *body, const struct tuf_signing_key *keys, size_t n,
                                   struct buffer *out, struct fault *f);
