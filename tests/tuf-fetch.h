/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/fetching.h"

/* A conversation with the sealift-fetch of this build, without systemd and without an event loop. */
struct tuf_fetch {
        pid_t pid;                /* 0 until open */
        struct fetching fetching; /* its sock owned; -EBADF until open */
        char dir[64];             /* "" until made; holds the worker's configuration */
};

#define TUF_FETCH_INIT ((struct tuf_fetch){ .fetching.sock = -EBADF })

/* Starts program with two sources, "metadata" and "targets"; either URL may be NULL. */
_must_check_ int tuf_fetch_open(struct tuf_fetch *x, const char *program, const char *metadata_url,
                                const char *targets_url, struct fault *f);
void tuf_fetch_close(struct tuf_fetch *x);
