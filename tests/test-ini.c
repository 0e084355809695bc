/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/ini.h"

#include "tap.h"

/* Reads all of text into one line of "section/name key=value@line; " items, or the error's. */
static int dump_bytes(const char *text, size_t len, char *out, size_t size, struct fault *f)
{
        struct ini_item item;
        struct ini i;
        size_t n = 0;
        int r;

        *f = (struct fault){};
        out[0] = '\0';
        ini_open(&i, text, len, "x.conf");
        while ((r = ini_next(&i, &item, f)) > 0)
                if (item.kind == INI_SECTION)
                        n += (size_t)snprintf(out + n, size - n, "[%s/%s]@%u;", item.section, item.name,
                                              item.line);
                else
                        n += (size_t)snprintf(out + n, size - n, "%s/%s:%s=%s@%u;", item.section, item.name,
                                              item.key, item.value, item.line);
        return r;
}

static void check_good(const char *text, const char *want, const char *what)
{
        struct fault f;
        char out[4096];

        tap_int(dump_bytes(text, strlen(text), out, sizeof(out), &f), 0, "%s is accepted", what);
        tap_str(out, want, "%s", what);
}

static void check_bad(const char *text, size_t len, const char *word, const char *what)
{
        struct fault f;
        char out[4096];

        tap_ok(dump_bytes(text, len, out, sizeof(out), &f) < 0, "%s is refused", what);
        tap_like(f.text, word, "%s says where and why", what);
}

#define BAD(text, word, what) check_bad((text), STRLEN(text), (word), (what))

static void test_good(void)
{
        check_good("", "", "an empty file");
        check_good("# c\n\n ; d\n", "", "comments alone");
        check_good("[Bundle]\nName=web\n[Service main]\nType=exec",
                   "[Bundle/]@1;Bundle/:Name=web@2;"
                   "[Service/main]@3;Service/main:Type=exec@4;",
                   "sections, names, no newline at the end");
        check_good("[A]\n  Key \t=\t a = b # c \t\n", "[A/]@1;A/:Key=a = b # c@2;",
                   "spaces around, '=' and '#' within a value");
        check_good("[A]\nK=\n", "[A/]@1;A/:K=@2;", "an empty value");
        check_good("[A]\nK=a\\\n# no\n  ; no\n b\\\n\nL=c\n", "[A/]@1;A/:K=a  b@2;A/:L=c@7;",
                   "continuation over comments to an empty line");
        check_good("[A]\nK=a\\\\\nL=b\n", "[A/]@1;A/:K=a\\\\@2;A/:L=b@3;",
                   "two backslashes at the end do not continue");
        check_good("[A b*]\n[A \xc3\xa9]\n", "[A/b*]@1;[A/\xc3\xa9]@2;", "what a section's name may hold");
}

static void test_bad(void)
{
        BAD("K=v\n", "x.conf:1: K= stands before", "a setting before any section");
        BAD("[A]\nword\n", "x.conf:2: neither", "a word alone");
        BAD("[A]\n=v\n", "x.conf:2: ''", "an empty key");
        BAD("[A]\nK y=v\n", "x.conf:2: 'K y'", "a key of two words");
        BAD("[A]\n\xef\xbb\xbfK=v\n", "x.conf:2: ", "a key behind a byte order mark");
        BAD("[A\n", "x.conf:1: a section", "a section that does not end");
        BAD("[]\n", "x.conf:1: a section", "an empty section");
        BAD("[A ]\n", "x.conf:1: a section", "an empty section name");
        BAD("[A] x\n", "x.conf:1: a section", "text behind a section");
        BAD("[A][B]\n", "x.conf:1: a section", "two sections on a line");
        BAD("[A]\nK=v\r\n", "x.conf:2: ends in a carriage return", "CRLF");
        BAD("[A]\nK=v\rL=w\n", "x.conf:2: has a control", "a carriage return inside");
        BAD("[A]\nK=a\0b\n", "x.conf:2: has a control", "NUL");
        BAD("[A]\nK=\x1b[1m\n", "x.conf:2: has a control", "escape");
        BAD("[A]\n# \xff\n", "x.conf:2: has a control", "Latin-1 in a comment");
        BAD("[A]\nK=a\\\n b\\\n", "x.conf:2: continued", "a continued line at the end");
        BAD("[A]\nK=a\\", "x.conf:2: continued", "a backslash as the last byte");
}

static void test_limits(void)
{
        _cleanup_free_ char *text = malloc(INI_LINES_MAX + 64);
        _cleanup_free_ char *lines = malloc(INI_LINES_MAX + 64);
        struct fault f;
        char out[64 + INI_LINE_SIZE];
        size_t n;

        memcpy(text, "[A]\nK=", 6);
        memset(text + 6, 'v', INI_LINE_SIZE);
        tap_int(dump_bytes(text, 4 + INI_LINE_SIZE - 1, out, sizeof(out), &f), 0, "the longest line");
        check_bad(text, 4 + INI_LINE_SIZE, "x.conf:2: longer than 8191", "a longer line");

        n = (size_t)sprintf(text, "[A]\nK=");
        for (unsigned i = 0; i < INI_LINE_SIZE / 4; i++, n += 5)
                memcpy(text + n, "vvv\\\n", 5);
        check_bad(text, n, "x.conf:2: continued to more", "a longer line in pieces");

        memset(lines, '\n', INI_LINES_MAX + 1);
        tap_int(dump_bytes(lines, INI_LINES_MAX, out, sizeof(out), &f), 0, "a million lines");
        check_bad(lines, INI_LINES_MAX + 1, "more than 1000000 lines", "one more");

        n = (size_t)sprintf(text, "[A ");
        memset(text + n, 'n', INI_SECTION_SIZE - 3);
        n += INI_SECTION_SIZE - 3;
        memcpy(text + n, "]", 2);
        tap_int(dump_bytes(text, n + 1, out, sizeof(out), &f), 0, "the longest section name");
        memcpy(text + n, "n]", 3);
        check_bad(text, n + 2, "section name longer than 255", "a longer section name");
}

int main(void)
{
        test_good();
        test_bad();
        test_limits();
        return tap_done();
}
