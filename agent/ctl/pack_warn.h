/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "facts/manifest.h"
#include "ground/args.h"

/* What a publisher may want to think about before a release is public: `sealift pack` says so on standard
 * error, and packs all the same unless told to be strict. */
struct pack_warn;
struct pack_warn *pack_warn_free(struct pack_warn *w);
DEFINE_POINTER_CLEANUP(struct pack_warn, pack_warn_free)
/* command stands before each line; in files that match one of public (globs of paths, borrowed), nothing is
 * a secret. -ENOMEM. */
_must_check_ int pack_warn_new(const char *command, const struct args_list *public, struct pack_warn **ret);

/* What the intent m, read from file, says in its commands and their environment. -ENOMEM. */
_must_check_ int pack_warn_intent(struct pack_warn *w, const char *file, const struct manifest *m);

/* The bytes of the file path, in pieces, as they are read for the bundle anyway. */
void pack_warn_file_begin(struct pack_warn *w, const char *path);
void pack_warn_file_add(struct pack_warn *w, const void *data, size_t len);
_must_check_ int pack_warn_file_end(struct pack_warn *w, const char *path); /* -ENOMEM */

/* What to say of the bundle as a whole, and what can be done about all that was said. -ENOMEM. */
_must_check_ int pack_warn_finish(struct pack_warn *w, const char *bundle, const struct content *c);

size_t pack_warn_count(const struct pack_warn *w);
/* All warnings as an array of strings, borrowed. */
json_t *pack_warn_json(const struct pack_warn *w);
