/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegations as text: what is refused, which names a role is trusted with, what its file is called. */

#include "facts/tuf_delegation.h"

#include "tap.h"

/* ---- Patterns, spec 4.5 ---- */

static const struct {
        const char *pattern, *name;
        bool matches;
} patterns[] = {
        /* The spec's own examples. */
        { "targets/*.tgz", "targets/foo.tgz", true },
        { "targets/*.tgz", "targets/bar.tgz", true },
        { "targets/*.tgz", "targets/foo.txt", false },
        { "foo-version-?.tgz", "foo-version-2.tgz", true },
        { "foo-version-?.tgz", "foo-version-a.tgz", true },
        { "foo-version-?.tgz", "foo-version-alpha.tgz", false },
        { "*.tgz", "foo.tgz", true },
        { "*.tgz", "targets/foo.tgz", false },
        { "foo.tgz", "foo.tgz", true },
        { "foo.tgz", "bar.tgz", false },
        /* Slashes are matched by slashes. */
        { "*", "a/b", false },
        { "*/*", "a/b", true },
        { "*/*", "a", false },
        { "*/*", "a/b/c", false },
        { "a?b", "a/b", false },
        { "a[/]b", "a/b", false },
        { "a[!x]b", "a/b", false },
        { "a[.-0]b", "a/b", false },
        { "a/*/c", "a//c", true },
        { "a*c", "a/c", false },
        { "**", "a/b", false },
        { "a/**", "a/b/c", false },
        { "a/", "a/", true },
        { "a", "a/", false },
        { "/a", "a", false },
        /* Stars. */
        { "*", "", true },
        { "", "", true },
        { "", "a", false },
        { "a", "", false },
        { "?", "", false },
        { "**", "abc", true },
        { "a*", "a", true },
        { "*a", "ba", true },
        { "*a*b*", "xxaxxbxx", true },
        { "*a*b*", "xxbxxaxx", false },
        { "a*bc", "abcbc", true },
        { "a*b/*c", "aXb/Yc", true },
        { "a*b/*c", "aXb/Yd", false },
        { "*b/c", "ab/bb/c", false },
        { "*.*", ".hidden", true },
        /* Sets. */
        { "[abc]", "b", true },
        { "[abc]", "d", false },
        { "[a-c]x", "bx", true },
        { "[a-c]x", "dx", false },
        { "[!a-c]", "d", true },
        { "[!a-c]", "b", false },
        { "[]]", "]", true },
        { "[!]]", "]", false },
        { "[!]]", "a", true },
        { "[a-]", "-", true },
        { "[-a]", "-", true },
        { "[c-a]", "b", false },
        { "[*]", "*", true },
        { "[*]", "a", false },
        { "[?]", "?", true },
        { "[", "[", true },
        { "[a", "[a", true },
        { "[a", "a", false },
        { "a[", "a[", true },
        { "[]", "[]", true },
        { "[!]", "[!]", true },
        { "x[a/b]y", "x[a/b]y", true },
        { "*[0-9]", "v12", true },
        { "*[0-9]", "v1x", false },
        /* No escapes; bytes are what they are, characters are whole. */
        { "a\\*", "a\\b", true },
        { "a\\*", "a*", false },
        { "A", "a", false },
        { "?", "\xc3\xa9", true },
        { "??", "\xc3\xa9", false },
        { "[\xc3\xa9]", "\xc3\xa9", true },
        { "[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true },
        { "[!a]", "\xf0\x9f\x98\x80", true },
        { "*\xa9", "\xc3\xa9", false },
};

static void test_patterns(void)
{
        for (size_t i = 0; i < ELEMENTSOF(patterns); i++)
                tap_int(tuf_pattern_matches(patterns[i].pattern, patterns[i].name), patterns[i].matches,
                        "'%s' %s '%s'", patterns[i].pattern, patterns[i].matches ? "matches" : "is not",
                        patterns[i].name);
}

/* Work that grows with 2 to the number of stars would not come to an end here. */
static void test_pattern_effort(void)
{
        char pattern[4001], name[2001];

        for (size_t i = 0; i < 2000; i++)
                memcpy(pattern + 2 * i, "*a", 2);
        pattern[4000] = '\0';
        memset(name, 'a', 1999);
        name[1999] = 'b';
        name[2000] = '\0';
        tap_ok(!tuf_pattern_matches(pattern, name), "two thousand stars");
}

/* ---- Who is trusted with a name ---- */

static struct tuf_delegation *delegations(const char *text, size_t *n, int *r, struct fault *f)
{
        _cleanup_json_ json_t *json = json_loads(text, 0, NULL);
        struct tuf_delegation *d = NULL;

        *n = 0;
        *f = (struct fault){};
        *r = json ? tuf_delegations_parse(json, "targets.json", &d, n, f) : -EBADF;
        return d;
}

static void test_scope(void)
{
        /* SHA-256 of "foo.tgz" begins with b67b, that of "a" with ca97. */
        static const struct {
                const char *scope, *name;
                bool matches;
        } cases[] = {
                { "\"paths\":[\"x\",\"foo.*\"]", "foo.tgz", true },
                { "\"paths\":[\"x\",\"foo.*\"]", "a", false },
                { "\"paths\":[]", "a", false },
                { "\"path_hash_prefixes\":[\"ca97\"]", "a", true },
                { "\"path_hash_prefixes\":[\"00\",\"c\"]", "a", true },
                { "\"path_hash_prefixes\":[\"00\",\"d\"]", "a", false },
                { "\"path_hash_prefixes\":[\"CA97\"]", "a", false },
                { "\"path_hash_prefixes\":[\"\"]", "a", true },
                { "\"path_hash_prefixes\":[]", "a", false },
                { "\"path_hash_prefixes\":[\"*\"]", "a", false },
                { "\"path_hash_prefixes\":["
                  "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\"]",
                  "a", true },
                { "\"path_hash_prefixes\":["
                  "\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb0\"]",
                  "a", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct tuf_delegation *d;
                struct tuf_target_name name;
                char text[512];
                struct fault f;
                size_t n;
                int r;

                (void)snprintf(text, sizeof(text),
                               "{\"keys\":{},\"roles\":[{\"name\":\"r\",\"keyids\":[],\"threshold\":1,%s}]}",
                               cases[i].scope);
                d = delegations(text, &n, &r, &f);
                tap_int(r, 0, "%s", cases[i].scope);
                tap_int(tuf_target_name(cases[i].name, &name), 0, "a name");
                if (n == 1)
                        tap_int(tuf_delegation_matches(d, &name), cases[i].matches, "%s %s",
                                cases[i].matches ? "has" : "has not", cases[i].name);
                tuf_delegations_free(d, n);
        }
}

/* ---- Form ---- */

#define ROLE(name, more) "{\"name\":\"" name "\",\"keyids\":[],\"threshold\":1" more "}"
#define PATHS            ",\"paths\":[]"

static void test_form(void)
{
        static const struct {
                const char *keys, *roles;
                const char *word; /* NULL: fine */
        } cases[] = {
                { "{}", "[]", NULL },
                { "{}", "[" ROLE("a", PATHS) "]", NULL },
                { "{}", "[" ROLE("a", PATHS ",\"terminating\":true,\"more\":1") "]", NULL },
                { "{}", "[" ROLE("a", PATHS) "," ROLE("b", PATHS) "]", NULL },
                { "{}", "[" ROLE("a", PATHS) "," ROLE("A", PATHS) "]", NULL },
                { "{}", "[" ROLE("../x", PATHS) "," ROLE("?", PATHS) "," ROLE("\xc3\xa9", PATHS) "]", NULL },
                { "[]", "[]", "keys" },
                { "{}", "{}", "roles" },
                { "{}", "[5]", "name" },
                { "{}", "[" ROLE("a", PATHS) "," ROLE("a", PATHS) "]", "twice" },
                { "{}", "[" ROLE("a", PATHS) "," ROLE("b", PATHS) "," ROLE("a", PATHS) "]", "twice" },
                { "{}", "[" ROLE("root", PATHS) "]", "root alone" },
                { "{}", "[" ROLE("timestamp", PATHS) "]", "root alone" },
                { "{}", "[" ROLE("snapshot", PATHS) "]", "root alone" },
                { "{}", "[" ROLE("targets", PATHS) "]", "root alone" },
                { "{}", "[" ROLE("", PATHS) "]", "no name" },
                { "{}", "[" ROLE("a", "") "]", "needs one of" },
                { "{}", "[" ROLE("a", PATHS ",\"path_hash_prefixes\":[]") "]", "needs one of" },
                { "{}", "[" ROLE("a", ",\"paths\":{}") "]", "not a list" },
                { "{}", "[" ROLE("a", ",\"paths\":\"*\"") "]", "not a list" },
                { "{}", "[" ROLE("a", ",\"paths\":[5]") "]", "not a string" },
                { "{}", "[" ROLE("a", ",\"path_hash_prefixes\":[5]") "]", "not a string" },
                { "{}", "[" ROLE("a", PATHS ",\"terminating\":1") "]", "terminating" },
                { "{}", "[{\"name\":5,\"keyids\":[],\"threshold\":1" PATHS "}]", "name" },
                { "{}", "[{\"keyids\":[],\"threshold\":1" PATHS "}]", "name" },
                { "{}", "[{\"name\":\"a\",\"threshold\":1" PATHS "}]", "keyids" },
                { "{}", "[{\"name\":\"a\",\"keyids\":[]" PATHS "}]", "threshold" },
                { "{}", "[{\"name\":\"a\",\"keyids\":[],\"threshold\":0" PATHS "}]", "threshold" },
                { "{\"k\":{}}", "[{\"name\":\"a\",\"keyids\":[\"k\"],\"threshold\":1" PATHS "}]",
                  "keytype" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct tuf_delegation *d;
                char text[512];
                struct fault f;
                size_t n;
                int r;

                (void)snprintf(text, sizeof(text), "{\"keys\":%s,\"roles\":%s}", cases[i].keys,
                               cases[i].roles);
                d = delegations(text, &n, &r, &f);
                tap_int(r, cases[i].word ? -EINVAL : 0, "%s", text);
                tap_like(f.text, cases[i].word ? cases[i].word : "", "says why");
                tuf_delegations_free(d, n);
        }
}

static void test_read(void)
{
        static const char text[] = "{\"keys\":{\"k\":{\"keytype\":\"ed25519\",\"scheme\":\"ed25519\","
                                   "\"keyval\":{\"public\":\"x\"}}},\"roles\":["
                                   "{\"name\":\"b\",\"keyids\":[\"k\",\"none\",\"k\"],\"threshold\":2,"
                                   "\"terminating\":true,\"paths\":[\"x\",\"y\"]},"
                                   "{\"name\":\"a/b\",\"keyids\":[],\"threshold\":1,\"terminating\":false,"
                                   "\"path_hash_prefixes\":[\"0\"]}]}";
        struct tuf_delegation *d;
        struct fault f;
        size_t n;
        int r;

        d = delegations(text, &n, &r, &f);
        tap_int((long long)n, 2, "two delegations");
        if (n == 2) {
                tap_str(d[0].name, "b", "in their order");
                tap_str(d[0].file, "b.json", "its file");
                tap_ok(d[0].terminating && !d[0].hashed && d[0].n_paths == 2, "is terminating, by paths");
                tap_ok(d[0].signers.threshold == 2 && d[0].signers.n_keys == 1, "has one key of two");
                tap_str(d[1].name, "a/b", "the other");
                tap_str(d[1].file, "a%2Fb.json", "its file");
                tap_ok(!d[1].terminating && d[1].hashed && d[1].n_paths == 1, "is not, by hashes");
        }
        tuf_delegations_free(d, n);
}

/* ---- Files ---- */

static void test_files(void)
{
        static const struct {
                const char *name, *file;
        } cases[] = {
                { "a", "a.json" },
                { "AZaz09-._~", "AZaz09-._~.json" },
                { "a/b", "a%2Fb.json" },
                { "../a", "..%2Fa.json" },
                { "?", "%3F.json" },
                { "#", "%23.json" },
                { "%2F", "%252F.json" },
                { " \n", "%20%0A.json" },
                { "\xc3\xa9", "%C3%A9.json" },
        };
        char file[TUF_ROLE_FILE_SIZE], name[TUF_ROLE_NAME_MAX + 2];
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                if (!tap_int(tuf_role_file_of(cases[i].name, file, &f), 0, "a file for %s", cases[i].file))
                        continue;
                tap_str(file, cases[i].file, "is it");
        }
        tap_int(tuf_role_file_of("", file, &f), -EINVAL, "no name, no file");
        memset(name, 'a', sizeof(name));
        name[TUF_ROLE_NAME_MAX + 1] = '\0';
        tap_int(tuf_role_file_of(name, file, &f), -EFBIG, "a name that is too long, whatever it is made of");
        memset(name, '/', TUF_ROLE_NAME_MAX + 1);
        tap_int(tuf_role_file_of(name, file, &f), -EFBIG, "a name that is too long");
        name[TUF_ROLE_NAME_MAX] = '\0';
        tap_int(tuf_role_file_of(name, file, &f), 0, "the longest name");
        tap_ok(strlen(file) <= 255, "fits a file system");
}

/* ---- Limits ---- */

static char *many(size_t roles, size_t keyids)
{
        _cleanup_json_ json_t *list = json_array(), *json = NULL;

        for (size_t i = 0; i < roles; i++) {
                json_t *ids = json_array();
                char name[24];

                for (size_t k = 0; k < keyids; k++)
                        (void)json_array_append_new(ids, json_string("k"));
                (void)snprintf(name, sizeof(name), "%zu", i);
                (void)json_array_append_new(list, json_pack("{s:s, s:o, s:i, s:[]}", "name", name, "keyids",
                                                            ids, "threshold", 1, "paths"));
        }
        json = json_pack("{s:{}, s:O}", "keys", "roles", list);
        return json_dumps(json, 0);
}

static void limited(size_t roles, size_t keyids, int error, const char *what)
{
        _cleanup_free_ char *text = many(roles, keyids);
        struct tuf_delegation *d;
        struct fault f;
        size_t n;
        int r;

        d = delegations(text, &n, &r, &f);
        tap_int(r, error, "%s", what);
        tuf_delegations_free(d, n);
}

static void test_limits(void)
{
        limited(TUF_DELEGATIONS_MAX, 0, 0, "as many delegations as may be");
        limited(TUF_DELEGATIONS_MAX + 1, 0, -EFBIG, "one more");
        limited(TUF_DELEGATION_KEYS_MAX / 16, 16, 0, "as many key ids as may be");
        limited(TUF_DELEGATION_KEYS_MAX / 16 + 1, 16, -EFBIG, "a role more");
        limited(1, TUF_KEYS_MAX, 0, "as many keys in one role");
        limited(1, TUF_KEYS_MAX + 1, -EFBIG, "one more");
}

int main(void)
{
        test_patterns();
        test_pattern_effort();
        test_scope();
        test_form();
        test_read();
        test_files();
        test_limits();
        return tap_done();
}
