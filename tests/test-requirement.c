/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/requirement.h"

#include "facts/suits.h"
#include "tap.h"

/* ---- versions */

static void test_read_version(void)
{
        static const struct {
                const char *text, *version;
        } cases[] = {
                { "17", "17" },
                { "6.1.0-13-amd64", "6.1.0" },
                { "257~rc1", "257" },
                { "3.0.15-1~deb12u1", "3.0.15" },
                { "18.20.4+dfsg", "18.20.4" },
                { "2.36.", "2.36" },
                { "1..2", "1" },
                { ".5", "" },
                { "v20", "" },
                { "", "" },
                { "-1", "" },
                { "1.2.3.4.5.6.7.8.9.10.11.12.13.14", "1.2.3.4.5.6.7.8.9.10.11.12.13" },
                { "99999999999999999999999999999999999999999", "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char version[REQUIREMENT_VERSION_SIZE];

                requirement_read_version(cases[i].text, version);
                tap_str(version, cases[i].version, "the version at the beginning of '%s'", cases[i].text);
        }
}

static void test_compare(void)
{
        static const struct {
                const char *a, *b;
                int sign;
        } cases[] = {
                { "3.9", "3.11", -1 },    { "17", "17.0", 0 },     { "17", "17.0.1", -1 },
                { "10", "9", 1 },         { "2.36", "2.36", 0 },   { "1.01", "1.1", 0 },
                { "", "0", 0 },           { "", "1", -1 },         { "6.0.30", "6.0.4", 1 },
                { "2.4", "2.36", -1 },    { "5.10.0", "5.10", 0 }, { "18446744073709551617", "1", 1 },
                { "1.2.3", "1.2.4", -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int r = requirement_compare(cases[i].a, cases[i].b);
                int back = requirement_compare(cases[i].b, cases[i].a);

                tap_int((r > 0) - (r < 0), cases[i].sign, "'%s' against '%s'", cases[i].a, cases[i].b);
                tap_int((back > 0) - (back < 0), -cases[i].sign, "and the other way");
        }
}

/* ---- words */

static void test_words(void)
{
        static const char *const good[] = { "java",          "java>=17",          "kernel>=6.1 glibc>=2.36",
                                            " node>=18.20 ", "libstdc++>=6.0.30", "python3>=3.11",
                                            "systemd>=254",  "openssl\tperl" };
        static const struct {
                const char *value, *says;
        } bad[] = {
                { "", "NAME or NAME>=VERSION" },
                { "jave>=17", "did you mean 'java'" },
                { "cobol", "Command=" },
                { "java>17", "NAME>=VERSION" },
                { "java=17", "NAME>=VERSION" },
                { "java<17", "NAME>=VERSION" },
                { "java >= 17", "must be one of" },
                { "java>=", "is no version" },
                { "java>=17-ea", "is no version" },
                { "java>=v17", "is no version" },
                { "java>=17.", "is no version" },
                { "java>=1.2.3.4.5.6.7.8.9.10.11.12.13.14", "is no version" },
                { "python3>=3.11.2", "two numbers" },
                { "systemd>=252.5", "the first number" },
                { "command", "must be one of" },
                { ">=3", "must be one of" },
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                tap_int(requirement_check(good[i], NULL), 0, "Requires=%s is good", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                struct fault f = {};

                tap_int(requirement_check(bad[i].value, &f), -EINVAL, "Requires=%s is refused",
                        bad[i].value);
                tap_like(f.text, bad[i].says, "and says what is meant");
        }
}

static void test_commands(void)
{
        static const char *const good[] = { "ffmpeg",          "g++", "[",
                                            "python3.11",      "7z",  "/usr/lib/jvm/a-b/bin/java",
                                            "/usr/local/bin/x" };
        static const char *const bad[] = { "",
                                           "-x",
                                           ".",
                                           "..",
                                           "a b",
                                           "a/b",
                                           "/bin/sh",
                                           "/usr/",
                                           "/usr/../etc/x",
                                           "/usr//bin/x",
                                           "/usr/bin/x/",
                                           "/etc/passwd",
                                           "x;y",
                                           "$x",
                                           "/usr/bin/-x",
                                           "caf\303\251",
                                           "%n" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                tap_int(requirement_check_command(good[i], NULL), 0, "Command=%s is good", good[i]);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(requirement_check_command(bad[i], NULL), -EINVAL, "Command=%s is refused", bad[i]);
}

static void test_probes(void)
{
        bool all = true;

        for (enum probe p = PROBE_COMMAND + 1; p < PROBE_MAX; p++)
                all = all && requirement_probe_name(p) && requirement_probe_help(p) &&
                      requirement_check(requirement_probe_name(p), NULL) == 0;
        tap_ok(all, "every probe has a name that may be required");
}

/* ---- a manifest's */

static struct manifest *parse(const char *extra)
{
        struct manifest *m = NULL;
        struct fault f = {};
        char text[4096];
        int n;

        n = snprintf(text, sizeof(text),
                     "[Bundle]\nName=web\nVersion=1\n%s\n[Service main]\nExecStart=/usr/bin/true\n", extra);
        if (manifest_parse(text, (size_t)n, "web.manifest", &m, &f) < 0)
                printf("# %s\n", f.text);
        return m;
}

static void test_list(void)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse("Requires=java>=17 kernel\nCommand=ffmpeg\nRequires=glibc>=2.36");
        _cleanup_free_ struct requirement *r = NULL;
        struct fault f = {};
        size_t n = 0;

        if (!tap_ok(m != NULL, "a manifest that requires something"))
                return;
        tap_int(requirement_list(m, &r, &n, &f), 0, "says what");
        tap_int((long long)n, 4, "each word is one requirement");
        if (n != 4)
                return;
        tap_str(r[0].name, "java", "the first word");
        tap_str(r[0].wants, "17", "with its version");
        tap_int(r[0].line, 4, "and its line");
        tap_int(r[1].probe, PROBE_KERNEL, "the second");
        tap_str(r[1].wants, "", "of any version");
        tap_int(r[2].probe, PROBE_COMMAND, "a command");
        tap_str(r[2].name, "ffmpeg", "by its name");
        tap_str(r[2].key, "Command", "and its key");
        tap_int(r[3].line, 6, "Requires= may be repeated");
}

static void test_list_limit(void)
{
        char extra[4096] = "";
        struct requirement *r = NULL;
        struct manifest *m;
        size_t n = 0;

        for (int i = 0; i < REQUIREMENTS_MAX; i++)
                strcat(extra, "Command=x\n");
        m = parse(extra);
        tap_int(m ? requirement_list(m, &r, &n, NULL) : -1, 0, "a manifest may require much");
        tap_int((long long)n, REQUIREMENTS_MAX, "and all of it counts");
        free(r);
        m = manifest_free(m);
        strcat(extra, "Requires=kernel\n");
        tap_ok(!parse(extra), "but not more than that");
}

static int judge(enum probe p, const char *wants, bool found, const char *has, struct fault *f)
{
        struct requirement r = { .probe = p, .key = "Requires", .found = found };

        (void)snprintf(r.name, sizeof(r.name), "%s",
                       p == PROBE_COMMAND ? "ffmpeg" : requirement_probe_name(p));
        (void)snprintf(r.wants, sizeof(r.wants), "%s", wants);
        (void)snprintf(r.has, sizeof(r.has), "%s", has);
        return requirement_judge(&r, f);
}

static void test_judge(void)
{
        struct fault f = {};

        tap_int(judge(PROBE_JAVA, "17", true, "21.0.2", &f), 0, "newer is enough");
        tap_int(judge(PROBE_JAVA, "17", true, "17", &f), 0, "the same is enough");
        tap_int(judge(PROBE_JAVA, "", true, "", &f), 0, "any version is enough, where none is asked for");
        tap_int(judge(PROBE_JAVA, "17", true, "11.0.2", &f), -EPERM, "older is not");
        tap_str(f.text, "needs java>=17, and this host has 11.0.2; update the image",
                "what is needed, what there is, what to do");
        tap_int(judge(PROBE_JAVA, "17", false, "", &f), -EPERM, "none is not");
        tap_str(f.text, "needs java>=17, and this host has none; install it in the image", "and says so");
        tap_int(judge(PROBE_JAVA, "17", true, "", &f), -EPERM, "an unknown version is not");
        tap_like(f.text, "nothing on this host says which version", "and says so");
        tap_int(judge(PROBE_COMMAND, "", true, "", &f), 0, "a program that is there");
        tap_int(judge(PROBE_COMMAND, "", false, "", &f), -EPERM, "one that is not");
        tap_like(f.text, "the program ffmpeg", "is named");
}

static void test_suits(void)
{
        _cleanup_(manifest_freep) struct manifest *m = parse("Requires=java>=17 kernel perl");
        _cleanup_free_ struct requirement *r = NULL;
        struct fault f = {};
        size_t n;

        if (!m || requirement_list(m, &r, &n, &f) < 0)
                abort();
        r[0].found = r[2].found = true;
        memcpy(r[0].has, "17", 3);
        r[1].found = true;
        tap_int(suits_check_requirements(m, r, n, &f), 0, "all is there");
        r[2].found = false;
        tap_int(suits_check_requirements(m, r, n, &f), -EPERM, "one is missing");
        tap_str(f.text, "bundle web 1: needs perl, and this host has none; install it in the image",
                "and named");
        r[0].found = false;
        tap_int(suits_check_requirements(m, r, n, &f), -EPERM, "two are missing");
        tap_like(f.text, "bundle web 1: needs java>=17", "the first is named");
        tap_like(f.text, "one of 2, which `sealift lint --host` lists", "the rest is counted");
        tap_int(suits_check_requirements(m, NULL, 0, &f), 0, "who needs nothing gets it anywhere");
}

int main(void)
{
        test_read_version();
        test_compare();
        test_words();
        test_commands();
        test_probes();
        test_list();
        test_list_limit();
        test_judge();
        test_suits();
        return tap_done();
}
