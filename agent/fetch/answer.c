/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads status and headers of an HTTP answer. Everything here was written by the server, which is hostile:
 * bounded, and nothing of it is believed further than "ask again with this ETag". */

#include "fetch/answer.h"

#include <strings.h>

#include "ground/text.h"

/* An endless row of header lines or of "100 Continue" never reaches the body's cap. S3 and CDNs send 10 to
 * 30 lines, 2 KiB. */
enum { HEADER_LINES_MAX = 200, HEADER_BYTES_MAX = 64 * 1024 };

bool answer_etag_valid(const char *etag)
{
        size_t n;

        if (str_has_prefix(etag, "W/"))
                etag += 2;
        n = strlen(etag);
        if (n < 2 || etag[0] != '"' || etag[n - 1] != '"')
                return false;
        for (size_t i = 1; i < n - 1; i++)
                if (etag[i] < 0x21 || etag[i] > 0x7e || etag[i] == '"')
                        return false;
        return true;
}

static void etag_take(struct answer *a, const char *value)
{
        a->etag[0] = '\0';
        if (answer_etag_valid(value))
                memcpy(a->etag, value, strlen(value) + 1);
}

/* RFC 9110 14.4: "bytes 5-9/10". Where the part ends, and how long the whole is, signatures say better. */
static void range_take(struct answer *a, const char *value)
{
        static const char unit[] = "bytes ";
        char number[24] = "";
        size_t n;

        a->ranged = false;
        if (strncasecmp(value, unit, STRLEN("bytes ")) != 0)
                return;
        value += STRLEN("bytes ");
        n = strspn(value, "0123456789");
        if (n == 0 || n >= sizeof(number) || value[n] != '-')
                return;
        memcpy(number, value, n);
        a->ranged = text_parse_u64(number, INT64_MAX, &a->from) >= 0;
}

/* Without the white space around it; one that is too long, or has a NUL, is none. */
static void value_trim(const char *value, size_t len, char ret[static FETCH_ETAG_SIZE])
{
        *ret = '\0';
        while (len > 0 && (*value == ' ' || *value == '\t')) {
                value++;
                len--;
        }
        while (len > 0 && strchr(" \t\r\n", value[len - 1]))
                len--;
        if (len >= FETCH_ETAG_SIZE || memchr(value, '\0', len))
                return;
        memcpy(ret, value, len);
        ret[len] = '\0';
}

static const struct answer_header {
        const char *name;
        void (*take)(struct answer *a, const char *value);
} answer_headers[] = {
        { "ETag:", etag_take },
        { "Content-Range:", range_take },
};

static void header_take(struct answer *a, const char *line, size_t len)
{
        char value[FETCH_ETAG_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(answer_headers); i++) {
                const struct answer_header *h = answer_headers + i;
                size_t n = strlen(h->name);

                if (len < n || strncasecmp(line, h->name, n) != 0)
                        continue;
                value_trim(line + n, len - n, value);
                h->take(a, value);
        }
}

int answer_add_header(struct answer *a, const char *line, size_t len)
{
        static const char status[] = "HTTP/";

        a->lines++;
        if (a->lines > HEADER_LINES_MAX || len > HEADER_BYTES_MAX - a->bytes)
                return -EFBIG;
        a->bytes += len;
        /* A status line starts over: headers of an interim response say nothing about the final one. */
        if (len >= STRLEN("HTTP/") && strncasecmp(line, status, STRLEN("HTTP/")) == 0) {
                a->etag[0] = '\0';
                a->ranged = false;
        } else
                header_take(a, line, len);
        return 0;
}

static const struct answer_class {
        long from, to;
        int error;
        const char *advice;
} answer_classes[] = {
        { 304, 304, -EHOSTUNREACH, "not an answer to this request" },
        { 300, 399, -EINVAL, "redirects are not followed; put the final address into URL=" },
        { 401, 401, -EACCES, "the server asks for credentials" },
        /* S3 answers 403 for an object that is not there when listing is not allowed. */
        { 403, 404, -ENOENT, "not there" },
        { 408, 408, -EHOSTUNREACH, "the server is busy" },
        { 410, 410, -ENOENT, "not there" },
        { 425, 429, -EHOSTUNREACH, "the server is busy" },
        { 400, 499, -EINVAL, "the server refuses the request; check URL=" },
        { 500, 599, -EHOSTUNREACH, "the server has trouble" },
};

int answer_check_status(long status, enum answer_expect expect, const char *to, struct fault *f)
{
        if (expect == EXPECT_STORED ? status >= 200 && status <= 299
                                    : status == (expect == EXPECT_REST ? 206 : 200))
                return 0;
        if (status == 304 && expect == EXPECT_BODY_OR_UNCHANGED)
                return 0;
        /* It sends all of it: whoever waits for the rest would hear nothing for as long as that takes. */
        if (status == 200 && expect == EXPECT_REST)
                return fault_set(f, -ERANGE, "HTTP status 200: the server knows no ranges");
        if (status == 416 && expect == EXPECT_REST)
                return fault_set(f, -ERANGE, "HTTP status 416: the server cannot go on from there");
        for (size_t i = 0; i < ELEMENTSOF(answer_classes); i++) {
                const struct answer_class *c = answer_classes + i;

                if (status >= c->from && status <= c->to)
                        return fault_set(f, c->error, "HTTP status %ld%s%.200s: %s", status,
                                         to ? " to " : "", to ? to : "", c->advice);
        }
        return fault_set(f, -EHOSTUNREACH, "HTTP status %ld: not an answer to this request", status);
}

int answer_check_proxy(long status, struct fault *f)
{
        if (status == 407)
                return fault_set(
                        f, -EACCES,
                        "the proxy asks for credentials, or refuses those it was given (HTTP status "
                        "407); see sealift-fetch(8)");
        if (status >= 400 && status <= 499)
                return fault_set(
                        f, -EACCES,
                        "the proxy refuses to connect there (HTTP status %ld); check Proxy= and URL=",
                        status);
        return fault_set(f, -EHOSTUNREACH, "the proxy cannot connect there (HTTP status %ld)", status);
}
