/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "facts/manifest.h"
#include "ground/fault.h"

/* sealift lint --host: what a manifest requires, and what the machine below root has of it; root NULL is
 * this machine, of which the architecture counts, too. Both return EXIT_STATUS_OK, EXIT_STATUS_NEWS where
 * something is missing, or -errno with f. */

/* A line for each, m having been read from file. */
_must_check_ int lint_host_print(const char *file, const struct manifest *m, const char *root,
                                 struct fault *f);

/* As "requirements" and "unmet" of object. */
_must_check_ int lint_host_json(const struct manifest *m, const char *root, json_t *object, struct fault *f);
