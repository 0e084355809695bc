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
        SIGN_RSA_BITS_MAX = 8192, /* clients count no larger one */
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
        int bits = EVP_PKEY_get_bits(pkey);

        return bits < SIGN_RSA_BITS_MIN || bits > SIGN_RSA_BITS_MAX ? NULL : public_pem(pkey);
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

static int key_describe(const struct sign_type *type, struct tuf_signing_key *k, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer canonical = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        json_t *public = type->public(k->pkey);
        int r;

        if (!public)
                return fault_set(f, -EINVAL,
                                 "%s: the key is too weak, too large, or of a curve other than P-256",
                                 k->name);
        k->public = json_pack("{s:s, s:s, s:{s:o}}", "keytype", type->keytype, "scheme", type->scheme,
                              "keyval", "public", public);
        r = k->public ? json_write_canonical(k->public, &canonical) : -ENOMEM;
        if (r >= 0)
                r = digest_hex(canonical.data, canonical.len, k->id);
        return r < 0 ? fault_set(f, r, "%s: out of memory", k->name) : 0;
}

static int key_adopt(const char *what, EVP_PKEY *pkey, bool private, struct tuf_signing_key *ret,
                     struct fault *f)
{
        const struct sign_type *type = sign_type_find(pkey);
        struct tuf_signing_key k = { .pkey = pkey, .private = private };
        int r;

        (void)snprintf(k.name, sizeof(k.name), "%s", what);
        if (type)
                r = key_describe(type, &k, f);
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

int tuf_sign_adopt(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret, struct fault *f)
{
        return key_adopt(what, pkey, true, ret, f);
}

int tuf_sign_adopt_public(const char *what, EVP_PKEY *pkey, struct tuf_signing_key *ret, struct fault *f)
{
        return key_adopt(what, pkey, false, ret, f);
}

/* ---- PEM ---- */

struct ask {
        const char *passphrase; /* or NULL */
        bool asked;             /* the text is encrypted */
};

/* libcrypto's own callback would ask on the terminal. */
static int ask_passphrase(char *buf, int size, int writing, void *data)
{
        struct ask *ask = data;
        size_t n = ask->passphrase ? strlen(ask->passphrase) : 0;

        ask->asked = true;
        if (!ask->passphrase || size < 0 || n > (size_t)size)
                return -1;
        memcpy(buf, ask->passphrase, n);
        return (int)n;
}

int tuf_sign_parse_pem(const char *what, const char *pem, size_t len, const char *passphrase,
                       struct tuf_signing_key *ret, struct fault *f)
{
        BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
        struct ask ask = { .passphrase = passphrase };
        EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, ask_passphrase, &ask) : NULL;

        BIO_free(bio);
        ERR_clear_error();
        if (pkey)
                return tuf_sign_adopt(what, pkey, ret, f);
        if (!ask.asked)
                return fault_set(f, -EINVAL, "%s: not a private key in PEM", what);
        return passphrase ? fault_set(f, -EKEYREJECTED, "%s: the passphrase is wrong", what)
                          : fault_set(f, -ENOKEY, "%s: is encrypted, and no passphrase was given", what);
}

int tuf_sign_parse_public_pem(const char *what, const char *pem, size_t len, struct tuf_signing_key *ret,
                              struct fault *f)
{
        BIO *bio = len <= INT32_MAX ? BIO_new_mem_buf(pem, (int)len) : NULL;
        struct ask ask = {};
        EVP_PKEY *pkey = bio ? PEM_read_bio_PUBKEY(bio, NULL, ask_passphrase, &ask) : NULL;

        BIO_free(bio);
        ERR_clear_error();
        return pkey ? tuf_sign_adopt_public(what, pkey, ret, f)
                    : fault_set(f, -EINVAL, "%s: not a public key in PEM", what);
}

/* ---- Signatures ---- */

int tuf_sign_bytes(const json_t *body, struct buffer *out, struct fault *f)
{
        int r = json_write_canonical(body, out);

        return r < 0 ? fault_set_errno(f, r, "signing: cannot write the canonical form") : 0;
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

int tuf_sign_make(const struct tuf_signing_key *k, const void *data, size_t len,
                  uint8_t ret[static TUF_SIGNATURE_SIZE_MAX], size_t *ret_len, struct fault *f)
{
        size_t n = TUF_SIGNATURE_SIZE_MAX;

        if (!k->private || !sign_bytes(k, data, len, ret, &n))
                return fault_set(f, -EIO, "%s (key %.16s...): cannot sign", k->name, k->id);
        *ret_len = n;
        return 0;
}

static int signature_append(json_t *signatures, const char *keyid, const char *hex)
{
        json_t *new = json_pack("{s:s, s:s}", "keyid", keyid, "sig", hex);

        return json_array_append_new(signatures, new) < 0 ? -ENOMEM : 0;
}

int tuf_sign_add(json_t *signatures, const char *keyid, const uint8_t *sig, size_t len)
{
        char hex[2 * TUF_SIGNATURE_SIZE_MAX + 1];

        if (len > TUF_SIGNATURE_SIZE_MAX)
                return -EFBIG;
        text_hex(sig, len, hex);
        for (size_t i = 0; i < json_array_size(signatures); i++) {
                json_t *old = json_array_get(signatures, i);
                const char *id = json_string_value(json_object_get(old, "keyid"));

                if (id && str_eq(id, keyid))
                        return json_object_set_new(old, "sig", json_string(hex)) < 0 ? -ENOMEM : 0;
        }
        return signature_append(signatures, keyid, hex);
}

static int dump_to_buffer(const char *text, size_t len, void *out)
{
        return buffer_append(out, text, len) < 0 ? -1 : 0;
}

int tuf_sign_write(const json_t *envelope, struct buffer *out, struct fault *f)
{
        if (json_dump_callback(envelope, dump_to_buffer, out, JSON_INDENT(1) | JSON_SORT_KEYS) < 0 ||
            buffer_append(out, "\n", 1) < 0)
                return fault_set(f, out->error < 0 ? out->error : -ENOMEM, "signing: document too large");
        return 0;
}

int tuf_sign_envelope(const json_t *body, const json_t *signatures, struct buffer *out, struct fault *f)
{
        _cleanup_json_ json_t *envelope = NULL;

        /* jansson counts references in its values; neither is changed. */
        envelope = json_pack("{s:O, s:O}", "signatures", (json_t *)(uintptr_t)signatures, "signed",
                             (json_t *)(uintptr_t)body);
        return envelope ? tuf_sign_write(envelope, out, f) : fault_set(f, -ENOMEM, "signing: out of memory");
}

int tuf_sign_document(const json_t *body, const struct tuf_signing_key *keys, size_t n, struct buffer *out,
                      struct fault *f)
{
        _cleanup_(buffer_done) struct buffer canonical = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        _cleanup_json_ json_t *signatures = json_array();
        int r;

        r = signatures ? tuf_sign_bytes(body, &canonical, f) : fault_set(f, -ENOMEM, "out of memory");
        for (size_t i = 0; r >= 0 && i < n; i++) {
                char hex[2 * TUF_SIGNATURE_SIZE_MAX + 1];
                uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
                size_t len;

                r = tuf_sign_make(keys + i, canonical.data, canonical.len, sig, &len, f);
                if (r < 0)
                        break;
                text_hex(sig, len, hex);
                if (signature_append(signatures, keys[i].id, hex) < 0)
                        r = fault_set(f, -ENOMEM, "signing: out of memory");
        }
        return r < 0 ? r : tuf_sign_envelope(body, signatures, out, f);
}
