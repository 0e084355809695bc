/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Names to bits and back. Pure. */

#include "facts/capability.h"

#include <linux/capability.h>

#include "ground/text.h"

static const struct capability {
        const char *name;
        unsigned number;
} capabilities[] = {
#define CAPABILITY(name)                                                                                    \
        {                                                                                                   \
#name, name                                                                                 \
        }
        CAPABILITY(CAP_AUDIT_WRITE),
        CAPABILITY(CAP_BLOCK_SUSPEND),
        CAPABILITY(CAP_BPF),
        CAPABILITY(CAP_CHOWN),
        CAPABILITY(CAP_DAC_OVERRIDE),
        CAPABILITY(CAP_DAC_READ_SEARCH),
        CAPABILITY(CAP_FOWNER),
        CAPABILITY(CAP_IPC_LOCK),
        CAPABILITY(CAP_KILL),
        CAPABILITY(CAP_LEASE),
        CAPABILITY(CAP_LINUX_IMMUTABLE),
        CAPABILITY(CAP_NET_ADMIN),
        CAPABILITY(CAP_NET_BIND_SERVICE),
        CAPABILITY(CAP_NET_BROADCAST),
        CAPABILITY(CAP_NET_RAW),
        CAPABILITY(CAP_PERFMON),
        CAPABILITY(CAP_SETGID),
        CAPABILITY(CAP_SETUID),
        CAPABILITY(CAP_SYSLOG),
        CAPABILITY(CAP_SYS_NICE),
        CAPABILITY(CAP_SYS_RESOURCE),
        CAPABILITY(CAP_SYS_TIME),
        CAPABILITY(CAP_WAKE_ALARM),
#undef CAPABILITY
};

int capability_find(const char *name, uint64_t *ret, struct fault *f)
{
        const char *names[ELEMENTSOF(capabilities)], *near;

        for (size_t i = 0; i < ELEMENTSOF(capabilities); i++) {
                names[i] = capabilities[i].name;
                if (str_eq(names[i], name)) {
                        *ret = UINT64_C(1) << capabilities[i].number;
                        return 0;
                }
        }
        near = text_nearest(name, names, ELEMENTSOF(names));
        return fault_set(f, -EINVAL, "no capability that a service can have%s%s%s",
                         near ? "; did you mean " : "; see sealift.manifest(5)", near ? near : "",
                         near ? "?" : "");
}

const char *capability_name(uint64_t bit)
{
        for (size_t i = 0; i < ELEMENTSOF(capabilities); i++)
                if (bit == UINT64_C(1) << capabilities[i].number)
                        return capabilities[i].name;
        return NULL;
}

static bool has(uint64_t set, unsigned number)
{
        return set & UINT64_C(1) << number;
}

bool capability_sets_clock(uint64_t set)
{
        return has(set, CAP_SYS_TIME) || has(set, CAP_WAKE_ALARM);
}

bool capability_reads_log(uint64_t set)
{
        return has(set, CAP_SYSLOG);
}

bool capability_sets_uid(uint64_t set)
{
        return has(set, CAP_SETUID);
}

bool capability_sets_limits(uint64_t set)
{
        return set & (UINT64_C(1) << CAP_SYS_RESOURCE);
}

bool capability_sets_gid(uint64_t set)
{
        return has(set, CAP_SETGID);
}
