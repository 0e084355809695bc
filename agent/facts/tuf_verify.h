/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"

/* Whether enough distinct keys of by signed m (spec 5.3.4, 5.4.2, 5.5.3, 5.6.3). Bad signatures, unknown
 * keys and unknown schemes are passed over. whose says in errors where the keys are listed ("root version
 * 3"). -EKEYREJECTED. m must not have been trimmed. */
_must_check_ int tuf_verify(const struct tuf_metadata *m, const struct tuf_signers *by, const char *whose,
                            struct fault *f);

/* How many distinct keys of by signed m, past the threshold too: for people. */
size_t tuf_verify_count(const struct tuf_metadata *m, const struct tuf_signers *by);

/* Freeze (spec 5.3.10, 5.4.4, 5.5.6, 5.6.5): -ETIME unless m expires after now. */
_must_check_ int tuf_verify_expiry(const struct tuf_metadata *m, int64_t now, struct fault *f);

/* Mix-and-match (spec 5.5.4, 5.6.4): -EBADMSG unless m has the version that by, its parent, names. */
_must_check_ int tuf_verify_version(const struct tuf_metadata *m, const struct tuf_file *named,
                                    const char *by, struct fault *f);

/* Rollback (spec 5.4.3, 5.5.5): -ESTALE when after goes back behind before, which may be NULL. */
_must_check_ int tuf_verify_timestamp_rollback(const struct tuf_metadata *before,
                                               const struct tuf_metadata *after, struct fault *f);
_must_check_ int tuf_verify_snapshot_rollback(const struct tuf_metadata *before,
                                              const struct tuf_metadata *after, struct fault *f);
