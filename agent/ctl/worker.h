/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* One of sealift's workers as a child on a socketpair, as systemd would have started it: for who runs no
 * agent. It has the caller's rights and not the walls of its unit. */
struct worker {
        pid_t pid; /* 0 until started */
        int sock;  /* owned; -EBADF until started */
};

#define WORKER_INIT ((struct worker){ .sock = -EBADF })

/* name is "sealift-fetch", arguments end in NULL. The one beside this program goes first: that of a build
 * that is not installed. */
_must_check_ int worker_start(struct worker *w, const char *name, const char *const *arguments,
                              struct fault *f);

/* Closes the conversation, which ends the worker, and waits for that. */
void worker_done(struct worker *w);
