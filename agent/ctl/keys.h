/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/passphrase.h"
#include "facts/tuf_sign.h"

/* A publisher's keys: a folder apart from the repository. NAME.pem is a private key (PKCS#8 or OpenSSL's
 * older forms, mode 0600, encrypted or not), NAME.pub its public half, or alone the public half of a key
 * that is elsewhere. Names are for people ("targets-1.pem"); which key signs for which role is what the
 * metadata says. */
enum { KEYS_MAX = 64 }; /* a folder of something else given by mistake */

struct keys {
        struct tuf_signing_key key[KEYS_MAX]; /* name: that of its file */
        bool encrypted[KEYS_MAX];
        size_t n;
        char *folder; /* owned; where to go for what is still locked */
};

void keys_done(struct keys *keys);

/* A private key in PEM, for which the passphrase is asked where it has one. p may be NULL: -ENOKEY then. */
_must_check_ int keys_parse(const char *what, const char *pem, size_t len, struct passphrase *p,
                            struct tuf_signing_key *ret, struct fault *f);

/* Every key in the folder. One that is encrypted and has its public half beside it is left locked (public
 * part only); for others the passphrase is asked for now. -EPERM for a private key that others may read. */
_must_check_ int keys_load(const char *path, struct passphrase *p, struct keys *ret, struct fault *f);

/* By name, "root-2.pem" or "root-2"; borrowed. NULL when there is none. */
const struct tuf_signing_key *keys_find(const struct keys *keys, const char *name);

/* Whether key i is in the folder, but locked. */
bool keys_locked(const struct keys *keys, size_t i);

/* Opens it. -EINVAL when NAME.pub is of another key. */
_must_check_ int keys_unlock(struct keys *keys, size_t i, struct passphrase *p, struct fault *f);

/* ---- New keys, in memory until they are written (ctl/keys_new.c) ---- */

/* Makes a key: type is "ed25519", "ecdsa" (P-256) or "rsa" (3,072 bits). stem is its name without ".pem".
 * -EINVAL for another type. */
_must_check_ int keys_generate(const char *type, const char *stem, struct keys *keys, struct fault *f);

/* Reads a key made elsewhere: a private or public PEM, or a public key as TUF lists it, in JSON. stem as
 * above, or NULL for the file's own name. -EPERM as for keys_load(). */
_must_check_ int keys_import(const char *file, const char *stem, struct passphrase *p, struct keys *keys,
                             struct fault *f);

/* Whether the folder has a key of that name. */
bool keys_taken(int dirfd, const struct tuf_signing_key *k);

/* Writes NAME.pem (0600; encrypted where p is not NULL) and NAME.pub, or NAME.pub alone for a public key.
 * -EEXIST when either is there: a key is never replaced. */
_must_check_ int keys_write(int dirfd, const struct tuf_signing_key *k, const struct passphrase *p,
                            struct fault *f);
