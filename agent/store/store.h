/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "facts/name.h"
#include "facts/state.h"
#include "ground/base.h"
#include "ground/fault.h"

/* The store: five directories, opened once, used by descriptor ever after. tmpfiles.d makes them. */
#define STORE_PATH "/var/lib/sealift"

struct store;

struct store *store_free(struct store *s); /* gives up the lock */
DEFINE_POINTER_CLEANUP(struct store, store_free)

/* Opens trust/, state/, incoming/, outbox/ and releases/ below path, takes the lock and sweeps what an
 * earlier agent left half-written. -EBUSY: another agent has it. -EPERM: others may write to one of them.
 * -ENOENT and other -errno with the directory's name. */
_must_check_ int store_open(const char *path, struct store **ret, struct fault *f);

/* What could not be swept, and why; "" when all was. */
const char *store_left(const struct store *s);

/* trust/: metadata, byte-identical as signed. name is a file name ("root.json", "3.root.json"); -EINVAL
 * otherwise. Reading: -ENOENT, or -EFBIG past cap; *ret is owned by the caller, with a NUL behind it.
 * Writing replaces durably or not at all. Removing what is not there is fine. */
_must_check_ int store_trust_read(struct store *s, const char *name, size_t cap, char **ret, size_t *ret_len,
                                  struct fault *f);
_must_check_ int store_trust_write(struct store *s, const char *name, const void *data, size_t len,
                                   struct fault *f);
_must_check_ int store_trust_remove(struct store *s, const char *name, struct fault *f);

/* state/: one small file a bundle, replaced by one rename, which is the commit; where the disk is full, by
 * the spare (store/spare.h). What cannot be saved leaves what was, unless the disk does not take that
 * either. A bundle without a file has an empty state. -EINVAL for a damaged file, with its line. */
_must_check_ int store_state_load(struct store *s, const char *bundle, struct bundle_state *ret,
                                  struct fault *f);
_must_check_ int store_state_save(struct store *s, const char *bundle, const struct bundle_state *state,
                                  struct fault *f);
_must_check_ int store_state_remove(struct store *s, const char *bundle, struct fault *f);

/* Names in order, in one array owned by the caller: bundles that have a state file, bundles that have a
 * place for a release, or the places of a bundle ("<version>-<digest12>"). No such bundle: none. -EFBIG past
 * STORE_NAMES_MAX. */
enum { STORE_NAME_SIZE = NAME_RELEASE_SIZE, STORE_NAMES_MAX = 4096 };
typedef char store_name[STORE_NAME_SIZE];
_must_check_ int store_state_list(struct store *s, store_name **ret, size_t *ret_n, struct fault *f);
_must_check_ int store_bundle_list(struct store *s, store_name **ret, size_t *ret_n, struct fault *f);
_must_check_ int store_release_list(struct store *s, const char *bundle, store_name **ret, size_t *ret_n,
                                    struct fault *f);

/* The release that a place was made for. Its manifest there has the whole digest; without one (half made,
 * half removed, damaged) nothing can be started from the place, and the digits of its name have zeros behind
 * them. -EINVAL: not a place's name. */
_must_check_ int store_release_find(struct store *s, const char *bundle, const char *place,
                                    struct release_ref *ret, struct fault *f);

/* releases/, made by sealift-unitd: the manifest as signed (its SHA-256 is checked against digest:
 * -EBADMSG), and the tree's descriptor. */
_must_check_ int store_manifest_read(struct store *s, const char *bundle, const struct release_ref *release,
                                     char **ret, size_t *ret_len, struct fault *f);
_must_check_ int store_tree_open(struct store *s, const char *bundle, const struct release_ref *release,
                                 struct fault *f);

/* Borrowed; for store/incoming.h and store/outbox.h. */
int store_incoming_fd(struct store *s);
int store_outbox_fd(struct store *s);

struct space {
        uint64_t bytes, inodes;
};

/* For a release that is not there yet, from signed numbers: the download, the files in whole blocks, the
 * directories. */
struct space store_space_needed(const struct content *c);
/* Comes back when a release is removed, from signed numbers: that much at least. */
struct space store_space_held(const struct content *c);
/* -ENOSPC unless so much is free where fd is once what is to be freed has been, with a reserve left over for
 * everything else on the host. */
_must_check_ int store_space_check(int fd, struct space needed, struct space freed, struct fault *f);
