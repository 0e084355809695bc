/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* URLs out of a configured base and a path below it. Whoever broke sealiftd, or wrote the metadata it
 * follows, must not be able to leave the source's host and folder, add a query, or smuggle a header. */

#include "fetch/url.h"

#include "ground/text.h"

static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
static const char report_name[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";

static bool segment_valid(const char *s, size_t n)
{
        return n > 0 && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.');
}

/* The octet that stands at *p, as itself or as "%XX", and moves on behind it. -EINVAL for half an escape,
 * and for %00: no name in metadata can hold it, and a server written in C would see the path end. */
static int octet_next(const char **p)
{
        char hex[3] = "";
        uint8_t octet;

        if (**p != '%')
                return (uint8_t) * (*p)++;
        (void)strncpy(hex, *p + 1, sizeof(hex) - 1);
        if (text_unhex(hex, &octet, 1) < 0 || octet == 0)
                return -EINVAL;
        *p += STRLEN("%XX");
        return octet;
}

/* The same, -EINVAL also for what may not stand in a path as itself. */
static int path_octet(const char **p)
{
        if (**p != '%' && **p != '/' && **p != '+' && !strchr(unreserved, **p))
                return -EINVAL;
        return octet_next(p);
}

/* Encoded octets go out as they came, neither libcurl (CURLOPT_PATH_AS_IS) nor we decode them: a role named
 * "../x" is the object "1...%2Fx.json". But most servers decode before they look for "..", and "%2e%2e%2f"
 * would lead them out of the source's folder, to wherever a GET on that host does something. So no segment
 * may be "." or ".." in the eyes of a server that decodes. */
static bool path_valid(const char *path)
{
        size_t len = 0, dots = 0; /* of the segment as such a server sees it */
        const char *segment = path;

        for (const char *p = path;;) {
                const char *at = p;
                int c = *p ? path_octet(&p) : '\0';

                if (c < 0)
                        return false;
                if (c != '/' && c != '\0') {
                        len++;
                        dots += c == '.';
                        continue;
                }
                if (at == segment || (dots == len && (len == 1 || len == 2)))
                        return false;
                if (c == '\0')
                        return true;
                if (*at == '/')
                        segment = p;
                len = dots = 0;
        }
}

static int path_check(const char *path, struct fault *f)
{
        if (strlen(path) >= FETCH_PATH_SIZE || !path_valid(path))
                return fault_set(
                        f, -EINVAL,
                        "not a path below a source: plain segments of A-Z a-z 0-9 - . _ ~ + %%XX only");
        return 0;
}

int url_build(const char *base, const char *path, char ret[static URL_SIZE], struct fault *f)
{
        size_t n = strlen(base);
        int r;

        r = path_check(path, f);
        if (r < 0)
                return r;
        if (n >= CONFIG_URL_SIZE)
                return fault_set(f, -EINVAL, "the source's URL is too long");
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

int url_decode_path(const char *path, char ret[static FETCH_PATH_SIZE], struct fault *f)
{
        int r;

        r = path_check(path, f);
        if (r < 0)
                return r;
        while (*path)
                *ret++ = (char)path_octet(&path);
        *ret = '\0';
        return 0;
}

int url_folder(const char *url, char ret[static CONFIG_URL_SIZE], struct fault *f)
{
        char folder[CONFIG_URL_SIZE];
        size_t n = 0;

        for (const char *p = url + STRLEN("file://"); *p;) {
                int c = octet_next(&p);

                if (c < 0 || n == sizeof(folder) - 1)
                        return fault_set(f, -EINVAL, "%.200s: has a %% that is not %%XX; check URL=", url);
                folder[n++] = (char)c;
        }
        folder[n] = '\0';
        memcpy(ret, folder, n + 1);
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
