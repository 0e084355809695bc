/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No memory: public keys, and what they have signed. Nobody may be taken for a forger for it, nor one for
 * two. */

#include "facts/tuf_verify.h"
#include "starving.h"
#include "tap.h"
#include "trust-host.h"

/* One key under two names, which both have signed. */
struct signer {
        struct tuf_signing_key key;
        struct tuf_key names[2];
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        size_t len;
        struct tuf_metadata *document;
};

static struct signer signer;

static void must(int r)
{
        if (r < 0)
                abort();
}

static void signer_new(const char *type)
{
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(1 << 20);
        _cleanup_json_ json_t *body = role_body(1, "x");
        struct signer *s = &signer;
        struct tuf_signing_key twice[2];

        *s = (struct signer){ .key = world_key(type) };
        twice[0] = twice[1] = s->key;
        memset(twice[1].id, 'a', sizeof(twice[1].id) - 1);
        for (size_t i = 0; i < ELEMENTSOF(twice); i++)
                must(tuf_key_parse(twice[i].id, s->key.public, type, s->names + i, NULL));
        must(tuf_sign_make(&s->key, "data", 4, s->sig, &s->len, NULL));
        must(tuf_sign_document(body, twice, ELEMENTSOF(twice), &out, NULL));
        must(tuf_metadata_parse_delegated("x.json", out.data, out.len, &s->document, NULL));
}

static void signer_done(void)
{
        struct signer *s = &signer;

        tuf_metadata_free(s->document);
        for (size_t i = 0; i < ELEMENTSOF(s->names); i++)
                tuf_key_done(s->names + i);
        tuf_signing_key_done(&s->key);
}

static int wants(int r, int want, const char *what, struct fault *f)
{
        if (r == want)
                return 0;
        return fault_set(f, r == -ENOMEM ? r : -EBADMSG, "%s: %d, want %d", what, r, want);
}

static int read_run(void *x, struct fault *f)
{
        struct tuf_key k = {};
        int r;

        r = tuf_key_parse("id", signer.key.public, "key", &k, f);
        if (r >= 0)
                r = wants(!!k.pkey, true, "can count", f);
        tuf_key_done(&k);
        return r;
}

static int check_run(void *x, struct fault *f)
{
        const struct signer *s = &signer;
        int r;

        r = wants(tuf_key_check(s->names, "data", 4, s->sig, s->len), 1, "a good signature", f);
        return r < 0 ? r : wants(tuf_key_check(s->names, "date", 4, s->sig, s->len), 0, "a bad one", f);
}

static int compare_run(void *x, struct fault *f)
{
        struct tuf_signers both = { signer.names, 2, 2 }, one = { signer.names, 1, 1 },
                           other = { signer.names + 1, 1, 1 };
        int r;

        r = wants(tuf_signers_rotated(&one, &other), 0, "rotated to another name", f);
        return r < 0 ? r
                     : wants(tuf_verify(signer.document, &both, "itself", f), -EKEYREJECTED, "two names", f);
}

static void *before(void)
{
        return &signer;
}

static void done(void *x)
{
}

int main(void)
{
        static const struct {
                const char *type;
                struct course course;
        } courses[] = {
                { "ED25519", { "an Ed25519 key that is read", before, read_run, read_run, done } },
                { "ED25519", { "a signature by it", before, check_run, check_run, done } },
                { "ED25519", { "two names of it", before, compare_run, compare_run, done } },
                { "EC", { "a P-256 key that is read", before, read_run, read_run, done } },
                { "EC", { "a signature by it", before, check_run, check_run, done } },
                { "EC", { "two names of it", before, compare_run, compare_run, done } },
                { "RSA", { "a signature by an RSA key", before, check_run, check_run, done } },
                { "RSA", { "two names of it", before, compare_run, compare_run, done } },
        };

        for (size_t i = 0; i < ELEMENTSOF(courses); i++) {
                signer_new(courses[i].type);
                course_test(&courses[i].course);
                signer_done();
        }
        return tap_done();
}
