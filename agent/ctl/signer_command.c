/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One run of a program that signs. The program is the user's choice and trusted with the key, yet it may
 * hang, fail or babble; it must neither stop us for good, nor kill us by a broken pipe, nor fill our memory.
 * It stays in our process group: it may ask on the terminal, and ^C reaches both. */

#include "ctl/signer_command.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>

#include "ground/io.h"

extern char **environ;

enum {
        COMMAND_WORDS_MAX = 64, /* a whole file given by mistake */
        COMMAND_SIZE = 8192,
        COMMAND_END_MS = 2000, /* from SIGTERM to SIGKILL: a token's session wants to be closed */
};

struct command {
        char text[COMMAND_SIZE]; /* the words, one after another */
        char *argv[COMMAND_WORDS_MAX + 1];
        pid_t pid;
        int pidfd, out;
        bool ended;
};

/* ---- Words ---- */

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\n';
}

/* Takes one word off *s to out, which has room for it. false when a quote is not closed. */
static bool word_take(const char **s, char **out)
{
        char quote = '\0';
        const char *p = *s;

        for (; *p && (quote || !is_space(*p)); p++) {
                if (*p == quote)
                        quote = '\0';
                else if (!quote && (*p == '\'' || *p == '"'))
                        quote = *p;
                else if (*p == '\\' && quote != '\'' && p[1])
                        *(*out)++ = *++p;
                else
                        *(*out)++ = *p;
        }
        *(*out)++ = '\0';
        *s = p;
        return !quote;
}

static int command_parse(const char *s, struct command *c, struct fault *f)
{
        char *out = c->text;
        size_t n = 0;

        if (strlen(s) >= sizeof(c->text))
                return fault_set(f, -EINVAL, "--signer: longer than %d bytes; write a script", COMMAND_SIZE);
        for (;;) {
                while (is_space(*s))
                        s++;
                if (!*s)
                        break;
                if (n >= COMMAND_WORDS_MAX)
                        return fault_set(f, -EINVAL, "--signer: more than %d words; write a script",
                                         COMMAND_WORDS_MAX);
                c->argv[n++] = out;
                if (!word_take(&s, &out))
                        return fault_set(f, -EINVAL, "--signer: a quote is not closed");
        }
        return n > 0 ? 0 : fault_set(f, -EINVAL, "--signer: names no program");
}

/* ---- Running ---- */

static int spawn(struct command *c, int in, int out)
{
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t reset, none;
        int r;

        (void)sigemptyset(&none);
        (void)sigemptyset(&reset);
        (void)sigaddset(&reset, SIGPIPE);
        (void)signal(SIGCHLD,
                     SIG_DFL); /* who ignores it, as our parent may, is never told a child's status */
        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        r = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
        r = r ?: posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
        r = r ?: posix_spawnattr_setsigdefault(&attributes, &reset);
        r = r ?: posix_spawnattr_setsigmask(&attributes, &none);
        r = r ?: posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        r = r ?: posix_spawnp(&c->pid, c->argv[0], &actions, &attributes, c->argv, environ);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return -r;
}

static int command_start(struct command *c, const void *data, size_t len, struct fault *f)
{
        _cleanup_close_ int in = io_memfd_sealed("bytes-to-sign", data, len), write_end = -EBADF;
        int ends[2], r;

        if (in < 0)
                return fault_set_errno(f, in, "--signer %s", c->argv[0]);
        if (pipe2(ends, O_CLOEXEC) < 0)
                return fault_set_errno(f, -errno, "--signer %s", c->argv[0]);
        c->out = ends[0];
        write_end = ends[1];
        if (fcntl(c->out, F_SETFL, O_NONBLOCK) < 0)
                return fault_set_errno(f, -errno, "--signer %s", c->argv[0]);
        r = spawn(c, in, write_end);
        if (r < 0)
                return fault_set_errno(f, r == -ENOMEM ? r : -EIO, "--signer %s: cannot be run (%s)",
                                       c->argv[0], strerror(-r));
        c->pidfd = pidfd_open(c->pid, 0);
        return c->pidfd < 0 ? fault_set_errno(f, -errno, "--signer %s", c->argv[0]) : 0;
}

static uint64_t now_ms(void)
{
        struct timespec t;

        (void)clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Takes what is there. 1: more may come. 0: it was the last. -EFBIG. */
static int output_take(struct command *c, uint8_t *ret, size_t *n)
{
        uint8_t piece[TUF_SIGNATURE_SIZE_MAX + 1];
        ssize_t got;

        while ((got = read(c->out, piece, sizeof(piece))) > 0) {
                if ((size_t)got > TUF_SIGNATURE_SIZE_MAX - *n)
                        return -EFBIG;
                memcpy(ret + *n, piece, (size_t)got);
                *n += (size_t)got;
        }
        if (got == 0) {
                c->out = fd_close(c->out);
                return 0;
        }
        return errno == EAGAIN || errno == EINTR ? 1 : -errno;
}

/* Until the program has ended. What it left running (an agent, say) may hold its standard output for ever.
 */
static int command_listen(struct command *c, uint64_t timeout_ms, uint8_t *ret, size_t *ret_len)
{
        uint64_t end = now_ms() + timeout_ms;
        size_t n = 0;
        int r = 0;

        while (!c->ended && r >= 0) {
                struct pollfd fds[] = { { .fd = c->pidfd, .events = POLLIN },
                                        { .fd = c->out, .events = POLLIN } };
                uint64_t now = now_ms();

                if (now >= end)
                        return -ETIME;
                if (poll(fds, ELEMENTSOF(fds), end - now < INT32_MAX ? (int)(end - now) : INT32_MAX) < 0 &&
                    errno != EINTR)
                        return -errno;
                c->ended = fds[0].revents != 0;
                if (c->out >= 0)
                        r = output_take(c, ret, &n);
        }
        *ret_len = n;
        return r < 0 ? r : 0;
}

/* Ends the program if it has not, and takes its status. */
static void command_end(struct command *c, siginfo_t *ret)
{
        struct pollfd fd = { .fd = c->pidfd, .events = POLLIN };

        *ret = (siginfo_t){};
        if (c->pid <= 0)
                return;
        if (!c->ended) {
                (void)kill(c->pid, SIGTERM);
                if (poll(&fd, 1, COMMAND_END_MS) <= 0)
                        (void)kill(c->pid, SIGKILL);
        }
        while (waitid(P_PID, (id_t)c->pid, ret, WEXITED) < 0 && errno == EINTR)
                ;
        c->pid = 0;
}

static int command_result(const struct command *c, int error, uint64_t timeout_ms, size_t n,
                          const siginfo_t *status, struct fault *f)
{
        const char *program = c->argv[0];

        if (error == -ETIME)
                return fault_set(f, error,
                                 "--signer %s: did not sign within %.6g s, and was ended; see "
                                 "--signer-timeout",
                                 program, (double)timeout_ms / 1000);
        if (error == -EFBIG)
                return fault_set(
                        f, error,
                        "--signer %s: wrote more than the %d bytes that a signature may have; it must "
                        "write the bare signature, and messages to standard error",
                        program, TUF_SIGNATURE_SIZE_MAX);
        if (error < 0)
                return fault_set_errno(f, error, "--signer %s", program);
        if (status->si_code != CLD_EXITED)
                return fault_set(f, -EIO, "--signer %s: was killed by SIG%s", program,
                                 sigabbrev_np(status->si_status) ?: "?");
        if (status->si_status != 0)
                return fault_set(f, -EIO, "--signer %s: failed with status %d; nothing was signed", program,
                                 status->si_status);
        return n > 0 ? 0 : fault_set(f, -EIO, "--signer %s: wrote no signature", program);
}

int signer_command_run(const char *command, uint64_t timeout_ms, const void *data, size_t len,
                       uint8_t ret[static TUF_SIGNATURE_SIZE_MAX], size_t *ret_len, struct fault *f)
{
        _cleanup_free_ struct command *c = calloc(1, sizeof(*c));
        siginfo_t status;
        size_t n = 0;
        int r;

        if (!c)
                return fault_set(f, -ENOMEM, "--signer: out of memory");
        c->pidfd = c->out = -EBADF;
        r = command_parse(command, c, f);
        if (r < 0)
                return r;
        r = command_start(c, data, len, f);
        if (r >= 0) {
                r = command_listen(c, timeout_ms, ret, &n);
                command_end(c, &status);
                r = command_result(c, r, timeout_ms, n, &status, f);
        } else {
                command_end(c, &status);
        }
        c->pidfd = fd_close(c->pidfd);
        c->out = fd_close(c->out);
        if (r >= 0)
                *ret_len = n;
        return r;
}
