/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sealift-fetch that tests/tuf-client asks: the worker is a child on a socketpair, as systemd would have
 * started it. */

#include "tuf-fetch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/text.h"

static int config_add(struct buffer *b, const char *source, const char *url, struct fault *f)
{
        if (!url)
                return 0;
        if (!text_printable(url, strlen(url))) /* a newline would be a line of its own */
                return fault_set(f, -EINVAL, "%s: not a URL", url);
        (void)buffer_printf(b, "[Source %s]\nURL=%s\n", source, url);
        return 0;
}

static int config_write(struct tuf_fetch *x, const char *metadata_url, const char *targets_url,
                        struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(64 * 1024);
        _cleanup_close_ int dir = -EBADF;
        const char *tmp = getenv("TMPDIR");
        int r;

        (void)buffer_append_text(&b, "[Agent]\nChannel=none\nSource=metadata\n");
        r = config_add(&b, "metadata", metadata_url, f);
        if (r >= 0)
                r = config_add(&b, "targets", targets_url, f);
        if (r < 0)
                return r;
        if (b.error < 0)
                return fault_set_errno(f, b.error, "cannot make the worker's configuration");
        if (!tmp || strlen(tmp) > 40)
                tmp = "/tmp";
        (void)snprintf(x->dir, sizeof(x->dir), "%s/tuf-client-XXXXXX", tmp);
        if (!mkdtemp(x->dir)) {
                x->dir[0] = '\0';
                return fault_set_errno(f, -errno, "%s: cannot make a folder there", tmp);
        }
        dir = open(x->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", x->dir);
        return io_replace_file_at(dir, "sealift.conf", b.data, b.len, 0600, f);
}

_Noreturn static void worker_run(const char *program, const char *dir, int sock, pid_t parent)
{
        char config[128];

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)snprintf(config, sizeof(config), "--config=%s/sealift.conf", dir);
        if (getppid() == parent && dup2(sock, STDIN_FILENO) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
                (void)execl(program, program, config, "--http-localhost", NULL);
        _exit(127);
}

int tuf_fetch_open(struct tuf_fetch *x, const char *program, const char *metadata_url,
                   const char *targets_url, struct fault *f)
{
        pid_t parent = getpid();
        int fds[2], r;

        r = config_write(x, metadata_url, targets_url, f);
        if (r < 0)
                return r;
        if (access(program, X_OK) < 0)
                return fault_set_errno(f, -errno, "%s: cannot run", program);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                return fault_set_errno(f, -errno, "cannot make a socketpair");
        x->pid = fork();
        if (x->pid == 0)
                worker_run(program, x->dir, fds[1], parent);
        fds[1] = fd_close(fds[1]);
        x->fetching.sock = fds[0];
        if (x->pid < 0) {
                x->pid = 0;
                return fault_set_errno(f, -errno, "cannot start %s", program);
        }
        return 0;
}

void tuf_fetch_close(struct tuf_fetch *x)
{
        char path[sizeof(x->dir) + sizeof("/sealift.conf")];

        x->fetching.sock = fd_close(x->fetching.sock);
        if (x->pid > 0)
                (void)waitpid(x->pid, NULL, 0);
        x->pid = 0;
        if (*x->dir) {
                (void)snprintf(path, sizeof(path), "%s/sealift.conf", x->dir);
                (void)unlink(path);
                (void)rmdir(x->dir);
        }
        x->dir[0] = '\0';
}
