/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/manifest.h"

/* What this host makes of one bundle (man sealift-bundles.d(5)): /etc/sealift/bundles.d/NAME.conf, and a
 * NAME@INSTANCE.conf for each instance, where it runs more than once. Root's files, which fill in what a
 * publisher cannot know (addresses, limits, environment, where secrets are) and can ask for nothing that the
 * manifest does not ask for. What comes of it is a manifest again, an effective one: it passed the same
 * rules, and policy, exposure and drop-in need no second way of doing anything. */

enum {
        /* Each is all units of the bundle once more: a mistake of configuration management, not a need. */
        SITE_INSTANCES_MAX = 32,
};

struct site;

struct site *site_free(struct site *s);
DEFINE_POINTER_CLEANUP(struct site, site_free)

/* One that says nothing: the bundle runs as it was signed, once. */
_must_check_ int site_new(struct site **ret);

/* INSTANCE of the file name NAME@INSTANCE.conf, "" of NAME.conf, or NULL: the file is not about this bundle.
 * What stands behind the '@' may still be no name; site_parse() says so. */
_must_check_ int site_match(const char *file, const char *bundle, char **ret_instance);

/* Adds one file's text; instance "" is NAME.conf. -EINVAL with file and line. */
_must_check_ int site_parse(struct site *s, const char *instance, const char *text, size_t len,
                            const char *file, struct fault *f);

/* One for each instance, in the order of their names; or one without a name. */
struct effective {
        struct manifest **items; /* owned; items too */
        size_t n;
};

void effective_done(struct effective *e);

/* The one of that instance, or NULL. */
const struct manifest *effective_find(const struct effective *e, const char *instance);

/* Effective manifests have no entries, which may be most of 32 MiB, and are otherwise m's own copy. -EINVAL:
 * the host's files do not go with m, f names file and line where it can. */
_must_check_ int site_apply(const struct site *s, const struct manifest *m, struct effective *ret,
                            struct fault *f);
