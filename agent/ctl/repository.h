/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/signer.h"
#include "facts/trust.h"

/* A TUF repository in a folder, as any web server or bucket can serve it:
 *
 *     metadata/N.root.json N.targets.json N.snapshot.json    written once, never changed
 *     metadata/timestamp.json                                the one file that is replaced
 *     targets/<channel>/<sha256>.<name>                      named by content
 *
 * Changes are staged in memory, shown to the verifier that hosts use, and then written in the order that at
 * no moment lets a host see half a release. */
struct repository;

struct repository *repository_free(struct repository *r); /* also unlocks */
DEFINE_POINTER_CLEANUP(struct repository, repository_free)

/* An existing one: locked against other publishers (-EBUSY), and verified from its first root on as a host
 * would, but for expiry: an expired repository is what one publishes to. now is what dates are made from. */
_must_check_ int repository_open(const char *path, int64_t now, struct repository **ret, struct fault *f);

/* A new one in a folder that is made if need be; -EEXIST when one is there. */
_must_check_ int repository_new(const char *path, int64_t now, struct repository **ret, struct fault *f);

int repository_dirfd(const struct repository *r); /* borrowed */
const struct trust *repository_trust(
        const struct repository *r); /* what hosts know now; NULL for a new one */

/* The body that repository_stage() will sign; borrowed, to be changed. */
json_t *repository_body(struct repository *r, enum tuf_role role);

/* Signs from and every role below it (root: all four; targets: three; timestamp: itself) with next versions
 * and dates, in memory, and shows the result to two hosts: one that knows what is published now, and a new
 * one. -EKEYREJECTED when keys are missing; whatever a host would say, else. */
_must_check_ int repository_stage(struct repository *r, enum tuf_role from, struct signer *signer,
                                  struct fault *f);

/* What is staged: path, version and expiry, in the order of writing; false past the end. */
struct repository_file {
        char path[64];
        uint64_t version;
        int64_t expires;
};
bool repository_staged(const struct repository *r, size_t i, struct repository_file *ret);

/* Writes what is staged, each file whole and on the disk before the next, timestamp.json last; then verifies
 * the folder once more. Targets must be in place before. */
_must_check_ int repository_write(struct repository *r, struct fault *f);
