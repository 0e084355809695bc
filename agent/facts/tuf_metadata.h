/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_delegation.h"
#include "facts/tuf_file.h"

/* TUF metadata (spec 1.0.34, section 4) as data. Parsing proves form only: nothing here is trusted before
 * facts/tuf_verify.h and the order of facts/trust.h have spoken. */

enum tuf_role { TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS, TUF_ROLES };

enum {
        TUF_SIGNATURES_MAX = 256,      /* a signature costs a verification */
        TUF_SIGNATURE_SIZE_MAX = 1024, /* RSA with 8,192 bits; anything longer is padding in a log */
        TUF_DEPTH_MAX = 24,            /* real metadata is 6 deep; custom fields may nest */
};

/* Endless data (spec 1.5.2): what is read of each role when nothing signed gives its length. Not below what
 * the reference client reads, so that no repository works there and fails here. Values cost memory before a
 * signature is checked, some 100 bytes each; a signed target has 4 in 150 bytes of text. */
#define TUF_ROOT_BYTES_MAX      (UINT64_C(512) << 10)
#define TUF_TIMESTAMP_BYTES_MAX (UINT64_C(16) << 10)
#define TUF_SNAPSHOT_BYTES_MAX  (UINT64_C(2) << 20)
#define TUF_TARGETS_BYTES_MAX   (UINT64_C(5) << 20)
#define TUF_BYTES_PER_VALUE     16

struct tuf_signature {
        char *keyid;  /* owned */
        uint8_t *sig; /* owned; NULL when it was not hexadecimal: never good, never fatal */
        size_t len;
};

struct tuf_metadata {
        enum tuf_role role;            /* TUF_TARGETS for delegated roles too */
        char file[TUF_ROLE_FILE_SIZE]; /* "timestamp.json", "team%2Fweb.json": what errors call it */
        uint64_t version;              /* 1 or more */
        int64_t expires;               /* seconds since 1970 */
        char *bytes;                   /* owned; as received: what is stored must be what was signed */
        size_t len;

        struct buffer canonical; /* what signatures are over; empty after tuf_metadata_trim() */
        struct tuf_signature *signatures;
        size_t n_signatures;

        bool consistent_snapshot;              /* root */
        struct tuf_signers signers[TUF_ROLES]; /* root */
        struct tuf_file *files; /* owned, sorted by name; timestamp and snapshot: metadata files; targets */
        size_t n_files;
        struct tuf_delegation
                *delegations; /* owned, in the order of the text, which is that of trust; targets */
        size_t n_delegations;
};

struct tuf_metadata *tuf_metadata_free(struct tuf_metadata *m);
DEFINE_POINTER_CLEANUP(struct tuf_metadata, tuf_metadata_free)

const char *tuf_role_name(enum tuf_role role) _const_; /* "snapshot" */
const char *tuf_role_file(enum tuf_role role) _const_; /* "snapshot.json" */
uint64_t tuf_role_bytes_max(enum tuf_role role) _const_;

/* bytes are copied. -EINVAL malformed, of another role, or of another major version of the spec; -EFBIG over
 * a limit above; -ENOMEM. */
_must_check_ int tuf_metadata_parse(enum tuf_role role, const void *bytes, size_t len,
                                    struct tuf_metadata **ret, struct fault *f);

/* The same for a delegated role; file is what tuf_role_file_of() makes of its name. */
_must_check_ int tuf_metadata_parse_delegated(const char *file, const void *bytes, size_t len,
                                              struct tuf_metadata **ret, struct fault *f);

/* Frees what only signature checks need. */
void tuf_metadata_trim(struct tuf_metadata *m);

/* NULL when there is no such file. */
const struct tuf_file *tuf_metadata_find(const struct tuf_metadata *m, const char *name);
