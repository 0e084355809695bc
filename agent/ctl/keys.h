/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_sign.h"

/* A publisher's keys: a folder apart from the repository. NAME.pem is a private key (PKCS#8 or OpenSSL's
 * older forms, mode 0600); NAME.pub a public key alone (PEM), whose private half is elsewhere. Names are for
 * people
 * ("targets-1.pem"); which key signs for which role is what the metadata says. */
enum { KEYS_MAX = 64 }; /* a folder of something else given by mistake */

struct keys {
        struct tuf_signing_key key[KEYS_MAX];
        size_t n;
};

void keys_done(struct keys *keys);

/* Every *.pem and *.pub in the folder. -EPERM for a private key that others may read. */
_must_check_ int keys_load(const char *path, struct keys *ret, struct fault *f);

/* Makes an Ed25519 key, writes it as name below dirfd (-EEXIST: never replaced), and adds it to keys. */
_must_check_ int keys_create(int dirfd, const char *name, struct keys *keys, struct fault *f);
