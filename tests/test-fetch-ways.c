/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real sealift-fetch through proxies and at a pace, and the other way round: what it uploads. */

#include <time.h>

#include "ground/io.h"
#include "ground/message.h"

#include "fetch-worker.h"
#include "tap.h"

/* Sources with a way of their own: through a proxy, or at a pace. */
static void ways_write(void)
{
        web_write(&web, "ways.conf",
                  "[Agent]\nChannel=stable\nSource=nginx\n"
                  "[Source nginx]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "[Source evil]\nURL=https://127.0.0.1:%3$u\nCAFile=%1$s/ca.pem\n"
                  "[Source slow]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\nRateLimit=64K\n"
                  "[Source proxied]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=https://127.0.0.1:%3$u\n"
                  "[Source plain-proxy]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=http://127.0.0.1:%3$u\n"
                  "[Source refused]\nURL=https://127.0.0.1:%4$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=https://127.0.0.1:%3$u\n"
                  "[Source troubled]\nURL=https://127.0.0.1:%5$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=https://127.0.0.1:%3$u\n"
                  "[Source noproxy]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=http://127.0.0.1:%6$u\n"
                  "[Source stranger-proxy]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "Proxy=https://127.0.0.1:%4$u\n"
                  "[Source direct]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\nProxy=none\n",
                  web.dir, web.nginx_port, web.evil_port, web.other_port, web.expired_port, web.closed_port);
}

/* How often that stands in the requests that came. */
static int requests_with(const char *text)
{
        _cleanup_free_ char *requests = NULL;
        char path[128];
        size_t len;
        int n = 0;

        (void)snprintf(path, sizeof(path), "%s/requests", web.dir);
        if (io_read_file_at(AT_FDCWD, path, 1 << 20, &requests, &len, NULL) < 0)
                web_bail_out("the test itself has failed");
        for (const char *p = requests; (p = strstr(p, text)); p++)
                n++;
        return n;
}

static void test_proxy(struct worker *w)
{
        char dir[128];

        worker_open(w, "ways.conf", "30s");
        tap_int(worker_get(w, "proxied", "digits", 10, ""), 0, "an object through a proxy (%s)",
                w->done.text);
        tap_str(w->body, "0123456789", "with its bytes");
        tap_int(requests_with("\"CONNECT\""), 1, "which opened a tunnel");
        tap_int(requests_with("\"login\": \"Basic"), 0, "without credentials");
        offset = 4;
        tap_int(worker_get(w, "proxied", "digits", 10, ""), 0, "the rest of it (%s)", w->done.text);
        tap_str(w->body, "456789", "too");
        offset = 0;
        tap_int(requests_with("\"CONNECT\""), 1, "through the same tunnel");
        tap_int(worker_get(w, "plain-proxy", "digits", 10, ""), 0, "through a proxy without TLS (%s)",
                w->done.text);
        tap_int(requests_with("\"CONNECT\""), 2, "which is a tunnel, too");
        tap_int(worker_get(w, "refused", "digits", 10, ""), -EACCES, "a proxy that asks who we are");
        tap_like(w->done.text, "the proxy asks for credentials", "is told (%s)", w->done.text);
        tap_int(worker_get(w, "troubled", "digits", 10, ""), -EHOSTUNREACH, "a proxy in trouble");
        tap_like(w->done.text, "HTTP status 502", "may pass (%s)", w->done.text);
        tap_int(worker_get(w, "noproxy", "digits", 10, ""), -EHOSTUNREACH, "a proxy that is away");
        tap_int(worker_get(w, "stranger-proxy", "digits", 10, ""), -EACCES,
                "a proxy that does not prove who it is (%s)", w->done.text);
        worker_close(w);

        web_write(&web, "sealift.proxy", "me:a secret\n");
        (void)snprintf(dir, sizeof(dir), "%s", web.dir);
        (void)setenv("CREDENTIALS_DIRECTORY", dir, 1);
        worker_open(w, "ways.conf", "30s");
        tap_int(worker_get(w, "proxied", "digits", 10, ""), 0, "with credentials (%s)", w->done.text);
        tap_int(requests_with("\"login\": \"Basic bWU6YSBzZWNyZXQ=\""), 1, "they are given to the proxy");
        tap_int(worker_get(w, "evil", "good", 10, ""), 0, "to nobody else");
        while (requests_with("\"path\": \"/good\"") == 0) /* which is written down when it is over */
                (void)usleep(10000);
        tap_int(requests_with("\"login\": \"Basic"), 1, "no");
        tap_int(worker_get(w, "refused", "digits", 10, ""), -EACCES, "refused all the same");
        tap_ok(!strstr(w->done.text, "secret"), "they are not told (%s)", w->done.text);
        worker_close(w);
        web_write(&web, "sealift.proxy", "nobody\n");
        worker_open(w, "ways.conf", "30s");
        tap_int(worker_get(w, "proxied", "digits", 10, ""), -EINVAL, "credentials that are none");
        tap_like(w->done.text, "not one line user:password", "are told (%s)", w->done.text);
        worker_close(w);
        (void)unsetenv("CREDENTIALS_DIRECTORY");

        (void)snprintf(dir, sizeof(dir), "http://127.0.0.1:%u", web.closed_port);
        (void)setenv("https_proxy", dir, 1);
        worker_open(w, "ways.conf", "30s");
        tap_int(worker_get(w, "nginx", "digits", 10, ""), -EHOSTUNREACH, "the environment's proxy counts");
        tap_int(worker_get(w, "direct", "digits", 10, ""), 0, "unless the configuration has none");
        (void)setenv("no_proxy", "127.0.0.1", 1);
        worker_close(w);
        (void)unsetenv("https_proxy");
        worker_open(w, "ways.conf", "30s");
        tap_int(worker_get(w, "noproxy", "digits", 10, ""), -EHOSTUNREACH,
                "what the configuration says, $no_proxy does not take back");
        worker_close(w);
        (void)unsetenv("no_proxy");
}

/* A limit can only make it longer: the machine may be as slow as it likes. */
static void test_rate(struct worker *w)
{
        struct timespec before, after;

        web_write(&web, "bucket/paced", "%065536d", 0);
        worker_open(w, "ways.conf", "30s");
        (void)clock_gettime(CLOCK_MONOTONIC, &before);
        tap_int(worker_get(w, "slow", "paced", 65536, ""), 0, "64 KiB at 64 KiB a second (%s)",
                w->done.text);
        (void)clock_gettime(CLOCK_MONOTONIC, &after);
        tap_ok((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 1000,
               "do not come in one (%ld s)", (long)(after.tv_sec - before.tv_sec));
        worker_close(w);
}

static void upload_send(struct worker *w, const char *name, const char *text, uint64_t size, int fd)
{
        struct fetch_upload u = { .size = size };

        (void)snprintf(u.name, sizeof(u.name), "%s", name);
        if (message_send(w->sock, FETCH_UPLOAD, &u, sizeof(u), fd) < 0)
                web_bail_out("the test itself has failed");
        (void)fd_close(fd);
}

static int upload(struct worker *w, const char *name, const char *text)
{
        w->done = (struct fetch_done){};
        upload_send(w, name, text, strlen(text), io_memfd_sealed("report", text, strlen(text)));
        if (worker_receive(w) != 1)
                web_bail_out("the test itself has failed");
        return w->done.error;
}

/* The receiver's log says what came, and in which file of its own the body is. */
static void check_upload(const char *method, const char *path, const char *text)
{
        _cleanup_free_ char *requests = NULL, *body = NULL;
        char want[256], file[256] = "";
        const char *last;
        size_t len;

        (void)snprintf(want, sizeof(want), "%s/requests", web.dir);
        if (io_read_file_at(AT_FDCWD, want, 1 << 20, &requests, &len, NULL) < 0)
                web_bail_out("the test itself has failed");
        (void)snprintf(want, sizeof(want), "{\"method\": \"%s\", \"path\": \"%s\",", method, path);
        last = strstr(requests, want);
        tap_ok(last != NULL, "the receiver saw %s %s", method, path);
        last = last ? last : "";
        tap_like(last, "\"type\": \"application/json\"", "which is JSON");
        last = strstr(last, "\"body\": \"");
        (void)sscanf(last ? last : "", "\"body\": \"%255[^\"]", file);
        tap_int(io_read_file_at(AT_FDCWD, file, 1 << 20, &body, &len, NULL), 0, "it kept what it got");
        tap_str(body, text, "which is the report");
}

static void test_upload(struct worker *w)
{
        int tunnels = requests_with("\"CONNECT\"");

        worker_open(w, "sealift.conf", "30s");
        tap_int(upload(w, "m1-1.json", "{\"a\": 1}"), 0, "a report is put (%s)", w->done.text);
        tap_int(w->done.status, 204, "its status");
        check_upload("PUT", "/reports/m1-1.json", "{\"a\": 1}");
        tap_int(upload(w, "../x", "{}"), -EINVAL, "a report cannot leave its folder");
        tap_int(upload(w, "", "{}"), -EINVAL, "nor be without a name");
        worker_close(w);
        worker_open(w, "post.conf", "30s");
        tap_int(upload(w, "", "{\"b\": 2}"), 0, "a report is posted (%s)", w->done.text);
        check_upload("POST", "/reports", "{\"b\": 2}");
        worker_close(w);
        worker_open(w, "proxied.conf", "30s");
        tap_int(upload(w, "m1-2.json", "{\"c\": 3}"), 0, "a report is put through a proxy (%s)",
                w->done.text);
        check_upload("PUT", "/reports/m1-2.json", "{\"c\": 3}");
        tap_int(requests_with("\"CONNECT\""), tunnels + 1, "which opened a tunnel");
        worker_close(w);
        worker_open(w, "refused.conf", "30s");
        tap_int(upload(w, "m1-1.json", "{}"), -EHOSTUNREACH, "a receiver in trouble: later");
        tap_like(w->done.text, "report m1-1.json: HTTP status 503", "with its status");
        worker_close(w);
        worker_open(w, "silent.conf", "30s");
        tap_int(upload(w, "m1-1.json", "{}"), -EINVAL, "no receiver configured");
        tap_like(w->done.text, "[Report] URL=", "and what to configure");
        worker_close(w);
}

int main(void)
{
        if (!fetch_begin())
                return 0;
        ways_write();
        web_write(&web, "refused.conf",
                  "[Agent]\nChannel=c\n[Source s]\nURL=https://s/\n"
                  "[Report]\nURL=https://127.0.0.1:%u/status/503\nMethod=POST\nCAFile=%s/ca.pem\n",
                  web.evil_port, web.dir);
        web_write(&web, "proxied.conf",
                  "[Agent]\nChannel=c\n[Source s]\nURL=https://s/\n"
                  "[Report]\nURL=https://127.0.0.1:%1$u/reports\nCAFile=%2$s/ca.pem\n"
                  "Proxy=https://127.0.0.1:%1$u\n",
                  web.evil_port, web.dir);
        web_write(&web, "silent.conf", "[Agent]\nChannel=c\n[Source s]\nURL=https://s/\n");
        test_proxy(&worker);
        test_rate(&worker);
        test_upload(&worker);
        web_stop(&web);
        return tap_done();
}
