/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The classes, and which groups they are in. `systemd-analyze security` asks of eleven groups whether a
 * filter lets any of their calls through; all calls of x86-64 that are in one of them fall into sixteen
 * classes, the same in systemd 252 and 257. Pure. */

#include "facts/exposure_calls.h"

enum {
        CLASS_CHOWN = 1 << 0,          /* chown, fchown, ... */
        CLASS_CLOCK = 1 << 1,          /* settimeofday, ... */
        CLASS_CPU_EMULATION = 1 << 2,  /* modify_ldt */
        CLASS_DEBUG = 1 << 3,          /* ptrace, perf_event_open, ... */
        CLASS_MODULE = 1 << 4,         /* init_module, ... */
        CLASS_MOUNT = 1 << 5,          /* mount, fsopen, ... */
        CLASS_ROOT_DIRECTORY = 1 << 6, /* chroot, pivot_root */
        CLASS_OBSOLETE = 1 << 7,       /* uselib, ... */
        CLASS_SYSCTL = 1 << 8,         /* _sysctl */
        CLASS_PRIVILEGED = 1 << 9,     /* bpf, acct, quotactl, ... */
        CLASS_RAW_IO = 1 << 10,        /* iopl, ioperm */
        CLASS_REBOOT = 1 << 11,        /* reboot, kexec_load, ... */
        CLASS_SETUID = 1 << 12,        /* setuid, setgroups, ... */
        CLASS_SWAP = 1 << 13,          /* swapon, swapoff */
        CLASS_CAPABILITIES = 1 << 14,  /* capset, setfsuid */
        CLASS_RESOURCES = 1 << 15,     /* setrlimit, sched_setscheduler, ... */
};

static const struct {
        const char *name;
        uint32_t classes;
} groups[] = {
        { "@chown", CLASS_CHOWN },
        { "@clock", CLASS_CLOCK },
        { "@cpu-emulation", CLASS_CPU_EMULATION },
        { "@debug", CLASS_DEBUG },
        { "@module", CLASS_MODULE },
        { "@mount", CLASS_MOUNT | CLASS_ROOT_DIRECTORY },
        { "@obsolete", CLASS_OBSOLETE | CLASS_SYSCTL },
        { "@privileged", CLASS_CHOWN | CLASS_CLOCK | CLASS_MODULE | CLASS_ROOT_DIRECTORY | CLASS_SYSCTL |
                                 CLASS_PRIVILEGED | CLASS_RAW_IO | CLASS_REBOOT | CLASS_SETUID | CLASS_SWAP |
                                 CLASS_CAPABILITIES },
        { "@raw-io", CLASS_RAW_IO },
        { "@reboot", CLASS_REBOOT },
        { "@resources", CLASS_RESOURCES },
        { "@setuid", CLASS_SETUID },
        { "@swap", CLASS_SWAP },
        { "@system-service", CLASS_CHOWN | CLASS_SETUID | CLASS_CAPABILITIES | CLASS_RESOURCES },
        /* Nothing in these that an assessor asks for. */
        { "@aio", 0 },
        { "@basic-io", 0 },
        { "@default", 0 },
        { "@file-system", 0 },
        { "@io-event", 0 },
        { "@ipc", 0 },
        { "@keyring", 0 },
        { "@memlock", 0 },
        { "@network-io", 0 },
        { "@pkey", 0 },
        { "@process", 0 },
        { "@sandbox", 0 },
        { "@signal", 0 },
        { "@sync", 0 },
        { "@timer", 0 },
        /* Single calls, as far as a drop-in of ours names them: one is as bad as all of its class. */
        { "bpf", CLASS_PRIVILEGED },
        { "capset", CLASS_CAPABILITIES },
        { "io_uring_enter", 0 },
        { "io_uring_register", 0 },
        { "io_uring_setup", 0 },
        { "landlock_add_rule", 0 },
        { "landlock_create_ruleset", 0 },
        { "landlock_restrict_self", 0 },
        { "perf_event_open", CLASS_DEBUG },
        { "seccomp", 0 },
        { "syslog", 0 },
        { "userfaultfd", 0 },
};

int exposure_calls_find(const char *name, uint32_t *ret)
{
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                if (str_eq(groups[i].name, name)) {
                        *ret = groups[i].classes;
                        return 0;
                }
        return -ENOENT;
}
