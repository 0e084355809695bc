/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "facts/manifest.h"

/* What the drop-in of a service promises and the kernel can show: made once, when the unit is, from what was
 * asked and granted; kept in the unit's record, so that a sealift-unitd that starts anew holds it to the
 * same; held against /proc after each start and restart (facts/walls.h). systemd reports settings as set
 * even where it went on without them, so its properties prove nothing. */

/* Of systemd's dynamic users (its docs/UIDS-GIDS.md; no distribution has others). */
enum { PROMISE_DYNAMIC_UID_MIN = 61184, PROMISE_DYNAMIC_UID_MAX = 65519 };

enum { PROMISE_PROFILE_SIZE = 65 }; /* an AppArmor profile's name */

/* Limits that it may have; facts/walls_limit.c says where the kernel keeps each. */
enum limit {
        LIMIT_MEMORY_MAX, /* bytes, as the next two */
        LIMIT_MEMORY_HIGH,
        LIMIT_MEMORY_SWAP_MAX,
        LIMIT_TASKS_MAX,
        LIMIT_CPU_QUOTA, /* percent of one processor */
        LIMIT_CPU_WEIGHT,
        LIMIT_IO_WEIGHT,
        LIMIT_NOFILE,
        LIMIT_CORE, /* bytes */
        LIMIT_MAX,
};
#define PROMISE_NO_LIMIT UINT64_MAX /* of ours: systemd's own, or the host's */

struct promise {
        enum network network;
        enum root root;
        bool confined;         /* may reach listed addresses only */
        bool write_execute;    /* memory may be both */
        bool user_namespaces;  /* may make namespaces */
        uint64_t capabilities; /* those it has, and no others; bits as in CapBnd: of /proc/PID/status */
        char user[USER_SIZE];  /* of the host's; "": a dynamic one */
        uid_t uid;             /* of user, as it was when the unit was made; unitd/host.h */
        char profile[PROMISE_PROFILE_SIZE]; /* of AppArmor; "": none */
        uint64_t limits[LIMIT_MAX];         /* or PROMISE_NO_LIMIT */
};

/* What the manifest alone decides: everything but profile, which is "", and uid, which is 0. */
void promise_make(const struct service *s, struct promise *ret);

/* A user namespace of its own; capabilities would count for nothing in one. */
bool promise_private_users(const struct promise *p);
