/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Public keys and single signatures: the schemes of the spec through libcrypto, nothing hand-made. Input is
 * key text from verified or to-be-verified metadata; private keys never come here. */

#include "facts/tuf_key.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ground/text.h"

enum {
        ED25519_PUBLIC_SIZE = 32,
        RSA_BITS_MIN = 2048, /* TUF spec 4.2 */
        RSA_BITS_MAX = 8192, /* verification time grows with the square: a slow key is a denial of service */
        P256_POINT_SIZE = 65,
        P256_INFO_SIZE = 26,
};

/* What stands before an uncompressed point of P-256 in a SubjectPublicKeyInfo (RFC 5480). */
static const uint8_t p256_info[P256_INFO_SIZE] = {
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
};

struct tuf_scheme {
        const char *keytype, *scheme;
        EVP_PKEY *(*load)(const char *public);
        bool sha256; /* hash-then-sign; Ed25519 signs the message itself */
        int rsa_padding;
};

/* To libcrypto a lack of memory mostly is a broken key or a bad signature, and the publisher would be called
 * a forger for it. So it is known here, and after it no answer is relied on, not even a good one. */
static bool starved;

static void *crypto_realloc(void *p, size_t size, const char *file, int line)
{
        void *q = realloc(p, size);

        if (!q && size > 0)
                starved = true;
        return q;
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
        return crypto_realloc(NULL, size, file, line);
}

static void crypto_free(void *p, const char *file, int line)
{
        free(p);
}

/* Before main(): after its first allocation libcrypto takes no others. */
static void __attribute__((constructor)) crypto_watch(void)
{
        (void)CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free);
}

static EVP_PKEY *load_ed25519(const char *public)
{
        uint8_t raw[ED25519_PUBLIC_SIZE];

        if (text_unhex(public, raw, sizeof(raw)) < 0)
                return NULL;
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, sizeof(raw));
}

/* libcrypto's own callback would ask for a passphrase on the terminal if the PEM text says it is encrypted.
 */
static int no_passphrase(char *buf, int size, int writing, void *data)
{
        return -1;
}

/* All of der must be the key. */
static EVP_PKEY *load_der(const uint8_t *der, long len)
{
        const uint8_t *end = der;
        EVP_PKEY *pkey = d2i_PUBKEY(NULL, &end, len);

        if (pkey && end != der + len) {
                EVP_PKEY_free(pkey);
                return NULL;
        }
        return pkey;
}

/* SubjectPublicKeyInfo and nothing else: PEM_read_bio_PUBKEY() would try every decoder libcrypto has on
 * whatever the label says, private keys and engines' formats too. */
static EVP_PKEY *load_pem(const char *public)
{
        BIO *bio = BIO_new_mem_buf(public, -1);
        EVP_PKEY *pkey = NULL;
        uint8_t *der;
        long len;

        if (bio && PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_PUBLIC, bio, no_passphrase, NULL) == 1) {
                pkey = load_der(der, len);
                OPENSSL_free(der);
        }
        BIO_free(bio);
        return pkey;
}

/* The uncompressed point alone, in hexadecimal: not the spec's form, but go-tuf wrote it for years, and the
 * older roots of repositories that began with it (sigstore's) have it still. */
static EVP_PKEY *load_p256_point(const char *public)
{
        uint8_t der[P256_INFO_SIZE + P256_POINT_SIZE];

        memcpy(der, p256_info, sizeof(p256_info));
        if (text_unhex(public, der + P256_INFO_SIZE, P256_POINT_SIZE) < 0)
                return NULL;
        return load_der(der, sizeof(der));
}

static EVP_PKEY *load_p256(const char *public)
{
        EVP_PKEY *pkey = strlen(public) == 2 * P256_POINT_SIZE ? load_p256_point(public) : load_pem(public);
        char group[32] = "";

        if (pkey && (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
                     !str_eq(group, "prime256v1"))) {
                EVP_PKEY_free(pkey);
                return NULL;
        }
        return pkey;
}

static EVP_PKEY *load_rsa(const char *public)
{
        EVP_PKEY *pkey = load_pem(public);

        if (pkey && (!EVP_PKEY_is_a(pkey, "RSA") || EVP_PKEY_get_bits(pkey) < RSA_BITS_MIN ||
                     EVP_PKEY_get_bits(pkey) > RSA_BITS_MAX)) {
                EVP_PKEY_free(pkey);
                return NULL;
        }
        return pkey;
}

/* Both spellings of the P-256 key type are in use (the spec changed its own in 1.0.32); PKCS#1 v1.5 is not
 * in the spec, but the reference client and its signers know it. */
static const struct tuf_scheme schemes[] = {
        { "ed25519", "ed25519", load_ed25519, false, 0 },
        { "ecdsa", "ecdsa-sha2-nistp256", load_p256, true, 0 },
        { "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", load_p256, true, 0 },
        { "rsa", "rsassa-pss-sha256", load_rsa, true, RSA_PKCS1_PSS_PADDING },
        { "rsa", "rsa-pkcs1v15-sha256", load_rsa, true, RSA_PKCS1_PADDING },
};

void tuf_key_done(struct tuf_key *k)
{
        free(k->id);
        EVP_PKEY_free(k->pkey);
        *k = (struct tuf_key){};
}

static const struct tuf_scheme *scheme_find(const char *keytype, const char *scheme)
{
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++)
                if (str_eq(schemes[i].keytype, keytype) && str_eq(schemes[i].scheme, scheme))
                        return schemes + i;
        return NULL;
}

int tuf_key_parse(const char *id, const json_t *json, const char *what, struct tuf_key *ret, struct fault *f)
{
        const char *keytype, *scheme, *public;
        struct tuf_key k = {};
        json_t *keyval;
        int r;

        r = json_field_string(json, what, "keytype", &keytype, f);
        if (r >= 0)
                r = json_field_string(json, what, "scheme", &scheme, f);
        if (r >= 0)
                r = json_field_object(json, what, "keyval", &keyval, f);
        if (r < 0)
                return r;
        k.id = strdup(id);
        if (!k.id)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        k.scheme = scheme_find(keytype, scheme);
        public = json_string_value(json_object_get(keyval, "public"));
        starved = false;
        if (k.scheme && public)
                k.pkey = k.scheme->load(public);
        ERR_clear_error();
        if (starved) {
                tuf_key_done(&k);
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        }
        *ret = k;
        return 0;
}

int tuf_key_compare(const struct tuf_key *a, const struct tuf_key *b)
{
        bool equal;

        starved = false;
        equal = a->pkey && b->pkey && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
        ERR_clear_error();
        return starved ? -ENOMEM : equal;
}

bool tuf_key_equal(const struct tuf_key *a, const struct tuf_key *b)
{
        return tuf_key_compare(a, b) > 0;
}

static bool verify_with(EVP_MD_CTX *ctx, const struct tuf_key *k, const void *data, size_t len,
                        const uint8_t *sig, size_t sig_len)
{
        EVP_PKEY_CTX *pctx; /* belongs to ctx */

        if (EVP_DigestVerifyInit(ctx, &pctx, k->scheme->sha256 ? EVP_sha256() : NULL, NULL, k->pkey) != 1)
                return false;
        if (k->scheme->rsa_padding && EVP_PKEY_CTX_set_rsa_padding(pctx, k->scheme->rsa_padding) != 1)
                return false;
        if (k->scheme->rsa_padding == RSA_PKCS1_PSS_PADDING &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, RSA_PSS_SALTLEN_AUTO) != 1)
                return false;
        return EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1;
}

int tuf_key_check(const struct tuf_key *k, const void *data, size_t len, const uint8_t *sig, size_t sig_len)
{
        EVP_MD_CTX *ctx;
        bool good;

        if (!k->pkey)
                return 0;
        starved = false;
        ctx = EVP_MD_CTX_new();
        good = ctx && verify_with(ctx, k, data, len, sig, sig_len);
        EVP_MD_CTX_free(ctx);
        ERR_clear_error();
        return starved ? -ENOMEM : good;
}

bool tuf_key_verify(const struct tuf_key *k, const void *data, size_t len, const uint8_t *sig,
                    size_t sig_len)
{
        return tuf_key_check(k, data, len, sig, sig_len) > 0;
}
