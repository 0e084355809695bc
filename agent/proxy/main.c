/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-proxy: what systemd starts between a socket and a program that knows nothing of sockets. It waits
 * until the program listens on a port of this network namespace, then becomes systemd-socket-proxyd, which
 * it is given as a command: same process, same sockets. It never reads or writes a byte of a connection. */

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "ground/args.h"
#include "ground/notify.h"
#include "ground/text.h"

/* The kernel tells nobody that a port is listened on, so it is asked: at first as often as a program that is
 * about to listen deserves, then so seldom that a slow one is not in its way. There is no limit here; the
 * unit's TimeoutStartSec= is one. */
#define PAUSE_FIRST_NSEC 2000000L
#define PAUSE_MAX_NSEC   200000000L

enum { LISTEN_FDS_START = 3, LISTEN_FDS_MAX = 1024 }; /* sd_listen_fds(3); a socket unit of ours has few */

static bool arg_first;

/* 0: it accepts connections. From another address than its own: the kernel could choose that very port for
 * our end, and TCP would connect us to ourselves. */
static int port_try(uint16_t port)
{
        const struct sockaddr_in from = { .sin_family = AF_INET,
                                          .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1) },
                                 to = { .sin_family = AF_INET,
                                        .sin_port = htons(port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        _cleanup_close_ int fd = -EBADF;

        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&from, sizeof(from)) < 0 ||
            connect(fd, (const struct sockaddr *)(const void *)&to, sizeof(to)) < 0)
                return -errno;
        return 0;
}

/* For the operator, and for the fault where the unit's patience ends. */
static void status_tell(uint16_t port)
{
        char text[64];

        (void)snprintf(text, sizeof(text), "STATUS=nobody listens on 127.0.0.1:%u yet", port);
        notify_send(text);
}

static int port_await(uint16_t port, struct fault *f)
{
        struct timespec pause = { .tv_nsec = PAUSE_FIRST_NSEC };
        bool told = false;
        int r;

        while ((r = port_try(port)) == -ECONNREFUSED) {
                if (!told)
                        status_tell(port);
                told = true;
                (void)nanosleep(&pause, NULL);
                pause.tv_nsec = pause.tv_nsec * 2 < PAUSE_MAX_NSEC ? pause.tv_nsec * 2 : PAUSE_MAX_NSEC;
        }
        return r < 0 ? fault_set_errno(f, r, "127.0.0.1:%u: cannot connect", port) : 0;
}

/* A listening socket of nobody's with one connection in its backlog, whose other end is closed already. */
static int first_make(int *ret)
{
        _cleanup_close_ int listener = -EBADF, client = -EBADF;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        socklen_t size = sizeof(sa_family_t); /* unix(7): autobind */

        listener = socket(AF_UNIX, SOCK_STREAM, 0);
        client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (listener < 0 || client < 0 ||
            bind(listener, (const struct sockaddr *)(const void *)&address, size) < 0 ||
            listen(listener, 1) < 0)
                return -errno;
        size = sizeof(address);
        if (getsockname(listener, (struct sockaddr *)(void *)&address, &size) < 0 ||
            connect(client, (const struct sockaddr *)(const void *)&address, size) < 0)
                return -errno;
        *ret = TAKE_FD(listener);
        return 0;
}

/* systemd-socket-proxyd counts its idle time from the end of a connection, and would wait for ever for the
 * first: it gets one that is over, on a socket behind those of systemd's. */
static int first_add(struct fault *f)
{
        const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
        char text[32];
        uint64_t n;
        int fd = -EBADF, r;

        if (!count || text_parse_u64(count, LISTEN_FDS_MAX, &n) < 0 || n == 0)
                return fault_set(f, -EINVAL, "systemd has passed no sockets");
        r = first_make(&fd);
        if (r < 0)
                return fault_set_errno(f, r, "cannot make a connection");
        r = dup2(fd, LISTEN_FDS_START + (int)n) < 0 ? -errno : 0;
        if (fd != LISTEN_FDS_START + (int)n)
                (void)fd_close(fd);
        if (r < 0)
                return fault_set_errno(f, r, "cannot pass on a socket");
        (void)snprintf(text, sizeof(text), "%u", (unsigned)n + 1);
        if (setenv("LISTEN_FDS", text, 1) < 0 || (names && unsetenv("LISTEN_FDNAMES") < 0))
                return fault_set_errno(f, -errno, "cannot pass on a socket");
        return 0;
}

static int run(const char *port_text, char **command, struct fault *f)
{
        uint64_t port;
        int r;

        if (text_parse_u64(port_text, UINT16_MAX, &port) < 0 || port == 0)
                return fault_set(f, -EINVAL, "'%s' is not a port", port_text);
        r = port_await((uint16_t)port, f);
        if (r >= 0 && arg_first)
                r = first_add(f);
        if (r < 0)
                return r;
        /* systemd-socket-proxyd says so itself since systemd 253 only; that it will be there is all that is
         * left to know. */
        if (access(command[0], X_OK) >= 0) {
                notify_send("READY=1\nSTATUS=");
                (void)execv(command[0], command);
        }
        return fault_set_errno(f, -errno, "%s: cannot execute it", command[0]);
}

int main(int argc, char *argv[])
{
        static const struct args_option options[] = {
                ARGS_FLAG('f', "first", &arg_first, "begin with a connection of our own, which is over"),
        };
        static const struct args_command command = {
                .name = "sealift-proxy",
                .operands = "-- PORT PROGRAM [ARGUMENT...]",
                .help = "waits until somebody listens on 127.0.0.1:PORT, then executes PROGRAM",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_operands = 2,
                .max_operands = 16,
        };
        struct fault f = {};
        char **operands;
        int n, status;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        (void)run(operands[0], operands + 1, &f);
        fprintf(stderr, "<3>sealift-proxy: %s\n", f.text); /* sd-daemon(3): LOG_ERR */
        return EXIT_STATUS_FAILED;
}
