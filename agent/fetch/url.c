/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* URLs out of a configured base and a path below it. Whoever broke sealiftd, or wrote the metadata it
 * follows, must not be able to leave the source's host and folder, add a query, or smuggle a header. */

#include "fetch/url.h"

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
static const char report_name[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

static bool segment_valid(const char *s, size_t n)
{
        return n > 0 && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.');
}

static bool path_valid(const char *path)
{
        const char *segment = path;

        for (const char *p = path;; p++) {
                if (*p && *p != '/') {
                        if (*p != '+' && !strchr(unreserved, *p))
                                return false;
                        continue;
                }
                if (!segment_valid(segment, (size_t)(p - segment)))
                        return false;
                if (!*p)
                        return true;
                segment = p + 1;
        }
}

int url_build(const char *base, const char *path, char ret[static URL_SIZE], struct fault *f)
{
        size_t n = strlen(base);

        if (n >= CONFIG_URL_SIZE || strlen(path) >= FETCH_PATH_SIZE || !path_valid(path))
                return fault_set(f, -EINVAL,
                                 "not a path below a source: plain segments of A-Z a-z 0-9 - . _ ~ + only");
        memcpy(ret, base, n);
        for (const char *p = path; *p; p++)
                if (*p == '+') {
                        memcpy(ret + n, "%2B", 3);
                        n += 3;
                } else
                        ret[n++] = *p;
        ret[n] = '\0';
        return 0;
}

int url_build_report(const struct config_report *report, const char *name, char ret[static URL_SIZE],
                     struct fault *f)
{
        size_t n = strlen(name);

        if (!report->url[0])
                return fault_set(f, -EINVAL, "no [Report] URL= is configured, reports go nowhere");
        if (report->method == REPORT_POST)
                n = 0;
        else if (strspn(name, report_name) != n || !segment_valid(name, n))
                return fault_set(f, -EINVAL, "not a report's name: a-z 0-9 . - only");
        memcpy(ret, report->url, strlen(report->url));
        memcpy(ret + strlen(report->url), name, n);
        ret[strlen(report->url) + n] = '\0';
        return 0;
}
