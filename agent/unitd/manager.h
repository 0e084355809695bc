/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* The door to systemd: its D-Bus API on the system bus (org.freedesktop.systemd1(5)). Calls wait for their
 * answer, which PID 1 gives within milliseconds; what takes longer (jobs) is awaited through signals. */

enum { MANAGER_INVOCATION_SIZE = 16 };

/* What systemd says about a unit. A unit that is gone still answers ("inactive", "success"), so load is
 * looked at first, always. */
struct manager_status {
        char load[16];   /* "loaded", "not-found", "bad-setting" */
        char active[16]; /* "active", "activating", "inactive", "failed", "deactivating", "reloading" */
        char sub[24];    /* "running", "auto-restart", "start" */
        char result[24]; /* "success", "exit-code", "signal", "timeout" ... */
        char status_text[128];
        uint8_t invocation[MANAGER_INVOCATION_SIZE];
        size_t invocation_len;
        uint32_t job;        /* that waits or runs; 0 = none */
        uint64_t since_usec; /* CLOCK_REALTIME of the last change of state */
        uint64_t ready_usec; /* CLOCK_REALTIME; when it was up last; 0: never yet */
        uint32_t main_pid;
        int32_t exec_code; /* CLD_EXITED ... of the main process's last end, 0 = it has not ended */
        int32_t exec_status;
        int32_t before_code, before_status; /* the same of the ExecStartPre= that failed; 0 = none did */
        uint64_t handoff_usec; /* CLOCK_REALTIME; when systemd 257 gave the process to the program; 0: it has
                                  not, or is an older one, which does not say */
        uint32_t restarts;
        uint64_t started_usec, exited_usec; /* CLOCK_REALTIME, of the main process; 0: it has not */
        uint64_t stop_max_usec;             /* TimeoutStopSec=; UINT64_MAX: none */
        uint64_t ip_bytes; /* received; UINT64_MAX: nobody counts, since no BPF program of systemd's is there
                            */
};

/* Nothing runs, and nothing is going to: a service that is restarted is inactive while its new start waits
 * for units that it is After=, and then it has a job. */
bool manager_is_down(const struct manager_status *s);

/* The bus on the event loop, subscribed to systemd's signals. Needs the system bus: AddRef does not work on
 * systemd's private one. */
_must_check_ int manager_connect(sd_event *event, sd_bus **ret, struct fault *f);

_must_check_ int manager_version(sd_bus *bus, unsigned *ret, struct fault *f);

/* Creates and starts a transient service that is nothing but its name and its drop-in. -EEXIST: systemd
 * still knows a unit of that name. The caller holds a reference (manager_unref) afterwards, so that the
 * unit's result can be read after it has failed. keep: also where the caller itself is not there any more;
 * to be forgotten (manager_forget) then. */
_must_check_ int manager_start(sd_bus *bus, const char *unit, const char *description, bool keep,
                               char **ret_job, struct fault *f);

/* Has systemd forget that a unit failed. */
void manager_forget(sd_bus *bus, const char *unit);

/* -ENOENT: there is no such unit any more. */
_must_check_ int manager_stop(sd_bus *bus, const char *unit, char **ret_job, struct fault *f);

/* Its job that stops it, waiting or running, as manager_stop() gave it; the caller's. NULL: none does, be it
 * that its job is another one, or over by now. */
_must_check_ int manager_stop_job(sd_bus *bus, const struct manager_status *s, char **ret_job,
                                  struct fault *f);

/* Or starts it; its job is in systemd's queue then. */
_must_check_ int manager_restart(sd_bus *bus, const char *unit, struct fault *f);

/* Whether systemd starts unit after other, and stops it before; false also where it does not say. */
bool manager_is_after(sd_bus *bus, const char *unit, const char *other);

/* SIGKILL for all of its processes. */
void manager_kill(sd_bus *bus, const char *unit);

/* SIGCONT for its main process. */
void manager_continue(sd_bus *bus, const char *unit);

/* StartUnit or StopUnit for a unit that has no process and so is done at once, and waits for it (on a bus of
 * its own, so that nothing else happens meanwhile). -ECHILD: the job failed. Stopping what is not there is
 * 0. */
enum manager_job { MANAGER_JOB_START, MANAGER_JOB_STOP };
_must_check_ int manager_run(enum manager_job what, const char *unit, struct fault *f);

/* daemon-reload. Ours are made to survive it. */
_must_check_ int manager_reload(sd_bus *bus, struct fault *f);

_must_check_ int manager_ref(sd_bus *bus, const char *unit, struct fault *f);
void manager_unref(sd_bus *bus, const char *unit);

_must_check_ int manager_status(sd_bus *bus, const char *unit, struct manager_status *ret, struct fault *f);

struct manager_timer {
        uint64_t next_usec; /* CLOCK_REALTIME; 0: never, or its unit is active */
        size_t n_calendars; /* OnCalendar= that systemd understood */
};
_must_check_ int manager_timer(sd_bus *bus, const char *unit, struct manager_timer *ret, struct fault *f);

/* Whether the files of a unit are not those that systemd has loaded. One that is not loaded is read when it
 * is started: false. */
_must_check_ int manager_is_stale(sd_bus *bus, const char *unit, bool *ret, struct fault *f);

/* Paths of all drop-ins of a unit, NULL-terminated; the caller's (strv_free). */
_must_check_ int manager_dropins(sd_bus *bus, const char *unit, char ***ret, struct fault *f);

/* The D-Bus object of a unit; the caller's. */
_must_check_ int manager_path(const char *unit, char **ret);

char **strv_free(char **l);
DEFINE_POINTER_CLEANUP(char *, strv_free)
