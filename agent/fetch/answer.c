/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads status and headers of an HTTP answer. Everything here was written by the server, which is hostile:
 * bounded, and nothing of it is believed further than "ask again with this ETag". */

#include "fetch/answer.h"

#include <strings.h>

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

static void etag_take(struct answer *a, const char *value, size_t len)
{
        char etag[FETCH_ETAG_SIZE];

        a->etag[0] = '\0';
        while (len > 0 && (*value == ' ' || *value == '\t')) {
                value++;
                len--;
        }
        while (len > 0 && strchr(" \t\r\n", value[len - 1]))
                len--;
        if (len >= sizeof(etag) || memchr(value, '\0', len))
                return;
        memcpy(etag, value, len);
        etag[len] = '\0';
        if (answer_etag_valid(etag))
                memcpy(a->etag, etag, len + 1);
}

int answer_add_header(struct answer *a, const char *line, size_t len)
{
        static const char etag[] = "ETag:", status[] = "HTTP/";

        a->lines++;
        if (a->lines > HEADER_LINES_MAX || len > HEADER_BYTES_MAX - a->bytes)
                return -EFBIG;
        a->bytes += len;
        /* A status line starts over: headers of an interim response say nothing about the final one. */
        if (len >= STRLEN("HTTP/") && strncasecmp(line, status, STRLEN("HTTP/")) == 0)
                a->etag[0] = '\0';
        else if (len >= STRLEN("ETag:") && strncasecmp(line, etag, STRLEN("ETag:")) == 0)
                etag_take(a, line + STRLEN("ETag:"), len - STRLEN("ETag:"));
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
        if (expect == EXPECT_STORED ? status >= 200 && status <= 299 : status == 200)
                return 0;
        if (status == 304 && expect == EXPECT_BODY_OR_UNCHANGED)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(answer_classes); i++) {
                const struct answer_class *c = answer_classes + i;

                if (status >= c->from && status <= c->to)
                        return fault_set(f, c->error, "HTTP status %ld%s%.200s: %s", status,
                                         to ? " to " : "", to ? to : "", c->advice);
        }
        return fault_set(f, -EHOSTUNREACH, "HTTP status %ld: not an answer to this request", status);
}
