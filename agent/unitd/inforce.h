/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/types.h>

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/walls.h"

/* Reads from the kernel what is in force for a running service. Needs CAP_SYS_PTRACE. */

struct inforce_place { /* where the unit must be */
        const char *unit;
        const char *root;   /* absolute path of its skeleton */
        const char *tree;   /* absolute path of its release's tree */
        const char *dropin; /* absolute path of its drop-in, whose bytes somebody else looks at */
};

/* Looks at its first thread, or where that one has ended, at another. -ESRCH: the process is gone, or no
 * thread of it can be looked at (nothing is known then); -EOPNOTSUPP: a wall is missing, or cannot be seen
 * for a reason that does not pass by itself, f says which; others: we lack something, ask again. */
_must_check_ int inforce_check(pid_t pid, const struct walls *w, const struct inforce_place *p,
                               struct fault *f);

struct inforce_network { /* which network namespace: the kernel's name of it */
        dev_t device;
        ino_t inode;
};

/* Of the main process of a unit. Errors as above. */
_must_check_ int inforce_network(pid_t pid, const char *unit, struct inforce_network *ret, struct fault *f);
