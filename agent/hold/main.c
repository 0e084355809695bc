/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-hold: what a job begins as. A job may be over before anybody could look whether it is behind its
 * walls; so it says that it is there, waits until sealift-unitd has looked, and only then becomes its
 * program: same process, same walls. It reads nothing and writes nothing. */

#include <limits.h>
#include <signal.h>

#include "ground/args.h"
#include "ground/notify.h"

/* systemd's own status for it (systemd.exec(5)), which sealift-unitd puts into words. */
enum { EXIT_STATUS_EXEC = 203 };

/* Blocked before anybody is told, or what answers could come before we wait for it. */
static int await_signal(struct fault *f)
{
        sigset_t awaited, before;

        (void)sigemptyset(&awaited);
        (void)sigaddset(&awaited, SIGCONT);
        if (sigprocmask(SIG_BLOCK, &awaited, &before) < 0)
                return fault_set_errno(f, -errno, "cannot block a signal");
        notify_send("READY=1");
        while (sigwaitinfo(&awaited, NULL) < 0)
                if (errno != EINTR)
                        return fault_set_errno(f, -errno, "cannot wait for a signal");
        if (sigprocmask(SIG_SETMASK, &before, NULL) < 0 || unsetenv("NOTIFY_SOCKET") < 0)
                return fault_set_errno(f, -errno, "cannot leave things as they were");
        return 0;
}

int main(int argc, char *argv[])
{
        static const struct args_command command = {
                .name = "sealift-hold",
                .operands = "-- PROGRAM [ARGUMENT...]",
                .help = "waits for SIGCONT, then executes PROGRAM",
                .min_operands = 1,
                .max_operands = INT_MAX,
        };
        struct fault f = {};
        char **operands;
        int n, status;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        if (await_signal(&f) >= 0) {
                (void)execv(operands[0], operands);
                (void)fault_set_errno(&f, -errno, "%s: cannot execute it", operands[0]);
        }
        fprintf(stderr, "<3>sealift-hold: %s\n", f.text); /* sd-daemon(3): LOG_ERR */
        return EXIT_STATUS_EXEC;
}
