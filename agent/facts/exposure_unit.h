/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* What the assessors of facts/exposure.c look at, as systemd has it after loading: facts/exposure_unit.c
 * fills it from the text. Nobody else's. */

/* Settings whose value is one word: what is kept is the badness that the word stands for. */
enum exposure_word {
        WORD_DYNAMIC_USER, /* 0: yes */
        WORD_PRIVATE_DEVICES,
        WORD_PRIVATE_MOUNTS,
        WORD_PRIVATE_NETWORK,
        WORD_PRIVATE_TMP,
        WORD_PRIVATE_USERS,
        WORD_PROTECT_CONTROL_GROUPS,
        WORD_PROTECT_KERNEL_MODULES,
        WORD_PROTECT_KERNEL_TUNABLES,
        WORD_PROTECT_KERNEL_LOGS,
        WORD_PROTECT_CLOCK,
        WORD_PROTECT_HOSTNAME,
        WORD_PROTECT_HOME,
        WORD_PROTECT_SYSTEM,
        WORD_PROTECT_PROC,
        WORD_PROC_SUBSET,
        WORD_LOCK_PERSONALITY,
        WORD_MEMORY_DENY_WRITE_EXECUTE,
        WORD_NO_NEW_PRIVILEGES,
        WORD_RESTRICT_REALTIME,
        WORD_RESTRICT_SUID_SGID,
        WORD_REMOVE_IPC,
        WORD_DELEGATE,
        WORD_KEYRING_MODE,
        WORD_NOTIFY_ACCESS,
        WORD_DEVICE_POLICY,
        WORD_DEFAULT_DEPENDENCIES, /* 0: yes */
        WORD_MAX,
};

enum exposure_family {
        FAMILY_INET = 1 << 0,
        FAMILY_UNIX = 1 << 1,
        FAMILY_NETLINK = 1 << 2,
        FAMILY_PACKET = 1 << 3,
        FAMILY_OTHER = 1 << 4,
        FAMILY_ALL = (1 << 5) - 1,
};

struct exposure_unit {
        uint8_t words[WORD_MAX];
        uint64_t bounding, ambient; /* capabilities, bit per number */
        unsigned namespaces;        /* CLONE_NEW* that may be made; UINT_MAX: nothing written */
        unsigned families;          /* that may be used */
        bool families_set;
        uint32_t system_calls; /* classes that may be called (facts/exposure_calls.h) */
        bool calls_set;
        mode_t umask;
        bool user_set, user_root, user_nobody; /* User= */
        bool groups, root, native, devices, encrypted;
        bool deny_ipv4, deny_ipv6, allow_localhost, allow_other;
};

/* One line of each list setting, added to what earlier lines made of it (facts/exposure_lists.c). -EINVAL or
 * -ENOENT: not known here. */
typedef int exposure_read(struct exposure_unit *u, const char *value);
exposure_read exposure_read_allow, exposure_read_ambient, exposure_read_architectures,
        exposure_read_bounding, exposure_read_calls, exposure_read_deny, exposure_read_device,
        exposure_read_encrypted, exposure_read_families, exposure_read_groups, exposure_read_namespaces,
        exposure_read_root, exposure_read_umask, exposure_read_user;

/* Errors as exposure_compute(). */
_must_check_ int exposure_unit_read(const char *text, size_t len, const char *file,
                                    struct exposure_unit *ret, struct fault *f);
