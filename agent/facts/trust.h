/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "facts/tuf_metadata.h"

/* The TUF client workflow (spec 1.0.34, section 5) as a machine that does no I/O: it says what to fetch and
 * what to keep, and is told what came. facts/trust_drive.h is the loop around it:
 *
 *     while ((r = trust_next(t, &step, f)) > 0)
 *             switch (step.kind) {
 *             case TRUST_FETCH:  get step.path, at most step.max_bytes; then exactly one of trust_accept(),
 *                                trust_missing(), trust_unchanged()
 *             case TRUST_RECALL: read step.file as it was stored; then trust_recall()
 *             case TRUST_STORE:  replace step.file by step.bytes, durably
 *             case TRUST_FORGET: remove step.file, if it is there
 *             }
 *
 * trust_next() returning 0 means: everything is verified and current, targets may be looked up. On any error
 * the caller frees the machine (or see trust_skip()); what was stored until then is right, and the next
 * attempt starts from it. */
struct trust;

enum trust_kind { TRUST_FETCH = 1, TRUST_RECALL, TRUST_STORE, TRUST_FORGET };

enum {
        TRUST_FILE_SIZE = TUF_ROLE_FILE_SIZE + 2, /* a leading dot is encoded too: no hidden files */
        TRUST_WANTS_MAX = 64,                     /* of one caller */
};

struct trust_step {
        enum trust_kind kind;
        enum tuf_role role; /* TUF_TARGETS for a delegated role too */
        bool delegated;
        const char *file;           /* "timestamp.json", "team%2Fweb.json"; valid until the next call */
        const void *bytes;          /* STORE: byte-identical to what was signed; valid until the next call */
        size_t len;                 /* STORE */
        char path[FETCH_PATH_SIZE]; /* FETCH: below the repository, "metadata/3.root.json" */
        uint64_t max_bytes;         /* FETCH: more is an attack; RECALL: more was not stored by us */
        bool conditional;           /* FETCH: the stored one is valid; 304 may be asked for and answered */
};

struct trust *trust_free(struct trust *t);
DEFINE_POINTER_CLEANUP(struct trust, trust_free)

/* root is the trusted root.json: as stored by an earlier update, else the one the machine was born with.
 * Bytes are copied. now is seconds since 1970, fixed for the whole update (spec 5.1). -EINVAL, -EKEYREJECTED
 * for a root.json that is malformed or not signed by its own keys; -ENOMEM. */
_must_check_ int trust_new(const void *root, size_t len, int64_t now, struct trust **ret, struct fault *f);

/* Which targets matter, so that only delegated roles are fetched that may have them. A name is searched for
 * as in spec 5.6.7: in pre-order, no role fetched that the search does not come to. A prefix ("stable/")
 * makes every role be loaded that may have names beginning with it. May be said at any time; then
 * trust_next() is to be asked again. -E2BIG past TRUST_WANTS_MAX, -ENOMEM. */
enum trust_want_kind { TRUST_WANT_NAME, TRUST_WANT_PREFIX };
_must_check_ int trust_want(struct trust *t, enum trust_want_kind kind, const char *text, struct fault *f);

/* 1 with *ret filled in, 0 when done, -ETIME when the last root has expired (spec 5.3.10), -EFBIG when
 * signed metadata claims more than a limit, -EBADMSG when a delegated role is not in the snapshot,
 * -EKEYREJECTED when its keys are others by a second delegation. Asking again without an answer repeats a
 * FETCH; a STORE or FORGET is said once. */
_must_check_ int trust_next(struct trust *t, struct trust_step *ret, struct fault *f);

/* What was asked for came. 0: verified and taken (or, for a timestamp that is the trusted one again, found
 * unchanged). Otherwise refused, and everything is as before: -EINVAL malformed, -EKEYREJECTED signatures,
 * -ESTALE rolled back, -ETIME expired, -EBADMSG not the file its parent names, -EFBIG, -ENOMEM. */
_must_check_ int trust_accept(struct trust *t, const void *bytes, size_t len, struct fault *f);

/* What an earlier update stored under the step's file; NULL when nothing is there. Bytes are copied. What
 * does not verify today is not used, and never an error. Only -ENOMEM. */
_must_check_ int trust_recall(struct trust *t, const void *bytes, size_t len, struct fault *f);

/* The source does not have it (404, or S3's 403). For a root that is the end of the chain, and 0; for
 * anything else -ENOENT. */
_must_check_ int trust_missing(struct trust *t, struct fault *f);

/* A conditional fetch was answered with "not modified". Like accepting the trusted timestamp once more:
 * -ETIME when it has expired meanwhile. -EPROTO when nothing conditional was asked. */
_must_check_ int trust_unchanged(struct trust *t, struct fault *f);

/* After an error about a delegated role: goes on without it, true. Names whose search comes by that role are
 * then not found, since a role that is trusted less must not answer for it. False when the error was about
 * something else. */
bool trust_skip(struct trust *t);

/* Whether an error is a verdict over what the source serves; with any other nothing was served at all. */
bool trust_is_verdict(int error) _const_;

/* What was odd about the stored timestamp and snapshot, for the journal; NULL when nothing was. One that
 * does not verify is ignored, as an update must never depend on it, but then the protection against rollback
 * begins anew. */
const char *trust_warning(const struct trust *t);

/* The trusted metadata of a role as far as the update has come; false while there is none. */
struct trust_role {
        uint64_t version;
        int64_t expires;
        const void *bytes; /* valid as long as t, and until the role is replaced */
        size_t len;
};
bool trust_role(const struct trust *t, enum tuf_role role, struct trust_role *ret);

/* The i-th role with targets that is loaded, the top-level one first; false past the last. */
bool trust_targets_role(const struct trust *t, size_t i, const char **ret_file, struct trust_role *ret);

/* Targets, after trust_next() has returned 0. 1: *ret is what the most trusted role says that lists the
 * name, valid as long as t. 0: there is no such target, or the search for it is barred (trust_skip()).
 * -ENOMEM. */
_must_check_ int trust_search_target(const struct trust *t, const char *name, const struct tuf_file **ret);
/* The same for whom NULL may also say that nobody knows. */
const struct tuf_file *trust_find_target(const struct trust *t, const char *name);

/* The target after the i-th one whose name matches glob ("stable/" "*.manifest"; text_glob()'s rules), each
 * name once and as trust_search_target() finds it; *i starts at 0 and is moved on. 1; 0 at the end;
 * -ENOMEM. */
_must_check_ int trust_next_target(const struct trust *t, const char *glob, size_t *i,
                                   const struct tuf_file **ret);

/* Where the target's bytes are below the repository: "targets/stable/<sha256>.web.manifest" with consistent
 * snapshots (spec 6.2), else "targets/stable/web.manifest"; bytes that are not unreserved in a URL are
 * percent-encoded. -EINVAL for names with empty, "." or ".." components, or that are too long. */
_must_check_ int trust_target_path(const struct trust *t, const struct tuf_file *target,
                                   char ret[static FETCH_PATH_SIZE], struct fault *f);
