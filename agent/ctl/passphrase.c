/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asking for a passphrase. It goes from the terminal or the file into the caller's struct and nowhere else:
 * not into standard input's buffer, not into an error, and what lay around on the way is cleared. */

#include "ctl/passphrase.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <termios.h>

#include "ground/io.h"

#define TERMINAL "/dev/tty"

void passphrase_done(struct passphrase *p)
{
        explicit_bzero(p->text, sizeof(p->text));
        p->known = false;
}

bool passphrase_may_try(const struct passphrase *p, unsigned tries)
{
        return p->file ? !p->known : tries < PASSPHRASE_TRIES;
}

/* ---- A file ---- */

static int take_from_file(struct passphrase *p, struct fault *f)
{
        struct stat st;
        char *text;
        size_t len, n;
        int r;

        if (stat(p->file, &st) < 0)
                return fault_set_errno(f, -errno, "%s", p->file);
        if (st.st_mode & 077)
                return fault_set(f, -EPERM, "%s: others may read or change this passphrase; chmod 600 it",
                                 p->file);
        r = io_read_file_at(AT_FDCWD, p->file, 2 * PASSPHRASE_SIZE, &text, &len, f);
        if (r < 0)
                return r;
        n = strcspn(text, "\r\n");
        if (n == 0 || n >= sizeof(p->text))
                r = fault_set(f, -EINVAL, "%s: its first line is not a passphrase of 1 to %d bytes", p->file,
                              PASSPHRASE_SIZE - 1);
        else
                memcpy(p->text, text, n);
        explicit_bzero(text, len);
        free(text);
        return r;
}

/* ---- The terminal ---- */

struct terminal {
        int fd, signals;
        struct termios before;
        sigset_t mask;
};

static int terminal_open(struct terminal *t, struct fault *f)
{
        static const int stop[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
        struct termios quiet;
        sigset_t set;

        t->fd = open(TERMINAL, O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (t->fd < 0 || tcgetattr(t->fd, &t->before) < 0)
                return fault_set(f, -ENOKEY,
                                 "there is no terminal to ask for the passphrase on; give "
                                 "--passphrase-file");
        (void)sigemptyset(&set);
        for (size_t i = 0; i < ELEMENTSOF(stop); i++)
                (void)sigaddset(&set, stop[i]);
        if (sigprocmask(SIG_BLOCK, &set, &t->mask) < 0)
                return fault_set_errno(f, -errno, TERMINAL);
        t->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        quiet = t->before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        quiet.c_lflag |= ECHONL | ICANON;
        if (t->signals < 0 || tcsetattr(t->fd, TCSAFLUSH, &quiet) < 0) {
                (void)sigprocmask(SIG_SETMASK, &t->mask, NULL);
                return fault_set_errno(f, -errno, TERMINAL);
        }
        return 0;
}

static void terminal_close(struct terminal *t)
{
        t->signals = fd_close(t->signals);
        t->fd = fd_close(t->fd);
}

/* Waits for input. 0: there is some. Else the signal that came instead. */
static int terminal_wait(const struct terminal *t)
{
        struct pollfd fds[] = { { .fd = t->signals, .events = POLLIN }, { .fd = t->fd, .events = POLLIN } };
        struct signalfd_siginfo info;

        while (poll(fds, ELEMENTSOF(fds), -1) < 0)
                if (errno != EINTR)
                        return 0;
        return read(t->signals, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}

/* One line; *ret_signal is the signal that came instead, or 0. */
static int terminal_read(const struct terminal *t, char *out, size_t size, int *ret_signal)
{
        size_t n = 0;
        ssize_t got;
        char c;

        for (;;) {
                *ret_signal = terminal_wait(t);
                if (*ret_signal != 0)
                        return -EINTR;
                got = read(t->fd, &c, 1);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got <= 0)
                        return got < 0 ? -errno : -ENODATA;
                if (c == '\n')
                        break;
                if (n + 1 < size)
                        out[n] = c;
                n++;
        }
        if (n == 0 || n >= size)
                return -EINVAL;
        out[n] = '\0';
        return 0;
}

static int ask_once(const char *prompt, char out[static PASSPHRASE_SIZE], int *ret_signal, struct fault *f)
{
        struct terminal t = { .fd = -EBADF, .signals = -EBADF };
        int r;

        r = terminal_open(&t, f);
        if (r < 0) {
                terminal_close(&t);
                return r;
        }
        r = io_write_full(t.fd, prompt, strlen(prompt));
        if (r >= 0)
                r = terminal_read(&t, out, PASSPHRASE_SIZE, ret_signal);
        (void)tcsetattr(t.fd, TCSAFLUSH, &t.before);
        (void)sigprocmask(SIG_SETMASK, &t.mask, NULL);
        terminal_close(&t);
        if (r == -EINVAL)
                return fault_set(f, r, "a passphrase has 1 to %d bytes", PASSPHRASE_SIZE - 1);
        return r < 0 ? fault_set_errno(f, r, "no passphrase was given") : 0;
}

/* ^C ends us here, with the terminal as it was; after ^Z and fg the question comes again. */
static int ask(const char *prompt, char out[static PASSPHRASE_SIZE], struct fault *f)
{
        int signal = 0, r;

        do {
                r = ask_once(prompt, out, &signal, f);
                if (signal != 0)
                        (void)raise(signal);
        } while (signal == SIGTSTP);
        if (r < 0)
                explicit_bzero(out, PASSPHRASE_SIZE);
        return r;
}

int passphrase_take(struct passphrase *p, const char *what, struct fault *f)
{
        char prompt[512];
        int r;

        passphrase_done(p);
        (void)snprintf(prompt, sizeof(prompt), "Passphrase for %s: ", what);
        r = p->file ? take_from_file(p, f) : ask(prompt, p->text, f);
        p->known = r >= 0;
        return r < 0 ? fault_prefix(f, "%s: is encrypted", what) : 0;
}

int passphrase_choose(struct passphrase *p, struct fault *f)
{
        char again[PASSPHRASE_SIZE] = "";
        int r;

        passphrase_done(p);
        if (p->file) {
                r = take_from_file(p, f);
        } else {
                r = ask("Passphrase to encrypt the keys with: ", p->text, f);
                if (r >= 0)
                        r = ask("The same again: ", again, f);
                if (r >= 0 && !str_eq(p->text, again))
                        r = fault_set(f, -EINVAL, "the two passphrases differ; nothing was written");
                explicit_bzero(again, sizeof(again));
        }
        p->known = r >= 0;
        return r;
}
