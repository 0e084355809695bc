/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "ground/fault.h"
#include "facts/manifest.h"

/* How exposed the services of a manifest are, and what each request costs: for `sealift lint` and `sealift
 * show`, each line behind indent.
 *
 *       web: exposure 1.0
 *          0.89  Network=bind Bind=tcp:8080: listens ... */
_must_check_ int exposed_print(const struct manifest *m, const struct service *s, const char *indent,
                               struct fault *f);
/* The lines below the first one. */
_must_check_ int exposed_print_requests(const struct manifest *m, const struct service *s,
                                        const char *indent, struct fault *f);

/* {"service": "web", "exposure": "1.0", "requests": [{"request": ..., "cost": "0.89", "meaning": ...}]};
 * *ret is the caller's. */
_must_check_ int exposed_json(const struct manifest *m, const struct service *s, json_t **ret,
                              struct fault *f);
/* The array alone. */
_must_check_ int exposed_json_requests(const struct manifest *m, const struct service *s, json_t **ret,
                                       struct fault *f);
