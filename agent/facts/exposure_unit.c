/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From the text of a unit to what systemd holds of it after loading, for the settings that
 * `systemd-analyze security` looks at, and what one of them implies for another. The text is ours, but every
 * key and word has to be in a table here, so that a setting which nobody has weighed stops the computation
 * instead of passing for harmless. Pure. */

#include "facts/exposure_unit.h"

#include <limits.h>
#include <linux/capability.h>

#include "facts/ini.h"

struct word {
        const char *text;
        uint8_t badness;
};

struct key {
        const char *section, *key;
        int (*read)(struct exposure_unit *u, const char *value); /* NULL: one of words */
        const struct word *words; /* the first is what systemd takes when nothing is written */
        enum exposure_word slot;
};

/* ---- the keys that are looked at */

#define WORDS(...) ((const struct word[]){ __VA_ARGS__, {} })
#define SWITCH(key, slot)                                                                                   \
        {                                                                                                   \
                "Service", key, NULL, WORDS({ "no", 1 }, { "yes", 0 }), slot                                \
        }
#define LIST(key, read)                                                                                     \
        {                                                                                                   \
                "Service", key, read, NULL, WORD_MAX                                                        \
        }

static const struct key keys[] = {
        { "Unit", "DefaultDependencies", NULL, WORDS({ "yes", 0 }, { "no", 1 }), WORD_DEFAULT_DEPENDENCIES },
        SWITCH("DynamicUser", WORD_DYNAMIC_USER),
        SWITCH("PrivateDevices", WORD_PRIVATE_DEVICES),
        SWITCH("PrivateMounts", WORD_PRIVATE_MOUNTS),
        SWITCH("PrivateNetwork", WORD_PRIVATE_NETWORK),
        SWITCH("PrivateTmp", WORD_PRIVATE_TMP),
        SWITCH("PrivateUsers", WORD_PRIVATE_USERS),
        SWITCH("ProtectControlGroups", WORD_PROTECT_CONTROL_GROUPS),
        SWITCH("ProtectKernelModules", WORD_PROTECT_KERNEL_MODULES),
        SWITCH("ProtectKernelTunables", WORD_PROTECT_KERNEL_TUNABLES),
        SWITCH("ProtectKernelLogs", WORD_PROTECT_KERNEL_LOGS),
        SWITCH("ProtectClock", WORD_PROTECT_CLOCK),
        SWITCH("ProtectHostname", WORD_PROTECT_HOSTNAME),
        SWITCH("LockPersonality", WORD_LOCK_PERSONALITY),
        SWITCH("MemoryDenyWriteExecute", WORD_MEMORY_DENY_WRITE_EXECUTE),
        SWITCH("NoNewPrivileges", WORD_NO_NEW_PRIVILEGES),
        SWITCH("RestrictRealtime", WORD_RESTRICT_REALTIME),
        SWITCH("RestrictSUIDSGID", WORD_RESTRICT_SUID_SGID),
        SWITCH("RemoveIPC", WORD_REMOVE_IPC),
        { "Service", "Delegate", NULL, WORDS({ "no", 0 }, { "yes", 1 }), WORD_DELEGATE },
        { "Service", "ProtectHome", NULL,
          WORDS({ "no", 10 }, { "read-only", 5 }, { "tmpfs", 1 }, { "yes", 0 }), WORD_PROTECT_HOME },
        { "Service", "ProtectSystem", NULL,
          WORDS({ "no", 10 }, { "yes", 5 }, { "full", 3 }, { "strict", 0 }), WORD_PROTECT_SYSTEM },
        { "Service", "ProtectProc", NULL,
          WORDS({ "default", 3 }, { "noaccess", 1 }, { "invisible", 0 }, { "ptraceable", 0 }),
          WORD_PROTECT_PROC },
        { "Service", "ProcSubset", NULL, WORDS({ "all", 1 }, { "pid", 0 }), WORD_PROC_SUBSET },
        { "Service", "KeyringMode", NULL, WORDS({ "private", 0 }, { "inherit", 1 }, { "shared", 1 }),
          WORD_KEYRING_MODE },
        { "Service", "NotifyAccess", NULL, WORDS({ "none", 0 }, { "main", 0 }, { "exec", 0 }, { "all", 1 }),
          WORD_NOTIFY_ACCESS },
        { "Service", "DevicePolicy", NULL, WORDS({ "auto", 10 }, { "closed", 0 }, { "strict", 0 }),
          WORD_DEVICE_POLICY },
        LIST("AmbientCapabilities", exposure_read_ambient),
        LIST("CapabilityBoundingSet", exposure_read_bounding),
        LIST("DeviceAllow", exposure_read_device),
        LIST("IPAddressAllow", exposure_read_allow),
        LIST("IPAddressDeny", exposure_read_deny),
        LIST("LoadCredentialEncrypted", exposure_read_encrypted),
        LIST("RestrictAddressFamilies", exposure_read_families),
        LIST("RestrictNamespaces", exposure_read_namespaces),
        LIST("RootDirectory", exposure_read_root),
        LIST("SupplementaryGroups", exposure_read_groups),
        LIST("SystemCallArchitectures", exposure_read_architectures),
        LIST("SystemCallFilter", exposure_read_calls),
        LIST("UMask", exposure_read_umask),
        LIST("User", exposure_read_user),
};

/* ---- and those that weigh nothing: looked at, and found to have no assessor */

static const char *const plain_unit[] = {
        "After",
        "Before",
        "BindsTo",
        "CollectMode",
        "Conflicts",
        "Description",
        "Documentation",
        "IgnoreOnIsolate",
        "JobRunningTimeoutSec",
        "JobTimeoutSec",
        "JoinsNamespaceOf",
        "PartOf",
        "RefuseManualStart",
        "Requires",
        "StartLimitIntervalSec",
        "Wants",
};

static const char *const plain_service[] = {
        "AppArmorProfile",
        "BindPaths",
        "BindReadOnlyPaths",
        "CPUQuota",
        "CPUWeight",
        "CacheDirectory",
        "CacheDirectoryMode",
        "Environment",
        "ExecReload",
        "ExecStart",
        "ExecStartPre",
        "ExecStop",
        "Group",
        "IOWeight",
        "IPAccounting",
        "ImportCredential",
        "KillMode",
        "KillSignal",
        "LimitCORE",
        "LimitNOFILE",
        "LoadCredential",
        "LoadCredentialEncrypted",
        "LogExtraFields",
        "LogsDirectory",
        "LogsDirectoryMode",
        "MemoryHigh",
        "MemoryMax",
        "MemorySwapMax",
        "MountAPIVFS",
        "NonBlocking",
        "PrivateIPC",
        "Restart",
        "RestartSec",
        "RuntimeDirectory",
        "RuntimeDirectoryMode",
        "RuntimeMaxSec",
        "SocketBindAllow",
        "SocketBindDeny",
        "Sockets",
        "StandardError",
        "StandardInput",
        "StandardOutput",
        "StateDirectory",
        "StateDirectoryMode",
        "SuccessExitStatus",
        "SyslogIdentifier",
        "SystemCallErrorNumber",
        "TasksMax",
        "TemporaryFileSystem",
        "TimeoutStartSec",
        "TimeoutStopSec",
        "Type",
        "WatchdogSec",
        "WorkingDirectory",
};

static bool key_is_plain(const struct ini_item *item)
{
        bool unit = str_eq(item->section, "Unit");
        const char *const *list = unit ? plain_unit : plain_service;
        size_t n = unit ? ELEMENTSOF(plain_unit) : ELEMENTSOF(plain_service);

        for (size_t i = 0; i < n; i++)
                if (str_eq(list[i], item->key))
                        return true;
        return false;
}

/* ---- reading */

static int read_word(struct exposure_unit *u, const struct key *k, const char *value)
{
        for (const struct word *w = k->words; w->text; w++)
                if (str_eq(w->text, value)) {
                        u->words[k->slot] = w->badness;
                        return 0;
                }
        return -EINVAL;
}

static int read_setting(struct exposure_unit *u, const struct ini_item *item)
{
        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                const struct key *k = keys + i;

                if (!str_eq(k->section, item->section) || !str_eq(k->key, item->key))
                        continue;
                return k->read ? k->read(u, item->value) : read_word(u, k, item->value);
        }
        return key_is_plain(item) ? 0 : -ENOENT;
}

static int read_item(struct exposure_unit *u, const struct ini_item *item, const char *file, struct fault *f)
{
        int r;

        if (item->kind == INI_SECTION) {
                if (*item->name == '\0' &&
                    (str_eq(item->section, "Unit") || str_eq(item->section, "Service")))
                        return 0;
                return fault_set(f, -EINVAL, "%s:%u: the exposure of a [%s] is not known", file, item->line,
                                 item->section);
        }
        r = read_setting(u, item);
        if (r == -ENOENT)
                return fault_set(f, -EINVAL, "%s:%u: what %s= adds to the exposure is not known", file,
                                 item->line, item->key);
        if (r < 0)
                return fault_set(f, -EINVAL, "%s:%u: what %s=%s adds to the exposure is not known", file,
                                 item->line, item->key, item->value);
        return 0;
}

/* systemd's own patches of a loaded unit: DynamicUser= and the like set others (unit_patch_contexts() in
 * src/core/unit.c), ProtectClock= and encrypted credentials put a device on the list, and systemd-analyze
 * itself counts every private mount as PrivateMounts=. */
static void apply_implications(struct exposure_unit *u)
{
        static const struct {
                enum exposure_word wall;
                uint64_t capabilities;
        } dropped[] = {
                { WORD_PRIVATE_DEVICES, UINT64_C(1) << CAP_MKNOD | UINT64_C(1) << CAP_SYS_RAWIO },
                { WORD_PROTECT_KERNEL_MODULES, UINT64_C(1) << CAP_SYS_MODULE },
                { WORD_PROTECT_KERNEL_LOGS, UINT64_C(1) << CAP_SYSLOG },
                { WORD_PROTECT_CLOCK, UINT64_C(1) << CAP_SYS_TIME | UINT64_C(1) << CAP_WAKE_ALARM },
        };
        static const enum exposure_word by_dynamic_user[] = {
                WORD_PRIVATE_TMP,       WORD_REMOVE_IPC,         WORD_PROTECT_SYSTEM,
                WORD_NO_NEW_PRIVILEGES, WORD_RESTRICT_SUID_SGID,
        };
        uint8_t *w = u->words;

        if (w[WORD_DYNAMIC_USER] == 0) {
                for (size_t i = 0; i < ELEMENTSOF(by_dynamic_user); i++)
                        w[by_dynamic_user[i]] = 0;
                if (w[WORD_PROTECT_HOME] == 10)
                        w[WORD_PROTECT_HOME] = 5;
        }
        for (size_t i = 0; i < ELEMENTSOF(dropped); i++)
                if (w[dropped[i].wall] == 0)
                        u->bounding &= ~dropped[i].capabilities;
        if (w[WORD_PRIVATE_DEVICES] == 0)
                w[WORD_DEVICE_POLICY] = 0;
        u->devices = u->devices || w[WORD_PROTECT_CLOCK] == 0 || u->encrypted;
        if (w[WORD_PRIVATE_DEVICES] == 0 || w[WORD_PRIVATE_TMP] == 0 ||
            w[WORD_PROTECT_CONTROL_GROUPS] == 0 || w[WORD_PROTECT_KERNEL_TUNABLES] == 0 ||
            w[WORD_PROTECT_KERNEL_MODULES] == 0 || w[WORD_PROTECT_HOME] != 10 ||
            w[WORD_PROTECT_SYSTEM] != 10)
                w[WORD_PRIVATE_MOUNTS] = 0;
}

int exposure_unit_read(const char *text, size_t len, const char *file, struct exposure_unit *ret,
                       struct fault *f)
{
        struct exposure_unit u = { .bounding = UINT64_MAX, .namespaces = UINT_MAX, .umask = 0022 };
        struct ini_item item;
        struct ini i;
        int r;

        for (size_t k = 0; k < ELEMENTSOF(keys); k++)
                if (keys[k].words)
                        u.words[keys[k].slot] = keys[k].words[0].badness;
        ini_open(&i, text, len, file);
        while ((r = ini_next(&i, &item, f)) > 0) {
                r = read_item(&u, &item, file, f);
                if (r < 0)
                        break;
        }
        if (r < 0)
                return r;
        apply_implications(&u);
        *ret = u;
        return 0;
}
