/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The walls of a service as lines of its drop-in: the strictest set, less the least that each request of its
 * [Sandbox] needs. Its input was checked by facts/manifest and granted by facts/policy; every value is
 * checked once more. Touches nothing but memory. */

#include <linux/capability.h>

#include "facts/capability.h"
#include "facts/dropin_parts.h"
#include "facts/profile.h"

#define BIT(capability) (UINT64_C(1) << (capability))

static bool asks_user(const struct sandbox *x)
{
        return *x->user != '\0';
}

/* In a user namespace of its own a capability counts for nothing outside. */
static bool asks_capability(const struct sandbox *x)
{
        return x->capabilities != 0;
}

static bool asks_write_execute(const struct sandbox *x)
{
        return x->write_execute;
}

static bool asks_namespaces(const struct sandbox *x)
{
        return x->user_namespaces;
}

/* For which RestrictSUIDSGID= has no openat2(2), since its mode is out of seccomp's sight; newer programs
 * that make sandboxes cannot do without. DynamicUser= has it in any case. */
static bool asks_openat2(const struct sandbox *x)
{
        return x->user_namespaces && *x->user;
}

static bool asks_clock(const struct sandbox *x)
{
        return capability_sets_clock(x->capabilities);
}

static bool asks_kernel_log(const struct sandbox *x)
{
        return capability_reads_log(x->capabilities);
}

/* Every wall is written out, also where another setting implies it: `systemd-analyze security` does not
 * credit implications, and neither should a reader of `systemctl cat` have to know them. They stand behind
 * the publisher's settings, so that where both set one thing the wall wins.
 *
 * RemoveIPC= would remove what other processes of a user of the host's have; the service's own goes with its
 * IPC namespace. Keys, io_uring and userfaultfd are of @system-service, but few programs need them, and many
 * ways into the kernel have led through them. Whoever may make a namespace of users may as well make the
 * others: bubblewrap makes all of them at once, and reads /proc/sys before it does. */
#define URINGS "io_uring_enter io_uring_register io_uring_setup"

static const struct wall {
        const char *key, *strict;
        const char *relaxed;                   /* where asks() */
        bool (*asks)(const struct sandbox *x); /* NULL: nothing takes it down */
} walls[] = {
        { "DynamicUser", "yes", "no", asks_user },
        { "PrivateUsers", "yes", "no", asks_capability },
        { "PrivateTmp", "yes", NULL, NULL },
        { "PrivateDevices", "yes", NULL, NULL },
        { "PrivateIPC", "yes", NULL, NULL },
        { "PrivateMounts", "yes", NULL, NULL },
        { "ProtectSystem", "strict", NULL, NULL },
        { "ProtectHome", "yes", NULL, NULL },
        { "ProtectProc", "invisible", NULL, NULL },
        { "ProcSubset", "pid", "all", asks_namespaces },
        { "ProtectControlGroups", "yes", NULL, NULL },
        { "ProtectKernelModules", "yes", NULL, NULL },
        { "ProtectKernelTunables", "yes", NULL, NULL },
        { "ProtectKernelLogs", "yes", "no", asks_kernel_log },
        { "ProtectClock", "yes", "no", asks_clock },
        { "ProtectHostname", "yes", NULL, NULL },
        { "NoNewPrivileges", "yes", NULL, NULL },
        { "SystemCallArchitectures", "native", NULL, NULL },
        { "SystemCallFilter", "@system-service", NULL, NULL },
        { "SystemCallFilter", "~@privileged @resources @keyring " URINGS " userfaultfd", NULL, NULL },
        { "SystemCallErrorNumber", "EPERM", NULL, NULL },
        { "RestrictNamespaces", "yes", "no", asks_namespaces },
        { "RestrictRealtime", "yes", NULL, NULL },
        { "RestrictSUIDSGID", "yes", "no", asks_openat2 },
        { "MemoryDenyWriteExecute", "yes", "no", asks_write_execute },
        { "LockPersonality", "yes", NULL, NULL },
        { "UMask", "0077", NULL, NULL },
        { "RemoveIPC", "yes", "no", asks_user },
        { "KeyringMode", "private", NULL, NULL },
        { "DevicePolicy", "closed", NULL, NULL },
        { "Delegate", "no", NULL, NULL },
        { "MountAPIVFS", "yes", NULL, NULL },
};

static void write_walls(const struct sandbox *x, struct buffer *out)
{
        for (const struct wall *w = walls; w < walls + ELEMENTSOF(walls); w++)
                buffer_printf(out, "%s=%s\n", w->key, w->asks && w->asks(x) ? w->relaxed : w->strict);
}

static int write_capabilities(const struct sandbox *x, struct buffer *out, struct fault *f)
{
        static const char *const keys[] = { "CapabilityBoundingSet", "AmbientCapabilities" };

        for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
                const char *between = "";

                buffer_printf(out, "%s=", keys[k]);
                for (unsigned i = 0; i < 64; i++) {
                        const char *name;

                        if (!(x->capabilities & BIT(i)))
                                continue;
                        name = capability_name(BIT(i));
                        if (!name)
                                return fault_set(f, -EINVAL, "capability %u is not for services", i);
                        buffer_printf(out, "%s%s", between, name);
                        between = " ";
                }
                buffer_append_text(out, "\n");
        }
        return 0;
}

/* What a capability is worth nothing without, and only it makes worth having. */
static const struct {
        uint64_t capabilities;
        const char *line;
} needs[] = {
        { BIT(CAP_CHOWN), "SystemCallFilter=@chown" },
        { BIT(CAP_SETUID) | BIT(CAP_SETGID), "SystemCallFilter=@setuid" },
        { BIT(CAP_SYS_NICE) | BIT(CAP_SYS_RESOURCE), "SystemCallFilter=@resources" },
        { BIT(CAP_SYS_TIME), "SystemCallFilter=@clock" },
        { BIT(CAP_SYSLOG), "SystemCallFilter=syslog" },
        { BIT(CAP_BPF), "SystemCallFilter=bpf" },
        { BIT(CAP_PERFMON), "SystemCallFilter=perf_event_open" },
        { BIT(CAP_NET_ADMIN) | BIT(CAP_AUDIT_WRITE), "RestrictAddressFamilies=AF_NETLINK" },
};

static void write_needs(const struct sandbox *x, struct buffer *out)
{
        for (size_t i = 0; i < ELEMENTSOF(needs); i++)
                if (x->capabilities & needs[i].capabilities)
                        buffer_printf(out, "%s\n", needs[i].line);
        /* To mount in a namespace of its own, to bring its loopback up, and to give up what it is there. */
        if (x->user_namespaces)
                buffer_append_text(out,
                                   "SystemCallFilter=@mount capset\nRestrictAddressFamilies=AF_NETLINK\n");
}

static int write_system_calls(const char *value, struct buffer *out)
{
        /* systemd 252 does not know this group, and would ignore the line. */
        if (str_eq(value, "@sandbox"))
                value = "landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp";
        return buffer_printf(out, "SystemCallFilter=%s\n", value);
}

/* PrivateDevices= leaves the node out, DevicePolicy= the right to open it. */
static int write_device(const char *value, struct buffer *out)
{
        return buffer_printf(out, "DeviceAllow=%s rw\nBindPaths=%s\n", value, value);
}

static int write_host_path(const char *value, struct buffer *out)
{
        return buffer_printf(out, "BindReadOnlyPaths=%s\n", value);
}

/* systemd knows the names of dynamic users; of others, who look themselves up, these files do. */
static int write_user(const char *value, struct buffer *out)
{
        return buffer_printf(out, "User=%s\nBindReadOnlyPaths=-/etc/passwd\nBindReadOnlyPaths=-/etc/group\n",
                             value);
}

static const struct {
        const char *key;
        int (*write)(const char *value, struct buffer *out);
} requests[] = {
        { "SystemCalls", write_system_calls },
        { "Device", write_device },
        { "HostPath", write_host_path },
        { "User", write_user },
};

static int write_requests(const struct dropin *d, struct buffer *out, struct fault *f)
{
        const struct sandbox *x = &d->service->sandbox;

        for (const struct manifest_setting *s = x->settings; s < x->settings + x->n_settings; s++)
                for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                        if (!str_eq(s->directive->key, requests[i].key))
                                continue;
                        if (dropin_check_setting(s->directive, SECTION_SANDBOX, s->value, f) < 0)
                                return fault_prefix(f, "[Sandbox %s] %s=", d->service->name,
                                                    s->directive->key);
                        requests[i].write(s->value, out);
                }
        return 0;
}

int dropin_write_sandbox(const struct dropin *d, struct buffer *out, struct fault *f)
{
        const struct sandbox *x = &d->service->sandbox;
        int r;

        write_walls(x, out);
        r = write_capabilities(x, out, f);
        if (r < 0)
                return r;
        write_needs(x, out);
        if (d->profile && *d->profile && !profile_name_valid(d->profile))
                return fault_set(f, -EINVAL, "the name of an AppArmor profile is not one");
        if (d->profile && *d->profile)
                buffer_printf(out, "AppArmorProfile=%s\n", d->profile);
        return write_requests(d, out, f);
}
