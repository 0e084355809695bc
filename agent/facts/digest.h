/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/limits.h"

/* SHA-256 (FIPS 180-4) through libcrypto. */
enum { SHA256_SIZE = 32 };

struct digest; /* a running sum */

struct digest *digest_free(struct digest *d);
DEFINE_POINTER_CLEANUP(struct digest, digest_free)

_must_check_ int digest_new(struct digest **ret); /* -ENOMEM */
_must_check_ int digest_add(struct digest *d, const void *data, size_t len);
/* Ends the sum and starts a new one. */
_must_check_ int digest_take(struct digest *d, uint8_t ret[static SHA256_SIZE]);

/* One-shot; hex is lower-case with NUL. */
_must_check_ int digest_bytes(const void *data, size_t len, uint8_t ret[static SHA256_SIZE]);
_must_check_ int digest_hex(const void *data, size_t len, char ret[static DIGEST_HEX_SIZE]);
