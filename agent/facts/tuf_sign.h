/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <openssl/evp.h>

#include "facts/digest.h"
#include "facts/json.h"
#include "facts/tuf_metadata.h"

/* The publisher's side of facts/tuf_key.h. A document is made in three steps, so that its signatures may
 * come from anywhere, and at any time: the bytes to sign, signatures over them, and both put together. */

enum {
        TUF_SIGN_BYTES_MAX = 8 << 20, /* a body in canonical form: over every role's own limit */
        TUF_SIGN_NAME_SIZE = 256,     /* a file name */
};

struct tuf_signing_key {
        char name[TUF_SIGN_NAME_SIZE]; /* for errors: its file's */
        EVP_PKEY *pkey;                /* owned; both halves, or the public one alone */
        bool private;                  /* whether pkey can sign */
        json_t *public;                /* owned; KEY as root lists it, spec 4.2 */
        char id[DIGEST_HEX_SIZE];      /* SHA-256 of public's canonical form */
};

void tuf_signing_key_done(struct tuf_signing_key *k);

/* Ed25519, ECDSA P-256, or RSA of at least 2,048 bits (signed with PSS); -EINVAL for another. pkey is
 * transferred, also on failure. what names the key in errors. */
_must_check_ int tuf_sign_adopt(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret,
                                struct fault *f);
_must_check_ int tuf_sign_adopt_public(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret,
                                       struct fault *f);

/* A private key in PEM (PKCS#8 or OpenSSL's older forms). -ENOKEY when it is encrypted and passphrase is
 * NULL, -EKEYREJECTED when the passphrase is not its own, -EINVAL when it is no key. */
_must_check_ int tuf_sign_parse_pem(const char *what, const char *pem, size_t len, const char *passphrase,
                                    struct tuf_signing_key *ret, struct fault *f);

/* A public key in PEM (SubjectPublicKeyInfo), which some other program signs for. */
_must_check_ int tuf_sign_parse_public_pem(const char *what, const char *pem, size_t len,
                                           struct tuf_signing_key *ret, struct fault *f);

/* What signatures of body are over: its canonical form. out is a BUFFER_INIT(TUF_SIGN_BYTES_MAX). */
_must_check_ int tuf_sign_bytes(const json_t *body, struct buffer *out, struct fault *f);

/* One signature by a private key. */
_must_check_ int tuf_sign_make(const struct tuf_signing_key *k, const void *data, size_t len,
                               uint8_t ret[static TUF_SIGNATURE_SIZE_MAX], size_t *ret_len, struct fault *f);

/* Adds to the array "signatures" of a document, or puts it in the place of an earlier one by this key id;
 * what else is there, also fields we do not know, stays. -ENOMEM, -EFBIG. */
_must_check_ int tuf_sign_add(json_t *signatures, const char *keyid, const uint8_t *sig, size_t len);

/* The document {"signatures": signatures, "signed": body} as indented text with sorted keys: the same parts
 * give the same bytes. */
_must_check_ int tuf_sign_envelope(const json_t *body, const json_t *signatures, struct buffer *out,
                                   struct fault *f);

/* The same for a document that is there already, with whatever else stands in it. */
_must_check_ int tuf_sign_write(const json_t *envelope, struct buffer *out, struct fault *f);

/* All of it with n private keys, a signature each even where two have the same id. */
_must_check_ int tuf_sign_document(const json_t *body, const struct tuf_signing_key *keys, size_t n,
                                   struct buffer *out, struct fault *f);
