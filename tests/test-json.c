/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Strict JSON in, canonical JSON out, and the dates that stand in it. */

#include "facts/json.h"

#include "facts/date.h"
#include "tap.h"

static const struct json_limits limits = { .bytes = 256, .values = 9, .depth = 4 };

static void test_refused(void)
{
        static const struct {
                const char *text;
                int error;
                const char *word;
        } cases[] = {
                { "", -EINVAL, "x.json:1" },
                { "{} {}", -EINVAL, "not JSON" },
                { "{}x", -EINVAL, "not JSON" },
                { "[]", -EINVAL, "not a JSON object" },
                { "{\"a\":1,\"a\":1}", -EINVAL, "duplicate" },
                { "{\"a\":1,\"\\u0061\":1}", -EINVAL, "duplicate" },
                { "{\"a\":1.0}", -EINVAL, "fraction" },
                { "{\"a\":[{\"b\":1e3}]}", -EINVAL, "fraction" },
                { "{\"a\":9223372036854775808}", -EINVAL, "too big" },
                { "{\"a\":01}", -EINVAL, "not JSON" },
                { "{\"a\":NaN}", -EINVAL, "not JSON" },
                { "{\"a\":\"\xff\"}", -EINVAL, "decode byte 0xff" },
                { "{\"a\":\"\xc0\x80\"}", -EINVAL, "decode byte 0xc0" },
                { "{\"a\":\"\\ud800\"}", -EINVAL, "not JSON" },
                { "{\"a\":\"\\u0000\"}", -EINVAL, "\\u0000" },
                { "{\"a\":\"\n\"}", -EINVAL, "newline" },
                { "{'a':1}", -EINVAL, "not JSON" },
                { "{\"a\":1,}", -EINVAL, "not JSON" },
                { "{\"a\":[[[[]]]]}", -EFBIG, "deeper than 4" },
                { "{\"a\":[1,2,3,4,5,6,7,8]}", -EFBIG, "more than 9 values" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                json_t *j = NULL;
                struct fault f = {};
                int r = json_parse("x.json", cases[i].text, strlen(cases[i].text), &limits, &j, &f);

                tap_int(r, cases[i].error, "refused: case %zu", i);
                tap_like(f.text, cases[i].word, "says why");
                tap_ok(!j, "output untouched");
        }
}

static void test_size(void)
{
        char text[300];
        json_t *j = NULL;

        memset(text, ' ', sizeof(text));
        memcpy(text, "{}", 2);
        tap_int(json_parse("x", text, 257, &limits, &j, NULL), -EFBIG, "a byte over the limit");
        tap_int(json_parse("x", text, 256, &limits, &j, NULL), 0, "at the limit");
        json_decref(j);
}

/* What stands in strings is not counted, and a quoted quote does not end one. */
static void test_measured(void)
{
        static const char *const good[] = {
                "{\"a\":[[[]]]}",
                "{\"a\":[1,2,3,4,5,6]}",
                "{\"a\":\"[[[[[{{{{{,,,,,,,,,,\"}",
                "{\"a\":\"\\\"[[[[[,,,,,,,,,,\"}",
                "{\"a\":\"\\\\\",\"b\":\"[[[[[,,,,,,,,,,\"}",
                "{\"[[[[[\":{},\"]\":[[],[]]}",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_json_ json_t *j = NULL;

                tap_int(json_parse("x", good[i], strlen(good[i]), &limits, &j, NULL), 0, "%s", good[i]);
        }
}

static void test_canonical_float(void)
{
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(64);
        _cleanup_json_ json_t *j = json_pack("{s:[f]}", "a", 1.0);

        tap_int(json_write_canonical(j, &out), -EINVAL, "canonical JSON has no floats to write");
}

static void test_canonical(void)
{
        static const struct {
                const char *text, *canonical;
        } cases[] = {
                { "{}", "{}" },
                { " { \"b\" : [ 1 , -2 , null , true , false ] , \"a\" : { } } ",
                  "{\"a\":{},\"b\":[1,-2,null,true,false]}" },
                { "{\"\xc3\xa9\":1,\"z\":2,\"Z\":3}", "{\"Z\":3,\"z\":2,\"\xc3\xa9\":1}" },
                { "{\"a\":\"\\u00e9\\n\\t\\/\\\\\\\"\"}", "{\"a\":\"\xc3\xa9\n\t/\\\\\\\"\"}" },
                { "{\"a\":\"\\\\\\\\\",\"\\\"\":-0}", "{\"\\\"\":0,\"a\":\"\\\\\\\\\"}" },
                { "{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}" },
                { "{\"a\":9223372036854775807}", "{\"a\":9223372036854775807}" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(strlen(cases[i].text));
                _cleanup_json_ json_t *j = NULL;

                tap_int(json_parse("x", cases[i].text, strlen(cases[i].text), &limits, &j, NULL), 0,
                        "parsed");
                tap_int(json_write_canonical(j, &out), 0, "written, never longer than it was");
                tap_str(out.data, cases[i].canonical, "canonical");
        }
}

static void test_fields(void)
{
        _cleanup_json_ json_t *j =
                json_pack("{s:i, s:s, s:[], s:{}, s:b}", "n", 5, "s", "text", "a", "o", "b", 1);
        const char *s = NULL;
        json_t *v = NULL;
        int64_t n = -1;
        struct fault f;

        tap_int(json_field_integer(j, "x", "n", 5, 5, &n, &f), 0, "integer");
        tap_int(n, 5, "its value");
        tap_int(json_field_integer(j, "x", "n", 6, 9, &n, &f), -EINVAL, "below its range");
        tap_int(json_field_integer(j, "x", "n", 1, 4, &n, &f), -EINVAL, "above its range");
        tap_int(json_field_integer(j, "x", "b", 0, 1, &n, &f), -EINVAL, "a boolean is no integer");
        tap_int(json_field_string(j, "x", "n", &s, &f), -EINVAL, "an integer is no string");
        tap_str(f.text, "x: \"n\" is not a string", "said");
        tap_int(json_field_string(j, "x", "none", &s, &f), -EINVAL, "missing");
        tap_str(f.text, "x: \"none\" is missing", "said");
        tap_ok(!s && n == 5, "outputs untouched");
        tap_int(json_field_string(j, "x", "s", &s, &f), 0, "string");
        tap_str(s, "text", "its value");
        tap_int(json_field_array(j, "x", "a", &v, &f), 0, "array");
        tap_int(json_field_object(j, "x", "a", &v, &f), -EINVAL, "an array is no object");
        tap_int(json_field_object(j, "x", "o", &v, &f), 0, "object");
}

static void test_dates(void)
{
        static const struct {
                const char *text;
                int64_t seconds;
        } good[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2000-02-29T23:59:59Z", 951868799 },
                { "2026-01-22T12:34:56Z", 1769085296 },
                { "1969-12-31T23:59:59Z", -1 },
                { "2100-03-01T00:00:00Z", 4107542400 },
                { "9999-12-31T23:59:59Z", 253402300799 },
                { "0001-01-01T00:00:00Z", -62135596800 },
        };
        static const char *const bad[] = {
                "",
                "2026-01-22",
                "2026-01-22T12:34:56",
                "2026-01-22T12:34:56z",
                "2026-01-22 12:34:56Z",
                "2026-01-22T12:34:56.0Z",
                "2026-01-22T12:34:56+0",
                "2026-02-29T00:00:00Z",
                "2100-02-29T00:00:00Z",
                "2026-13-01T00:00:00Z",
                "2026-00-01T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-01T24:00:00Z",
                "2026-01-01T00:60:00Z",
                "2026-01-01T00:00:60Z",
                "0000-01-01T00:00:00Z",
                "+026-01-01T00:00:00Z",
                "2026-01-01T00:00:0 Z",
        };
        char text[DATE_SIZE];
        int64_t s = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(date_parse(bad[i], &s), -EINVAL, "not a date: \"%s\"", bad[i]);
        tap_int(s, 7, "output untouched");
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                tap_int(date_parse(good[i].text, &s), 0, "date");
                tap_int(s, good[i].seconds, "%s", good[i].text);
                date_format(good[i].seconds, text);
                tap_str(text, good[i].text, "and back");
        }
        date_format(INT64_MAX, text);
        tap_str(text, "9999-12-31T23:59:59Z", "the far end");
        date_format(INT64_MIN, text);
        tap_str(text, "0001-01-01T00:00:00Z", "the near end");
}

int main(void)
{
        test_refused();
        test_size();
        test_measured();
        test_canonical();
        test_canonical_float();
        test_fields();
        test_dates();
        return tap_done();
}
