/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"

/* Whether fd, a regular file from its beginning, is the bundle that m seals: length, SHA-256, and every
 * entry of the archive, which sealift-unpack reads. Nothing is written. -EBADMSG length or sum, -EINVAL
 * other content; and whatever sealift-unpack says of an archive. */
_must_check_ int bundle_check(int fd, const struct manifest *m, struct fault *f);
