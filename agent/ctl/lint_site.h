/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/fault.h"

/* sealift lint of what a host's administrator writes: files of bundles.d and policy.d. Each is looked at by
 * itself, so that a wrong one hides no other; -EINVAL names file, line and remedy. */

/* A file NAME.conf or NAME@INSTANCE.conf, wherever it lies. */
_must_check_ int lint_site_check(const char *file, struct fault *f);

/* A file of policy.d. */
_must_check_ int lint_site_policy(const char *file, struct fault *f);

/* Whether those of the files that are about m's bundle make of it what can run. Files that
 * lint_site_check() refuses are to be left out. *ret_instances is how many of it there would be, 0 where no
 * file is about it. */
_must_check_ int lint_site_apply(const char *const *files, size_t n, const struct manifest *m,
                                 size_t *ret_instances, struct fault *f);

/* The files NAME.conf of a folder, in their order, with the folder's path before them, for
 * lint_site_list_free(). A folder that is not there has none. */
_must_check_ int lint_site_list(const char *folder, char ***ret, size_t *ret_n, struct fault *f);
void lint_site_list_free(char **files, size_t n);
