/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* A conversation with the sealift-fetch of this build, without systemd and without an event loop. */
struct tuf_fetch {
        pid_t pid; /* 0 until open */
        int sock;  /* owned; -EBADF until open */
        unsigned state;
        char dir[64]; /* "" until made; holds the worker's configuration */
};

#define TUF_FETCH_INIT ((struct tuf_fetch){ .sock = -EBADF })

/* Takes the body as it comes; a negative return ends the request with that error. */
typedef int (*tuf_fetch_sink)(void *userdata, const void *data, size_t len, struct fault *f);

/* Starts program with two sources, "metadata" and "targets"; either URL may be NULL. */
_must_check_ int tuf_fetch_open(struct tuf_fetch *x, const char *program, const char *metadata_url,
                                const char *targets_url, struct fault *f);
void tuf_fetch_close(struct tuf_fetch *x);

/* 0, or what ground/protocol.h has for FETCH_DONE. The sink sees at most max_bytes bytes. */
_must_check_ int tuf_fetch_get(struct tuf_fetch *x, const char *source, const char *path, uint64_t max_bytes,
                               tuf_fetch_sink sink, void *userdata, struct fault *f);
