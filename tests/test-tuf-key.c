/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys as metadata lists them: which can count, in which spellings, and what counts as a signature by them.
 * The vectors are the RFCs'; what has none is made with libcrypto here. */

#include "facts/tuf_key.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "ground/text.h"
#include "tap.h"

enum { PEM_SIZE = 8192, SIGNATURE_SIZE = 1024 };

/* RFC 6979, A.2.5: the point, and the message "sample" under SHA-256. */
#define P256_X "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
#define P256_Y "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"
#define P256_SIGNATURE                                                                                      \
        "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"                        \
        "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"

/* RFC 8032, 7.1, test 2: the message is one byte, 0x72. */
#define ED25519_PUBLIC "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
#define ED25519_SIGNATURE                                                                                   \
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"                                  \
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"

static int key_parse(const char *keytype, const char *scheme, const char *public, struct tuf_key *ret)
{
        _cleanup_json_ json_t *json = json_pack("{s:s, s:s, s:{s:s}}", "keytype", keytype, "scheme", scheme,
                                                "keyval", "public", public);

        return tuf_key_parse("id", json, "x", ret, NULL);
}

static void usable(const char *keytype, const char *scheme, const char *public, bool want, const char *what)
{
        struct tuf_key k = {};

        tap_int(key_parse(keytype, scheme, public, &k), 0, "%s: a key", what);
        tap_int(k.pkey != NULL, want, "%s: %s", what, want ? "counts" : "can never count");
        tuf_key_done(&k);
}

/* The whole of a memory BIO as text; frees it. */
static void pem_take(BIO *bio, char out[static PEM_SIZE])
{
        int n = BIO_read(bio, out, PEM_SIZE - 1);

        out[n > 0 ? n : 0] = '\0';
        BIO_free(bio);
}

static void pem_public(EVP_PKEY *pkey, char out[static PEM_SIZE])
{
        BIO *bio = BIO_new(BIO_s_mem());

        tap_int(PEM_write_bio_PUBKEY(bio, pkey), 1, "a public key in PEM");
        pem_take(bio, out);
}

/* A modulus need not be a product of primes to be read. */
static void pem_rsa(int bits, char out[static PEM_SIZE])
{
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
        OSSL_PARAM *params;
        EVP_PKEY *pkey = NULL;
        BIGNUM *n = BN_new(), *e = BN_new();

        tap_ok(BN_set_bit(n, bits - 1) == 1 && BN_set_bit(n, 0) == 1 && BN_set_word(e, RSA_F4) == 1 &&
                       OSSL_PARAM_BLD_push_BN(b, "n", n) == 1 && OSSL_PARAM_BLD_push_BN(b, "e", e) == 1,
               "a modulus of %d bits", bits);
        params = OSSL_PARAM_BLD_to_param(b);
        tap_ok(EVP_PKEY_fromdata_init(ctx) == 1 &&
                       EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
               "a key of it");
        pem_public(pkey, out);
        EVP_PKEY_free(pkey);
        OSSL_PARAM_free(params);
        OSSL_PARAM_BLD_free(b);
        EVP_PKEY_CTX_free(ctx);
        BN_free(n);
        BN_free(e);
}

/* ---- What can count ---- */

static void test_ed25519(void)
{
        char pem[PEM_SIZE];
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

        usable("ed25519", "ed25519", ED25519_PUBLIC, true, "Ed25519");
        usable("ed25519", "ed25519", "3D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C",
               true, "Ed25519, capitals");
        usable("ed25519", "ed25519", "abcd", false, "Ed25519, short");
        usable("ed25519", "ed25519", ED25519_PUBLIC "00", false, "Ed25519, long");
        usable("ed25519", "ed25519", "", false, "Ed25519, empty");
        pem_public(pkey, pem);
        usable("ed25519", "ed25519", pem, false, "Ed25519 in PEM, which nobody writes");
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "P-256 with an Ed25519 key");
        usable("rsa", "rsassa-pss-sha256", pem, false, "RSA with an Ed25519 key");
        usable("ed25519", "ecdsa-sha2-nistp256", ED25519_PUBLIC, false, "Ed25519 by the scheme of another");
        EVP_PKEY_free(pkey);
}

static void test_p256(void)
{
        char pem[PEM_SIZE];
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

        pem_public(pkey, pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, true, "P-256");
        usable("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", pem, true, "P-256, the older spelling");
        usable("ecdsa", "ecdsa-sha2-nistp384", pem, false, "P-256 by the scheme of P-384");
        usable("ecdsa-sha2-nistp256", "ed25519", pem, false, "P-256 by the scheme of Ed25519");
        usable("rsa", "rsassa-pss-sha256", pem, false, "RSA with a P-256 key");
        usable("ecdsa", "ecdsa-sha2-nistp256", "04" P256_X P256_Y, true, "P-256 as a point");
        usable("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", "04" P256_X P256_Y, true,
               "P-256 as a point, the older spelling");
        usable("ecdsa", "ecdsa-sha2-nistp256", "04" P256_X P256_X, false,
               "a point that is not on the curve");
        usable("ecdsa", "ecdsa-sha2-nistp256", "05" P256_X P256_Y, false, "a point of no known form");
        usable("ecdsa", "ecdsa-sha2-nistp256", "03" P256_X, false, "a compressed point, which nobody wrote");
        usable("ecdsa", "ecdsa-sha2-nistp256", "zz" P256_X P256_Y, false, "not hexadecimal");
        usable("ecdsa", "ecdsa-sha2-nistp256", "00", false, "infinity");
        usable("ecdsa", "ecdsa-sha2-nistp256", "", false, "P-256, empty");
        EVP_PKEY_free(pkey);
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
        pem_public(pkey, pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "P-384");
        EVP_PKEY_free(pkey);
}

static void test_rsa(void)
{
        static const struct {
                int bits;
                bool good;
        } sizes[] = { { 1024, false }, { 2047, false }, { 2048, true }, { 8192, true }, { 8193, false } };
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
        EVP_PKEY *pkey = NULL;
        char pem[PEM_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                pem_rsa(sizes[i].bits, pem);
                usable("rsa", "rsassa-pss-sha256", pem, sizes[i].good, "RSA");
                usable("rsa", "rsa-pkcs1v15-sha256", pem, sizes[i].good, "RSA, PKCS#1 v1.5");
        }
        pem_rsa(2048, pem);
        usable("rsa", "rsassa-pss-sha512", pem, false, "RSA by an unknown scheme");
        usable("rsa", "ed25519", pem, false, "RSA by the scheme of another");
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "P-256 with an RSA key");
        usable("RSA", "rsassa-pss-sha256", pem, false, "an unknown type");
        tap_ok(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_generate(ctx, &pkey) == 1, "another kind of RSA");
        pem_public(pkey, pem);
        usable("rsa", "rsassa-pss-sha256", pem, false, "a key with PSS parameters of its own");
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(pkey);
        usable("sphincs", "sphincs", "x", false, "another");
}

/* PEM says what is in it; only one of the things that can be in it is a public key. */
static void test_pem(void)
{
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        BIO *bio = BIO_new(BIO_s_mem());
        char pem[PEM_SIZE], text[2 * PEM_SIZE];

        tap_int(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1, "a private key");
        pem_take(bio, pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "a private key");
        bio = BIO_new(BIO_s_mem());
        tap_int(PEM_write_bio_PKCS8PrivateKey(bio, pkey, EVP_aes_128_cbc(), "p", 1, NULL, NULL), 1,
                "an encrypted private key");
        pem_take(bio, pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "an encrypted private key: nobody is asked");
        pem_public(pkey, pem);
        (void)snprintf(text, sizeof(text),
                       "%.40s\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,%032d\n\n%s",
                       "-----BEGIN PUBLIC KEY-----", 0, pem + STRLEN("-----BEGIN PUBLIC KEY-----\n"));
        usable("ecdsa", "ecdsa-sha2-nistp256", text, false, "an encrypted public key: nobody is asked");
        (void)snprintf(text, sizeof(text), "words before\n%swords after\n", pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", text, true, "text around it");
        pem[strlen(pem) / 2] = '!';
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "broken PEM");
        EVP_PKEY_free(pkey);
}

/* One byte more than the key, inside of the PEM: another text, and so another key id, for the same key. */
static void test_trailing(void)
{
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        BIO *bio = BIO_new(BIO_s_mem());
        uint8_t der[256] = {}, *end = der;
        char pem[PEM_SIZE];
        int n;

        n = i2d_PUBKEY(pkey, &end);
        tap_ok(n > 0 && n < (int)sizeof(der) &&
                       PEM_write_bio(bio, PEM_STRING_PUBLIC, "", der, (long)n + 1) > 0,
               "a key and a byte");
        pem_take(bio, pem);
        usable("ecdsa", "ecdsa-sha2-nistp256", pem, false, "a key and a byte");
        EVP_PKEY_free(pkey);
}

static void test_form(void)
{
        static const struct {
                const char *json;
                int error;
                bool good;
        } cases[] = {
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":\"" ED25519_PUBLIC
                  "\"}}",
                  0, true },
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyid_hash_algorithms\":\"md5\","
                  "\"keyval\":{\"public\":\"" ED25519_PUBLIC "\",\"private\":\"\"},\"more\":[1]}",
                  0, true },
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{\"public\":5}}", 0, false },
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":{}}", 0, false },
                { "{\"keytype\":\"new\",\"scheme\":\"new\",\"keyval\":{\"point\":\"x\"}}", 0, false },
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\",\"keyval\":[]}", -EINVAL, false },
                { "{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\"}", -EINVAL, false },
                { "{\"keytype\":\"ed25519\",\"keyval\":{}}", -EINVAL, false },
                { "{\"scheme\":\"ed25519\",\"keyval\":{}}", -EINVAL, false },
                { "{\"keytype\":5,\"scheme\":\"ed25519\",\"keyval\":{}}", -EINVAL, false },
                { "[]", -EINVAL, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *json = json_loads(cases[i].json, 0, NULL);
                struct tuf_key k = {};

                tap_int(tuf_key_parse("id", json, "x", &k, NULL), cases[i].error, "%s", cases[i].json);
                tap_int(k.pkey != NULL, cases[i].good, "%s", cases[i].good ? "counts" : "does not count");
                tuf_key_done(&k);
        }
}

/* ---- What is the same key ---- */

static void same(const char *public_a, const char *public_b, bool want, const char *what)
{
        struct tuf_key a = {}, b = {};

        tap_int(key_parse("ecdsa", "ecdsa-sha2-nistp256", public_a, &a), 0, "one key");
        tap_int(key_parse("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", public_b, &b), 0, "another");
        tap_ok(a.pkey && b.pkey, "both can count");
        tap_int(tuf_key_equal(&a, &b), want, "%s", what);
        tuf_key_done(&a);
        tuf_key_done(&b);
}

static void test_same(void)
{
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        char pem[PEM_SIZE], compressed[PEM_SIZE], hex[2 * 65 + 1];
        struct tuf_key nothing = {}, k = {}, p256 = {};
        uint8_t point[65];
        size_t n = 0;

        pem_public(pkey, pem);
        tap_ok(EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) ==
                               1 &&
                       n == sizeof(point),
               "its point");
        text_hex(point, sizeof(point), hex);
        tap_int(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                               "compressed"),
                1, "compressed");
        pem_public(pkey, compressed);
        tap_ok(strcmp(pem, compressed) != 0, "another text");
        same(pem, pem, true, "a key under two spellings");
        same(pem, hex, true, "a key in PEM and as a point");
        same(compressed, hex, true, "a key in compressed form");
        same("04" P256_X P256_Y, hex, false, "another key");
        tap_int(key_parse("ed25519", "ed25519", ED25519_PUBLIC, &k), 0, "a key");
        tap_ok(!tuf_key_equal(&nothing, &nothing), "what cannot count is not even itself");
        tap_ok(!tuf_key_equal(&k, &nothing) && !tuf_key_equal(&nothing, &k), "nor another");
        tap_int(key_parse("ecdsa", "ecdsa-sha2-nistp256", pem, &p256), 0, "a key of another type");
        tap_ok(!tuf_key_equal(&k, &p256) && !tuf_key_equal(&p256, &k), "is another");
        tuf_key_done(&p256);
        tuf_key_done(&k);
        EVP_PKEY_free(pkey);
}

/* ---- What is a signature ---- */

static size_t unhex(const char *hex, uint8_t out[static SIGNATURE_SIZE])
{
        size_t n = strlen(hex) / 2;

        tap_int(n <= SIGNATURE_SIZE ? text_unhex(hex, out, n) : -1, 0, "a vector");
        return n;
}

/* Good as it is; not over other bytes, not with a bit turned, cut or longer. */
static void verified(const struct tuf_key *k, const char *data, const uint8_t *sig, size_t len,
                     const char *what)
{
        uint8_t bad[SIGNATURE_SIZE + 1] = {};

        tap_ok(tuf_key_verify(k, data, strlen(data), sig, len), "%s: good", what);
        tap_ok(!tuf_key_verify(k, data, strlen(data) - 1, sig, len), "%s: not over less", what);
        tap_ok(!tuf_key_verify(k, "Sample", 6, sig, len), "%s: not over something else", what);
        memcpy(bad, sig, len);
        tap_ok(!tuf_key_verify(k, data, strlen(data), bad, len - 1), "%s: not when cut", what);
        tap_ok(!tuf_key_verify(k, data, strlen(data), bad, len + 1), "%s: not with a byte more", what);
        tap_ok(!tuf_key_verify(k, data, strlen(data), bad, 0), "%s: not when empty", what);
        bad[len - 1] ^= 1;
        tap_ok(!tuf_key_verify(k, data, strlen(data), bad, len), "%s: not with a bit turned", what);
}

static void test_vectors(void)
{
        uint8_t sig[SIGNATURE_SIZE];
        struct tuf_key k = {}, nothing = {};
        size_t n;

        tap_int(key_parse("ecdsa", "ecdsa-sha2-nistp256", "04" P256_X P256_Y, &k), 0, "RFC 6979's key");
        n = unhex(P256_SIGNATURE, sig);
        verified(&k, "sample", sig, n, "RFC 6979");
        tap_ok(!tuf_key_verify(&nothing, "sample", 6, sig, n), "by what cannot count, nothing");
        tuf_key_done(&k);
        tap_int(key_parse("ed25519", "ed25519", ED25519_PUBLIC, &k), 0, "RFC 8032's key");
        n = unhex(ED25519_SIGNATURE, sig);
        verified(&k, "\x72", sig, n, "RFC 8032");
        tuf_key_done(&k);
}

static size_t rsa_sign(EVP_PKEY *pkey, const EVP_MD *md, int padding, int salt, const char *data,
                       uint8_t sig[static SIGNATURE_SIZE])
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        size_t n = SIGNATURE_SIZE;
        EVP_PKEY_CTX *p;

        tap_ok(EVP_DigestSignInit(ctx, &p, md, NULL, pkey) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(p, padding) == 1 &&
                       (padding != RSA_PKCS1_PSS_PADDING ||
                        EVP_PKEY_CTX_set_rsa_pss_saltlen(p, salt) == 1) &&
                       EVP_DigestSign(ctx, sig, &n, (const uint8_t *)data, strlen(data)) == 1,
               "an RSA signature");
        EVP_MD_CTX_free(ctx);
        return n;
}

/* The reference signers use the digest's length as salt now and used the longest once; a verifier takes
 * what it finds, as they do. What the algorithm is, the key alone says. */
static void test_rsa_signatures(void)
{
        EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
        struct tuf_key pss = {}, pkcs1 = {};
        uint8_t sig[SIGNATURE_SIZE];
        char pem[PEM_SIZE];
        size_t n;

        pem_public(pkey, pem);
        tap_int(key_parse("rsa", "rsassa-pss-sha256", pem, &pss), 0, "RSA, PSS");
        tap_int(key_parse("rsa", "rsa-pkcs1v15-sha256", pem, &pkcs1), 0, "RSA, PKCS#1 v1.5");
        tap_ok(tuf_key_equal(&pss, &pkcs1), "are one key, that counts once");
        n = rsa_sign(pkey, EVP_sha256(), RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST, "sample", sig);
        verified(&pss, "sample", sig, n, "PSS");
        tap_ok(!tuf_key_verify(&pkcs1, "sample", 6, sig, n), "PSS by a key of PKCS#1 v1.5");
        n = rsa_sign(pkey, EVP_sha256(), RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_MAX, "sample", sig);
        tap_ok(tuf_key_verify(&pss, "sample", 6, sig, n), "PSS with the longest salt");
        n = rsa_sign(pkey, EVP_sha256(), RSA_PKCS1_PSS_PADDING, 0, "sample", sig);
        tap_ok(tuf_key_verify(&pss, "sample", 6, sig, n), "PSS without salt");
        n = rsa_sign(pkey, EVP_sha512(), RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST, "sample", sig);
        tap_ok(!tuf_key_verify(&pss, "sample", 6, sig, n), "PSS with SHA-512");
        n = rsa_sign(pkey, EVP_sha256(), RSA_PKCS1_PADDING, 0, "sample", sig);
        verified(&pkcs1, "sample", sig, n, "PKCS#1 v1.5");
        tap_ok(!tuf_key_verify(&pss, "sample", 6, sig, n), "PKCS#1 v1.5 by a key of PSS");
        tuf_key_done(&pss);
        tuf_key_done(&pkcs1);
        EVP_PKEY_free(pkey);
}

int main(void)
{
        test_ed25519();
        test_p256();
        test_rsa();
        test_pem();
        test_trailing();
        test_form();
        test_same();
        test_vectors();
        test_rsa_signatures();
        return tap_done();
}
