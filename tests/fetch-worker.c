/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fetch-worker.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "ground/io.h"
#include "ground/message.h"

struct web web;
struct worker worker;
uint64_t offset;
static struct message m;

static const struct message_rule rules[] = {
        { FETCH_DONE, "FETCH_DONE", 1, sizeof(struct fetch_done), sizeof(struct fetch_done), false, 0 },
};

void worker_open(struct worker *w, const char *config, const char *patience)
{
        const char *top = getenv("top_builddir");
        char program[512], path[128];
        int fds[2];
        pid_t parent = getpid();

        (void)snprintf(program, sizeof(program), "%s/sealift-fetch", top ? top : ".");
        (void)snprintf(path, sizeof(path), "%s/%s", web.dir, config);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                web_bail_out("the test itself has failed");
        w->pid = fork();
        if (w->pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent || dup2(fds[1], STDIN_FILENO) < 0 ||
                    dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
                        _exit(126);
                (void)execl(program, program, "--config", path, "--patience", patience, NULL);
                _exit(127);
        }
        (void)fd_close(fds[1]);
        w->sock = fds[0];
}

int worker_wait(struct worker *w)
{
        int status = -1;

        w->sock = fd_close(w->sock);
        if (waitpid(w->pid, &status, 0) != w->pid)
                web_bail_out("the test itself has failed");
        return status;
}

int worker_receive(struct worker *w)
{
        unsigned state = 0;
        struct fault f;
        int r;

        r = message_receive(w->sock, rules, ELEMENTSOF(rules), &state, &m, &f);
        if (r > 0)
                memcpy(&w->done, m.payload, sizeof(w->done));
        return r;
}

int worker_ask(struct worker *w, const char *source, const char *path, uint64_t max, const char *etag)
{
        struct fetch_get g = { .max_bytes = max, .offset = offset };
        int fds[2];

        (void)snprintf(g.source, sizeof(g.source), "%s", source);
        (void)snprintf(g.path, sizeof(g.path), "%s", path);
        (void)snprintf(g.etag, sizeof(g.etag), "%s", etag);
        if (pipe2(fds, O_CLOEXEC) < 0 || message_send(w->sock, FETCH_GET, &g, sizeof(g), fds[1]) < 0)
                web_bail_out("the test itself has failed");
        (void)fd_close(fds[1]);
        return fds[0];
}

int worker_get(struct worker *w, const char *source, const char *path, uint64_t max, const char *etag)
{
        _cleanup_close_ int fd = worker_ask(w, source, path, max, etag);
        static char rest[65536];
        size_t n;

        w->done = (struct fetch_done){};
        if (io_read_full(fd, w->body, sizeof(w->body) - 1, &w->len) < 0)
                web_bail_out("the test itself has failed");
        w->body[w->len] = '\0';
        do {
                if (io_read_full(fd, rest, sizeof(rest), &n) < 0)
                        web_bail_out("the test itself has failed");
                w->len += n;
        } while (n > 0);
        if (worker_receive(w) != 1)
                web_bail_out("the test itself has failed");
        return w->done.error;
}

void config_write(const char *name, const char *method)
{
        web_write(&web, name,
                  "[Agent]\nChannel=stable\nSource=nginx\n"
                  "[Source nginx]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "[Source evil]\nURL=https://127.0.0.1:%3$u\nCAFile=%1$s/ca.pem\n"
                  "[Source other]\nURL=https://127.0.0.1:%4$u\nCAFile=%1$s/ca.pem\n"
                  "[Source expired]\nURL=https://127.0.0.1:%5$u\nCAFile=%1$s/ca.pem\n"
                  "[Source down]\nURL=https://127.0.0.1:%6$u\nCAFile=%1$s/ca.pem\n"
                  "[Source stranger]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/stranger.pem\n"
                  "[Source system]\nURL=https://127.0.0.1:%2$u/bucket\n"
                  "[Source old]\nURL=https://127.0.0.1:%8$u/bucket\nCAFile=%1$s/ca.pem\n"
                  "[Source nofile]\nURL=https://127.0.0.1:%2$u/bucket\nCAFile=%1$s/none.pem\n"
                  "[Source folder]\nURL=file://%1$s/bucket\n"
                  "[Source proc]\nURL=file:///proc\n"
                  "[Source dotted]\nURL=https://127.0.0.1:%2$u/bucket/x/..\nCAFile=%1$s/ca.pem\n"
                  "[Source unplugged]\nURL=file://%1$s/%%6eothing\n"
                  "[Source noname]\nURL=https://no-such-host.invalid/\nCAFile=%1$s/ca.pem\n"
                  "[Report]\nURL=https://127.0.0.1:%3$u/reports\nCAFile=%1$s/ca.pem\nMethod=%7$s\n",
                  web.dir, web.nginx_port, web.evil_port, web.other_port, web.expired_port, web.closed_port,
                  method, web.old_port);
}

bool fetch_begin(void)
{
        static const char *const proxies[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY" };
        const char *missing;

        for (size_t i = 0; i < ELEMENTSOF(proxies); i++)
                (void)unsetenv(proxies[i]);
        (void)setenv("RES_OPTIONS", "timeout:1 attempts:1", 1); /* a name server that never answers, once */
        if (web_start(&web, &missing) < 0) {
                printf("1..0 # SKIP %s is not installed\n", missing);
                return false;
        }
        config_write("sealift.conf", "PUT");
        config_write("post.conf", "POST");
        web_write(&web, "bucket/digits", "0123456789");
        return true;
}
