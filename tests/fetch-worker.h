/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/protocol.h"

#include "tap.h"
#include "web.h"

/* The real sealift-fetch, started with a socketpair and no systemd, for tests that ask it things. Where the
 * test itself fails it ends. */

enum { BODY_MAX = 1 << 20 };

struct worker {
        pid_t pid;
        int sock;
        struct fetch_done done; /* of the last request */
        char body[BODY_MAX];    /* its beginning, with NUL */
        size_t len;             /* all of it */
};

extern struct web web;       /* that all of them ask */
extern struct worker worker; /* large: not for the stack */
extern uint64_t offset;      /* of the next requests */

/* Starts web, and writes sealift.conf (reports are put), post.conf (posted) and the object "digits". false:
 * it cannot be had here, and the plan is said. */
bool fetch_begin(void);

/* patience: of sealift-fetch, for a server that is silent. */
void worker_open(struct worker *w, const char *config, const char *patience);

/* The worker's wait status. One that goes on although it should not sees its caller go. */
int worker_wait(struct worker *w);

static inline void worker_close(struct worker *w)
{
        tap_int(worker_wait(w), 0, "the worker ends in order when its caller goes");
}

int worker_receive(struct worker *w);

/* Sends FETCH_GET and returns the read end of its pipe. */
int worker_ask(struct worker *w, const char *source, const char *path, uint64_t max, const char *etag);

/* A whole request; the class it ended in. */
int worker_get(struct worker *w, const char *source, const char *path, uint64_t max, const char *etag);

void config_write(const char *name, const char *method);
