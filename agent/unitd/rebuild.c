/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rebuilds the list of units from records in /run and from what systemd says. Services never depend on
 * unitd: it can be killed, updated and started again, and finds them as they are. */

#include "unitd/rebuild.h"

#include <dirent.h>
#include <syslog.h>

#include "doors/journal.h"
#include "ground/io.h"
#include "unitd/run.h"
#include "unitd/watch.h"

static int record_read(struct units *l, const char *unit, struct record *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = io_read_file_at(l->records_fd, unit, RECORD_BYTES_MAX, &text, &len, f);
        if (r >= 0)
                r = record_parse(text, len, unit, ret, f);
        if (r >= 0 && !str_eq(ret->unit, unit))
                r = fault_set(f, -EINVAL, "%s: it is the record of %s", unit, ret->unit);
        return r;
}

/* A unit whose record cannot be believed cannot be watched: it is stopped, and sealiftd starts it anew. */
static void unit_drop(struct units *l, const char *unit, const struct fault *f)
{
        _cleanup_free_ char *job = NULL;
        struct fault ignored;

        journal_send(JOURNAL_UNIT_DROPPED, LOG_WARNING, NULL,
                     "%s: stopped, since it cannot be taken over: %s", unit, f->text);
        (void)!manager_stop(l->bus, unit, &job, &ignored);
        unit_remove_files(l, unit);
}

/* How it ended is told as soon as whoever is to be told is there, and its timer waits again then. */
static int job_recall(struct units *l, const struct record *record, const struct manager_status *s,
                      struct fault *f)
{
        struct unit *u = unit_recall(l, record);

        if (!u)
                return fault_set_errno(f, -ENOMEM, "%s", record->unit);
        run_end(u, s);
        unit_end(u);
        return 0;
}

/* Not one that is started again after it has been ready; but one that never was, and one whose first start
 * systemd holds back. Of a program that does not say when it is ready systemd's word is not enough: it calls
 * up whatever was executed, be it that it failed a moment later. */
static bool is_starting(const struct record *record, const struct manager_status *s)
{
        if (record->unready && !record->notify)
                return true;
        return str_eq(s->active, "activating")
                       ? !str_has_prefix(s->sub, "auto-restart") || s->ready_usec == 0
                       : str_eq(s->active, "inactive") && s->started_usec == 0;
}

/* Somebody's stop is told at its end, like one that we see from its beginning. */
static void take_over_stop(struct unit *u, char *job)
{
        u->job = job;
        u->state = UNIT_STOPPING; /* taken for one that runs, it would answer a START, and end a moment later
                                   */
        u->asked = u->record.asked;
        if (u->record.blame) {
                u->failed = true;
                u->wall = u->record.wall;
                u->error = -(int)u->record.blame;
                (void)snprintf(u->text, sizeof(u->text), "%s: it was stopped, since %s", u->record.unit,
                               u->wall ? "a wall was missing" : "it had failed");
        } else if (!u->asked)
                (void)snprintf(u->text, sizeof(u->text), "%s: it was stopped", u->record.unit);
}

/* What was to be done to it and was not done is asked for again, or found out again. */
static int take_over_running(struct unit *u, struct fault *f)
{
        if (!u->record.asked && !u->record.blame)
                return 0;
        u->record.asked = u->record.wall = false;
        u->record.blame = 0;
        return unit_save(u, f);
}

static int unit_take_over(struct units *l, const char *unit, struct fault *f)
{
        _cleanup_free_ char *stop = NULL;
        struct manager_status s;
        struct record record;
        struct unit *u;
        int r;

        r = record_read(l, unit, &record, f);
        if (r >= 0)
                r = manager_status(l->bus, unit, &s, f);
        if (r < 0)
                return r;
        if (!str_eq(s.load, "loaded") || manager_is_down(&s)) {
                /* One that we were killed over before systemd was told of it has not run: what woke it wakes
                 * it again. */
                if (record.job && (str_eq(s.load, "loaded") || !record.planned))
                        return job_recall(l, &record, &s, f);
                unit_remove_files(l, unit);
                return 0;
        }
        r = manager_stop_job(l->bus, &s, &stop, f);
        if (r >= 0)
                r = unit_adopt(l, &record, &u, f);
        if (r >= 0 && !stop)
                r = take_over_running(u, f);
        if (r < 0)
                return r;
        if (stop)
                take_over_stop(u, TAKE_PTR(stop));
        else if (!is_starting(&record, &s))
                u->state = UNIT_RUNNING;
        u->stood = u->state == UNIT_RUNNING;
        u->since_usec = s.since_usec;
        /* One that was started again before it was ready has failed, whoever looks. */
        u->restarts = u->state == UNIT_STARTING && !record.job ? 0 : s.restarts;
        watch_look(u);
        return 0;
}

/* What says nothing about a unit, only that systemd or this machine is busy: a healthy service must not be
 * stopped for it. We end, its unit file starts us again, and meanwhile what runs runs on. */
static const int passing[] = {
        ETIMEDOUT,    /* systemd has not answered yet */
        ECONNRESET,   /* the bus has gone, and comes back: */
        ENOTCONN,     /* the same, seen by the next call */
        EPIPE,        /* the same, while writing */
        EHOSTUNREACH, /* the bus knows no systemd now, */
        EIO,          /* or says so by a name that has no errno: it re-executes itself */
        ENOBUFS,      /* a queue of the bus is full */
        ENOMEM,       /* this machine is short of memory, */
        EMFILE,       /* we of descriptors, */
        ENFILE,       /* or all of this machine is */
        EINTR,        /* a signal came first */
        EAGAIN,       /* as it says */
};

static bool error_passes(int error)
{
        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (error == -passing[i])
                        return true;
        return false;
}

static int is_name(const struct dirent *e)
{
        return !str_eq(e->d_name, ".") && !str_eq(e->d_name, "..");
}

int rebuild_each(struct units *l, int fd, const char *path, rebuild_one one, struct fault *f)
{
        struct dirent **names = NULL;
        int n, r = 0;

        n = scandirat(fd, ".", &names, is_name, alphasort);
        if (n < 0)
                return fault_set_errno(f, -errno, "%s", path);
        for (int i = 0; i < n; i++) {
                const char *name = names[i]->d_name;
                struct fault why = {};

                /* Of io_replace_file_at(): we were killed before what it is of was made. */
                if (*name == '.')
                        (void)unlinkat(fd, name, 0);
                else if (r >= 0 && one(l, name, &why) < 0 && error_passes(why.error))
                        r = fault_set(f, why.error, "%s cannot be taken over now: %s", name, why.text);
                free(names[i]);
        }
        free(names);
        return r;
}

static int unit_rebuild(struct units *l, const char *unit, struct fault *f)
{
        int r;

        r = unit_take_over(l, unit, f);
        if (r < 0 && !error_passes(r))
                unit_drop(l, unit, f);
        return r;
}

int rebuild_units(struct units *l, struct fault *f)
{
        return rebuild_each(l, l->records_fd, UNITS_RECORDS_PATH, unit_rebuild, f);
}
