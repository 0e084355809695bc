/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"
#include "facts/tuf_sign.h"

/* A publisher's keys: a folder of unencrypted PKCS#8 PEM files with mode 0600, apart from the repository.
 * File names are for people ("targets-1.pem"); which key signs for which role is what root says. */
enum { KEYS_MAX = 64 }; /* a folder of something else given by mistake */

struct keys {
        struct tuf_signing_key key[KEYS_MAX];
        size_t n;
};

void keys_done(struct keys *keys);

/* Every *.pem in the folder. -EPERM for one that others may read. */
_must_check_ int keys_load(const char *path, struct keys *ret, struct fault *f);

/* Makes an Ed25519 key, writes it as name below dirfd (-EEXIST: never replaced), and adds it to keys. */
_must_check_ int keys_create(int dirfd, const char *name, struct keys *keys, struct fault *f);

/* Those of keys that root lists for role, under the ids it lists them by; borrowed from keys, so never to be
 * freed. -EKEYREJECTED when they do not reach the threshold. */
_must_check_ int keys_select(const struct keys *keys, const struct tuf_metadata *root, enum tuf_role role,
                             struct tuf_signing_key ret[static KEYS_MAX], size_t *ret_n, struct fault *f);
