/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys and signatures as the publisher has them: what can be read as a key, and documents that are signed in
 * steps, by several, at different times. */

#include "facts/tuf_key.h"
#include "facts/tuf_sign.h"

#include <openssl/pem.h>

#include "tap.h"
#include "tuf-world.h"

static const char *const types[] = { "ED25519", "EC", "RSA" };

/* PEM of a key: private, private and encrypted, or its public half. The caller frees. */
enum form { FORM_PLAIN, FORM_ENCRYPTED, FORM_TRADITIONAL, FORM_PUBLIC };
static char *pem_of(EVP_PKEY *pkey, enum form form)
{
        const EVP_CIPHER *aes = EVP_aes_256_cbc();
        BIO *bio = BIO_new(BIO_s_mem());
        unsigned char passphrase[] = "open sesame";
        char *text, *copy;
        int done = 0;
        long n;

        switch (form) {
        case FORM_PLAIN:
                done = PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL);
                break;
        case FORM_ENCRYPTED:
                done = PEM_write_bio_PKCS8PrivateKey(bio, pkey, aes, (char *)passphrase, 11, NULL, NULL);
                break;
        case FORM_TRADITIONAL:
                done = PEM_write_bio_PrivateKey_traditional(bio, pkey, aes, passphrase, 11, NULL, NULL);
                break;
        case FORM_PUBLIC:
                done = PEM_write_bio_PUBKEY(bio, pkey);
        }
        n = BIO_get_mem_data(bio, &text);
        copy = done == 1 && n > 0 ? strndup(text, (size_t)n) : NULL;
        BIO_free(bio);
        return copy;
}

/* Whether k signs so that a client that knows its public part is content. */
static bool signs(const struct tuf_signing_key *k)
{
        struct tuf_key listed = {};
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        struct fault f;
        size_t n;
        bool good;

        good = tuf_key_parse(k->id, k->public, "x", &listed, &f) == 0 &&
               tuf_sign_make(k, "abc", 3, sig, &n, &f) == 0 && tuf_key_verify(&listed, "abc", 3, sig, n) &&
               !tuf_key_verify(&listed, "abd", 3, sig, n);
        tuf_key_done(&listed);
        return good;
}

static void test_pem(const char *type, enum form form, const char *passphrase, int want)
{
        struct tuf_signing_key made = world_key(type), k = {};
        _cleanup_free_ char *pem = pem_of(made.pkey, form);
        struct fault f = {};
        int r;

        r = tuf_sign_parse_pem("key.pem", pem, strlen(pem), passphrase, &k, &f);
        tap_int(r, want, "%s, form %u, passphrase '%s'", type, form, passphrase ?: "(none)");
        if (want < 0) {
                tap_like(f.text, "key.pem: ", "the error names it");
        } else {
                tap_str(k.id, made.id, "it is the key it was");
                tap_ok(k.private && signs(&k), "and signs");
        }
        tuf_signing_key_done(&k);
        tuf_signing_key_done(&made);
}

static void test_private(const char *type)
{
        test_pem(type, FORM_PLAIN, NULL, 0);
        test_pem(type, FORM_PLAIN, "not asked for", 0);
        test_pem(type, FORM_ENCRYPTED, "open sesame", 0);
        test_pem(type, FORM_ENCRYPTED, "open sesami", -EKEYREJECTED);
        test_pem(type, FORM_ENCRYPTED, "", -EKEYREJECTED);
        test_pem(type, FORM_ENCRYPTED, NULL, -ENOKEY);
        test_pem(type, FORM_PUBLIC, NULL, -EINVAL);
        if (str_eq(type, "ED25519"))
                return; /* is younger than the older form */
        test_pem(type, FORM_TRADITIONAL, "open sesame", 0);
        test_pem(type, FORM_TRADITIONAL, "open sesami", -EKEYREJECTED);
        test_pem(type, FORM_TRADITIONAL, NULL, -ENOKEY);
}

static void test_public(const char *type)
{
        struct tuf_signing_key made = world_key(type), k = {};
        _cleanup_free_ char *pem = pem_of(made.pkey, FORM_PUBLIC), *private = pem_of(made.pkey, FORM_PLAIN);
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        struct fault f;
        size_t n;

        tap_int(tuf_sign_parse_public_pem("token.pub", pem, strlen(pem), &k, &f), 0, "%s: public half",
                type);
        tap_str(k.id, made.id, "has the same id");
        tap_ok(json_equal(k.public, made.public), "and is listed alike");
        tap_int(tuf_sign_make(&k, "abc", 3, sig, &n, &f), -EIO, "but cannot sign");
        tap_like(f.text, "token.pub", "which is said");
        tuf_signing_key_done(&k);
        tap_int(tuf_sign_parse_public_pem("x", private, strlen(private), &k, &f), -EINVAL,
                "a private key is no public one");
        tuf_signing_key_done(&made);
}

/* ---- Documents ---- */

static size_t parsed_signatures(const struct buffer *b)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        struct fault f;

        return tuf_metadata_parse(TUF_TARGETS, b->data, b->len, &m, &f) == 0 ? m->n_signatures : 0;
}

static void test_steps(void)
{
        static const uint8_t one[] = { 0xab }, two[] = { 0xcd, 0xef }, long_one[TUF_SIGNATURE_SIZE_MAX + 1];
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_(buffer_done) struct buffer a = BUFFER_INIT(1 << 20), b = BUFFER_INIT(1 << 20),
                                             bytes = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        _cleanup_json_ json_t *list =
                json_loads("[{\"keyid\":\"other\",\"sig\":\"00\",\"x-by\":\"hand\"}]", 0, NULL);
        struct fault f;

        tap_int(tuf_sign_bytes(w->body[TUF_TARGETS], &bytes, &f), 0, "bytes to sign");
        tap_ok(bytes.len > 0 && str_has_prefix(bytes.data, "{\"_type\":\"targets\","), "are canonical");
        tap_int(tuf_sign_add(list, "mine", one, sizeof(one)), 0, "a signature is added");
        tap_int(tuf_sign_envelope(w->body[TUF_TARGETS], list, &a, &f), 0, "a document");
        tap_int((int64_t)parsed_signatures(&a), 2, "has both");
        tap_int(tuf_sign_add(list, "mine", two, sizeof(two)), 0, "a signature again");
        tap_int(tuf_sign_envelope(w->body[TUF_TARGETS], list, &b, &f), 0, "another document");
        tap_int((int64_t)parsed_signatures(&b), 2, "has no more");
        tap_ok(strstr(b.data, "\"cdef\"") && !strstr(b.data, "\"ab\""), "since ours took the place of ours");
        tap_ok(strstr(b.data, "\"x-by\": \"hand\"") && strstr(b.data, "\"00\""), "and theirs is untouched");
        tap_int(tuf_sign_add(list, "mine", long_one, sizeof(long_one)), -EFBIG, "too long for a signature");
}

int main(void)
{
        for (size_t i = 0; i < ELEMENTSOF(types); i++) {
                test_private(types[i]);
                test_public(types[i]);
        }
        test_steps();
        return tap_done();
}
