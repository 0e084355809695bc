/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/promise.h"

/* What the kernel says about a running service, held against what its drop-in promises. */

struct walls {
        const char *place; /* its directories are sealift-<place> */
        const char *unit;
        const struct promise *promise;
        unsigned systemd_version;
        bool stood;  /* its unit was behind all of them before */
        bool nested; /* it made itself a user namespace (UserNamespaces=yes), in which it has capabilities
                        and mounts of its own; inforce_check() reads it, and the next */
        unsigned inherited; /* seccomp filters that PID 1 has itself, in a container; inforce_check() reads
                               it, and the next two */
        const char *dropin; /* its own drop-in, which says what is bound for it */
        const char *host_mounts; /* /proc/1/mountinfo */
};

/* Namespaces that must not be PID 1's: names below /proc/PID/ns. "net" only where it has no network of the
 * host's, "user" only where it has no capability of the host's. */
#define WALLS_NAMESPACES_MAX 5
size_t walls_namespaces(const struct walls *w, const char *ret[static WALLS_NAMESPACES_MAX]);

/* text is /proc/PID/status. -EOPNOTSUPP: a wall is missing, f says which. */
_must_check_ int walls_check_status(const struct walls *w, const char *text, struct fault *f);

/* The count of seccomp filters in a /proc/PID/status; -EINVAL: the kernel does not tell (before Linux 5.9).
 */
_must_check_ int walls_count_filters(const char *text, unsigned *ret);

/* text is /proc/PID/attr/current (apparmor(7)); not asked where no profile was promised. -EOPNOTSUPP:
 * another label, or one that only logs. */
_must_check_ int walls_check_label(const struct walls *w, const char *text, struct fault *f);

/* A limit that was promised, and where the kernel keeps it. */
struct walls_limit {
        const char *controller; /* "memory"; NULL: no cgroup's, but a line of /proc/PID/limits (proc(5)) */
        const char *name;       /* "memory.max", a file of the cgroup; or "Max open files" */
        enum limit limit;
        uint64_t promised;
};
/* Those to be looked at: shares only until w->stood. */
size_t walls_limits(const struct walls *w, struct walls_limit ret[static LIMIT_MAX]);

/* text is the first line of l->name, or all of /proc/PID/limits. -EOPNOTSUPP: it is more than was promised,
 * or no limit; of a share: any other. */
_must_check_ int walls_check_limit(const struct walls_limit *l, const char *text, struct fault *f);

/* text is /proc/PID/mountinfo (proc(5)). -EOPNOTSUPP: something is there or writable that nobody promised,
 * or not there; or /proc shows more than it should. */
_must_check_ int walls_check_mounts(const struct walls *w, const char *text, struct fault *f);
