/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A publisher, a bucket and a host in memory, made with the writers that `sealift publish` uses. Tests play
 * the attacker by changing bodies, signing with what keys they like, and putting bytes into the bucket. Only
 * running out of memory aborts. */

#include "facts/trust.h"
#include "facts/tuf_write.h"

enum { WORLD_FILES_MAX = 512, WORLD_KEYS_MAX = 16 };

struct world_bytes {
        char *data; /* owned; NULL: not there */
        size_t len;
};

struct world {
        int64_t now;
        struct tuf_signing_key keys[TUF_ROLES][WORLD_KEYS_MAX];
        size_t n_keys[TUF_ROLES]; /* all of them sign */
        uint64_t threshold[TUF_ROLES];
        json_t *body[TUF_ROLES]; /* what the next world_sign() signs */

        struct {
                char path[128];
                struct world_bytes bytes;
        } files[WORLD_FILES_MAX]; /* the bucket */
        size_t n_files;

        struct world_bytes store[TUF_ROLES]; /* the host's trusted metadata */
        unsigned n_fetches, n_unchanged;
        bool conditional; /* the bucket answers conditional requests */
        struct fault fault;
        struct trust *trust; /* of the last update */
};

struct world *world_new(void); /* one key a role, version 1 of everything, published; the host has root */
struct world *world_free(struct world *w);
DEFINE_POINTER_CLEANUP(struct world, world_free)

struct tuf_signing_key world_key(const char *type);     /* "ED25519", "EC", "RSA" */
void world_rotate(struct world *w, enum tuf_role role); /* one new key in place of all; root is not signed */

/* Signs body[role] with all keys of signer, puts it into the bucket under its name. */
void world_sign_as(struct world *w, enum tuf_role role, enum tuf_role signer);
void world_sign(struct world *w, enum tuf_role role);
void world_sign_root(struct world *w); /* next version, signers from keys[]; by old and new keys */
/* Next versions of the role and of all below it, down to the timestamp. */
void world_release(struct world *w, enum tuf_role from);
void world_set_version(struct world *w, enum tuf_role role, uint64_t version);
void world_set_expiry(struct world *w, enum tuf_role role, int64_t expires);

void world_put(struct world *w, const char *path, const void *data, size_t len);
struct world_bytes *world_get(struct world *w, const char *path); /* NULL when not there */
void world_remove(struct world *w, const char *path);

/* The host's side: one update over the bucket, what it says to store is stored. Also leaves w->trust. */
int world_update(struct world *w);
/* Stored now, as one text for comparison: "root 1 timestamp 1 ..." plus a sum of the bytes; caller frees. */
char *world_state(const struct world *w);
