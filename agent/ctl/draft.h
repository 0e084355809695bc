/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"
#include "facts/tuf_sign.h"

/* A metadata file that waits for signatures, wherever it is: "4.root.json", "7.targets.json", or that of a
 * delegated role. It is the user's eyes that decide whether it is signed, so what it holds can be told. */
struct draft {
        const char *path;
        char file[TUF_ROLE_FILE_SIZE]; /* "root.json", "team%2Fweb.json": what path says, without its number
                                        */
        char name[TUF_ROLE_FILE_SIZE]; /* of the role */
        mode_t mode;
        json_t *envelope;              /* owned */
        json_t *body, *signatures;     /* in it */
        struct tuf_metadata *metadata; /* owned */
};

void draft_done(struct draft *d);

/* Reads one, and holds it against the rules for metadata: what no client would take is not worth a
 * signature. -EINVAL, -EFBIG. */
_must_check_ int draft_read(const char *path, struct draft *ret, struct fault *f);

/* Who signs for d according to lister, borrowed from it: a root for the four roles, a targets file for one
 * that it delegates to, which is found by d's file, and gives d its name. -ENOENT when lister has no such
 * role. */
_must_check_ int draft_signers(const struct draft *lister, struct draft *d, const struct tuf_signers **ret,
                               struct fault *f);

/* What is different from old, a file of the same role, as an array of lines for a person: keys and
 * thresholds of a root, targets and delegations of a targets file. NULL out of memory. */
json_t *draft_changes(const struct draft *old, const struct draft *new);

/* Writes it back with the signatures it has now: whole, or it stays as it was. */
_must_check_ int draft_write(const struct draft *d, struct fault *f);
