/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The checks, one at a time, each by what it must let pass and what not. The signer here is written apart
 * from the one that publishers use. */

#include "facts/tuf_verify.h"

#include <inttypes.h>
#include <openssl/pem.h>

#include "ground/text.h"
#include "tap.h"

enum { KEYS = 4, TEXT_MAX = 1 << 16 };

/* 0 and 1 are Ed25519, 2 and 3 P-256; as metadata lists them, and in a second form. */
static struct {
        EVP_PKEY *pkey;
        json_t *key, *other;
} keys[KEYS];

static json_t *key_json(const char *keytype, const char *scheme, const char *public)
{
        return json_pack("{s:s, s:s, s:{s:s}}", "keytype", keytype, "scheme", scheme, "keyval", "public",
                         public);
}

static void make_ed25519(size_t i)
{
        char hex[65];
        uint8_t raw[32];
        size_t n = sizeof(raw);

        keys[i].pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        tap_int(EVP_PKEY_get_raw_public_key(keys[i].pkey, raw, &n), 1, "a key");
        text_hex(raw, sizeof(raw), hex);
        keys[i].key = key_json("ed25519", "ed25519", hex);
        for (char *p = hex; *p; p++)
                *p = (char)(*p >= 'a' ? *p - 32 : *p);
        keys[i].other = key_json("ed25519", "ed25519", hex);
}

static void make_p256(size_t i)
{
        BIO *bio = BIO_new(BIO_s_mem());
        char pem[1024], hex[131];
        uint8_t point[65];
        size_t len = 0;
        int n;

        keys[i].pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        tap_int(PEM_write_bio_PUBKEY(bio, keys[i].pkey), 1, "a key");
        n = BIO_read(bio, pem, sizeof(pem) - 1);
        pem[n > 0 ? n : 0] = '\0';
        BIO_free(bio);
        keys[i].key = key_json("ecdsa", "ecdsa-sha2-nistp256", pem);
        tap_int(EVP_PKEY_get_octet_string_param(keys[i].pkey, "pub", point, sizeof(point), &len), 1,
                "as a point");
        text_hex(point, sizeof(point), hex);
        keys[i].other = key_json("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", hex);
}

/* Adds key i's signature over data under an id. */
static void sign(json_t *signatures, const char *id, size_t i, const char *data, size_t len)
{
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        char hex[257];
        uint8_t sig[128];
        size_t n = sizeof(sig);

        if (EVP_DigestSignInit(ctx, NULL, i < 2 ? NULL : EVP_sha256(), NULL, keys[i].pkey) != 1 ||
            EVP_DigestSign(ctx, sig, &n, (const uint8_t *)data, len) != 1)
                abort();
        EVP_MD_CTX_free(ctx);
        text_hex(sig, n, hex);
        (void)json_array_append_new(signatures, json_pack("{s:s, s:s}", "keyid", id, "sig", hex));
}

static struct tuf_metadata *metadata(enum tuf_role role, const json_t *body, const json_t *signatures)
{
        _cleanup_json_ json_t *envelope = json_pack("{s:O, s:O}", "signed", (json_t *)(uintptr_t)body,
                                                    "signatures", (json_t *)(uintptr_t)signatures);
        _cleanup_free_ char *text = json_dumps(envelope, JSON_INDENT(3));
        struct tuf_metadata *m = NULL;
        struct fault f = {};

        if (tuf_metadata_parse(role, text, strlen(text), &m, &f) < 0)
                printf("# %s\n", f.text);
        return m;
}

static json_t *body_timestamp(uint64_t version, uint64_t snapshot)
{
        return json_pack("{s:s, s:s, s:I, s:s, s:{s:{s:I}}, s:[s, {}]}", "_type", "timestamp",
                         "spec_version", "1.0.34", "version", (json_int_t)version, "expires",
                         "2030-01-01T00:00:00Z", "meta", "snapshot.json", "version", (json_int_t)snapshot,
                         "x-unknown", "\xc3\xa9\n\"\\");
}

/* A root whose timestamp role is as given: pairs of id and key, "a0" is keys[0] under the id "a", "a0'" in
 * its second form, "a?" a key of a type from the future; "a" alone is an id without a key. */
static struct tuf_metadata *root_of(const char *listed, int64_t threshold)
{
        _cleanup_json_ json_t *all = json_object(), *ids = json_array(), *none = json_array(), *body = NULL;
        _cleanup_free_ char *words = strdup(listed);
        char *rest = words, *word;

        while ((word = strsep(&rest, " ")))
                if (*word) {
                        char id[2] = { word[0], '\0' };

                        (void)json_array_append_new(ids, json_string(id));
                        if (word[1] == '?')
                                (void)json_object_set_new(all, id, key_json("new", "new", "x"));
                        else if (word[1])
                                (void)json_object_set(all, id,
                                                      word[2] == '\'' ? keys[word[1] - '0'].other
                                                                      : keys[word[1] - '0'].key);
                }
        body = json_pack("{s:s, s:s, s:i, s:s, s:O, s:{s:{s:O, s:i}, s:{s:O, s:i}, s:{s:O, s:i}, s:{s:O, "
                         "s:I}}}",
                         "_type", "root", "spec_version", "1.0.34", "version", 1, "expires",
                         "2030-01-01T00:00:00Z", "keys", all, "roles", "root", "keyids", none, "threshold",
                         1, "snapshot", "keyids", none, "threshold", 1, "targets", "keyids", none,
                         "threshold", 1, "timestamp", "keyids", ids, "threshold", (json_int_t)threshold);
        return metadata(TUF_ROOT, body, none);
}

/* ---- Signatures ---- */

static const struct {
        const char *listed;
        int64_t threshold;
        const char *signed_by; /* like listed; "a0!" broken, "a-" empty */
        bool good;
        const char *what;
} signings[] = {
        { "a0", 1, "a0", true, "one of one" },
        { "a0 b1", 2, "a0 b1", true, "two of two" },
        { "a0 b1", 2, "b1 a0", true, "in another order" },
        { "a0 b2", 2, "b2 a0", true, "of two kinds" },
        { "a0 b1 c2", 2, "c2 a0", true, "two of three" },
        { "a0 b1 c2", 2, "a0 b1 c2", true, "more than needed" },
        { "a0", 1, "", false, "by nobody" },
        { "a0 b1", 2, "a0", false, "threshold minus one" },
        { "a0 b1 c2", 3, "a0 c2", false, "threshold minus one of three" },
        { "a0", 2, "a0", false, "a threshold above the number of keys" },
        { "", 1, "a0", false, "no keys at all" },
        { "a0", 1, "b1", false, "by a stranger" },
        { "a0", 1, "a1", false, "by a stranger under a known id" },
        { "a0 b1", 1, "a1", false, "by a listed key under the id of another" },
        { "a0 b0", 2, "a0 b0", false, "one key under two ids" },
        { "a0 b0", 1, "a0 b0", true, "one key under two ids, where one will do" },
        { "a0 b0'", 2, "a0 b0", false, "one key, its text spelled twice" },
        { "a2 b2'", 2, "a2 b2", false, "one P-256 key in PEM and as a point" },
        { "a2 b2'", 1, "b2", true, "as a point" },
        { "a0 a0", 2, "a0", false, "one id listed twice" },
        { "a0 a0 b1", 2, "a0 b1", true, "one id listed twice, and another" },
        { "a0 b0 c1", 2, "a0 b0 c1", true, "one key under two ids, and another" },
        { "a0 b1", 1, "a0! b1", true, "a broken signature beside a good one" },
        { "a0 b1", 2, "a0! b1", false, "a broken signature in place of a good one" },
        { "a0 b1", 1, "a- b1", true, "an empty signature beside a good one" },
        { "a0 b0", 1, "a0! b0", true, "a broken signature of a key that signed well under its other id" },
        { "a? b1", 1, "a0 b1", true, "an unknown kind of key beside a good one" },
        { "a? b1", 2, "a0 b1", false, "an unknown kind of key in place of a good one" },
        { "a b1", 1, "a0 b1", true, "an id without a key" },
        { "a b1", 2, "a0 b1", false, "an id without a key in place of one" },
        { "a0", 1, "x1 y2 z3 a0", true, "by strangers too" },
};

static json_t *signatures_of(const char *signed_by, const char *data, size_t len)
{
        _cleanup_free_ char *words = strdup(signed_by);
        json_t *list = json_array();
        char *rest = words, *word;

        while ((word = strsep(&rest, " "))) {
                char id[2] = { word[0], '\0' };

                if (word[0] && word[1] == '-')
                        (void)json_array_append_new(list, json_pack("{s:s, s:s}", "keyid", id, "sig", ""));
                else if (word[0])
                        sign(list, id, (size_t)(word[1] - '0'), data, word[2] == '!' ? len - 1 : len);
        }
        return list;
}

static int verify(const json_t *body, const struct tuf_metadata *root, const char *signed_by,
                  const char *data, size_t len)
{
        _cleanup_json_ json_t *signatures = signatures_of(signed_by, data, len);
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = metadata(TUF_TIMESTAMP, body, signatures);
        struct fault f = {};
        int r;

        if (!m || !root)
                return -EINVAL;
        r = tuf_verify(m, root->signers + TUF_TIMESTAMP, "a test", &f);
        if (r < 0)
                tap_like(f.text, "timestamp.json version 3: ", "the object is named");
        return r;
}

static void test_signatures(void)
{
        _cleanup_json_ json_t *body = body_timestamp(3, 1);
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(TEXT_MAX);

        tap_int(json_write_canonical(body, &text), 0, "what is signed");
        for (size_t i = 0; i < ELEMENTSOF(signings); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *root =
                        root_of(signings[i].listed, signings[i].threshold);

                tap_int(verify(body, root, signings[i].signed_by, text.data, text.len),
                        signings[i].good ? 0 : -EKEYREJECTED, "%s", signings[i].what);
        }
}

/* What is signed is the canonical form, with every field, known or not. */
static void test_signed_bytes(void)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *root = root_of("a0", 1);
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(TEXT_MAX);
        _cleanup_json_ json_t *body = body_timestamp(3, 1);
        _cleanup_free_ char *compact = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);

        tap_int(json_write_canonical(body, &text), 0, "what is signed");
        tap_ok(strcmp(compact, text.data) != 0, "is not just any JSON");
        tap_int(verify(body, root, "a0", compact, strlen(compact)), -EKEYREJECTED, "another form of it");
        tap_int(json_array_append_new(json_object_get(body, "x-unknown"), json_true()), 0, "a change");
        tap_int(verify(body, root, "a0", text.data, text.len), -EKEYREJECTED, "in a field nobody knows");
        tap_int(json_object_del(body, "x-unknown"), 0, "the field left out");
        tap_int(verify(body, root, "a0", text.data, text.len), -EKEYREJECTED, "is noticed too");
}

/* ---- Time, versions ---- */

static void test_expiry(void)
{
        struct tuf_metadata m = {
                .role = TUF_SNAPSHOT, .file = "snapshot.json", .version = 2, .expires = 1000
        };
        struct fault f, g;

        tap_int(tuf_verify_expiry(&m, 999, &f), 0, "a second before");
        tap_int(tuf_verify_expiry(&m, 1000, &f), -ETIME, "higher than now, not equal");
        tap_like(f.text, "snapshot.json version 2 expired at 1970-01-01T00:16:40Z", "said");
        tap_int(tuf_verify_expiry(&m, 1000 + 3 * 86400, &f), -ETIME, "three days later");
        tap_like(f.text, ", 3 days ago by this machine's clock", "said, too");
        tap_int(tuf_verify_expiry(&m, 1000 + 3 * 86400 + 300, &g), -ETIME, "at the next poll");
        tap_str(g.text, f.text, "in the same words, so that it is told once");
        tap_int(tuf_verify_expiry(&m, INT64_MAX, &f), -ETIME, "the end of time");
        tap_int(tuf_verify_expiry(&m, INT64_MIN, &f), 0, "its beginning");
}

static void test_version(void)
{
        struct tuf_metadata m = { .role = TUF_TARGETS, .file = "targets.json", .version = 5 };
        struct tuf_file named = { .version = 5 };
        struct fault f;

        tap_int(tuf_verify_version(&m, &named, "snapshot.json", &f), 0, "the one named");
        named.version = 4;
        tap_int(tuf_verify_version(&m, &named, "snapshot.json", &f), -EBADMSG, "newer than named");
        named.version = 6;
        tap_int(tuf_verify_version(&m, &named, "snapshot.json", &f), -EBADMSG, "older than named");
        tap_like(f.text, "is version 5, snapshot.json names 6", "said");
}

static void test_timestamp_rollback(void)
{
        static const struct {
                uint64_t version, snapshot;
                int error;
        } cases[] = { { 5, 5, 0 },       { 6, 6, 0 },       { 6, 5, 0 },       { INT64_MAX, INT64_MAX, 0 },
                      { 4, 5, -ESTALE }, { 6, 4, -ESTALE }, { 4, 6, -ESTALE }, { 1, 1, -ESTALE } };
        _cleanup_json_ json_t *none = json_array(), *body = body_timestamp(5, 5);
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *before = metadata(TUF_TIMESTAMP, body, none);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *next = body_timestamp(cases[i].version, cases[i].snapshot);
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *after =
                        metadata(TUF_TIMESTAMP, next, none);

                tap_int(tuf_verify_timestamp_rollback(before, after, NULL), cases[i].error,
                        "timestamp %" PRIu64 " with snapshot %" PRIu64 " after 5 with 5", cases[i].version,
                        cases[i].snapshot);
                tap_int(tuf_verify_timestamp_rollback(NULL, after, NULL), 0, "or first of all");
        }
}

static struct tuf_metadata *snapshot_of(const char *meta)
{
        _cleanup_json_ json_t *none = json_array(), *body = NULL;

        body = json_pack("{s:s, s:s, s:i, s:s, s:o}", "_type", "snapshot", "spec_version", "1.0.34",
                         "version", 1, "expires", "2030-01-01T00:00:00Z", "meta", json_loads(meta, 0, NULL));
        return metadata(TUF_SNAPSHOT, body, none);
}

static void test_snapshot_rollback(void)
{
        static const struct {
                const char *meta;
                int error;
                const char *what;
        } cases[] = {
                { "{\"targets.json\":{\"version\":3},\"a.json\":{\"version\":3}}", 0, "the same" },
                { "{\"targets.json\":{\"version\":4},\"a.json\":{\"version\":3}}", 0, "targets moved on" },
                { "{\"targets.json\":{\"version\":3},\"a.json\":{\"version\":3},\"b.json\":{\"version\":1}}",
                  0, "a role more" },
                { "{\"targets.json\":{\"version\":2},\"a.json\":{\"version\":3}}", -ESTALE,
                  "targets went back" },
                { "{\"targets.json\":{\"version\":4},\"a.json\":{\"version\":2}}", -ESTALE,
                  "a role went back" },
                { "{\"targets.json\":{\"version\":4}}", -ESTALE, "a role is gone" },
                { "{\"targets.json\":{\"version\":4},\"A.json\":{\"version\":3}}", -ESTALE,
                  "a role has another name" },
        };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *before = snapshot_of(cases[0].meta);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *after = snapshot_of(cases[i].meta);

                tap_int(tuf_verify_snapshot_rollback(before, after, NULL), cases[i].error, "snapshot: %s",
                        cases[i].what);
                tap_int(tuf_verify_snapshot_rollback(NULL, after, NULL), 0, "or first of all");
        }
}

/* ---- Rotation ---- */

static void test_rotated(void)
{
        static const struct {
                const char *before, *after;
                bool rotated;
                const char *what;
        } cases[] = {
                { "a0 b1", "a0 b1", false, "nothing changed" },
                { "a0 b1", "b1 a0", false, "only the order" },
                { "a0", "a0 b1", false, "a key was added" },
                { "a0", "b0", false, "a key has another id" },
                { "a2", "a2'", false, "a key is spelled otherwise" },
                { "a0", "a1", true, "another key under the old id" },
                { "a0", "b1", true, "a key was replaced" },
                { "a0 b1", "a0", true, "a key was taken away" },
                { "a0 b1", "a0 c2", true, "one of two was replaced" },
                { "a0", "", true, "all are gone" },
                { "a? b1", "b1", false, "what never counted is gone" },
                { "", "a0", false, "the first key" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *before = root_of(cases[i].before, 1),
                                                                  *after = root_of(cases[i].after, 1);

                tap_int(tuf_signers_rotated(before->signers + TUF_TIMESTAMP, after->signers + TUF_TIMESTAMP),
                        cases[i].rotated, "%s: %s", cases[i].what,
                        cases[i].rotated ? "rotated" : "not rotated");
        }
}

int main(void)
{
        make_ed25519(0);
        make_ed25519(1);
        make_p256(2);
        make_p256(3);
        test_signatures();
        test_signed_bytes();
        test_expiry();
        test_version();
        test_timestamp_rollback();
        test_snapshot_rollback();
        test_rotated();
        for (size_t i = 0; i < KEYS; i++) {
                EVP_PKEY_free(keys[i].pkey);
                json_decref(keys[i].key);
                json_decref(keys[i].other);
        }
        return tap_done();
}
