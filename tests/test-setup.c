/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose doing each exit status is that systemd ends a service with before its program runs; by the names
 * that systemd.exec(5) has for them, so that no row can be another's. */

#include "facts/setup.h"

#include "tap.h"

static const struct {
        int status;
        const char *name;
        bool host;
} statuses[] = {
        /* the bundle's: what runs, and where */
        { 200, "(CHDIR)", false },
        { 203, "(EXEC)", false },
        /* a wall that this kernel, or this container, does not give */
        { 210, "(CHROOT)", true },
        { 217, "(USER)", true },
        { 218, "(CAPABILITIES)", true },
        { 225, "(NETWORK)", true },
        { 226, "(NAMESPACE)", true },
        { 227, "(NO_NEW_PRIVILEGES)", true },
        { 228, "(SECCOMP)", true },
        { 229, "(SELINUX_CONTEXT)", true },
        { 231, "(APPARMOR)", true },
        { 232, "(ADDRESS_FAMILIES)", true },
        { 236, "(SMACK_PROCESS_LABEL)", true },
        { 237, "(KEYRING)", true },
        { 245, "(BPF)", true },
        /* what this host is short of, or its disk does not take */
        { 202, "(FDS)", true },
        { 204, "(MEMORY)", true },
        { 205, "(LIMITS)", true },
        { 208, "(STDIN)", true },
        { 209, "(STDOUT)", true },
        { 219, "(CGROUP)", true },
        { 222, "(STDERR)", true },
        { 233, "(RUNTIME_DIRECTORY)", true },
        { 235, "(CHOWN)", true },
        { 238, "(STATE_DIRECTORY)", true },
        { 239, "(CACHE_DIRECTORY)", true },
        { 240, "(LOGS_DIRECTORY)", true },
        /* its secrets, its users */
        { 216, "(GROUP)", true },
        { 243, "(CREDENTIALS)", true },
        /* what no manifest can ask for: its own drop-ins, or an operator */
        { 201, "(NICE)", true },
        { 206, "(OOM_ADJUST)", true },
        { 207, "(SIGNAL_MASK)", true },
        { 211, "(IOPRIO)", true },
        { 212, "(TIMERSLACK)", true },
        { 213, "(SECUREBITS)", true },
        { 214, "(SETSCHEDULER)", true },
        { 215, "(CPUAFFINITY)", true },
        { 220, "(SETSID)", true },
        { 221, "(CONFIRM)", true },
        { 224, "(PAM)", true },
        { 230, "(PERSONALITY)", true },
        { 241, "(CONFIGURATION_DIRECTORY)", true },
        { 242, "(NUMA_POLICY)", true },
};

/* A program's own. */
static const int others[] = { -1, 0, 1, 2, 77, 126, 127, 137, 143, 199, 223, 234, 244, 246, 254, 255, 256 };

int main(void)
{
        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                const struct setup *s = setup_find(statuses[i].status);

                tap_ok(s && str_has_suffix(s->meaning, statuses[i].name), "%d is %s", statuses[i].status,
                       statuses[i].name);
                tap_int(s && s->host, statuses[i].host, "%s is %s", statuses[i].name,
                        statuses[i].host ? "this host's doing" : "the release's own");
        }
        tap_ok(setup_noexec.host && setup_noexec.status == 203, "but for a mount that forbids it");
        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                tap_ok(!setup_find(others[i]), "%d is none of systemd's", others[i]);
        return tap_done();
}
