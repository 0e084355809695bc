/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Starts the programs that may do what this one must not: talk to a network, read an archive of strangers.
 */

#include "ctl/worker.h"

#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { WORKER_ARGUMENTS_MAX = 8 };

/* Whoever can put a program beside this one could replace this one. */
static void worker_path(const char *name, char ret[static PATH_MAX])
{
        ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - NAME_MAX - 1);
        char *slash;

        ret[n > 0 ? n : 0] = '\0';
        slash = strrchr(ret, '/');
        if (slash) {
                (void)snprintf(slash + 1, NAME_MAX, "%s", name);
                if (access(ret, X_OK) == 0)
                        return;
        }
        (void)snprintf(ret, PATH_MAX, "%s/%s", PKGLIBEXECDIR, name);
}

_Noreturn static void worker_exec(const char *path, const char **argv, int sock, pid_t parent)
{
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent && dup2(sock, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
                (void)execv(path, (char *const *)(uintptr_t)argv);
        _exit(127);
}

int worker_start(struct worker *w, const char *name, const char *const *arguments, struct fault *f)
{
        const char *argv[WORKER_ARGUMENTS_MAX + 2] = { name };
        char path[PATH_MAX];
        pid_t parent = getpid();
        int fds[2];

        for (size_t i = 0; arguments && i < WORKER_ARGUMENTS_MAX && arguments[i]; i++)
                argv[i + 1] = arguments[i];
        worker_path(name, path);
        if (access(path, X_OK) < 0)
                return fault_set_errno(f, -errno, "%s: cannot run; is sealift installed?", path);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return fault_set_errno(f, -errno, "cannot make a socketpair");
        w->pid = fork();
        if (w->pid == 0)
                worker_exec(path, argv, fds[1], parent);
        fds[1] = fd_close(fds[1]);
        w->sock = fds[0];
        if (w->pid > 0)
                return 0;
        w->pid = 0;
        return fault_set_errno(f, -errno, "cannot start %s", path);
}

void worker_done(struct worker *w)
{
        w->sock = fd_close(w->sock);
        if (w->pid > 0)
                while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        w->pid = 0;
}
