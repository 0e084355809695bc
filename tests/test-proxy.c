/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-proxy with this very program behind it: it is run again as "child", and prints what it was given.
 */

#include "tap.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ground/io.h"

enum { LISTEN_FDS_START = 3, OUTPUT_MAX = 4096 };

static const char *program;
static char self[4096];

/* ---- behind it ---- */

static void child_print(const char *name)
{
        const char *value = getenv(name);

        printf("%s=%s\n", name, value ? value : "");
}

/* The socket behind those of systemd's has a connection, which is over. */
static void child_accept(void)
{
        _cleanup_close_ int fd = accept(LISTEN_FDS_START + 1, NULL, NULL);
        char byte;

        printf("%s\n", fd < 0 ? "no connection" : read(fd, &byte, 1) == 0 ? "over" : "not over");
}

static int child(int argc, char **argv)
{
        printf("%d arguments, the last is %s\n", argc, argv[argc - 1]);
        child_print("LISTEN_FDS");
        child_print("LISTEN_FDNAMES");
        child_accept();
        return 7;
}

/* ---- before it ---- */

struct run {
        pid_t pid;
        int out;
};

static int local_socket(int type, uint16_t *ret_port)
{
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

        if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&address, size) < 0 ||
            getsockname(fd, (struct sockaddr *)(void *)&address, &size) < 0)
                abort();
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static int notify_socket(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) < 0)
                abort();
        return fd;
}

/* As systemd would with one socket, here any descriptor. */
static struct run start(const char *const *arguments, const char *listen_fds, const char *notify)
{
        const char *argv[16] = { program };
        struct run run;
        int fds[2];

        for (size_t i = 0; arguments[i]; i++)
                argv[i + 1] = arguments[i];
        if (pipe(fds) < 0)
                abort();
        run.pid = fork();
        if (run.pid < 0)
                abort();
        if (run.pid == 0) {
                if (dup2(fds[1], STDOUT_FILENO) < 0 || dup2(fds[1], STDERR_FILENO) < 0 ||
                    dup2(STDIN_FILENO, LISTEN_FDS_START) < 0)
                        _exit(127);
                if (listen_fds)
                        (void)setenv("LISTEN_FDS", listen_fds, 1);
                if (notify)
                        (void)setenv("NOTIFY_SOCKET", notify, 1);
                (void)setenv("LISTEN_FDNAMES", "http", 1);
                (void)execv(program, (char **)(uintptr_t)argv);
                _exit(127);
        }
        (void)fd_close(fds[1]);
        run.out = fds[0];
        return run;
}

static int finish(struct run *run, char out[static OUTPUT_MAX])
{
        size_t len = 0;
        int status = -1;

        if (io_read_full(run->out, out, OUTPUT_MAX - 1, &len) < 0 ||
            waitpid(run->pid, &status, 0) != run->pid)
                abort();
        out[len] = '\0';
        run->out = fd_close(run->out);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_waits(const char *directory)
{
        char port_text[8], out[OUTPUT_MAX], told[128] = "", path[64];
        const char *arguments[] = { "--", port_text, self, "child", "--option=x", NULL };
        _cleanup_close_ int listener = -EBADF, notify = -EBADF;
        struct run run;
        uint16_t port;

        (void)snprintf(path, sizeof(path), "%s/notify", directory);
        notify = notify_socket(path);
        listener = local_socket(SOCK_STREAM, &port);
        (void)snprintf(port_text, sizeof(port_text), "%u", port);
        run = start(arguments, "1", path);
        (void)!recv(notify, told, sizeof(told) - 1, 0);
        tap_like(told, "STATUS=nobody listens on 127.0.0.1:", "it says that it waits");
        tap_int(waitpid(run.pid, NULL, WNOHANG), 0, "and goes on waiting");
        if (listen(listener, 8) < 0)
                abort();
        tap_int(finish(&run, out), 7, "when somebody listens, the program is executed in its place");
        tap_like(out, "3 arguments, the last is --option=x", "with its arguments");
        tap_like(out, "LISTEN_FDS=1\nLISTEN_FDNAMES=http\n", "and the sockets as systemd passed them");
        tap_int(recv(notify, told, sizeof(told) - 1, MSG_DONTWAIT), STRLEN("READY=1\nSTATUS="),
                "it has said so once");
        tap_like(told, "READY=1\n", "and then that it is ready");
        tap_int(recv(notify, told, sizeof(told), MSG_DONTWAIT), -1, "and no more");
        (void)unlink(path);
}

static void test_first(void)
{
        char port_text[8], out[OUTPUT_MAX];
        const char *arguments[] = { "--first", "--", port_text, self, "child", NULL };
        _cleanup_close_ int listener = -EBADF;
        struct run run;
        uint16_t port;

        listener = local_socket(SOCK_STREAM, &port);
        if (listen(listener, 8) < 0)
                abort();
        (void)snprintf(port_text, sizeof(port_text), "%u", port);
        run = start(arguments, "1", NULL);
        tap_int(finish(&run, out), 7, "--first: the program is executed");
        tap_like(out, "LISTEN_FDS=2\nLISTEN_FDNAMES=\n", "with one more socket");
        tap_like(out, "\nover\n", "that has a connection, which is over");
        run = start(arguments, NULL, NULL);
        tap_int(finish(&run, out), 1, "--first without a socket is a failure");
        tap_like(out, "systemd has passed no sockets", "that says why");
}

static void test_refusals(const char *directory)
{
        char port_text[8], out[OUTPUT_MAX], path[64];
        const char *const bad[] = { "--", "0", self, NULL }, *const few[] = { "--", "80", NULL },
                          *const gone[] = { "--", port_text, "/nowhere/program", NULL };
        _cleanup_close_ int listener = -EBADF, notify = -EBADF;
        struct run run;
        uint16_t port;

        run = start(bad, NULL, NULL);
        tap_int(finish(&run, out), 1, "port 0 is none");
        tap_like(out, "'0' is not a port", "and named");
        run = start(few, NULL, NULL);
        tap_int(finish(&run, out), 2, "a program has to be named");
        listener = local_socket(SOCK_STREAM, &port);
        if (listen(listener, 8) < 0)
                abort();
        (void)snprintf(port_text, sizeof(port_text), "%u", port);
        (void)snprintf(path, sizeof(path), "%s/notify", directory);
        notify = notify_socket(path);
        run = start(gone, NULL, path);
        tap_int(finish(&run, out), 1, "one that is not there is a failure");
        tap_like(out, "/nowhere/program: cannot execute it", "that names it");
        tap_int(recv(notify, out, sizeof(out), MSG_DONTWAIT), -1, "and was never said to be ready");
        (void)unlink(path);
}

int main(int argc, char **argv)
{
        const char *builddir = getenv("top_builddir");
        char path[4096], directory[] = "/tmp/test-proxy.XXXXXX";

        if (argc > 1 && str_eq(argv[1], "child"))
                return child(argc, argv);
        (void)snprintf(path, sizeof(path), "%s/sealift-proxy", builddir ? builddir : ".");
        program = path;
        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || !mkdtemp(directory))
                abort();
        test_waits(directory);
        test_first();
        test_refusals(directory);
        (void)rmdir(directory);
        return tap_done();
}
