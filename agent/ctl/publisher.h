/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/repository.h"

/* What the publisher's verbs share. */

/* The time that dates are made from: SOURCE_DATE_EPOCH where it is set (reproducible-builds.org), else the
 * clock. -EINVAL when it is set to nonsense. */
_must_check_ int publisher_now(int64_t *ret, struct fault *f);

/* The repository's staged files as JSON, in the order to upload them: path, version, expires. */
json_t *publisher_files_json(const struct repository *r);

/* Prints one JSON document on standard output. 0 or -EIO. */
int publisher_print_json(const json_t *j);
