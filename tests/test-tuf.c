/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TUF metadata as text: what is refused for its form, and its limits. */

#include "facts/tuf_metadata.h"
#include "facts/tuf_verify.h"

#include "tap.h"
#include "tuf-world.h"

/* ---- Form: changes to good metadata, each refused with a word ---- */

static int parse(enum tuf_role role, const json_t *body, const char *signatures, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_json_ json_t *envelope = json_pack("{s:O}", "signed", (json_t *)(uintptr_t)body);
        _cleanup_free_ char *text = NULL;

        *f = (struct fault){};
        if (signatures)
                (void)json_object_set_new(envelope, "signatures", json_loads(signatures, 0, NULL));
        text = json_dumps(envelope, 0);
        return tuf_metadata_parse(role, text, strlen(text), &m, f);
}

static const struct {
        enum tuf_role role;
        const char *at, *value; /* member of "signed", down through '.'; NULL removes it */
        const char *word;       /* NULL: fine */
} forms[] = {
        { TUF_ROOT, "version", "1", NULL },
        { TUF_ROOT, "version", "0", "version" },
        { TUF_ROOT, "version", "-1", "version" },
        { TUF_ROOT, "version", "\"1\"", "version" },
        { TUF_ROOT, "version", "1.0", "fraction" },
        { TUF_ROOT, "version", "1e1", "fraction" },
        { TUF_ROOT, "version", "true", "version" },
        { TUF_ROOT, "version", "9223372036854775807", NULL },
        { TUF_ROOT, "version", NULL, "version" },
        { TUF_ROOT, "expires", "\"2030-01-01\"", "expires" },
        { TUF_ROOT, "expires", "5", "expires" },
        { TUF_ROOT, "expires", "\"2030-01-01T00:00:00.5Z\"", "expires" },
        { TUF_ROOT, "expires", "\"2030-01-01T00:00:00-06:00\"", "expires" },
        { TUF_ROOT, "_type", "\"targets\"", "type" },
        { TUF_ROOT, "_type", "\"Root\"", "type" },
        { TUF_ROOT, "_type", NULL, "_type" },
        { TUF_ROOT, "spec_version", "\"1.0\"", NULL },
        { TUF_ROOT, "spec_version", "\"1.99.0\"", NULL },
        { TUF_ROOT, "spec_version", "\"2.0.0\"", "a newer one may be needed" },
        { TUF_ROOT, "spec_version", "\"1\"", "TUF \"1\"" },
        { TUF_ROOT, "spec_version", "\"1.\"", "TUF \"1.\"" },
        { TUF_ROOT, "spec_version", "\"1.x\"", "TUF \"1.x\"" },
        { TUF_ROOT, "spec_version", "\"10.0\"", "TUF \"10.0\"" },
        { TUF_ROOT, "spec_version", "1", "spec_version" },
        { TUF_ROOT, "consistent_snapshot", NULL, NULL },
        { TUF_ROOT, "consistent_snapshot", "1", "consistent_snapshot" },
        { TUF_ROOT, "keys", "[]", "keys" },
        { TUF_ROOT, "roles", NULL, "roles" },
        { TUF_ROOT, "roles.mirrors", "{}", NULL },
        { TUF_ROOT, "roles.snapshot", NULL, "snapshot" },
        { TUF_ROOT, "roles.snapshot.threshold", "0", "role snapshot: \"threshold\"" },
        { TUF_ROOT, "roles.snapshot.threshold", "-1", "role snapshot: \"threshold\"" },
        { TUF_ROOT, "roles.snapshot.threshold", NULL, "role snapshot: \"threshold\"" },
        { TUF_ROOT, "roles.snapshot.threshold", "99", NULL },
        { TUF_ROOT, "roles.snapshot.keyids", "[\"none\"]", NULL },
        { TUF_ROOT, "roles.snapshot.keyids", "[]", NULL },
        { TUF_ROOT, "roles.snapshot.keyids", "[5]", "key id is not a string" },
        { TUF_ROOT, "roles.snapshot.keyids", "{}", "keyids" },
        { TUF_TIMESTAMP, "meta", "{}", "does not list snapshot.json" },
        { TUF_TIMESTAMP, "meta.other", "{\"version\":1}", "more than snapshot.json" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1}", NULL },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":0}", "version" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{}", "version" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"length\":0,\"more\":[]}", NULL },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"length\":\"1\"}", "length" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"hashes\":[]}", "hashes" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"hashes\":{\"md5\":\"\"}}", NULL },
        { TUF_TIMESTAMP, "meta.snapshot.json", "[]", "not an object" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"length\":-1}", "length" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"hashes\":{}}", "empty" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"hashes\":{\"sha256\":\"00\"}}",
          "64 hexadecimal" },
        { TUF_TIMESTAMP, "meta.snapshot.json", "{\"version\":1,\"hashes\":{\"sha512\":5}}", "sha512" },
        { TUF_SNAPSHOT, "meta", "{\"x.json\":{\"version\":1}}", "does not list targets.json" },
        { TUF_SNAPSHOT, "meta.x", "{\"version\":1}", NULL },
        { TUF_TARGETS, "targets", "{}", NULL },
        { TUF_TARGETS, "targets", "[]", "targets" },
        { TUF_TARGETS, "targets.x", "{\"length\":1}", "hashes" },
        { TUF_TARGETS, "targets.x", "{\"hashes\":{\"sha256\":\"\"}}", "length" },
        { TUF_TARGETS, "targets.x", "{\"length\":1,\"hashes\":{\"md5\":\"\"}}", NULL },
        { TUF_TARGETS, "targets.x", "{\"length\":1,\"hashes\":{\"md5\":\"\"},\"custom\":1}", "custom" },
        { TUF_TARGETS, "targets.x", "{\"length\":1,\"hashes\":{\"md5\":\"\"},\"custom\":{}}", NULL },
};

static void test_form(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                _cleanup_json_ json_t *body = json_deep_copy(w->body[forms[i].role]);
                _cleanup_free_ char *at = strdup(forms[i].at);
                json_t *parent = body;
                struct fault f;
                char *key = at, *dot;
                int r;

                /* The last member may have a dot in its name. */
                while ((dot = strchr(key, '.')) &&
                       json_is_object(json_object_get(parent, (*dot = '\0', key)))) {
                        parent = json_object_get(parent, key);
                        key = dot + 1;
                }
                if (dot)
                        *dot = '.';
                if (forms[i].value)
                        (void)json_object_set_new(parent, key,
                                                  json_loads(forms[i].value, JSON_DECODE_ANY, NULL));
                else
                        (void)json_object_del(parent, key);
                r = parse(forms[i].role, body, "[]", &f);
                tap_int(r, forms[i].word ? -EINVAL : 0, "%s: %s = %s", tuf_role_name(forms[i].role),
                        forms[i].at, forms[i].value ? forms[i].value : "(missing)");
                tap_like(f.text, forms[i].word ? forms[i].word : "", "says why");
        }
}

static void test_envelope(void)
{
        static const struct {
                const char *signatures;
                int error;
        } cases[] = {
                { "[]", 0 },
                { NULL, -EINVAL },
                { "{}", -EINVAL },
                { "[5]", -EINVAL },
                { "[{\"keyid\":\"a\"}]", -EINVAL },
                { "[{\"keyid\":\"a\",\"sig\":5}]", -EINVAL },
                { "[{\"keyid\":\"a\",\"sig\":\"\"}]", 0 },
                { "[{\"keyid\":\"a\",\"sig\":\"no hex\"}]", 0 },
                { "[{\"keyid\":\"a\",\"sig\":\"abc\"}]", 0 },
                { "[{\"keyid\":\"a\",\"sig\":\"00\"},{\"keyid\":\"b\",\"sig\":\"00\"}]", 0 },
                { "[{\"keyid\":\"a\",\"sig\":\"00\"},{\"keyid\":\"a\",\"sig\":\"11\"}]", -EINVAL },
        };
        _cleanup_(world_freep) struct world *w = world_new();
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_int(parse(TUF_ROOT, w->body[TUF_ROOT], cases[i].signatures, &f), cases[i].error,
                        "signatures: %s", cases[i].signatures ? cases[i].signatures : "(missing)");
}

/* ---- Limits: each at its bound, and one over ---- */

/* The role's metadata with no signatures and " extra": text before its last brace. */
static char *padded(const struct world *w, enum tuf_role role, const char *extra)
{
        _cleanup_json_ json_t *envelope = json_pack("{s:[], s:O}", "signatures", "signed", w->body[role]);
        _cleanup_free_ char *text = json_dumps(envelope, JSON_COMPACT);
        char *out = NULL;

        if (asprintf(&out, "%.*s%s}", (int)strlen(text) - 1, text, extra) < 0)
                abort();
        return out;
}

static int parsed(enum tuf_role role, const char *text, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;

        return tuf_metadata_parse(role, text, len, &m, f);
}

static void test_size_limits(void)
{
        static const uint64_t want[] = { [TUF_ROOT] = 512 << 10,
                                         [TUF_TIMESTAMP] = 16 << 10,
                                         [TUF_SNAPSHOT] = 2 << 20,
                                         [TUF_TARGETS] = 5 << 20 };
        _cleanup_(world_freep) struct world *w = world_new();

        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                _cleanup_free_ char *text = padded(w, i, ""), *space = NULL;
                size_t n = strlen(text), max = (size_t)tuf_role_bytes_max(i);
                struct fault f;

                tap_int(max, (long long)want[i], "%s: at most %zu bytes", tuf_role_name(i), max);
                space = malloc(max + 2);
                memset(space, ' ', max + 2);
                memcpy(space, text, n);
                tap_int(parsed(i, space, max, &f), 0, "%s: so many bytes", tuf_role_name(i));
                tap_int(parsed(i, space, max + 1, &f), -EFBIG, "%s: one more", tuf_role_name(i));
                tap_like(f.text, tuf_role_file(i), "said");
        }
}

static void test_depth_limit(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        char extra[128];

        for (int over = 0; over <= 1; over++) {
                int n = TUF_DEPTH_MAX - 1 + over; /* the envelope is one */
                _cleanup_free_ char *text = NULL;
                struct fault f;

                (void)snprintf(extra, sizeof(extra), ",\"x\":%.*s%.*s", n,
                               "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", n, "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
                text = padded(w, TUF_TIMESTAMP, extra);
                tap_int(parsed(TUF_TIMESTAMP, text, strlen(text), &f), over ? -EFBIG : 0, "%d deep", n + 1);
        }
}

/* Values as json_limits counts them; no string here has these characters in it. */
static size_t values_in(const char *text)
{
        size_t n = 1;

        for (; *text; text++)
                n += *text == ',' || *text == '[' || *text == '{';
        return n;
}

static void test_values_limit(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        const size_t max = TUF_TIMESTAMP_BYTES_MAX / TUF_BYTES_PER_VALUE;
        char extra[4096] = ",\"x\":[0";
        bool over = false;

        while (!over) {
                char list[4200];
                _cleanup_free_ char *text = NULL;
                size_t n;
                int r;

                (void)snprintf(list, sizeof(list), "%s]", extra);
                text = padded(w, TUF_TIMESTAMP, list);
                n = values_in(text);
                if (n >= max) {
                        over = n > max;
                        r = parsed(TUF_TIMESTAMP, text, strlen(text), NULL);
                        tap_int(r, over ? -EFBIG : 0, "%zu values", n);
                }
                memcpy(extra + strlen(extra), ",0", 3);
        }
}

static void test_signature_limits(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_json_ json_t *list = json_array();
        struct fault f;

        for (unsigned i = 0; i <= TUF_SIGNATURES_MAX; i++) {
                _cleanup_free_ char *text = NULL;
                char id[16];

                (void)snprintf(id, sizeof(id), "%u", i);
                (void)json_array_append_new(list, json_pack("{s:s, s:s}", "keyid", id, "sig", ""));
                if (i + 1 < TUF_SIGNATURES_MAX)
                        continue;
                text = json_dumps(list, 0);
                tap_int(parse(TUF_ROOT, w->body[TUF_ROOT], text, &f), i < TUF_SIGNATURES_MAX ? 0 : -EFBIG,
                        "%u signatures", i + 1);
        }
        json_array_clear(list);
        for (unsigned i = 0; i <= TUF_KEYS_MAX; i++) {
                (void)json_array_append_new(list, json_string("x"));
                (void)json_object_set(json_object_get(json_object_get(w->body[TUF_ROOT], "roles"), "root"),
                                      "keyids", list);
                if (i + 1 >= TUF_KEYS_MAX)
                        tap_int(parse(TUF_ROOT, w->body[TUF_ROOT], "[]", &f), i < TUF_KEYS_MAX ? 0 : -EFBIG,
                                "%u keys", i + 1);
        }
}

static void signature(const char *hex, size_t want)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_json_ json_t *envelope =
                json_pack("{s:O, s:[{s:s, s:s, s:b}]}", "signed", w->body[TUF_TIMESTAMP], "signatures",
                          "keyid", "x", "sig", hex, "more", 1);
        _cleanup_free_ char *text = json_dumps(envelope, 0);

        tap_int(tuf_metadata_parse(TUF_TIMESTAMP, text, strlen(text), &m, NULL), 0,
                "a signature of %zu digits", strlen(hex));
        tap_ok(m && (m->signatures[0].sig != NULL) == (want > 0) && m->signatures[0].len == want, "is %s",
               want ? "one" : "none");
}

static void test_signature_forms(void)
{
        char hex[2 * TUF_SIGNATURE_SIZE_MAX + 3];

        signature("", 0);
        signature("ab", 1);
        signature("AB01", 2);
        signature("a", 0);
        signature("abc", 0);
        signature("zz", 0);
        signature("ab zz ", 0);
        memset(hex, 'a', sizeof(hex));
        hex[2 * TUF_SIGNATURE_SIZE_MAX] = '\0';
        signature(hex, TUF_SIGNATURE_SIZE_MAX);
        hex[2 * TUF_SIGNATURE_SIZE_MAX] = 'a';
        hex[2 * TUF_SIGNATURE_SIZE_MAX + 2] = '\0';
        signature(hex, 0);
}

/* ---- What is read ---- */

static void test_root_read(void)
{
        static const struct {
                json_t *(*value)(void);
                bool consistent;
        } cases[] = { { json_true, true }, { json_false, false }, { NULL, false } };
        _cleanup_(world_freep) struct world *w = world_new();
        json_t *role = json_object_get(json_object_get(w->body[TUF_ROOT], "roles"), "targets");
        const char *id = json_string_value(json_array_get(json_object_get(role, "keyids"), 0));

        (void)json_object_set_new(role, "keyids", json_pack("[s, s, s, s]", "none", id, id, "x"));
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
                _cleanup_free_ char *text = NULL;

                (void)json_object_del(w->body[TUF_ROOT], "consistent_snapshot");
                if (cases[i].value)
                        (void)json_object_set_new(w->body[TUF_ROOT], "consistent_snapshot",
                                                  cases[i].value());
                text = padded(w, TUF_ROOT, "");
                tap_int(tuf_metadata_parse(TUF_ROOT, text, strlen(text), &m, NULL), 0, "a root");
                if (!m)
                        continue;
                tap_int(m->consistent_snapshot, cases[i].consistent, "consistent snapshots");
                tap_int((long long)m->signers[TUF_TARGETS].n_keys, 1, "keys that are there, each id once");
                tap_ok(m->len == strlen(text) && memcmp(m->bytes, text, m->len) == 0, "as it came");
        }
}

int main(void)
{
        test_form();
        test_envelope();
        test_size_limits();
        test_depth_limit();
        test_values_limit();
        test_signature_limits();
        test_signature_forms();
        test_root_read();
        return tap_done();
}
