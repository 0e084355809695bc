/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* TUF metadata as text: what is refused for its form, what sums say. */

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

static void test_signature_size(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        for (size_t over = 0; over <= 1; over++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
                size_t n = TUF_SIGNATURE_SIZE_MAX + over;
                _cleanup_free_ char *hex = calloc(1, 2 * n + 1), *text = NULL;
                _cleanup_json_ json_t *envelope = NULL;

                memset(hex, 'a', 2 * n);
                envelope = json_pack("{s:O, s:[{s:s, s:s}]}", "signed", w->body[TUF_TIMESTAMP], "signatures",
                                     "keyid", "x", "sig", hex);
                text = json_dumps(envelope, 0);
                tap_int(tuf_metadata_parse(TUF_TIMESTAMP, text, strlen(text), &m, NULL), 0,
                        "a signature of %zu bytes", n);
                tap_ok(m && (m->signatures[0].sig != NULL) == !over, "is %s", over ? "none" : "one");
        }
}

/* ---- Sums ---- */

static void test_sums(void)
{
        static const char text[] = "{\"length\":3,\"hashes\":{\"md5\":\"x\",\"sha512\":"
                                   "\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                   "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\"},"
                                   "\"custom\":{\"v\":[1]}}";
        _cleanup_json_ json_t *json = json_loads(text, 0, NULL);
        struct tuf_file file = {};
        char path[FETCH_PATH_SIZE];
        struct fault f;

        tap_int(tuf_file_parse(TUF_FILE_TARGET, "x", json, "t", &file, &f), 0, "SHA-512 alone");
        tap_str(file.custom, "{\"v\":[1]}", "custom is kept");
        tap_int(tuf_check_bytes(&file, "abc", 3, &f), 0, "good");
        tap_int(tuf_check_bytes(&file, "abd", 3, &f), -EBADMSG, "bad");
        tap_like(f.text, "SHA-512", "said");
        tap_int(tuf_file_path(&file, true, path, &f), 0, "a path");
        tap_ok(str_has_prefix(path, "targets/ddaf35a1") && str_has_suffix(path, "49f.x"),
               "named by SHA-512");
        tuf_file_done(&file);
}

/* What of a description must be true of the bytes "abc". */
static void test_sum_kinds(void)
{
#define GOOD256 "\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\""
#define CAPS256 "\"sha256\":\"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD\""
#define BAD256  "\"sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae\""
#define GOOD512                                                                                             \
        "\"sha512\":\"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                     \
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\""
#define BAD512                                                                                              \
        "\"sha512\":\"cdaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"                     \
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f\""
        static const struct {
                enum tuf_file_kind kind;
                const char *json;
                int error;
                const char *word;
        } cases[] = {
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" GOOD256 "}}", 0, "" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" CAPS256 "}}", 0, "" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" GOOD512 "}}", 0, "" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" GOOD256 "," GOOD512 "}}", 0, "" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" GOOD256 "," BAD512 "}}", -EBADMSG,
                  "SHA-512" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" BAD256 "," GOOD512 "}}", -EBADMSG,
                  "SHA-256" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{" BAD256 "}}", -EBADMSG, "SHA-256" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{\"blake3\":5," GOOD256 "}}", 0, "" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{\"md5\":\"x\"," BAD256 "}}", -EBADMSG, "SHA" },
                { TUF_FILE_TARGET, "{\"length\":3,\"hashes\":{\"md5\":\"x\"}}", -EBADMSG, "unknown kinds" },
                { TUF_FILE_TARGET, "{\"length\":2,\"hashes\":{" GOOD256 "}}", -EBADMSG, "longer than" },
                { TUF_FILE_TARGET, "{\"length\":4,\"hashes\":{" GOOD256 "}}", -EBADMSG, "4 were signed" },
                { TUF_FILE_META, "{\"version\":1}", 0, "" },
                { TUF_FILE_META, "{\"version\":1,\"length\":3}", 0, "" },
                { TUF_FILE_META, "{\"version\":1,\"length\":2}", -EBADMSG, "longer than" },
                { TUF_FILE_META, "{\"version\":1,\"length\":4}", -EBADMSG, "4 were signed" },
                { TUF_FILE_META, "{\"version\":1,\"hashes\":{" GOOD256 "}}", 0, "" },
                { TUF_FILE_META, "{\"version\":1,\"hashes\":{" BAD256 "}}", -EBADMSG, "SHA-256" },
                { TUF_FILE_META, "{\"version\":1,\"hashes\":{" GOOD512 "}}", 0, "" },
                { TUF_FILE_META, "{\"version\":1,\"hashes\":{\"md5\":\"x\"}}", -EBADMSG, "unknown kinds" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_json_ json_t *json = json_loads(cases[i].json, 0, NULL);
                struct tuf_file file = {};
                struct fault f = {};

                tap_int(tuf_file_parse(cases[i].kind, "x", json, "t", &file, &f), 0, "%.60s", cases[i].json);
                tap_int(tuf_check_bytes(&file, "abc", 3, &f), cases[i].error, "abc is %s it",
                        cases[i].error ? "not" : "as");
                tap_like(f.text, cases[i].word, "says why");
                tuf_file_done(&file);
        }
}

static void test_pieces(void)
{
        static uint8_t sum[SHA256_SIZE];
        struct tuf_file file = { .has_length = true, .length = 6, .has_hashes = true, .has_sha256 = true };
        _cleanup_(tuf_check_freep) struct tuf_check *c = NULL;
        char name[] = "x";
        struct fault f;

        file.name = name;
        tap_int(digest_bytes("abcdef", 6, sum), 0, "a sum");
        memcpy(file.sha256, sum, sizeof(sum));
        tap_int(tuf_check_new(&file, &c, &f), 0, "a check");
        tap_int(tuf_check_add(c, "abc", 3, &f), 0, "a piece");
        tap_int(tuf_check_add(c, "def", 3, &f), 0, "another");
        tap_int(tuf_check_end(c, &f), 0, "make the whole");
}

/* ---- Where a target is ---- */

static void test_paths(void)
{
        static const struct {
                const char *name, *path; /* without consistent snapshots; NULL: refused */
        } cases[] = {
                { "a", "targets/a" },
                { "a/b.c", "targets/a/b.c" },
                { "...", "targets/..." },
                { "a/.b/..c", "targets/a/.b/..c" },
                { "a b?c#d%2e", "targets/a%20b%3Fc%23d%252e" },
                { "\xc3\xa9\n\\:@", "targets/%C3%A9%0A%5C%3A%40" },
                { "AZaz09-._~", "targets/AZaz09-._~" },
                { "", NULL },
                { "/a", NULL },
                { "a/", NULL },
                { "a//b", NULL },
                { ".", NULL },
                { "..", NULL },
                { "a/./b", NULL },
                { "a/../b", NULL },
                { "../a", NULL },
                { "a/..", NULL },
        };
        char path[FETCH_PATH_SIZE], name[FETCH_PATH_SIZE + 1];
        struct tuf_file file = { .has_sha256 = true };
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                (void)snprintf(name, sizeof(name), "%s", cases[i].name);
                file.name = name;
                tap_int(tuf_file_path(&file, false, path, &f), cases[i].path ? 0 : -EINVAL, "\"%s\"",
                        cases[i].path ? cases[i].path : cases[i].name);
                if (cases[i].path)
                        tap_str(path, cases[i].path, "is there");
        }
        for (size_t over = 0; over <= 1; over++) {
                size_t n = FETCH_PATH_SIZE - 1 - STRLEN("targets/") + over;

                memset(name, 'x', n);
                name[n] = '\0';
                tap_int(tuf_file_path(&file, false, path, &f), over ? -EINVAL : 0, "%zu characters", n);
        }
        file.has_sha256 = false;
        (void)snprintf(name, sizeof(name), "a");
        tap_int(tuf_file_path(&file, true, path, &f), -EBADMSG, "named by a sum that is not there");
        tap_int(tuf_file_path(&file, false, path, &f), 0, "not named by it");
        file.has_sha256 = file.has_sha512 = true;
        memset(file.sha256, 0x25, SHA256_SIZE);
        tap_int(tuf_file_path(&file, true, path, &f), 0, "named by one of two");
        tap_ok(str_has_prefix(path, "targets/2525") && strlen(path) == STRLEN("targets/.a") + 64,
               "by SHA-256");
}

int main(void)
{
        test_form();
        test_envelope();
        test_size_limits();
        test_depth_limit();
        test_values_limit();
        test_signature_limits();
        test_signature_size();
        test_sums();
        test_sum_kinds();
        test_pieces();
        test_paths();
        return tap_done();
}
