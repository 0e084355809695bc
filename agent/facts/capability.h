/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* The capabilities (capabilities(7)) that a service may ask for one by one. Those that are root by another
 * name are not among them: whoever has CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_PTRACE,
 * CAP_MKNOD, CAP_SETPCAP, CAP_SETFCAP, CAP_SYS_CHROOT or the CAP_MAC_ ones needs no sandbox any more. */

/* *ret is its bit, as in CapBnd: of /proc/PID/status. -EINVAL, f: with the nearest, or why it is not for
 * services. */
_must_check_ int capability_find(const char *name, uint64_t *ret, struct fault *f);

/* "CAP_NET_BIND_SERVICE" of a single bit; NULL: not one of these. */
const char *capability_name(uint64_t bit);

/* systemd takes some out of the bounding set again, unless a wall is down: ProtectClock= CAP_SYS_TIME and
 * CAP_WAKE_ALARM, ProtectKernelLogs= CAP_SYSLOG. */
bool capability_sets_clock(uint64_t set) _const_;
bool capability_reads_log(uint64_t set) _const_;

/* What a process with one of these is, is its own to say, at any time. */
bool capability_sets_uid(uint64_t set) _const_;
bool capability_sets_gid(uint64_t set) _const_;
bool capability_sets_limits(uint64_t set) _const_; /* of setrlimit(2) */
