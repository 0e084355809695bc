/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "web.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct web *running; /* stopped at exit */

void web_bail_out(const char *what)
{
        printf("Bail out! %s: %s\n", what, strerror(errno));
        exit(EXIT_FAILURE);
}

static void on_exit_stop(void)
{
        if (running)
                web_stop(running);
}

static void check(bool ok, const char *what)
{
        if (!ok)
                web_bail_out(what);
}

/* A port where nobody listens, and that nobody else is given as long as this is open. */
static int port_open(unsigned *ret_port)
{
        struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof(sa);
        int fd = socket(AF_INET, SOCK_STREAM, 0);

        check(fd >= 0 && bind(fd, (struct sockaddr *)&sa, len) >= 0 &&
                      getsockname(fd, (struct sockaddr *)&sa, &len) >= 0,
              "port");
        *ret_port = ntohs(sa.sin_port);
        return fd;
}

static int listener_open(unsigned *ret_port)
{
        int fd = port_open(ret_port);

        check(listen(fd, 64) >= 0, "listening socket");
        return fd;
}

static pid_t spawn(const char *const argv[])
{
        pid_t parent = getpid(), pid = fork();

        check(pid >= 0, "fork");
        if (pid > 0)
                return pid;
        /* However the test ends, its servers end with it; nginx takes its own worker along on SIGTERM. */
        if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
                _exit(126);
        (void)dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is TAP */
        (void)execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
}

int web_run(const char *const argv[])
{
        pid_t pid = spawn(argv);
        int status;

        check(waitpid(pid, &status, 0) == pid, argv[0]);
        return status;
}

void web_write(const struct web *w, const char *name, const char *format, ...)
{
        char path[512];
        va_list ap;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%s", w->dir, name);
        f = fopen(path, "we");
        check(f != NULL, path);
        va_start(ap, format);
        check(vfprintf(f, format, ap) >= 0 && fclose(f) == 0, path);
        va_end(ap);
}

static const char *source_path(const char *name, char *path, size_t size)
{
        const char *top = getenv("top_srcdir");

        (void)snprintf(path, size, "%s/tests/%s", top ? top : ".", name);
        return path;
}

static const char nginx_conf[] =
        "daemon off;\n"
        "user root root;\n" /* heeded only by a root that has a choice */
        "pid %1$s/nginx.pid;\n"
        "error_log %1$s/nginx.log;\n"
        "events { }\n"
        "http {\n"
        "  access_log %1$s/access.log;\n"
        "  client_body_temp_path %1$s/t1;\n"
        "  proxy_temp_path %1$s/t2;\n"
        "  fastcgi_temp_path %1$s/t3;\n"
        "  uwsgi_temp_path %1$s/t4;\n"
        "  scgi_temp_path %1$s/t5;\n"
        "  server {\n"
        "    listen 127.0.0.1:%2$u ssl;\n"
        "    ssl_certificate %1$s/server.pem;\n"
        "    ssl_certificate_key %1$s/server.key;\n"
        "    root %1$s;\n"
        "    gzip on;\n"
        "    gzip_types *;\n"
        "    gzip_min_length 1;\n"
        "    location /bucket/connection { return 200 $connection; }\n"
        "    location /bucket/headers {\n"
        "      return 200 \"$http_accept_encoding|$http_cookie|$http_user_agent\";\n"
        "    }\n"
        "    location /bucket/raw { return 200 $request_uri; }\n"
        "  }\n"
        "  server {\n"
        "    listen 127.0.0.1:%3$u ssl;\n"
        "    ssl_certificate %1$s/server.pem;\n"
        "    ssl_certificate_key %1$s/server.key;\n"
        "    ssl_protocols TLSv1.1;\n"
        "    ssl_ciphers DEFAULT@SECLEVEL=0;\n"
        "    root %1$s;\n"
        "  }\n"
        "}\n";

static void nginx_start(struct web *w)
{
        char conf[128], fds[32];
        int fd = listener_open(&w->nginx_port), old_fd = listener_open(&w->old_port);

        web_write(w, "nginx.conf", nginx_conf, w->dir, w->nginx_port, w->old_port);
        (void)snprintf(conf, sizeof(conf), "%s/nginx.conf", w->dir);
        /* nginx takes over listening sockets named here, as it does from itself when it is upgraded. */
        (void)snprintf(fds, sizeof(fds), "%d;%d;", fd, old_fd);
        (void)setenv("NGINX", fds, 1);
        w->pids[w->n_pids++] =
                spawn((const char *const[]){ "nginx", "-p", w->dir, "-e", "stderr", "-c", conf, NULL });
        (void)unsetenv("NGINX");
        (void)fd_close(fd);
        (void)fd_close(old_fd);
}

/* What the misbehaving server answers where a whole answer is a file (its mode "raw"). */
static const struct {
        const char *path, *answer;
} raw_answers[] = {
        { "truncated", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nless" },
        { "truncated-chunks",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n" },
        { "announced-large", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nless" },
        { "longer-than-said",
          "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\ngood\nand what nobody asked for" },
        { "silent-close", "" },
        { "not-http", "SSH-2.0-OpenSSH_9.2\r\n" },
        { "unasked-304", "HTTP/1.1 304 Not Modified\r\n\r\n" },
        { "partial",
          "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nContent-Range: bytes 1-2/5\r\n\r\noo" },
        { "unranged", "HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\noo" },
        { "bad-etag", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\" and more\r\n\r\ngood\n" },
};

/* What it does elsewhere. */
static const char rules_text[] = "/endless endless\n"
                                 "/endless-404 endless 404\n"
                                 "/redirect redirect https://elsewhere.example/bucket\n"
                                 "/redirect-here redirect /good\n"
                                 "/reset reset 500\n"
                                 "/endless-headers headers\n"
                                 "/interim raw\n"
                                 "/stall stall\n"
                                 "/stall-in-body stall-body 3\n"
                                 "/drip drip 0.1\n"
                                 "/trickle drip 0.8 2048\n"
                                 "/whole whole\n"
                                 "/part range part 1\n"
                                 "/refuses-ranges range status 416\n"
                                 "/status/204 status 204\n"
                                 "/status/400 status 400\n"
                                 "/status/401 status 401\n"
                                 "/status/403 status 403\n"
                                 "/status/410 status 410\n"
                                 "/status/429 status 429\n"
                                 "/status/500 status 500\n"
                                 "/status/503 status 503\n";

static void evil_write(const struct web *w)
{
        static const char *const files[] = { "reset", "endless",       "endless-404",
                                             "stall", "stall-in-body", "drip" };
        static const char *const digits[] = { "whole", "part", "refuses-ranges" };
        char name[64], rules_all[2048];
        static char interim[1000 * STRLEN("HTTP/1.1 100 Continue\r\n\r\n") + 1];
        int n;

        n = snprintf(rules_all, sizeof(rules_all), "%s", rules_text);
        for (size_t i = 0; i < ELEMENTSOF(raw_answers); i++) {
                n += snprintf(rules_all + n, sizeof(rules_all) - (size_t)n, "/%s raw\n",
                              raw_answers[i].path);
                (void)snprintf(name, sizeof(name), "evil/%s", raw_answers[i].path);
                web_write(w, name, "%s", raw_answers[i].answer);
        }
        (void)snprintf(rules_all + n, sizeof(rules_all) - (size_t)n,
                       "127.0.0.1:%u status 407\n127.0.0.1:%u status 502\n", w->other_port, w->expired_port);
        web_write(w, "rules", "%s", rules_all);
        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                (void)snprintf(name, sizeof(name), "evil/%s", files[i]);
                web_write(w, name, "%01000d", 0);
        }
        for (size_t i = 0; i < 1000; i++)
                (void)strcpy(interim + i * STRLEN("HTTP/1.1 100 Continue\r\n\r\n"),
                             "HTTP/1.1 100 Continue\r\n\r\n");
        web_write(w, "evil/interim", "%s", interim);
        web_write(w, "evil/trickle", "%032000d", 0);
        web_write(w, "evil/good", "good\n");
        for (size_t i = 0; i < ELEMENTSOF(digits); i++) {
                (void)snprintf(name, sizeof(name), "evil/%s", digits[i]);
                web_write(w, name, "0123456789");
        }
}

static void evil_start(struct web *w, const char *certificate, unsigned *ret_port)
{
        char program[512], listen_at[24], root[80], rules[80], requests[80], uploads[80], pem[80], key[80];
        int fd = listener_open(ret_port);

        (void)snprintf(listen_at, sizeof(listen_at), "fd:%d", fd);
        (void)snprintf(root, sizeof(root), "%s/evil", w->dir);
        (void)snprintf(rules, sizeof(rules), "%s/rules", w->dir);
        (void)snprintf(requests, sizeof(requests), "%s/requests", w->dir);
        (void)snprintf(uploads, sizeof(uploads), "%s/uploads", w->dir);
        (void)snprintf(pem, sizeof(pem), "%s/%s.pem", w->dir, certificate);
        (void)snprintf(key, sizeof(key), "%s/%s.key", w->dir, certificate);
        w->pids[w->n_pids++] = spawn((const char *const[]){
                "python3", source_path("host/evil.py", program, sizeof(program)), "--listen", listen_at,
                "--root", root, "--rules", rules, "--log", requests, "--bodies", uploads, "--certificate",
                pem, "--key", key, NULL });
        (void)fd_close(fd);
}

int web_start(struct web *w, const char **ret_missing)
{
        static const struct {
                const char *argv[4];
        } needed[] = {
                { { "nginx", "-v" } },
                { { "openssl", "version" } },
                { { "python3", "--version" } },
        };
        const char *tmp = getenv("TMPDIR");
        static const char *const folders[] = { "bucket", "evil", "uploads" };
        char certs[512], folder[80];

        *w = (struct web){};
        for (size_t i = 0; i < ELEMENTSOF(needed); i++)
                if (web_run(needed[i].argv) != 0) {
                        *ret_missing = needed[i].argv[0];
                        return -ENOENT;
                }
        (void)snprintf(w->dir, sizeof(w->dir), "%.40s/sealift-web.XXXXXX", tmp ? tmp : "/tmp");
        check(mkdtemp(w->dir) != NULL, w->dir);
        running = w;
        check(atexit(on_exit_stop) == 0, "atexit");
        check(web_run((const char *const[]){ source_path("certs", certs, sizeof(certs)), w->dir, NULL }) ==
                      0,
              "tests/certs");
        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                (void)snprintf(folder, sizeof(folder), "%s/%s", w->dir, folders[i]);
                check(mkdir(folder, 0755) >= 0, folder);
        }
        nginx_start(w);
        evil_start(w, "server", &w->evil_port);
        evil_start(w, "other", &w->other_port);
        evil_start(w, "expired", &w->expired_port);
        /* Until the end: the test beside this one listens somewhere, too. */
        (void)port_open(&w->closed_port);
        evil_write(w); /* the rules name ports; they are read at each request */
        return 0;
}

void web_stop(struct web *w)
{
        running = NULL;
        for (size_t i = 0; i < w->n_pids; i++) {
                (void)kill(w->pids[i], SIGTERM);
                (void)waitpid(w->pids[i], NULL, 0);
        }
        w->n_pids = 0;
        if (*w->dir)
                (void)web_run((const char *const[]){ "rm", "-rf", w->dir, NULL });
}
