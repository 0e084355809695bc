/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"

/* What a release needs of a host beyond sealift's own sandbox: [Bundle] Requires= and Command=. Three
 * steps, so that all but the middle one is pure: the manifest is asked for its requirements, doors/host.h
 * notes what the host has, and each is judged.
 *
 * Versions are numbers with dots between them, compared number by number from the left; what is missing
 * counts as 0, so 17 is 17.0, and 3.9 is older than 3.11. Of what a host has, only the numbers at its
 * beginning count: 6.1.0-13-amd64 is 6.1.0. */

/* How each is found on a host: doors/host.c. */
enum probe {
        PROBE_COMMAND,
        PROBE_DOTNET,
        PROBE_GLIBC,
        PROBE_JAVA,
        PROBE_KERNEL,
        PROBE_LIBSTDCXX,
        PROBE_NODE,
        PROBE_OPENSSL,
        PROBE_PERL,
        PROBE_PHP,
        PROBE_PYTHON3,
        PROBE_RUBY,
        PROBE_SYSTEMD,
        PROBE_MAX,
};

enum {
        REQUIREMENT_NAME_SIZE = 128,
        REQUIREMENT_VERSION_SIZE = 32, /* "2026.11.21.4294967295" fits */
        /* Each one may be a walk through the host's libraries: a manifest of thousands would keep it busy.
         */
        REQUIREMENTS_MAX = 64,
};

struct requirement {
        enum probe probe;
        char name[REQUIREMENT_NAME_SIZE];     /* the probe's; of a command, its name or path */
        char wants[REQUIREMENT_VERSION_SIZE]; /* at least; "" for any */
        const char *key;                      /* of the setting that needs it; static */
        unsigned line;                        /* of that setting */
        /* What doors/host.h says. */
        bool found;
        char has[REQUIREMENT_VERSION_SIZE]; /* "" where it is there, but nothing says which */
};

/* "java"; what it is, for people. NULL for PROBE_COMMAND. */
const char *requirement_probe_name(enum probe p);
const char *requirement_probe_help(enum probe p);

/* Whether value is good for Requires=: words "NAME" or "NAME>=VERSION", NAME of the table; for Command=: a
 * program's name, or a path below /usr/. -EINVAL with f, which does not name the key. */
_must_check_ int requirement_check(const char *value, struct fault *f);
_must_check_ int requirement_check_command(const char *value, struct fault *f);

/* All that m needs, in the order of its lines, none of it looked at yet. *ret is the caller's. -EFBIG,
 * -ENOMEM. */
_must_check_ int requirement_list(const struct manifest *m, struct requirement **ret, size_t *ret_n,
                                  struct fault *f);

/* The version at the beginning of s, as above, "" where s does not begin with a digit. What is too long is
 * cut between two numbers. */
void requirement_read_version(const char *s, char ret[static REQUIREMENT_VERSION_SIZE]);

/* <0, 0, >0, as strcmp(3); both as requirement_read_version() makes them. */
int requirement_compare(const char *a, const char *b);

/* Whether what was found is enough. 0, or -EPERM, f: "needs java>=17, and this host has 11.0.2; ..." */
_must_check_ int requirement_judge(const struct requirement *r, struct fault *f);
