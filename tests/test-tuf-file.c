/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files as metadata describes them: whether bytes are what was signed, and where a target is. */

#include "facts/tuf_file.h"

#include "tap.h"

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
        test_sums();
        test_sum_kinds();
        test_pieces();
        test_paths();
        return tap_done();
}
