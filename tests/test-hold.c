/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-hold before this very program: it is run again as "child", and prints what it was given. */

#include "tap.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "ground/io.h"

enum { OUTPUT_MAX = 4096, CHILD_STATUS = 7 };

static char hold[4096], self[4096];

static int child(int argc, char **argv)
{
        sigset_t blocked;

        (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
        printf("%d arguments, the last is %s; %s; SIGCONT is %s\n", argc, argv[argc - 1],
               getenv("NOTIFY_SOCKET") ? "told" : "not told",
               sigismember(&blocked, SIGCONT) ? "blocked" : "free");
        return CHILD_STATUS;
}

static int notify_listen(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&address, sizeof(address)) < 0)
                abort();
        return fd;
}

static pid_t hold_start(const char *notify, const char *program, int out_fd)
{
        pid_t pid = fork();

        if (pid == 0) {
                (void)setenv("NOTIFY_SOCKET", notify, 1);
                (void)dup2(out_fd, STDOUT_FILENO);
                (void)dup2(out_fd, STDERR_FILENO);
                (void)execl(hold, hold, "--", program, "child", "--last", (char *)NULL);
                _exit(EXIT_FAILURE);
        }
        return pid;
}

/* What it printed; its exit status is the result. */
static int hold_run(int notify_fd, const char *notify, const char *program, char out[static OUTPUT_MAX])
{
        char said[64] = "";
        int fds[2], status = 0;
        ssize_t n;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0)
                abort();
        pid = hold_start(notify, program, fds[1]);
        (void)close(fds[1]);
        n = recv(notify_fd, said, sizeof(said) - 1, 0);
        tap_str(n > 0 ? said : "", "READY=1", "it says that it is there");
        tap_int(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0, "whoever looks now");
        tap_int(read(fds[0], out, OUTPUT_MAX), -1, "sees that its program has not begun");
        (void)fcntl(fds[0], F_SETFL, 0);
        (void)kill(pid, SIGCONT);
        n = read(fds[0], out, OUTPUT_MAX - 1);
        out[n > 0 ? n : 0] = '\0';
        (void)waitpid(pid, &status, 0);
        (void)close(fds[0]);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv)
{
        const char *builddir = getenv("top_builddir");
        char path[64], directory[] = "/tmp/test-hold.XXXXXX", out[OUTPUT_MAX];
        int fd;

        if (argc > 1 && str_eq(argv[1], "child"))
                return child(argc, argv);
        (void)snprintf(hold, sizeof(hold), "%s/sealift-hold", builddir ? builddir : ".");
        if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0 || !mkdtemp(directory))
                abort();
        (void)snprintf(path, sizeof(path), "%s/notify", directory);
        fd = notify_listen(path);
        tap_int(hold_run(fd, path, self, out), CHILD_STATUS, "then it is its program");
        tap_str(out, "3 arguments, the last is --last; not told; SIGCONT is free\n",
                "which finds things as a program of its own would");
        tap_int(hold_run(fd, path, "/nowhere/program", out), 203, "one that is not there is systemd's EXEC");
        tap_like(out, "/nowhere/program: cannot execute it", "and named");
        (void)close(fd);
        (void)unlink(path);
        (void)rmdir(directory);
        return tap_done();
}
