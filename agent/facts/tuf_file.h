/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/digest.h"
#include "facts/json.h"

enum { SHA512_SIZE = 64 };

/* What metadata says about a file: TUF's METAFILES and TARGETS (spec 4.4, 4.5). */
struct tuf_file {
        char *name;       /* owned; "targets.json", "stable/web.manifest" */
        uint64_t version; /* of a metadata file; 0 for a target */
        bool has_length, has_hashes, has_sha256, has_sha512;
        uint64_t length;
        uint8_t sha256[SHA256_SIZE];
        uint8_t sha512[SHA512_SIZE];
        char *custom; /* owned; a target's "custom" as compact JSON, or NULL */
};

void tuf_file_done(struct tuf_file *file);

/* What a METAFILE needs is a version; what a TARGET needs is a length and hashes; the rest is optional (spec
 * 4.4, 4.5). what names the metadata in errors. -EINVAL, -ENOMEM. */
enum tuf_file_kind { TUF_FILE_META, TUF_FILE_TARGET };
_must_check_ int tuf_file_parse(enum tuf_file_kind kind, const char *name, const json_t *json,
                                const char *what, struct tuf_file *ret, struct fault *f);

/* A running check of bytes against a file's length and every hash it gives that we know. */
struct tuf_check;
struct tuf_check *tuf_check_free(struct tuf_check *c);
DEFINE_POINTER_CLEANUP(struct tuf_check, tuf_check_free)

/* file must outlive the check. -EBADMSG when hashes are given and none is of a kind we know; -ENOMEM. */
_must_check_ int tuf_check_new(const struct tuf_file *file, struct tuf_check **ret, struct fault *f);
_must_check_ int tuf_check_add(struct tuf_check *c, const void *data, size_t len, struct fault *f);
/* -EBADMSG when the length or a hash is not what was signed. The check is spent. */
_must_check_ int tuf_check_end(struct tuf_check *c, struct fault *f);

/* All of it at once. */
_must_check_ int tuf_check_bytes(const struct tuf_file *file, const void *data, size_t len, struct fault *f);

/* Where a target's bytes are below a repository: see trust_target_path(). */
_must_check_ int tuf_file_path(const struct tuf_file *target, bool consistent_snapshot,
                               char ret[static FETCH_PATH_SIZE], struct fault *f);
