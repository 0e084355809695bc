/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/paths.h"
#include "ground/protocol.h"
#include "facts/site.h"

/* Places in the store: releases/<bundle>/<version>-<digest12>/{manifest,tree}. Every folder down to tree is
 * root's own, so that no path PID 1 resolves has a component that somebody else can replace; tree itself is
 * given to sealiftd to fill. */

struct releases {
        int fd;    /* RELEASES_PATH */
        uid_t uid; /* who fills trees */
        gid_t gid;
};

enum { RELEASE_PATH_SIZE = sizeof(RELEASES_PATH) + NAME_SIZE + VERSION_SIZE + DIGEST_SHORT + 16 };

/* "RELEASES_PATH/<bundle>/<version>-<digest12>/tree" */
void release_tree_path(const struct unitd_request *q, char ret[static RELEASE_PATH_SIZE]);

/* Makes the release's place from its manifest (a sealed memfd), which must have the sum q->digest, be what
 * q names, and ask for nothing that policy does not grant. Safe to repeat. *ret_tree_fd is the caller's. */
_must_check_ int release_prepare(const struct releases *s, const struct unitd_request *q, int manifest_fd,
                                 int *ret_tree_fd, struct fault *f);

/* Reads an installed manifest again, with the same checks, and what this host makes of it now: an effective
 * manifest for each instance (facts/site.h), each within policy. *ret is the caller's. */
_must_check_ int release_load(const struct releases *s, const struct unitd_request *q, struct effective *ret,
                              struct fault *f);

/* -ENOTEMPTY: sealiftd has not emptied the tree. -ENOENT: no such release. */
_must_check_ int release_remove(const struct releases *s, const struct unitd_request *q, struct fault *f);
