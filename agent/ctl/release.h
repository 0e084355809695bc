/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <limits.h>

#include "ctl/repository.h"
#include "facts/manifest.h"

/* What a publisher puts into a channel: a packed release, one that was published before, or a manifest that
 * takes the bundle away. */
enum { RELEASE_TARGET_SIZE = 2 * NAME_SIZE + 16 };

struct release {
        const char *channel; /* borrowed */
        const char *path;    /* of the manifest, for errors; borrowed */
        char *text;          /* owned */
        size_t len;
        char digest[DIGEST_HEX_SIZE];
        struct manifest *manifest; /* owned; withdrawn: there is no bundle to it */
        char bundle_path[PATH_MAX];
        int bundle_fd;
        char manifest_target[RELEASE_TARGET_SIZE], bundle_target[RELEASE_TARGET_SIZE];
};

#define RELEASE_INIT ((struct release){ .bundle_fd = -EBADF })
void release_done(struct release *r);

/* As sealift pack left it: the bundle lies beside its manifest. */
_must_check_ int release_read(const char *path, const char *channel, struct release *r, struct fault *f);

/* One that was published in the channel before, from the repository's own files. -ENOENT; -EEXIST: two of
 * that version were, by somebody else's tool. */
_must_check_ int release_recall(const struct repository *repository, const char *channel, const char *bundle,
                                const char *version, struct release *r, struct fault *f);

/* Takes away what the role lists in the channel; reason may be NULL. -ENOENT: it lists no such bundle;
 * -EALREADY: it has been withdrawn. */
_must_check_ int release_withdraw(const struct repository *repository, const struct repository_role *role,
                                  const char *channel, const char *bundle, const char *reason,
                                  struct release *r, struct fault *f);

/* -EEXIST: the version was published before with another content. */
_must_check_ int release_check_history(const struct release *r, const struct repository *repository,
                                       struct fault *f);

/* -EPERM: its Epoch= is below that of what the role lists now, so that hosts would refuse it. */
_must_check_ int release_check_epoch(const struct release *r, const struct repository *repository,
                                     const struct repository_role *role, struct fault *f);

/* How it is put there, as the command line says. */
struct release_options {
        const char *repository, *channel, *role; /* role NULL: targets */
        struct signer_args signer;
        bool json, dry_run;
};

/* -EINVAL: one that is needed is missing, or no name. */
_must_check_ int release_options_check(const struct release_options *o, struct fault *f);

/* The role of the options, or targets. */
_must_check_ int release_find_role(const struct repository *repository, const struct release_options *o,
                                   struct repository_role **ret, struct fault *f);

/* Signs and writes, after all reasons to refuse have been looked for; or says what it would write. */
_must_check_ int release_publish(const struct release *r, struct repository *repository,
                                 const struct release_options *o, struct fault *f);
