/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signing for publishers. Its input is the publisher's own; private keys stay in libcrypto's memory, and
 * nothing of them ever reaches a fault's text. Agents never come here. */

#include "facts/tuf_sign.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "ground/text.h"

enum {
        SIGN_ED25519_SIZE = 32,
        SIGN_RSA_BITS_MIN = 2048,
        SIGN_SIGNATURE_MAX = 1024,
        SIGN_CANONICAL_MAX = 8 << 20, /* over every role's own limit */
};

void tuf_signing_key_done(struct tuf_signing_key *k)
{
        EVP_PKEY_free(k->pkey);
        json_decref(k->public);
        *k = (struct tuf_signing_key){};
}

static json_t *public_ed25519(EVP_PKEY *pkey)
{
        uint8_t raw[SIGN_ED25519_SIZE];
        size_t n = sizeof(raw);
        char hex[2 * SIGN_ED25519_SIZE + 1];

        if (EVP_PKEY_get_raw_public_key(pkey, raw, &n) != 1 || n != sizeof(raw))
                return NULL;
        text_hex(raw, sizeof(raw), hex);
        return json_string(hex);
}

static json_t *public_pem(EVP_PKEY *pkey)
{
        BIO *bio = BIO_new(BIO_s_mem());
        json_t *j = NULL;
        char *text;
        long n;

        if (bio && PEM_write_bio_PUBKEY(bio, pkey) == 1) {
                n = BIO_get_mem_data(bio, &text);
                j = n > 0 ? json_stringn(text, (size_t)n) : NULL;
        }
        BIO_free(bio);
        return j;
}

static json_t *public_p256(EVP_PKEY *pkey)
{
        char group[32] = "";

        if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 || !str_eq(group, "prime256v1"))
                return NULL;
        return public_pem(pkey);
}

static json_t *public_rsa(EVP_PKEY *pkey)
{
        return EVP_PKEY_get_bits(pkey) < SIGN_RSA_BITS_MIN ? NULL : public_pem(pkey);
}

static const struct sign_type {
        const char *pkey, *keytype, *scheme;
        json_t *(*public)(EVP_PKEY *);
        bool sha256, pss;
} sign_types[] = {
        { "ED25519", "ed25519", "ed25519", public_ed25519, false, false },
        { "EC", "ecdsa", "ecdsa-sha2-nistp256", public_p256, true, false },
        { "RSA", "rsa", "rsassa-pss-sha256", public_rsa, true, true },
};

static const struct sign_type *sign_type_find(const EVP_PKEY *pkey)
{
        for (size_t i = 0; i < ELEMENTSOF(sign_types); i++)
                if (EVP_PKEY_is_a(pkey, sign_types[i].pkey))
                        return sign_types + i;
        return NULL;
}

static int key_describe(const char *what, const struct sign_type *type, struct tuf_signing_key *k,
                        struct fault *f)
{
        _cleanup_(buffer_done) struct buffer canonical = BUFFER_INIT(SIGN_CANONICAL_MAX);
        json_t *public = type->public(k->pkey);
        int r;

        if (!public)
                return fault_set(f, -EINVAL, "%s: the key is too weak, or of a curve other than P-256",
                                 what);
        k->public = json_pack("{s:s, s:s, s:{s:o}}", "keytype", type->keytype, "scheme", type->scheme,
                              "keyval", "public", public);
        r = k->public ? json_write_canonical(k->public, &canonical) : -ENOMEM;
        if (r >= 0)
                r = digest_hex(canonical.data, canonical.len, k->id);
        return r < 0 ? fault_set(f, r, "%s: out of memory", what) : 0;
}

int tuf_sign_adopt(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret, struct fault *f)
{
        const struct sign_type *type = sign_type_find(pkey);
        struct tuf_signing_key k = { .pkey = pkey };
        int r;

        if (type)
                r = key_describe(what, type, &k, f);
        else
                r = fault_set(f, -EINVAL, "%s: neither Ed25519, ECDSA P-256 nor RSA", what);
        ERR_clear_error();
        if (r < 0) {
                tuf_signing_key_done(&k);
                return r;
        }
        *ret = k;
        return 0;
}

static int no_passphrase(char *buf, int size, int writing, void *data)
{
        return -1;
}

int tuf_sign_parse_pem(const char *what, const char *pem, size_t len, struct tuf_signing_key *ret,
                       struct fault *f)
{
        BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
        EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

        BIO_free(bio);
        ERR_clear_error();
        if (!pkey)
                return fault_set(f, -EINVAL, "%s: not an unencrypted private key in PEM", what);
        return tuf_sign_adopt(what, pkey, ret, f);
}

static bool sign_bytes(const struct tuf_signing_key *k, const void *data, size_t len, uint8_t *sig,
                       size_t *n)
{
        const struct sign_type *type = sign_type_find(k->pkey);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        EVP_PKEY_CTX *pctx; /* belongs to ctx */
        bool good;

        good = ctx && type &&
               EVP_DigestSignInit(ctx, &pctx, type->sha256 ? EVP_sha256() : NULL, NULL, k->pkey) == 1;
        if (good && type->pss)
                good = EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) == 1 &&
                       EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_DIGEST) == 1;
        good = good && EVP_DigestSign(ctx, sig, n, data, len) == 1;
        EVP_MD_CTX_free(ctx);
        ERR_clear_error();
        return good;
}

static int signatures_make(const struct buffer *canonical, const struct tuf_signing_key *keys, size_t n,
                           json_t *list, struct fault *f)
{
        for (size_t i = 0; i < n; i++) {
                uint8_t sig[SIGN_SIGNATURE_MAX];
                char hex[2 * SIGN_SIGNATURE_MAX + 1];
                size_t len = sizeof(sig);

                if (!sign_bytes(keys + i, canonical->data, canonical->len, sig, &len))
                        return fault_set(f, -EIO, "key %.16s...: cannot sign", keys[i].id);
                text_hex(sig, len, hex);
                if (json_array_append_new(list, json_pack("{s:s, s:s}", "keyid", keys[i].id, "sig", hex)) <
                    0)
                        return fault_set(f, -ENOMEM, "signing: out of memory");
        }
        return 0;
}

static int dump_to_buffer(const char *text, size_t len, void *out)
{
        return buffer_append(out, text, len) < 0 ? -1 : 0;
}

int tuf_sign_document(const json_t *body, const struct tuf_signing_key *keys, size_t n, struct buffer *out,
                      struct fault *f)
{
        _cleanup_(buffer_done) struct buffer canonical = BUFFER_INIT(SIGN_CANONICAL_MAX);
        _cleanup_json_ json_t *signatures = json_array(), *envelope = NULL;
        int r;

        r = signatures ? json_write_canonical(body, &canonical) : -ENOMEM;
        if (r < 0)
                return fault_set_errno(f, r, "signing: cannot write the canonical form");
        r = signatures_make(&canonical, keys, n, signatures, f);
        if (r < 0)
                return r;
        /* jansson counts references in its values; the body is not changed. */
        envelope = json_pack("{s:O, s:O}", "signatures", signatures, "signed", (json_t *)(uintptr_t)body);
        if (!envelope)
                return fault_set(f, -ENOMEM, "signing: out of memory");
        if (json_dump_callback(envelope, dump_to_buffer, out, JSON_INDENT(1) | JSON_SORT_KEYS) < 0 ||
            buffer_append(out, "\n", 1) < 0)
                return fault_set(f, out->error < 0 ? out->error : -ENOMEM, "signing: document too large");
        return 0;
}
