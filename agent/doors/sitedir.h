/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/site.h"

/* Reads what the folder at path (CONFIG_BUNDLES_PATH) says about one bundle: NAME.conf and NAME@*.conf. A
 * folder or a file that is not there says nothing; one that is wrong is an error, file and line in f. */
_must_check_ int sitedir_read(const char *path, const char *bundle, struct site **ret, struct fault *f);

/* The same, applied: what this host makes of m. */
_must_check_ int sitedir_apply(const char *path, const struct manifest *m, struct effective *ret,
                               struct fault *f);

/* A sum over the *.conf files of some folders: another one means that somebody changed something. What
 * cannot be read counts as empty. Errors are the memory's and libcrypto's. */
_must_check_ int sitedir_digest(const char *const *paths, size_t n, char ret[static DIGEST_HEX_SIZE]);
