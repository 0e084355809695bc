/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"
#include "facts/tuf_sign.h"

/* Bodies ("signed") of metadata, to be signed by tuf_sign_document(). All return 0, -ENOMEM, or -EINVAL when
 * body is not what they work on. */

/* One without keys, files or targets. */
_must_check_ int tuf_write_body(enum tuf_role role, uint64_t version, int64_t expires, json_t **ret);

/* A changed copy is what comes next: sets both. */
_must_check_ int tuf_write_version(json_t *body, uint64_t version, int64_t expires);

/* Lists the keys in a root and makes them, and none else, sign for role; other fields of the role stay.
 * period is how long (seconds) what the role signs is to be valid: our own field, which other clients skip;
 * read it with tuf_read_period(). */
_must_check_ int tuf_write_signers(json_t *root, enum tuf_role role, const struct tuf_signing_key *keys,
                                   size_t n, uint64_t threshold, int64_t period);
int64_t tuf_read_period(const json_t *root,
                        enum tuf_role role); /* the usual one when the field is missing */
int64_t tuf_read_signed_period(const json_t *root, enum tuf_role role); /* 0 when it is missing */
_must_check_ int tuf_write_period(json_t *root, enum tuf_role role, int64_t period);
int64_t tuf_default_period(enum tuf_role role) _const_;

/* The same field in a delegation, for what the delegated role signs; 0 when it is missing. */
int64_t tuf_read_delegated_period(const json_t *delegation);
_must_check_ int tuf_write_delegated_period(json_t *delegation, int64_t period);

/* How often (seconds) the publisher means to sign a newer timestamp: recorded in root, and put into each
 * timestamp as "x-sealift-interval-seconds", by which hosts notice a freeze long before an expiry. A third
 * of the timestamp's period where root does not say. */
_must_check_ int tuf_write_interval(json_t *root, int64_t interval);
int64_t tuf_read_interval(const json_t *root);
_must_check_ int tuf_write_promise(json_t *timestamp, const json_t *root);

/* "meta" of a timestamp or snapshot: the file's version, length and SHA-256. */
_must_check_ int tuf_write_meta(json_t *body, const char *name, uint64_t version, const void *bytes,
                                size_t len);

/* "targets": adds or replaces. */
_must_check_ int tuf_write_target(json_t *body, const char *name, uint64_t length, const char *sha256);
