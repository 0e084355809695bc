/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The real sealift-unpack of this build at the other end of a socketpair, as systemd would start it. */

#include "ground/base.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

struct worker {
        pid_t pid;
        int sock;
};

static inline void worker_start(struct worker *w, const char *program)
{
        const char *builddir = getenv("top_builddir");
        char path[4096];
        int fds[2];

        (void)snprintf(path, sizeof(path), "%s/%s", builddir ? builddir : ".", program);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                abort();
        w->pid = fork();
        if (w->pid < 0)
                abort();
        if (w->pid == 0) {
                if (dup2(fds[1], STDIN_FILENO) >= 0)
                        (void)execl(path, path, (char *)NULL);
                _exit(127);
        }
        (void)fd_close(fds[1]);
        w->sock = fds[0];
}

/* Its wait status; usage may be NULL. Its socket is closed first, unless it was given away. */
static inline int worker_wait(struct worker *w, struct rusage *usage)
{
        int status = -1;

        w->sock = fd_close(w->sock);
        if (wait4(w->pid, &status, 0, usage) != w->pid)
                abort();
        return status;
}
