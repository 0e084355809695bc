/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-probe: asks a service once whether it is well, from inside the network namespace of its release,
 * and says by its exit status what came of it (ground/probe.h). Its input is the service's answer, which is
 * hostile: of at most 64 bytes of it, one number is looked at. It reads and writes nothing else. */

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "ground/args.h"
#include "ground/io.h"
#include "ground/probe.h"
#include "ground/text.h"

enum {
        ANSWER_MAX = 64,    /* "HTTP/1.1 200 ...": what follows may be endless */
        REQUEST_MAX = 1024, /* HTTP= has at most half of it (facts/directives.h) */
};

#define TIMEOUT_MAX_MSEC (10 * 60 * 1000)

static const char *arg_timeout = "5000", *arg_socket;

static int64_t now_msec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* PROBE_GOOD, or PROBE_SILENT when the time is over. */
static int await_event(int fd, short events, int64_t until)
{
        struct pollfd p = { .fd = fd, .events = events };

        for (;;) {
                int64_t left = until - now_msec();
                int r;

                if (left <= 0)
                        return PROBE_SILENT;
                r = poll(&p, 1, (int)left);
                if (r > 0)
                        return PROBE_GOOD;
                if (r < 0 && errno != EINTR)
                        return PROBE_FAILED;
        }
}

static int exit_of_errno(int error)
{
        switch (error) {
        case ECONNREFUSED:
        case ENOENT:
        case EADDRNOTAVAIL: /* no IPv6 here */
        case EAFNOSUPPORT:
                return PROBE_REFUSED;
        case ECONNRESET:
        case EPIPE:
                return PROBE_CLOSED;
        default:
                return PROBE_FAILED;
        }
}

/* The kernel may have chosen the very port that is asked for our end, and then TCP connects us to ourselves:
 * nobody listens there. */
static bool connects_itself(int fd)
{
        struct sockaddr_storage ours = {}, theirs = {};
        socklen_t a = sizeof(ours), b = sizeof(theirs);

        return getsockname(fd, (struct sockaddr *)(void *)&ours, &a) >= 0 &&
               getpeername(fd, (struct sockaddr *)(void *)&theirs, &b) >= 0 && ours.ss_family != AF_UNIX &&
               a == b && memcmp(&ours, &theirs, a) == 0;
}

static int connect_to(const struct sockaddr *address, socklen_t size, int64_t until, int *ret)
{
        _cleanup_close_ int fd = -EBADF;
        socklen_t len = sizeof(int);
        int error = 0, r;

        fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return exit_of_errno(errno);
        if (connect(fd, address, size) < 0 && errno != EINPROGRESS)
                /* AF_UNIX: a full backlog. */
                return errno == EAGAIN ? PROBE_SILENT : exit_of_errno(errno);
        r = await_event(fd, POLLOUT, until);
        if (r != PROBE_GOOD)
                return r;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error != 0)
                return exit_of_errno(error);
        if (connects_itself(fd))
                return PROBE_REFUSED;
        *ret = TAKE_FD(fd);
        return PROBE_GOOD;
}

/* A service may listen on either loopback address. */
static int connect_port(uint16_t port, int64_t until, int *ret)
{
        const struct sockaddr_in v4 = { .sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        const struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
                                         .sin6_port = htons(port),
                                         .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int r;

        r = connect_to((const struct sockaddr *)(const void *)&v4, sizeof(v4), until, ret);
        if (r != PROBE_REFUSED)
                return r;
        return connect_to((const struct sockaddr *)(const void *)&v6, sizeof(v6), until, ret);
}

static int connect_path(const char *path, int64_t until, int *ret)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        if (text_copy(address.sun_path, sizeof(address.sun_path), path) < 0)
                return PROBE_FAILED;
        return connect_to((const struct sockaddr *)(const void *)&address, sizeof(address), until, ret);
}

static int request_send(int fd, const char *path, int64_t until)
{
        char request[REQUEST_MAX];
        size_t len, done = 0;

        len = (size_t)snprintf(
                request, sizeof(request),
                "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: sealift-probe/" PACKAGE_VERSION
                "\r\nAccept: */*\r\nConnection: close\r\n\r\n",
                path);
        if (len >= sizeof(request))
                return PROBE_FAILED;
        while (done < len) {
                ssize_t n = send(fd, request + done, len - done, MSG_NOSIGNAL);
                int r;

                if (n >= 0) {
                        done += (size_t)n;
                        continue;
                }
                if (errno != EAGAIN && errno != EINTR)
                        return exit_of_errno(errno);
                r = await_event(fd, POLLOUT, until);
                if (r != PROBE_GOOD)
                        return r;
        }
        return PROBE_GOOD;
}

/* RFC 9112, 4: "HTTP/1.1 200 ", of which the digits are all that counts. */
static int answer_judge(const char *answer, size_t len)
{
        unsigned status = 0;

        if (len < STRLEN("HTTP/1.1 200") || memcmp(answer, "HTTP/1.", 7) != 0 || answer[8] != ' ')
                return PROBE_NO_HTTP;
        for (size_t i = 9; i < 12; i++) {
                if (answer[i] < '0' || answer[i] > '9')
                        return PROBE_NO_HTTP;
                status = status * 10 + (unsigned)(answer[i] - '0');
        }
        if (len > 12 && !strchr(" \r\n", answer[12]))
                return PROBE_NO_HTTP;
        return probe_exit_of(status);
}

static int answer_read(int fd, int64_t until)
{
        char answer[ANSWER_MAX];
        size_t len = 0;

        while (len < sizeof(answer) && !memchr(answer, '\n', len)) {
                ssize_t n;
                int r;

                r = await_event(fd, POLLIN, until);
                if (r != PROBE_GOOD)
                        return r;
                n = read(fd, answer + len, sizeof(answer) - len);
                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        continue;
                if (n <= 0)
                        return len > 0 ? answer_judge(answer, len) : PROBE_CLOSED;
                len += (size_t)n;
        }
        return answer_judge(answer, len);
}

static int ask(const char *port_text, const char *path)
{
        _cleanup_close_ int fd = -EBADF;
        uint64_t port = 0, timeout;
        int64_t until;
        int r;

        if (text_parse_u64(arg_timeout, TIMEOUT_MAX_MSEC, &timeout) < 0 ||
            text_parse_u64(port_text, UINT16_MAX, &port) < 0 || (port == 0) != (arg_socket != NULL)) {
                fprintf(stderr, "<3>sealift-probe: '%s' is not a port, or '%s' not a time\n", port_text,
                        arg_timeout);
                return PROBE_FAILED;
        }
        until = now_msec() + (int64_t)timeout;
        r = arg_socket ? connect_path(arg_socket, until, &fd) : connect_port((uint16_t)port, until, &fd);
        if (r == PROBE_GOOD && path)
                r = request_send(fd, path, until);
        if (r == PROBE_GOOD && path)
                r = answer_read(fd, until);
        return r;
}

int main(int argc, char *argv[])
{
        static const struct args_option options[] = {
                ARGS_TEXT('t', "timeout", "MSEC", &arg_timeout, "how long it may take (default: 5000)"),
                ARGS_TEXT('s', "socket", "PATH", &arg_socket, "ask through this socket; PORT is 0 then"),
        };
        static const struct args_command command = {
                .name = "sealift-probe",
                .operands = "-- PORT [PATH]",
                .help = "asks whoever listens on this port, for PATH by HTTP where there is one",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_operands = 1,
                .max_operands = 2,
        };
        char **operands, text[64];
        int n, status;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        status = ask(operands[0], operands[1]);
        probe_exit_describe(status, text, sizeof(text));
        if (status != PROBE_GOOD)
                fprintf(stderr, "<5>%s\n", text); /* sd-daemon(3): LOG_NOTICE */
        return status;
}
