/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From systemd's codes to a sentence for the operator, and to whose doing it was. Touches nothing but what
 * it has asked about a unit; asks the journal where the codes alone do not say. */

#include "unitd/describe.h"

#include <signal.h>
#include <string.h>

#include "doors/spawn.h"
#include "facts/setup.h"
#include "unitd/host.h"
#include "unitd/launch.h"

enum { HANDOFF_VERSION = 256 }; /* of systemd: since then it knows when it handed over to the program */

/* The end of one process: the program's, or of what runs before it. */
struct end {
        const char *whose; /* "it", "its ExecStartPre=" */
        int code, status;
        const struct setup *setup; /* systemd's own; NULL: none, or the program had begun */
};

/* Of each invocation until it is known. */
static bool setup_worked(struct unit *u, const struct manager_status *s)
{
        int r;

        if (s->invocation_len != sizeof(u->spawned))
                return false;
        if (memcmp(u->spawned, s->invocation, sizeof(u->spawned)) != 0) {
                memcpy(u->spawned, s->invocation, sizeof(u->spawned));
                u->spawn = SPAWN_UNKNOWN;
        }
        if (u->spawn == SPAWN_UNKNOWN) {
                r = spawn_failed(s->invocation);
                if (r >= 0)
                        u->spawn = r == 0 ? SPAWN_WORKED : SPAWN_FAILED;
        }
        return u->spawn == SPAWN_WORKED;
}

static bool was_seen(const struct unit *u, const struct manager_status *s)
{
        return s->invocation_len == sizeof(u->invocation) &&
               memcmp(u->invocation, s->invocation, sizeof(u->invocation)) == 0;
}

static bool program_has_begun(struct unit *u, const struct manager_status *s)
{
        if (s->handoff_usec > 0 || was_seen(u, s))
                return true;
        return u->units->systemd_version < HANDOFF_VERSION && setup_worked(u, s);
}

/* systemd hands over before it knows whether the program can be executed, and so does sealift-hold. */
static bool may_be_unexecuted(const struct unit *u, const struct manager_status *s)
{
        return u->record.job || !was_seen(u, s);
}

static bool is_on_noexec(const struct unit *u)
{
        const struct unitd_request q = launch_release_of(&u->record);
        char tree[RELEASE_PATH_SIZE];

        release_tree_path(&q, tree);
        return host_forbids_exec(tree);
}

static struct end end_of(struct unit *u, const struct manager_status *s)
{
        bool before = s->exec_code == 0 && s->before_code != 0;
        struct end e = { .whose = before ? "its ExecStartPre=" : "it",
                         .code = before ? s->before_code : s->exec_code,
                         .status = before ? s->before_status : s->exec_status };

        if (e.code == CLD_EXITED)
                e.setup = setup_find(e.status);
        if (!e.setup)
                return e;
        if (e.status == SETUP_EXEC ? !before && !may_be_unexecuted(u, s)
                                   : (before ? setup_worked(u, s) : program_has_begun(u, s)))
                e.setup = NULL;
        if (e.setup && e.status == SETUP_EXEC && is_on_noexec(u))
                e.setup = &setup_noexec;
        return e;
}

bool describe_is_open(struct unit *u, const struct manager_status *s)
{
        const struct end e = end_of(u, s);

        /* Of one that nobody asks the journal about u->spawned is another invocation, or it is known. */
        return e.setup && e.status != SETUP_EXEC && s->invocation_len == sizeof(u->spawned) &&
               memcmp(u->spawned, s->invocation, sizeof(u->spawned)) == 0 && u->spawn == SPAWN_UNKNOWN;
}

void describe_close(struct unit *u)
{
        if (u->spawn == SPAWN_UNKNOWN)
                u->spawn = SPAWN_FAILED;
}

static void end_describe(const struct end *e, bool again, char *ret, size_t size)
{
        const char *name;

        switch (e->code) {
        case CLD_EXITED:
                (void)snprintf(ret, size, "%s exited with status %d%s%s", e->whose, e->status,
                               e->setup ? ": " : "", e->setup ? e->setup->meaning : "");
                return;
        case CLD_KILLED:
        case CLD_DUMPED:
                name = sigabbrev_np(e->status);
                (void)snprintf(ret, size, "%s was killed by SIG%s%s", e->whose, name ? name : "?",
                               e->code == CLD_DUMPED ? ", core dumped" : "");
                return;
        default:
                (void)snprintf(ret, size, again ? "it ended, and was started again" : "it did not run");
        }
}

/* How a start job ended, where that alone says whose doing it was. All that a unit needs of other units is
 * this host's, the network that services share; so are the conditions of its drop-ins. */
static const struct {
        const char *result;
        int error;
} jobs[] = {
        { "canceled", -EINTR },
        { "dependency", -EOPNOTSUPP },
        { "assert", -EOPNOTSUPP },
        { "skipped", -EOPNOTSUPP },
};

static int blame(const char *job, const char *result, const struct end *e)
{
        for (size_t i = 0; job && i < ELEMENTSOF(jobs); i++)
                if (str_eq(jobs[i].result, job))
                        return jobs[i].error;
        /* It was never forked: a file, a socket, a cgroup or memory is missing. */
        if (str_eq(result, "resources"))
                return -EOPNOTSUPP;
        return e->setup && e->setup->host ? -EOPNOTSUPP : -ECHILD;
}

int describe_failure(struct unit *u, const char *job, const struct manager_status *s, struct fault *f)
{
        const struct end e = end_of(u, s);
        const char *summary = job && !str_eq(job, "done") && !str_eq(job, "failed") ? job : s->result;
        bool said = *s->status_text != '\0';
        char end[192];

        if (!str_eq(s->load, "loaded"))
                (void)snprintf(end, sizeof(end), "systemd has no such unit any more (%s)", s->load);
        else if (str_eq(s->result, "timeout") || (job && str_eq(job, "timeout")))
                (void)snprintf(end, sizeof(end), "it was not ready in time (TimeoutStartSec=)");
        else if (job && str_eq(job, "dependency"))
                (void)snprintf(end, sizeof(end), "a unit that it needs could not be started");
        else if (str_eq(s->result, "resources"))
                (void)snprintf(end, sizeof(end), "what systemd needs to run it is not to be had");
        else if (str_eq(s->result, "watchdog"))
                (void)snprintf(end, sizeof(end), "it missed its watchdog (WatchdogSec=)");
        else if (str_eq(s->result, "oom-kill"))
                (void)snprintf(end, sizeof(end), "it was killed for lack of memory (MemoryMax=)");
        else
                end_describe(&e, s->restarts > 0, end, sizeof(end));
        return fault_set(f, blame(job, s->result, &e), "%s: %s%s%s%s (%s); see journalctl -u %s",
                         u->record.unit, end, said ? ", last status \"" : "", s->status_text,
                         said ? "\"" : "", summary, u->record.unit);
}

int describe_run(struct unit *u, const struct manager_status *s, const char *after, struct fault *f)
{
        const struct end e = end_of(u, s);
        char end[192];

        if (str_eq(u->run.result, "timeout"))
                (void)snprintf(end, sizeof(end), "it was not over in time (RuntimeMaxSec=)");
        else
                end_describe(&e, false, end, sizeof(end));
        return fault_set(f, blame(NULL, u->run.result, &e),
                         "%s: the job failed%s: %s (%s); see journalctl -u %s", u->record.unit, after, end,
                         u->run.result, u->record.unit);
}
