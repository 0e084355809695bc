/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-probe against services that answer well, badly, slowly, without end, and not at all. */

#include "tap.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ground/io.h"
#include "ground/probe.h"

static char program[4096];

enum manner { CLOSE, STALL, FLOOD, RESET };

struct service {
        pid_t pid;
        int listener;
        char port[8];
};

/* Answers one connection, whatever it is asked, and then does what it is told to. */
static void serve(int listener, const char *answer, enum manner manner)
{
        const struct linger hard = { .l_onoff = 1 };
        char request[4096];
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
                _exit(1);
        if (manner != RESET)
                (void)!read(fd, request, sizeof(request));
        (void)!io_write_full(fd, answer, strlen(answer));
        if (manner == STALL)
                pause();
        while (manner == FLOOD && io_write_full(fd, "x", 1) >= 0)
                ;
        if (manner == RESET)
                (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        (void)close(fd);
        _exit(0);
}

/* In IPv4, which is asked first; and from now on nobody else will. */
static in_port_t port_nobody_has(void)
{
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t size = sizeof(v4);

        if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&v4, size) < 0 ||
            getsockname(fd, (struct sockaddr *)(void *)&v4, &size) < 0)
                abort();
        return v4.sin_port;
}

static struct service service_start(int family, const char *answer, enum manner manner)
{
        struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const void *address = family == AF_INET ? (const void *)&v4 : (const void *)&v6;
        socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
        struct sockaddr_in6 bound;
        struct service s = { .listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        if (family == AF_INET6)
                v6.sin6_port = port_nobody_has();
        if (s.listener < 0 || bind(s.listener, address, size) < 0 || listen(s.listener, 1) < 0)
                abort();
        size = sizeof(bound);
        if (getsockname(s.listener, (struct sockaddr *)(void *)&bound, &size) < 0)
                abort();
        (void)snprintf(s.port, sizeof(s.port), "%u", ntohs(bound.sin6_port)); /* at the same place in both */
        s.pid = answer ? fork() : -1;
        if (s.pid == 0)
                serve(s.listener, answer, manner);
        return s;
}

static void service_stop(struct service *s)
{
        s->listener = fd_close(s->listener);
        if (s->pid > 0 && (kill(s->pid, SIGKILL) < 0 || waitpid(s->pid, NULL, 0) != s->pid))
                abort();
}

static int probe(const char *const *arguments)
{
        const char *argv[16] = { program };
        int status = -1;
        pid_t pid;

        for (size_t i = 0; arguments[i]; i++)
                argv[i + 1] = arguments[i];
        pid = fork();
        if (pid == 0) {
                int null = open("/dev/null", O_WRONLY);

                (void)dup2(null, STDERR_FILENO);
                (void)execv(program, (char **)(uintptr_t)argv);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) != pid)
                abort();
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int probe_http(const char *port, const char *timeout)
{
        return probe((const char *const[]){ "--timeout", timeout, "--", port, "/well?a=1", NULL });
}

/* "long" is enough for any answer here, and "short" is sure to end: nothing measures time. */
#define LONG  "60000"
#define SHORT "200"

static void test_answers(void)
{
        static const struct {
                const char *answer;
                enum manner manner;
                int want;
                const char *what;
        } rows[] = {
                { "HTTP/1.1 200 OK\r\n\r\n", CLOSE, PROBE_GOOD, "200" },
                { "HTTP/1.0 204\r\n", CLOSE, PROBE_GOOD, "204 without a reason" },
                { "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n", STALL, PROBE_GOOD, "a redirect" },
                { "HTTP/1.1 200 OK\r\n", STALL, PROBE_GOOD, "headers that do not end" },
                { "HTTP/1.1 200 ", FLOOD, PROBE_GOOD, "a line without end" },
                { "HTTP/1.1 500 No\r\n", CLOSE, PROBE_5XX, "500" },
                { "HTTP/1.1 503 No\r\n", CLOSE, PROBE_5XX + 3, "503" },
                { "HTTP/1.1 404 No\r\n", CLOSE, PROBE_4XX + 4, "404" },
                { "HTTP/1.1 600 No\r\n", CLOSE, PROBE_STATUS, "600" },
                { "HTTP/1.1 100 Continue\r\n", CLOSE, PROBE_STATUS, "100" },
                { "HTTP/1.1 2000 OK\r\n", CLOSE, PROBE_NO_HTTP, "four digits" },
                { "HTTP/1.1 20x OK\r\n", CLOSE, PROBE_NO_HTTP, "no number" },
                { "HTTP/2 200\r\n", CLOSE, PROBE_NO_HTTP, "another HTTP" },
                { "SSH-2.0-OpenSSH_9.2\r\n", CLOSE, PROBE_NO_HTTP, "another protocol" },
                { "HTTP/1.1 20", CLOSE, PROBE_NO_HTTP, "an answer cut off" },
                { "\n", CLOSE, PROBE_NO_HTTP, "an empty line" },
                { "", FLOOD, PROBE_NO_HTTP, "a flood" },
                { "", CLOSE, PROBE_CLOSED, "nothing at all" },
                { "", RESET, PROBE_CLOSED, "a reset" },
                { "HTTP/1.1 2", STALL, PROBE_SILENT, "half an answer" },
                { "", STALL, PROBE_SILENT, "silence" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                struct service s = service_start(AF_INET, rows[i].answer, rows[i].manner);

                tap_int(probe_http(s.port, rows[i].want == PROBE_SILENT ? SHORT : LONG), rows[i].want, "%s",
                        rows[i].what);
                service_stop(&s);
        }
}

static void test_ports(void)
{
        struct service s = service_start(AF_INET, NULL, CLOSE), v6;

        tap_int(probe((const char *const[]){ "--", s.port, NULL }), PROBE_GOOD,
                "a port that is listened on");
        tap_int(probe_http(s.port, SHORT), PROBE_SILENT, "but nobody accepts");
        service_stop(&s);
        tap_int(probe((const char *const[]){ "--", s.port, NULL }), PROBE_REFUSED, "one that is not");
        v6 = service_start(AF_INET6, "HTTP/1.1 200 OK\r\n", CLOSE);
        tap_int(probe_http(v6.port, LONG), PROBE_GOOD, "one of IPv6 alone");
        service_stop(&v6);
}

static void test_socket(void)
{
        char dir[] = "/tmp/sealift-probe-XXXXXX";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        struct service s = { .listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        if (!mkdtemp(dir))
                abort();
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", dir);
        if (bind(s.listener, (const struct sockaddr *)(const void *)&address, sizeof(address)) < 0 ||
            listen(s.listener, 1) < 0)
                abort();
        s.pid = fork();
        if (s.pid == 0)
                serve(s.listener, "HTTP/1.1 500 No\r\n", CLOSE);
        tap_int(probe((const char *const[]){ "--socket", address.sun_path, "--", "0", "/", NULL }),
                PROBE_5XX, "through a socket");
        service_stop(&s);
        tap_int(probe((const char *const[]){ "--socket", address.sun_path, "--", "0", "/", NULL }),
                PROBE_REFUSED, "that nobody listens on");
        if (unlink(address.sun_path) < 0 || rmdir(dir) < 0)
                abort();
        tap_int(probe((const char *const[]){ "--socket", address.sun_path, "--", "0", NULL }), PROBE_REFUSED,
                "that is not there");
}

static void test_usage(void)
{
        static const char *const bad[][2] = { { "0", "a port of 0" },
                                              { "65536", "a port beyond 16 bits" },
                                              { "x", "no port" } };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(probe((const char *const[]){ "--", bad[i][0], NULL }), PROBE_FAILED, "%s",
                        bad[i][1]);
        tap_int(probe((const char *const[]){ "--timeout", "1h", "--", "1", NULL }), PROBE_FAILED, "no time");
        tap_int(probe((const char *const[]){ "--", NULL }), 2, "no port at all");
}

static void test_texts(void)
{
        static const struct {
                int status;
                const char *text;
        } rows[] = { { PROBE_GOOD, "a good answer" },
                     { PROBE_REFUSED, "nobody listens" },
                     { PROBE_4XX, "status 400" },
                     { PROBE_4XX + 51, "status 451" },
                     { PROBE_4XX + 52, "could not be" },
                     { PROBE_5XX, "status 500" },
                     { PROBE_5XX + 11, "status 511" },
                     { PROBE_5XX + 12, "could not be" },
                     { 2, "could not be" },
                     { 8, "could not be" },
                     { -1, "could not be" },
                     { 255, "could not be" } };
        char text[64];
        bool right = true;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                probe_exit_describe(rows[i].status, text, sizeof(text));
                tap_like(text, rows[i].text, "exit status %d", rows[i].status);
                tap_int(probe_exit_is_answer(rows[i].status), !strstr(rows[i].text, "could not be"),
                        "exit status %d, an answer or not", rows[i].status);
        }
        tap_ok(!probe_exit_is_answer(PROBE_FAILED), "that it could not ask is no answer");
        for (unsigned status = 0; status < 1000; status++) {
                bool good = status >= 200 && status < 400;
                int number = probe_exit_of(status);

                right = right && (number == PROBE_GOOD) == good && number < 200;
        }
        tap_ok(right, "2xx and 3xx alone are good, and no number is systemd's");
}

int main(void)
{
        const char *build = getenv("top_builddir");

        (void)snprintf(program, sizeof(program), "%s/sealift-probe", build ? build : ".");
        test_answers();
        test_ports();
        test_socket();
        test_usage();
        test_texts();
        return tap_done();
}
