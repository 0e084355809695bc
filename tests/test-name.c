/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/name.h"

#include "tap.h"

static const char *repeat(char *out, char c, size_t n)
{
        memset(out, c, n);
        out[n] = '\0';
        return out;
}

static void test_names(void)
{
        char text[128];

        tap_ok(name_valid("web") && name_valid("0-a") && name_valid(repeat(text, 'a', 48)), "good names");
        tap_ok(!name_valid(""), "an empty name");
        tap_ok(!name_valid(repeat(text, 'a', 49)), "49 characters");
        tap_ok(!name_valid("-web"), "a name that looks like an option");
        tap_ok(!name_valid("Web") && !name_valid("we_b") && !name_valid("we.b") && !name_valid("we@b"),
               "characters outside [a-z0-9-]");
        tap_ok(!name_valid("a/b") && !name_valid("..") && !name_valid("a\n"), "slash, dots, newline");

        tap_ok(name_version_valid("1.2.3+git~rc1_x-4") && name_version_valid("V1") &&
                       name_version_valid(repeat(text, '1', 64)),
               "good versions");
        tap_ok(!name_version_valid("") && !name_version_valid(repeat(text, '1', 65)), "version length");
        tap_ok(!name_version_valid(".1") && !name_version_valid("-1") && !name_version_valid("1/2") &&
                       !name_version_valid("1 2") && !name_version_valid("1%n"),
               "version characters");

        tap_ok(name_digest_valid(repeat(text, 'a', 64)), "64 hex digits");
        tap_ok(!name_digest_valid(repeat(text, 'A', 64)) && !name_digest_valid(repeat(text, 'a', 63)) &&
                       !name_digest_valid(repeat(text, 'a', 65)) &&
                       !name_digest_valid(repeat(text, 'g', 64)),
               "upper case, 63, 65 and no hex");
}

static void test_entries(void)
{
        static const char *const good[] = { "a",       "a/b/c",       "..a",  "...", "a b",
                                            ".hidden", "caf\xc3\xa9", "x\\y", "a/ b" };
        static const char *const bad[] = {
                "",    "/a",   "a/",     "a//b",  ".",    "..",           "a/../b",           "a/./b",
                "./a", "a\nb", "a\x1b[", "a\x7f", "\xff", "\xc0\xaf",     "\xc2\x9b",         "\xe2\x82",
                "a ",  "a /b", "a\\",    "a\\/b", "a\tb", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        };
        char path[2048], name[300];
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                tap_ok(name_entry_valid(good[i]), "path %zu may be in a bundle", i);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_ok(!name_entry_valid(bad[i]), "path %zu may not", i);
        tap_ok(name_entry_valid(repeat(name, 'n', 255)) && !name_entry_valid(repeat(name, 'n', 256)),
               "components have 255 bytes at most");

        for (unsigned i = 0; i < 32; i++, n += 2)
                memcpy(path + n, "d/", 2);
        path[n - 1] = '\0';
        tap_ok(name_entry_valid(path), "32 components");
        memcpy(path + n - 1, "/d", 3);
        tap_ok(!name_entry_valid(path), "33 components");

        for (n = 0; n < 1024; n++)
                path[n] = n % 64 == 63 ? '/' : 'p';
        path[1023] = 'p';
        path[1024] = '\0';
        tap_ok(name_entry_valid(path), "1,024 bytes");
        memcpy(path + 1024, "p", 2);
        tap_ok(!name_entry_valid(path), "1,025 bytes");
}

static void test_targets(void)
{
        tap_ok(name_target_valid("bin/tool", "../lib/tool"), "up and down again");
        tap_ok(name_target_valid("a", "b") && name_target_valid("a", ".") && name_target_valid("a", "./b"),
               "beside itself");
        tap_ok(name_target_valid("a/b/c", "../.."), "the top itself");
        tap_ok(!name_target_valid("a/b/c", "../../.."), "one above the top");
        tap_ok(!name_target_valid("a", ".."), "above the top from the top");
        tap_ok(!name_target_valid("a", "/etc/passwd"), "absolute");
        tap_ok(!name_target_valid("a/b", "../../a/b"), "out and in again");
        tap_ok(!name_target_valid("a/b", "c/.."), "'..' behind a name, which may be a link itself");
        tap_ok(!name_target_valid("a", "") && !name_target_valid("a", "b//c") &&
                       !name_target_valid("a", "b/"),
               "empty components");
        tap_ok(!name_target_valid("a", "b\n") && !name_target_valid("a", "b\tc"), "control characters");
}

static void test_made(void)
{
        static const char digest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        char unit[UNIT_NAME_SIZE], release[NAME_RELEASE_SIZE], name[64], version[80];

        name_release("1.0+b~c", digest, release);
        tap_str(release, "1.0+b~c-0123456789ab", "a release's folder");
        name_network("web.blue", "1.0+b~c", digest, unit);
        tap_str(unit, "sealift-network@web.blue.1.0_b_c-0123456789ab.service", "a network's unit");
        name_turn("web", unit);
        tap_str(unit, "sealift-turn@web.target", "what its releases take their turns by");
        name_unit("web", "main", "1.0+b~c", digest, 7, unit);
        tap_str(unit, "sealift-web.main@1.0_b_c-0123456789ab-7.service", "a unit's name");
        name_unit(repeat(name, 'b', 48), name, repeat(version, '1', 64), digest, UINT32_MAX, unit);
        tap_ok(str_has_suffix(unit, "-0123456789ab-4294967295.service"), "the longest unit name is whole");
        name_release(version, digest, release);
        tap_int((long long)strlen(release), 64 + 1 + 12, "the longest release name is whole");
}

int main(void)
{
        test_names();
        test_entries();
        test_targets();
        test_made();
        return tap_done();
}
