/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* tuf-world.h's bucket with delegated roles, and a host that updates from it by trust_drive(), as the agent
 * does. */

#include "tuf-world.h"

enum { HOST_FILES_MAX = 16 };

struct host {
        struct world *w;
        struct {
                char name[TRUST_FILE_SIZE];
                struct world_bytes bytes;
        } stored[HOST_FILES_MAX];
        char asked[512]; /* paths below metadata/ of delegated roles, in order */
        bool skips;      /* passes over a delegated role that is refused */
        struct trust *t;
        struct fault fault;
};

#define HOST_NEW                                                                                            \
        {                                                                                                   \
                .w = world_new()                                                                            \
        }
void host_done(struct host *h);

/* What it has stored under that name; without data: nothing. */
struct world_bytes *host_file(struct host *h, const char *name);

/* One update that looks for name, or (kind) for all that begin so; what it says is in h->fault. */
int host_update(struct host *h, enum trust_want_kind kind, const char *name);
/* In the same update another name. */
int host_want(struct host *h, enum trust_want_kind kind, const char *name);

/* ---- The publisher's side ---- */

json_t *role_body(uint64_t version, const char *target); /* target may be NULL */
void role_target(json_t *body, const char *target, unsigned length);
/* body delegates names that match pattern to a role, with these keys. */
void role_delegate(json_t *body, const char *name, const char *pattern, unsigned threshold,
                   const struct tuf_signing_key *keys, size_t n);
/* Signs a role, puts it where clients look, and has the snapshot name it by its own name. */
void role_publish(struct host *h, const char *name, const char *file, const json_t *body,
                  const struct tuf_signing_key *keys, size_t n);
