/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The assessors of `systemd-analyze security`, their weights, and the sum. Its input is what
 * facts/exposure_unit.c has read. Pure. */

#include "facts/exposure.h"

#include <linux/capability.h>
#include <sched.h>

#include "facts/exposure_calls.h"
#include "facts/exposure_unit.h"

struct assessor {
        const char *name;
        uint16_t weight;
        uint8_t range;
        bool ordinary; /* not asked of early boot services */
        uint8_t (*assess)(const struct exposure_unit *u, const struct assessor *a);
        uint64_t parameter; /* a slot, capabilities, a namespace, ... */
        const char *group;  /* of system calls */
};

/* systemd-analyze's own idea of root, which knows nothing of numbers but 0. */
static bool is_privileged(const struct exposure_unit *u)
{
        return u->user_root || (u->words[WORD_DYNAMIC_USER] != 0 && !u->user_set);
}

static uint8_t assess_word(const struct exposure_unit *u, const struct assessor *a)
{
        return u->words[a->parameter];
}

static uint8_t assess_user(const struct exposure_unit *u, const struct assessor *a)
{
        if (u->user_nobody)
                return 9;
        return is_privileged(u) ? a->range : 0;
}

static uint8_t assess_groups(const struct exposure_unit *u, _unused_ const struct assessor *a)
{
        return is_privileged(u) ? EXPOSURE_NOT_ASKED : u->groups;
}

static uint8_t assess_remove_ipc(const struct exposure_unit *u, _unused_ const struct assessor *a)
{
        return is_privileged(u) ? EXPOSURE_NOT_ASKED : u->words[WORD_REMOVE_IPC];
}

static uint8_t assess_root(const struct exposure_unit *u, _unused_ const struct assessor *a)
{
        return !u->root;
}

static uint8_t assess_bounding(const struct exposure_unit *u, const struct assessor *a)
{
        return (u->bounding & a->parameter) != 0;
}

static uint8_t assess_ambient(const struct exposure_unit *u, _unused_ const struct assessor *a)
{
        return u->ambient != 0;
}

static uint8_t assess_umask(const struct exposure_unit *u, _unused_ const struct assessor *a)
{
        if (!(u->umask & 0002))
                return 10;
        if (!(u->umask & 0004))
                return 5;
        if (!(u->umask & 0020))
                return 2;
        return !(u->umask & 0040);
}

static uint8_t assess_namespace(const struct exposure_unit *u, const struct assessor *a)
{
        return (u->namespaces & a->parameter) != 0;
}

static uint8_t assess_family(const struct exposure_unit *u, const struct assessor *a)
{
        return !u->families_set || (u->families & a->parameter) != 0;
}

static uint8_t assess_architectures(const struct exposure_unit *u, const struct assessor *a)
{
        return u->native ? 0 : a->range;
}

/* An allow-list that lets one call of the group through is one better than no filter. */
static uint8_t assess_calls(const struct exposure_unit *u, const struct assessor *a)
{
        uint32_t classes;

        if (!u->calls_set || exposure_calls_find(a->group, &classes) < 0)
                return a->range;
        return (u->system_calls & classes) != 0 ? 9 : 0;
}

static uint8_t assess_addresses(const struct exposure_unit *u, const struct assessor *a)
{
        if (!u->deny_ipv4 || !u->deny_ipv6)
                return a->range;
        if (u->allow_other)
                return 5;
        return u->allow_localhost ? 2 : 0;
}

static uint8_t assess_devices(const struct exposure_unit *u, const struct assessor *a)
{
        if (u->words[WORD_DEVICE_POLICY] != 0)
                return a->range;
        return u->devices ? 5 : 0;
}

#define SWITCH(name, weight, slot)                                                                          \
        {                                                                                                   \
                name, weight, 1, false, assess_word, slot, NULL                                             \
        }
#define CAPABILITIES(names, weight, x)                                                                      \
        {                                                                                                   \
                "CapabilityBoundingSet=~" names, weight, 1, false, assess_bounding, x, NULL                 \
        }
#define CAP(c) (UINT64_C(1) << CAP_##c)
#define NAMESPACE(kind, weight, flag)                                                                       \
        {                                                                                                   \
                "RestrictNamespaces=~" kind, weight, 1, false, assess_namespace, flag, NULL                 \
        }
#define FAMILY(names, weight, family)                                                                       \
        {                                                                                                   \
                "RestrictAddressFamilies=~" names, weight, 1, false, assess_family, family, NULL            \
        }
#define CALLS(group, weight)                                                                                \
        {                                                                                                   \
                "SystemCallFilter=~" group, weight, 10, false, assess_calls, 0, group                       \
        }

static const struct assessor assessors[] = {
        { "User=/DynamicUser=", 2000, 10, false, assess_user, 0, NULL },
        { "SupplementaryGroups=", 200, 1, false, assess_groups, 0, NULL },
        SWITCH("PrivateDevices=", 1000, WORD_PRIVATE_DEVICES),
        SWITCH("PrivateMounts=", 1000, WORD_PRIVATE_MOUNTS),
        SWITCH("PrivateNetwork=", 2500, WORD_PRIVATE_NETWORK),
        { "PrivateTmp=", 1000, 1, true, assess_word, WORD_PRIVATE_TMP, NULL },
        SWITCH("PrivateUsers=", 1000, WORD_PRIVATE_USERS),
        SWITCH("ProtectControlGroups=", 1000, WORD_PROTECT_CONTROL_GROUPS),
        SWITCH("ProtectKernelModules=", 1000, WORD_PROTECT_KERNEL_MODULES),
        SWITCH("ProtectKernelTunables=", 1000, WORD_PROTECT_KERNEL_TUNABLES),
        SWITCH("ProtectKernelLogs=", 1000, WORD_PROTECT_KERNEL_LOGS),
        SWITCH("ProtectClock=", 1000, WORD_PROTECT_CLOCK),
        { "ProtectHome=", 1000, 10, true, assess_word, WORD_PROTECT_HOME, NULL },
        SWITCH("ProtectHostname=", 50, WORD_PROTECT_HOSTNAME),
        { "ProtectSystem=", 1000, 10, true, assess_word, WORD_PROTECT_SYSTEM, NULL },
        { "RootDirectory=/RootImage=", 200, 1, true, assess_root, 0, NULL },
        SWITCH("LockPersonality=", 100, WORD_LOCK_PERSONALITY),
        SWITCH("MemoryDenyWriteExecute=", 100, WORD_MEMORY_DENY_WRITE_EXECUTE),
        SWITCH("NoNewPrivileges=", 1000, WORD_NO_NEW_PRIVILEGES),
        CAPABILITIES("CAP_SYS_ADMIN", 1500, CAP(SYS_ADMIN)),
        CAPABILITIES("CAP_SET(UID|GID|PCAP)", 1500, CAP(SETUID) | CAP(SETGID) | CAP(SETPCAP)),
        CAPABILITIES("CAP_SYS_PTRACE", 1500, CAP(SYS_PTRACE)),
        CAPABILITIES("CAP_SYS_TIME", 1000, CAP(SYS_TIME)),
        CAPABILITIES("CAP_NET_ADMIN", 1000, CAP(NET_ADMIN)),
        CAPABILITIES("CAP_SYS_RAWIO", 1000, CAP(SYS_RAWIO)),
        CAPABILITIES("CAP_SYS_MODULE", 1000, CAP(SYS_MODULE)),
        CAPABILITIES("CAP_AUDIT_*", 500, CAP(AUDIT_CONTROL) | CAP(AUDIT_READ) | CAP(AUDIT_WRITE)),
        CAPABILITIES("CAP_SYSLOG", 500, CAP(SYSLOG)),
        CAPABILITIES("CAP_SYS_(NICE|RESOURCE)", 500, CAP(SYS_NICE) | CAP(SYS_RESOURCE)),
        CAPABILITIES("CAP_MKNOD", 500, CAP(MKNOD)),
        CAPABILITIES("CAP_(CHOWN|FSETID|SETFCAP)", 1000, CAP(CHOWN) | CAP(FSETID) | CAP(SETFCAP)),
        CAPABILITIES("CAP_(DAC_*|FOWNER|IPC_OWNER)", 1000,
                     CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH) | CAP(FOWNER) | CAP(IPC_OWNER)),
        CAPABILITIES("CAP_KILL", 500, CAP(KILL)),
        CAPABILITIES("CAP_NET_(BIND_SERVICE|BROADCAST|RAW)", 500,
                     CAP(NET_BIND_SERVICE) | CAP(NET_BROADCAST) | CAP(NET_RAW)),
        CAPABILITIES("CAP_SYS_BOOT", 100, CAP(SYS_BOOT)),
        CAPABILITIES("CAP_MAC_*", 100, CAP(MAC_ADMIN) | CAP(MAC_OVERRIDE)),
        CAPABILITIES("CAP_LINUX_IMMUTABLE", 75, CAP(LINUX_IMMUTABLE)),
        CAPABILITIES("CAP_IPC_LOCK", 50, CAP(IPC_LOCK)),
        CAPABILITIES("CAP_SYS_CHROOT", 50, CAP(SYS_CHROOT)),
        CAPABILITIES("CAP_BLOCK_SUSPEND", 25, CAP(BLOCK_SUSPEND)),
        CAPABILITIES("CAP_WAKE_ALARM", 25, CAP(WAKE_ALARM)),
        CAPABILITIES("CAP_LEASE", 25, CAP(LEASE)),
        CAPABILITIES("CAP_SYS_TTY_CONFIG", 25, CAP(SYS_TTY_CONFIG)),
        CAPABILITIES("CAP_SYS_PACCT", 25, CAP(SYS_PACCT)),
        CAPABILITIES("CAP_BPF", 25, CAP(BPF)),
        { "UMask=", 100, 10, false, assess_umask, 0, NULL },
        SWITCH("KeyringMode=", 1000, WORD_KEYRING_MODE),
        { "ProtectProc=", 1000, 3, false, assess_word, WORD_PROTECT_PROC, NULL },
        SWITCH("ProcSubset=", 10, WORD_PROC_SUBSET),
        SWITCH("NotifyAccess=", 1000, WORD_NOTIFY_ACCESS),
        { "RemoveIPC=", 100, 1, false, assess_remove_ipc, 0, NULL },
        SWITCH("Delegate=", 100, WORD_DELEGATE),
        SWITCH("RestrictRealtime=", 500, WORD_RESTRICT_REALTIME),
        SWITCH("RestrictSUIDSGID=", 1000, WORD_RESTRICT_SUID_SGID),
        NAMESPACE("user", 1500, CLONE_NEWUSER),
        NAMESPACE("mnt", 500, CLONE_NEWNS),
        NAMESPACE("ipc", 500, CLONE_NEWIPC),
        NAMESPACE("pid", 500, CLONE_NEWPID),
        NAMESPACE("cgroup", 500, CLONE_NEWCGROUP),
        NAMESPACE("net", 500, CLONE_NEWNET),
        NAMESPACE("uts", 100, CLONE_NEWUTS),
        FAMILY("AF_(INET|INET6)", 1500, FAMILY_INET),
        FAMILY("AF_UNIX", 25, FAMILY_UNIX),
        FAMILY("AF_NETLINK", 200, FAMILY_NETLINK),
        FAMILY("AF_PACKET", 1000, FAMILY_PACKET),
        FAMILY("…", 1250, FAMILY_OTHER),
        { "SystemCallArchitectures=", 1000, 10, false, assess_architectures, 0, NULL },
        CALLS("@swap", 1000),
        CALLS("@obsolete", 250),
        CALLS("@clock", 1000),
        CALLS("@cpu-emulation", 250),
        CALLS("@debug", 1000),
        CALLS("@mount", 1000),
        CALLS("@module", 1000),
        CALLS("@raw-io", 1000),
        CALLS("@reboot", 1000),
        CALLS("@privileged", 700),
        CALLS("@resources", 700),
        { "IPAddressDeny=", 1000, 10, false, assess_addresses, 0, NULL },
        { "DeviceAllow=", 1000, 10, false, assess_devices, 0, NULL },
        { "AmbientCapabilities=", 500, 1, false, assess_ambient, 0, NULL },
};
_Static_assert(ELEMENTSOF(assessors) == EXPOSURE_ASSESSORS, "systemd has this many");

const char *exposure_assessor(size_t i, unsigned *ret_weight, unsigned *ret_range)
{
        *ret_weight = assessors[i].weight;
        *ret_range = assessors[i].range;
        return assessors[i].name;
}

static unsigned divide_up(unsigned n, unsigned by)
{
        return (n + by - 1) / by;
}

static uint8_t ask(const struct exposure_unit *u, const struct assessor *a)
{
        if (a->ordinary && u->words[WORD_DEFAULT_DEPENDENCIES] != 0)
                return EXPOSURE_NOT_ASKED;
        return a->assess(u, a);
}

int exposure_compute(const char *text, size_t len, const char *file, struct exposure *ret, struct fault *f)
{
        struct exposure e = {};
        struct exposure_unit u;
        int r;

        r = exposure_unit_read(text, len, file, &u, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(assessors); i++) {
                const struct assessor *a = assessors + i;

                e.badness[i] = ask(&u, a);
                if (e.badness[i] == EXPOSURE_NOT_ASKED)
                        continue;
                e.points += divide_up((unsigned)e.badness[i] * a->weight, a->range);
                e.weight += a->weight;
        }
        e.tenths = divide_up(e.points * 100, e.weight);
        *ret = e;
        return 0;
}

const char *exposure_format(unsigned tenths, char out[static EXPOSURE_TEXT_SIZE])
{
        (void)snprintf(out, EXPOSURE_TEXT_SIZE, "%u.%u", tenths / 10, tenths % 10);
        return out;
}

int exposure_parse(const char *s, unsigned *ret_tenths)
{
        size_t n = strspn(s, "0123456789");
        unsigned tenths = 0;

        if (n < 1 || n > 2)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                tenths = tenths * 10 + (unsigned)(s[i] - '0');
        tenths *= 10;
        if (s[n] == '.') {
                if (strspn(s + n + 1, "0123456789") != 1 || s[n + 2] != '\0')
                        return -EINVAL;
                tenths += (unsigned)(s[n + 1] - '0');
        } else if (s[n] != '\0')
                return -EINVAL;
        if (tenths > 100)
                return -EINVAL;
        *ret_tenths = tenths;
        return 0;
}
