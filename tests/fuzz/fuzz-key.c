/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys from strangers. A text that begins with '{' is a KEY as metadata lists it, up to a NUL; what follows
 * is a signature to try with it. Anything else is a file that a publisher was handed as a key, perhaps
 * encrypted, or as the public half of one. */

#include "facts/tuf_key.h"
#include "facts/tuf_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
        if (!condition)
                abort();
}

static void fuzz_public(const uint8_t *data, size_t size)
{
        static const struct json_limits limits = { .bytes = 1 << 16, .values = 256, .depth = 8 };
        static const char message[] = "sample";
        const uint8_t *end = memchr(data, '\0', size);
        size_t len = end ? (size_t)(end - data) : size, rest = end ? size - len - 1 : 0;
        struct tuf_key k = {}, again = {};
        _cleanup_json_ json_t *j = NULL;

        if (json_parse("fuzz", data, len, &limits, &j, NULL) < 0 ||
            tuf_key_parse("id", j, "x", &k, NULL) < 0)
                return;
        must(!k.pkey || k.scheme);
        must(tuf_key_equal(&k, &k) == (k.pkey != NULL));
        if (tuf_key_verify(&k, message, strlen(message), rest ? end + 1 : data, rest))
                must(k.pkey && rest > 0);
        must(tuf_key_parse("other", j, "x", &again, NULL) == 0 &&
             tuf_key_equal(&k, &again) == (k.pkey != NULL));
        tuf_key_done(&k);
        tuf_key_done(&again);
}

/* What can sign, or says whose signatures count, can be listed, and what is listed is the same key. */
static void check_listed(int r, struct tuf_signing_key *k, const struct fault *f)
{
        struct tuf_key listed = {};

        must(r >= 0 || (f->error == r && *f->text));
        if (r < 0)
                return;
        must(tuf_key_parse(k->id, k->public, "x", &listed, NULL) == 0);
        must(listed.pkey && EVP_PKEY_eq(listed.pkey, k->pkey) == 1);
        tuf_key_done(&listed);
        tuf_signing_key_done(k);
}

static void fuzz_pem(const char *pem, size_t len)
{
        struct tuf_signing_key k = {};
        struct fault f = {};

        check_listed(tuf_sign_parse_pem("fuzz", pem, len, "x", &k, &f), &k, &f);
        f = (struct fault){};
        check_listed(tuf_sign_parse_public_pem("fuzz", pem, len, &k, &f), &k, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size > 0 && data[0] == '{')
                fuzz_public(data, size);
        else
                fuzz_pem((const char *)data, size);
        return 0;
}
