/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-unitd: root, so that nothing else of sealift has to be. Turns installed manifests into hardened
 * units within this host's policy, starts, stops and watches them, and makes the places in the store that
 * PID 1 resolves. Takes no unit property, no path and no profile from its caller. No network, and of root's
 * capabilities only those that units/sealift-unitd.service gives a reason for. */

#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "ground/args.h"
#include "unitd/rebuild.h"
#include "unitd/requests.h"
#include "unitd/wakes.h"
#include "unitd/watch.h"

#define SEALIFT_USER "sealift"

static const struct args_command command = {
        .name = "sealift-unitd",
        .operands = "",
        .help = "Makes, watches and stops the hardened units of sealift. Started by sealift-unitd.socket.",
};

/* A folder that only root can change; what PID 1 resolves passes through all of them. */
static int place_open(const char *path, int *ret, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return fault_set_errno(f, -errno, "%s: cannot open; run systemd-tmpfiles --create", path);
        if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return fault_set(f, -EPERM, "%s: must belong to root, and be writable for root alone", path);
        *ret = TAKE_FD(fd);
        return 0;
}

static int places_open(struct units *units, struct releases *releases, struct fault *f)
{
        _cleanup_close_ int store_fd = -EBADF;
        const struct passwd *user;
        int r;

        errno = 0;
        user = getpwnam(SEALIFT_USER);
        if (!user)
                return fault_set(f, -ESRCH, "there is no user %s; run systemd-sysusers", SEALIFT_USER);
        releases->uid = user->pw_uid;
        releases->gid = user->pw_gid;
        r = place_open("/var/lib/sealift", &store_fd, f);
        if (r >= 0)
                r = place_open(RELEASES_PATH, &releases->fd, f);
        if (r >= 0)
                r = place_open(UNITS_RECORDS_PATH, &units->records_fd, f);
        if (r >= 0)
                r = place_open(UNITS_ROOTS_PATH, &units->roots_fd, f);
        if (r >= 0)
                r = place_open(UNITS_WAKES_PATH, &units->wakes_fd, f);
        if (r >= 0)
                r = place_open(UNITS_DROPINS_PATH, &units->dropins_fd, f);
        return r;
}

static int listener_take(int *ret, struct fault *f)
{
        if (sd_listen_fds(1) != 1 || sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 1) <= 0)
                return fault_set(f, -EINVAL, "no socket; start sealift-unitd.socket instead");
        *ret = SD_LISTEN_FDS_START;
        return 0;
}

static int event_prepare(sd_event **ret, struct fault *f)
{
        sigset_t signals;
        int r;

        (void)sigemptyset(&signals);
        (void)sigaddset(&signals, SIGTERM);
        (void)sigaddset(&signals, SIGINT);
        if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
                return fault_set_errno(f, -errno, "cannot block signals");
        r = sd_event_default(ret);
        if (r >= 0)
                r = sd_event_add_signal(*ret, NULL, SIGTERM, NULL, NULL);
        if (r >= 0)
                r = sd_event_add_signal(*ret, NULL, SIGINT, NULL, NULL);
        return r < 0 ? fault_set_errno(f, r, "cannot make an event loop") : 0;
}

/* Whatever is at work for so long hangs, and SIGALRM ends it; systemd starts it anew. WatchdogSec= would
 * have it wake up to say that it waits. sd_event_prepare() asks epoll, too, where something is left to do
 * (what was deferred, what the bus has read ahead): with a timeout of 0, so that nothing but sd_event_wait()
 * ever waits, and no alarm is set then. */
enum { HANG_SEC = 120 };

static int event_work(sd_event *event)
{
        int code = 0, r = 0;

        while (r >= 0 && sd_event_get_state(event) != SD_EVENT_FINISHED) {
                r = sd_event_prepare(event);
                if (r == 0) {
                        (void)alarm(0);
                        r = sd_event_wait(event, UINT64_MAX);
                        (void)alarm(HANG_SEC);
                }
                if (r > 0)
                        r = sd_event_dispatch(event);
        }
        return r < 0 ? r : sd_event_get_exit_code(event, &code) < 0 ? 0 : code;
}

static void units_forget(struct units *units)
{
        while (units->first) {
                units->first->ended = false; /* nobody was told of it: the next one finds its record */
                (void)unit_free(units->first);
        }
        wakes_free(units);
        units->change = sd_event_source_disable_unref(units->change);
        units->bus = sd_bus_flush_close_unref(units->bus);
        units->event = sd_event_unref(units->event);
        units->records_fd = fd_close(units->records_fd);
        units->roots_fd = fd_close(units->roots_fd);
        units->wakes_fd = fd_close(units->wakes_fd);
        units->dropins_fd = fd_close(units->dropins_fd);
}

static void releases_forget(struct releases *releases)
{
        releases->fd = fd_close(releases->fd);
}

static int run(struct fault *f)
{
        _cleanup_(units_forget) struct units units = {
                .records_fd = -EBADF, .roots_fd = -EBADF, .wakes_fd = -EBADF, .dropins_fd = -EBADF
        };
        _cleanup_(releases_forget) struct releases releases = { .fd = -EBADF };
        _cleanup_(requests_freep) struct requests *requests = NULL;
        int r, listen_fd;

        r = listener_take(&listen_fd, f);
        if (r >= 0)
                r = places_open(&units, &releases, f);
        if (r >= 0)
                r = event_prepare(&units.event, f);
        if (r >= 0)
                r = manager_connect(units.event, &units.bus, f);
        if (r >= 0)
                r = manager_version(units.bus, &units.systemd_version, f);
        if (r >= 0)
                r = watch_systemd(&units, f);
        if (r >= 0)
                r = requests_new(&units, &releases, listen_fd, &requests, f);
        if (r >= 0)
                r = rebuild_units(&units, f);
        if (r >= 0)
                r = wakes_rebuild(&units, f);
        if (r < 0)
                return r;
        units_changed(&units); /* one may rest that was missed */
        (void)sd_notify(0, "READY=1");
        r = event_work(units.event);
        return r != 0 ? fault_set(f, r < 0 ? r : -EIO, "the system bus or systemd is gone") : 0;
}

int main(int argc, char **argv)
{
        struct fault f = {};
        char **operands;
        int n, status;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        (void)umask(0022);
        if (run(&f) < 0) {
                (void)sd_journal_print(LOG_ERR, "%s", f.text);
                return EXIT_STATUS_FAILED;
        }
        return EXIT_STATUS_OK;
}
