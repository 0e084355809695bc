/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind facts/policy.h say to each other; nobody else includes this.
 *
 *     policy.c        files to lines
 *     policy_check.c  what a manifest asks for, held against the lines that grant
 *     policy_exposure.c  how exposed its services are, held against the lines that limit it
 *
 * A key is a row in policy.c's table and a kind here. One that limits instead of granting is no more than
 * that, and a function which goes through its lines by policy_next(). */

#include "facts/address.h"
#include "facts/policy.h"

enum policy_kind {
        POLICY_BIND,
        POLICY_OUTBOUND,
        POLICY_LISTEN,
        POLICY_CAPABILITY,
        POLICY_WRITE_EXECUTE,
        POLICY_SYSTEM_CALLS,
        POLICY_DEVICE,
        POLICY_HOST_PATH,
        POLICY_USER_NAMESPACES,
        POLICY_USER,
        POLICY_MAX_EXPOSURE,
        POLICY_APPARMOR,
        POLICY_APPARMOR_PROFILE,
        POLICY_KIND_MAX,
};

struct policy_line {
        char glob[NAME_SIZE];
        enum policy_kind kind;
        struct address address;  /* outbound, listen */
        struct port_range ports; /* bind, listen */
        unsigned tenths;         /* max exposure */
        char *value;             /* owned; as written */
};

struct policy {
        struct policy_line *lines; /* owned */
        size_t n_lines;
        struct buffer *missing; /* borrowed; of policy_list(): takes the lines that a refusal would name */
};

const char *policy_key(enum policy_kind kind);

/* The next line of that kind that is about bundle, at or behind *i, which is moved; NULL: no more. Begin
 * with 0. */
const struct policy_line *policy_next(const struct policy *p, const char *bundle, enum policy_kind kind,
                                      size_t *i);

/* -EPERM: a service is more exposed than a line allows; f names the figure, and what costs most of it. */
_must_check_ int policy_check_exposure(const struct policy *p, const struct manifest *m, struct fault *f);
