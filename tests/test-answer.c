/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fetch/answer.h"

#include "tap.h"

static int add(struct answer *a, const char *line)
{
        return answer_add_header(a, line, strlen(line));
}

static const struct etag_case {
        const char *line, *etag;
} etags[] = {
        { "ETag: \"abc\"\r\n", "\"abc\"" },
        { "etag:W/\"abc\"  \r\n", "W/\"abc\"" },
        { "ETAG:\t\"\"\n", "\"\"" },
        { "ETag: \"x!#~\"", "\"x!#~\"" },
        { "ETag: abc\r\n", "" },
        { "ETag: \"abc\r\n", "" },
        { "ETag: \"a\"b\"\r\n", "" },
        { "ETag: \"a b\"\r\n", "" },
        { "ETag: \"a\x01\"\r\n", "" },
        { "ETag: \"\xe4\"\r\n", "" },
        { "ETag: W/\r\n", "" },
        { "ETag: \"\r\n", "" },
        { "ETag:\r\n", "" },
        { "ETag:", "" },
        { "ETag", "" },
        { "X-ETag: \"abc\"\r\n", "" },
};

static const struct range_case {
        const char *line;
        bool ranged;
        uint64_t from;
} ranges[] = {
        { "Content-Range: bytes 5-9/10\r\n", true, 5 },
        { "content-range:bytes 0-0/*\r\n", true, 0 },
        { "Content-Range: Bytes 9223372036854775807-9223372036854775807/*", true, INT64_MAX },
        { "Content-Range: bytes 9223372036854775808-9223372036854775808/*", false, 0 },
        { "Content-Range: bytes */10\r\n", false, 0 },
        { "Content-Range: bytes -9/10\r\n", false, 0 },
        { "Content-Range: bytes +5-9/10\r\n", false, 0 },
        { "Content-Range: bytes 5\r\n", false, 0 },
        { "Content-Range: bytes=5-9/10\r\n", false, 0 },
        { "Content-Range: items 5-9/10\r\n", false, 0 },
        { "Content-Range: bytes 000000000000000000000000000005-9/10\r\n", false, 0 },
        { "Content-Range:\r\n", false, 0 },
        { "X-Content-Range: bytes 5-9/10\r\n", false, 0 },
};

static void test_ranges(void)
{
        struct answer a = {};

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++) {
                a = (struct answer){};
                tap_int(add(&a, ranges[i].line), 0, "range %zu", i);
                tap_int(a.ranged, ranges[i].ranged, "range %zu: is one, or not", i);
                tap_ok(!a.ranged || a.from == ranges[i].from, "range %zu: where it begins", i);
        }
        a = (struct answer){};
        (void)!add(&a, ranges[0].line);
        (void)!add(&a, ranges[4].line);
        tap_ok(!a.ranged, "the last one counts");
        (void)!add(&a, ranges[0].line);
        (void)!add(&a, "HTTP/1.1 206 Partial Content\r\n");
        tap_ok(!a.ranged, "an interim answer's does not");
}

static void test_etags(void)
{
        struct answer a = {};
        char line[FETCH_ETAG_SIZE + 16];

        for (size_t i = 0; i < ELEMENTSOF(etags); i++) {
                a = (struct answer){};
                tap_int(add(&a, etags[i].line), 0, "line %zu", i);
                tap_str(a.etag, etags[i].etag, "line %zu: its ETag", i);
        }
        for (int longer = 0; longer < 2; longer++) {
                a = (struct answer){};
                memset(line, 'x', sizeof(line));
                (void)snprintf(line, sizeof(line), "ETag: \"%.*s\"", FETCH_ETAG_SIZE - 3 + longer,
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                               "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
                (void)!add(&a, line);
                tap_int((long long)strlen(a.etag), longer ? 0 : FETCH_ETAG_SIZE - 1, "the longest ETag%s",
                        longer ? " and a byte" : "");
        }
        a = (struct answer){};
        (void)!answer_add_header(&a, "ETag: \"a\0b\"", 11);
        tap_str(a.etag, "", "a NUL is no part of an ETag");
        (void)!add(&a, "ETag: \"a\"");
        (void)!add(&a, "HTTP/1.1 200 OK\r\n");
        tap_str(a.etag, "", "an interim answer's ETag does not count");
}

static void test_bounds(void)
{
        static char line[65536];
        struct answer a = {};
        int n = 0;

        while (n < 100000 && add(&a, "x\r\n") == 0)
                n++;
        tap_int(n, 200, "lines end at their limit");
        a = (struct answer){};
        tap_int(answer_add_header(&a, line, sizeof(line)), 0, "64 KiB of lines");
        tap_int(answer_add_header(&a, "x", 1), -EFBIG, "and no byte more");
}

static void test_status(void)
{
        struct fault f = {};

        tap_int(answer_check_status(200, EXPECT_BODY, NULL, &f), 0, "200 with a body");
        tap_int(answer_check_status(304, EXPECT_BODY_OR_UNCHANGED, NULL, &f), 0, "304 to a condition");
        tap_int(answer_check_status(304, EXPECT_BODY, NULL, &f), -EHOSTUNREACH, "304 to none");
        tap_int(answer_check_status(206, EXPECT_REST, NULL, &f), 0, "206 where the rest was asked for");
        tap_int(answer_check_status(200, EXPECT_REST, NULL, &f), -ERANGE, "not all of it");
        tap_int(answer_check_status(206, EXPECT_BODY, NULL, &f), -EHOSTUNREACH, "206 where it was not");
        tap_int(answer_check_status(416, EXPECT_REST, NULL, &f), -ERANGE, "416: from the beginning");
        tap_int(answer_check_status(416, EXPECT_BODY, NULL, &f), -EINVAL, "416 to no range");
        tap_int(answer_check_status(204, EXPECT_STORED, NULL, &f), 0, "204 to an upload");
        tap_int(answer_check_status(304, EXPECT_STORED, NULL, &f), -EHOSTUNREACH, "304 to an upload");
        tap_int(answer_check_status(307, EXPECT_STORED, "https://b/", &f), -EINVAL, "a redirect");
        tap_like(f.text, "https://b/", "names where it points");
        tap_int(answer_check_status(403, EXPECT_BODY, NULL, &f), -ENOENT, "S3's 403 is a 404");
        tap_int(answer_check_status(418, EXPECT_BODY, NULL, &f), -EINVAL, "another 4xx");
        tap_int(answer_check_status(599, EXPECT_BODY, NULL, &f), -EHOSTUNREACH, "another 5xx");
        tap_int(answer_check_proxy(407, &f), -EACCES, "a proxy that asks for credentials");
        tap_like(f.text, "asks for credentials", "which is said");
        tap_int(answer_check_proxy(403, &f), -EACCES, "one that refuses");
        tap_int(answer_check_proxy(502, &f), -EHOSTUNREACH, "one in trouble");
        tap_int(answer_check_status(999, EXPECT_BODY, NULL, &f), -EHOSTUNREACH, "no status of HTTP");
}

int main(void)
{
        test_etags();
        test_ranges();
        test_bounds();
        test_status();
        return tap_done();
}
