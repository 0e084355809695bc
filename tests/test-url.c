/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fetch/url.h"

#include "tap.h"

static const struct path_case {
        const char *path, *url; /* NULL: refused */
} paths[] = {
        { "timestamp.json", "https://b/x/timestamp.json" },
        { "targets/stable/0a1b.web.manifest", "https://b/x/targets/stable/0a1b.web.manifest" },
        { "a~b_c-d.E9", "https://b/x/a~b_c-d.E9" },
        { "web-1.0+rc1", "https://b/x/web-1.0%2Brc1" },
        { "...", "https://b/x/..." },
        { ".hidden/..x", "https://b/x/.hidden/..x" },
        { "", NULL },
        { "/", NULL },
        { "/a", NULL },
        { "a/", NULL },
        { "a//b", NULL },
        { ".", NULL },
        { "..", NULL },
        { "a/../b", NULL },
        { "a/..", NULL },
        { "./a", NULL },
        { "a?b", NULL },
        { "a#b", NULL },
        { "metadata/1...%2Fx.json", "https://b/x/metadata/1...%2Fx.json" },
        { "1.%2E%2e%2fx.json", "https://b/x/1.%2E%2e%2fx.json" },
        { "1.%3F.json", "https://b/x/1.%3F.json" },
        { "1.%2F%2Fx", "https://b/x/1.%2F%2Fx" },
        { "a%2B+%25", "https://b/x/a%2B%2B%25" },
        { "a%2e%2e", "https://b/x/a%2e%2e" },
        { "%2e%2e", NULL },
        { ".%2E", NULL },
        { "%2E", NULL },
        { "%2e%2e%2fa", NULL },
        { "a%2f%2e%2e%2fb", NULL },
        { "a%2F..", NULL },
        { "a/%2E%2E/b", NULL },
        { "a%00", NULL },
        { "a%", NULL },
        { "a%2", NULL },
        { "a%2/b", NULL },
        { "a%2g", NULL },
        { "a%%41", NULL },
        { "a% 1", NULL },
        { "a%+1", NULL },
        { "a\\b", NULL },
        { "a b", NULL },
        { "a\nb", NULL },
        { "a@b", NULL },
        { "https://c/", NULL },
        { "\xc3\xa4", NULL },
};

static void test_paths(void)
{
        for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
                const struct path_case *c = paths + i;
                char url[URL_SIZE] = "untouched";
                struct fault f = {};

                tap_int(url_build("https://b/x/", c->path, url, &f), c->url ? 0 : -EINVAL, "path %zu is %s",
                        i, c->url ? "taken" : "refused");
                tap_str(url, c->url ? c->url : "untouched", "path %zu: the URL", i);
        }
}

static const struct decoded_case {
        const char *path, *decoded; /* NULL: refused */
} decoded[] = {
        { "metadata/1.root.json", "metadata/1.root.json" },
        { "a+b", "a+b" },
        { "1...%2Fx.json", "1.../x.json" },
        { "caf%C3%A9%20%25", "caf\xc3\xa9 %" },
        { "a%2F..%2Fb", NULL },
        { "%2e%2E/b", NULL },
        { "../b", NULL },
        { "/b", NULL },
        { "a%00", NULL },
        { "a b", NULL },
};

static const struct decoded_case folders[] = {
        { "file:///media/usb/", "/media/usb/" },
        { "file:///media/My%20Stick/", "/media/My Stick/" },
        { "file:///a%00b/", NULL },
        { "file:///a%2/", NULL },
        { "file:///a%", NULL },
};

static void test_decoded(void)
{
        for (size_t i = 0; i < ELEMENTSOF(decoded); i++) {
                const struct decoded_case *c = decoded + i;
                char path[FETCH_PATH_SIZE] = "untouched";
                struct fault f = {};

                tap_int(url_decode_path(c->path, path, &f), c->decoded ? 0 : -EINVAL, "path %zu is %s", i,
                        c->decoded ? "decoded" : "refused");
                tap_str(path, c->decoded ? c->decoded : "untouched", "path %zu: for a file system", i);
        }
        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                const struct decoded_case *c = folders + i;
                char path[CONFIG_URL_SIZE] = "untouched";
                struct fault f = {};

                tap_int(url_folder(c->path, path, &f), c->decoded ? 0 : -EINVAL, "folder %zu is %s", i,
                        c->decoded ? "taken" : "refused");
                tap_str(path, c->decoded ? c->decoded : "untouched", "folder %zu: its path", i);
        }
}

static void test_longest(void)
{
        char base[CONFIG_URL_SIZE + 1], path[FETCH_PATH_SIZE + 1], url[URL_SIZE];
        struct fault f;

        memset(base, 'b', sizeof(base));
        base[CONFIG_URL_SIZE - 1] = '\0';
        memset(path, '+', sizeof(path));
        path[FETCH_PATH_SIZE - 1] = '\0';
        tap_int(url_build(base, path, url, &f), 0, "the longest base and the longest path");
        tap_int((long long)strlen(url), CONFIG_URL_SIZE - 1 + 3 * (FETCH_PATH_SIZE - 1), "fit");
        path[FETCH_PATH_SIZE - 1] = '+';
        path[FETCH_PATH_SIZE] = '\0';
        tap_int(url_build(base, path, url, &f), -EINVAL, "a path one byte longer does not");
        path[1] = '\0';
        base[CONFIG_URL_SIZE - 1] = 'b';
        base[CONFIG_URL_SIZE] = '\0';
        tap_int(url_build(base, path, url, &f), -EINVAL, "nor does such a base");
}

static void test_reports(void)
{
        struct config_report put = { .url = "https://r/in/", .method = REPORT_PUT };
        struct config_report post = { .url = "https://r/in", .method = REPORT_POST }, none = {};
        static const char *const bad[] = { "", ".", "..", "a/b", "A", "a b", "a%41" };
        char url[URL_SIZE];
        struct fault f;

        tap_int(url_build_report(&put, "m1.2.json", url, &f), 0, "a report's name");
        tap_str(url, "https://r/in/m1.2.json", "goes behind the URL for PUT");
        tap_int(url_build_report(&post, "m1.2.json", url, &f), 0, "for POST");
        tap_str(url, "https://r/in", "it does not");
        tap_int(url_build_report(&none, "m1.2.json", url, &f), -EINVAL, "nowhere to report to");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(url_build_report(&put, bad[i], url, &f), -EINVAL, "'%s' is no name", bad[i]);
}

int main(void)
{
        test_paths();
        test_decoded();
        test_longest();
        test_reports();
        return tap_done();
}
