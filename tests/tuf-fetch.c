/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* tests/tuf-client's end of the conversation with sealift-fetch: the worker is a child on a socketpair, as
 * systemd would have started it. Bodies are counted here again; the worker is not believed. */

#include "tuf-fetch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/text.h"

enum { FETCH_CHUNK = 64 * 1024 };

enum { STATE_IDLE, STATE_ASKED };

static const struct message_rule rules[] = {
        { FETCH_DONE, "FETCH_DONE", 1 << STATE_ASKED, sizeof(struct fetch_done), sizeof(struct fetch_done),
          false, STATE_IDLE },
};

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
        x->sock = fds[0];
        if (x->pid < 0) {
                x->pid = 0;
                return fault_set_errno(f, -errno, "cannot start %s", program);
        }
        return 0;
}

void tuf_fetch_close(struct tuf_fetch *x)
{
        char path[sizeof(x->dir) + sizeof("/sealift.conf")];

        x->sock = fd_close(x->sock);
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

static int fetch_ask(struct tuf_fetch *x, const char *source, const char *path, uint64_t max_bytes,
                     int *ret_pipe, struct fault *f)
{
        struct fetch_get get = { .max_bytes = max_bytes };
        int fds[2], r;

        if (text_copy(get.source, sizeof(get.source), source) < 0 ||
            text_copy(get.path, sizeof(get.path), path) < 0)
                return fault_set(f, -EINVAL, "%s: name too long to ask for", path);
        if (pipe2(fds, O_CLOEXEC) < 0)
                return fault_set_errno(f, -errno, "cannot make a pipe");
        r = message_send(x->sock, FETCH_GET, &get, sizeof(get), fds[1]);
        fds[1] = fd_close(fds[1]);
        if (r < 0) {
                fds[0] = fd_close(fds[0]);
                return fault_set_errno(f, r, "cannot ask sealift-fetch");
        }
        x->state = STATE_ASKED;
        *ret_pipe = fds[0];
        return 0;
}

static int fetch_drain(int pipe, const char *path, uint64_t max_bytes, tuf_fetch_sink sink, void *userdata,
                       struct fault *f)
{
        static char chunk[FETCH_CHUNK];
        uint64_t total = 0;

        for (;;) {
                size_t n;
                int r;

                r = io_read_full(pipe, chunk, sizeof(chunk), &n);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot read from sealift-fetch");
                if (n == 0)
                        return 0;
                total += n;
                if (total > max_bytes)
                        return fault_set(f, -EFBIG, "%s: more than was asked for", path);
                r = sink(userdata, chunk, n, f);
                if (r < 0)
                        return r;
        }
}

static int fetch_answer(struct tuf_fetch *x, struct fault *f)
{
        static struct message m;
        const struct fetch_done *done = (const struct fetch_done *)(const void *)m.payload;
        int r;

        r = message_receive(x->sock, rules, ELEMENTSOF(rules), &x->state, &m, f);
        if (r == 0)
                return fault_set(f, -EHOSTUNREACH, "sealift-fetch ended");
        if (r < 0)
                return fault_prefix(f, "sealift-fetch");
        if (!MESSAGE_TEXT_VALID(done->text))
                return fault_set(f, -EPROTO, "sealift-fetch sent text without an end");
        return done->error < 0 ? fault_set(f, done->error, "%s", done->text) : 0;
}

int tuf_fetch_get(struct tuf_fetch *x, const char *source, const char *path, uint64_t max_bytes,
                  tuf_fetch_sink sink, void *userdata, struct fault *f)
{
        _cleanup_close_ int pipe = -EBADF;
        struct fault refused = {};
        int r;

        if (x->state != STATE_IDLE)
                return fault_set(f, -EPROTO, "%s: the conversation with sealift-fetch is broken", path);
        r = fetch_ask(x, source, path, max_bytes, &pipe, f);
        if (r < 0)
                return r;
        r = fetch_drain(pipe, path, max_bytes, sink, userdata, &refused);
        pipe = fd_close(pipe); /* the worker sees it, and answers */
        if (r < 0) {
                (void)fetch_answer(x, f);
                *f = refused;
                return r;
        }
        return fetch_answer(x, f);
}
