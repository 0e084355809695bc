/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From systemd's codes to a sentence for the operator. Pure. */

#include "unitd/describe.h"

#include <signal.h>
#include <string.h>

/* Exit statuses that systemd itself uses in the forked child, before the program runs (systemd.exec(5),
 * "Process exit codes"): those that a bundle can cause. */
static const struct {
        int status;
        const char *meaning;
} setup_statuses[] = {
        { 200, "its WorkingDirectory= is not there (CHDIR)" },
        { 203, "its program cannot be executed: is it in the bundle, mode 0755, for this machine? (EXEC)" },
        { 205, "a limit cannot be set (LIMITS)" },
        { 217, "its dynamic user cannot be made (USER)" },
        { 218, "its capabilities cannot be dropped (CAPABILITIES)" },
        { 219, "its cgroup cannot be made (CGROUP)" },
        { 225, "it cannot have its own network (NETWORK)" },
        { 226, "its mounts or namespaces cannot be made (NAMESPACE)" },
        { 228, "its system call filter cannot be installed (SECCOMP)" },
        { 231, "its AppArmor profile is not there (APPARMOR)" },
        { 232, "its address families cannot be restricted (ADDRESS_FAMILIES)" },
        { 233, "its RuntimeDirectory= cannot be made (RUNTIME_DIRECTORY)" },
        { 238, "its StateDirectory= cannot be made (STATE_DIRECTORY)" },
        { 239, "its CacheDirectory= cannot be made (CACHE_DIRECTORY)" },
        { 240, "its LogsDirectory= cannot be made (LOGS_DIRECTORY)" },
        { 243,
          "a credential of this host's cannot be read, or not decrypted; systemctl cat it for where each "
          "comes from (CREDENTIALS)" },
};

static const char *setup_meaning(int status)
{
        for (size_t i = 0; i < ELEMENTSOF(setup_statuses); i++)
                if (setup_statuses[i].status == status)
                        return setup_statuses[i].meaning;
        return NULL;
}

static void describe_end(const struct manager_status *s, char *ret, size_t size)
{
        const char *name;

        switch (s->exec_code) {
        case CLD_EXITED:
                name = setup_meaning(s->exec_status);
                (void)snprintf(ret, size, "it exited with status %d%s%s", s->exec_status, name ? ": " : "",
                               name ? name : "");
                return;
        case CLD_KILLED:
        case CLD_DUMPED:
                name = sigabbrev_np(s->exec_status);
                (void)snprintf(ret, size, "it was killed by SIG%s%s", name ? name : "?",
                               s->exec_code == CLD_DUMPED ? ", core dumped" : "");
                return;
        default:
                (void)snprintf(ret, size,
                               s->restarts > 0 ? "it ended, and was started again" : "it did not run");
        }
}

/* All that a unit needs of other units is this host's: the network that services share. */
static int job_blame(const char *job)
{
        if (str_eq(job, "canceled"))
                return -EINTR;
        return str_eq(job, "dependency") ? -EOPNOTSUPP : -ECHILD;
}

int describe_failure(const char *unit, const char *job, const struct manager_status *s, struct fault *f)
{
        int error = job ? job_blame(job) : -ECHILD;
        char end[192];
        bool said = *s->status_text != '\0';

        if (!str_eq(s->load, "loaded"))
                (void)snprintf(end, sizeof(end), "systemd has no such unit any more (%s)", s->load);
        else if (str_eq(s->result, "timeout") || (job && str_eq(job, "timeout")))
                (void)snprintf(end, sizeof(end), "it was not ready in time (TimeoutStartSec=)");
        else if (job && str_eq(job, "dependency"))
                (void)snprintf(end, sizeof(end), "a unit that it needs could not be started");
        else if (str_eq(s->result, "watchdog"))
                (void)snprintf(end, sizeof(end), "it missed its watchdog (WatchdogSec=)");
        else if (str_eq(s->result, "oom-kill"))
                (void)snprintf(end, sizeof(end), "it was killed for lack of memory (MemoryMax=)");
        else
                describe_end(s, end, sizeof(end));
        return fault_set(f, error, "%s: %s%s%s%s (%s); see journalctl -u %s", unit, end,
                         said ? ", last status \"" : "", s->status_text, said ? "\"" : "",
                         job && !str_eq(job, "done") ? job : s->result, unit);
}

int describe_run(const char *unit, const struct run *run, const char *after, struct fault *f)
{
        const struct manager_status s = { .exec_code = (int32_t)run->code,
                                          .exec_status = (int32_t)run->status };
        char end[192];

        if (str_eq(run->result, "timeout"))
                (void)snprintf(end, sizeof(end), "it was not over in time (RuntimeMaxSec=)");
        else
                describe_end(&s, end, sizeof(end));
        return fault_set(f, -ECHILD, "%s: the job failed%s: %s (%s); see journalctl -u %s", unit, after, end,
                         run->result, unit);
}
