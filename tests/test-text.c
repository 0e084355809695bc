/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ground/text.h"
#include "ground/fault.h"

#include "tap.h"

static void test_numbers(void)
{
        static const struct {
                const char *s;
                int r;
                uint64_t v;
        } cases[] = {
                { "0", 0, 0 },
                { "18446744073709551615", 0, UINT64_MAX },
                { "", -EINVAL, 0 },
                { "18446744073709551616", -ERANGE, 0 },
                { "+1", -EINVAL, 0 },
                { " 1", -EINVAL, 0 },
                { "1 ", -EINVAL, 0 },
                { "0x10", -EINVAL, 0 },
                { "1\xd9\xa1", -EINVAL, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t v = 0;

                tap_int(text_parse_u64(cases[i].s, UINT64_MAX, &v), cases[i].r, "number \"%s\"", cases[i].s);
                tap_ok(v == cases[i].v, "its value, untouched on failure");
        }
}

static void test_spans(void)
{
        static const struct {
                const char *s;
                int r;
                uint64_t v;
        } cases[] = {
                { "5", 0, 5000000 },        { "5s", 0, 5000000 },           { "1min 30s", 0, 90000000 },
                { "500ms", 0, 500000 },     { "2h", 0, 7200000000 },        { "", -EINVAL, 0 },
                { "5 x", -EINVAL, 0 },      { "5s ", -EINVAL, 0 },          { "-5", -EINVAL, 0 },
                { "infinity", -EINVAL, 0 }, { "99999999999d", -ERANGE, 0 }, { "11w 999999d", -ERANGE, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint64_t v = 0;

                tap_int(text_parse_span(cases[i].s, &v), cases[i].r, "span \"%s\"", cases[i].s);
                tap_ok(v == cases[i].v, "its microseconds");
        }
}

static void test_sizes(void)
{
        uint64_t v = 7;

        tap_int(text_parse_size("64M", &v), 0, "a size with a suffix");
        tap_ok(v == UINT64_C(64) << 20, "in bytes");
        tap_int(text_parse_size("16777216T", &v), -ERANGE, "a size past 64 bits is refused");
        tap_int(text_parse_size("M", &v), -EINVAL, "a suffix alone is no size");
        tap_ok(v == UINT64_C(64) << 20, "and nothing is written");
}

static void test_hex(void)
{
        uint8_t b[2] = { 1, 2 };
        char s[5];

        tap_int(text_unhex("00fF", b, 2), 0, "hex of either case");
        tap_ok(b[0] == 0 && b[1] == 255, "its bytes");
        text_hex(b, 2, s);
        tap_str(s, "00ff", "and back");
        tap_int(text_unhex("00f", b, 2), -EINVAL, "too short");
        tap_int(text_unhex("00fff", b, 2), -EINVAL, "too long");
        tap_int(text_unhex("00fg", b, 2), -EINVAL, "no hex digit");
}

static void test_globs(void)
{
        char hostile[200];

        tap_ok(text_glob("*", ""), "* is everything");
        tap_ok(text_glob("web-*", "web-1"), "a prefix");
        tap_ok(!text_glob("web-*", "we"), "not less than its letters");
        tap_ok(text_glob("?eb", "web") && !text_glob("?eb", "eb"), "? is one character");
        tap_ok(!text_glob("", "a") && text_glob("", ""), "an empty pattern is the empty string");
        for (size_t i = 0; i + 1 < sizeof(hostile); i++)
                hostile[i] = i % 2 ? 'a' : '*';
        hostile[sizeof(hostile) - 1] = '\0';
        tap_ok(!text_glob(hostile, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"),
               "a hostile pattern ends");
}

static void test_nearest(void)
{
        static const char *const words[] = { "ExecStart", "Environment", "Type" };

        tap_str(text_nearest("ExecStrat", words, 3), "ExecStart", "a typing error is recognised");
        tap_str(text_nearest("Bananas", words, 3), NULL, "something else is not");
        tap_str(text_nearest("x", words, 3), NULL, "nor is a letter");
        tap_str(text_nearest("Nice", words, 3), NULL, "nor is a word that has one letter of another");
        tap_str(text_nearest("Tyep", words, 3), "Type", "two letters that changed places are one mistake");
        tap_str(text_nearest("Tpye", words, 3), "Type", "wherever they are");
        tap_str(text_nearest("Ty", words, 3), NULL, "half a word is none");
}

static void test_faults(void)
{
        struct fault f = {};
        char big[2 * FAULT_TEXT_MAX];

        tap_int(fault_set(&f, -EINVAL, "a\nb\x1b[1m"), -EINVAL, "a fault returns its error");
        tap_str(f.text, "a?b?[1m", "control characters of hostile names are made harmless");
        tap_int(fault_prefix(&f, "web"), -EINVAL, "a prefix keeps the error");
        tap_str(f.text, "web: a?b?[1m", "and stands in front");
        memset(big, 'x', sizeof(big));
        big[sizeof(big) - 1] = '\0';
        fault_set(&f, -EIO, "%s", big);
        tap_int((long long)strlen(f.text), FAULT_TEXT_MAX - 1, "long text is cut, not overrun");
        fault_set(&f, -EIO, "caf\xc3\xa9 \xff \xc2\x9b[2J \xe2\x82");
        tap_str(f.text, "caf\xc3\xa9 ? ??[2J ??", "text is UTF-8, whatever bytes a name had");
        memset(big, '\xa9', sizeof(big) - 1);
        for (size_t i = 0; i + 1 < sizeof(big); i += 2)
                big[i] = '\xc3';
        fault_set(&f, -EIO, "%s", big);
        tap_ok(text_printable(f.text, strlen(f.text)), "also where it was cut in a character");
        fault_set_errno(&f, -ENOENT, "gone");
        tap_str(f.text, "gone: No such file or directory", "an errno is spelt out");
        tap_int(fault_set(NULL, -EIO, "nobody listens"), -EIO, "no fault, no harm");
}

static void test_faults_side_by_side(void)
{
        struct fault kept = {}, none = {}, decided = {}, other = {}, passes = {};

        fault_set(&decided, -EALREADY, "quarantined");
        fault_set(&other, -EPERM, "not granted");
        fault_set(&passes, -EHOSTUNREACH, "no route");
        tap_int(fault_keep(&kept, &none), 0, "nothing went wrong");
        tap_int(fault_keep(&kept, &decided), -EALREADY, "the first thing that did is kept");
        tap_int(fault_keep(&kept, &other), -EALREADY, "and not the next of its kind");
        tap_int(fault_keep(&kept, &none), -EALREADY, "nor what went well");
        tap_int(fault_keep(&kept, &passes), -EHOSTUNREACH, "but what another try may mend");
        tap_str(kept.text, "no route", "with its words");
        tap_int(fault_keep(&kept, &decided), -EHOSTUNREACH, "which nothing hides");
}

int main(void)
{
        test_numbers();
        test_spans();
        test_sizes();
        test_hex();
        test_globs();
        test_nearest();
        test_faults();
        test_faults_side_by_side();
        return tap_done();
}
