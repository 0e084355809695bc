/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind facts/manifest.h say to each other; and to facts/site.c, which builds a manifest
 * anew; nobody else includes this.
 *
 *     manifest_parse.c    lines to sections of known directives with good values
 *     manifest_sections.c what is between: sections as they were written
 *     manifest_build.c    sections to services, sockets and timers
 *     manifest_sandbox.c  a sandbox's lines to what its service asks for
 *     manifest_health.c   [Health NAME], and what goes together in it
 *     manifest_rules.c    what goes together and what does not
 *     manifest_proxy.c    sockets with Proxy= to services between them and their programs
 *     manifest_content.c  the lines of [Content], in and out */

#include "facts/ini.h"
#include "facts/manifest.h"

enum {
        MANIFEST_SOCKETS_MAX = 32,
        MANIFEST_TIMERS_MAX = 32,
        /* Repeatable keys multiply: listeners, environment lines. */
        MANIFEST_SETTINGS_MAX = 256,
};

struct manifest_section {
        enum section type;
        char name[NAME_SIZE]; /* "" where the type has none */
        unsigned line;
        struct manifest_setting *settings; /* owned */
        size_t n_settings;
};

struct manifest_sections {
        struct manifest_section *items; /* owned */
        size_t n;
};

void manifest_settings_free(struct manifest_setting *settings, size_t n);
const char *manifest_settings_get(const struct manifest_setting *settings, size_t n, const char *key);

void manifest_sections_done(struct manifest_sections *s);

/* NULL: there is none. */
struct manifest_section *manifest_sections_find(const struct manifest_sections *s, enum section type,
                                                const char *name);

/* Appends an empty section; *ret is valid until the next one. -ENOMEM; -ENAMETOOLONG. */
_must_check_ int manifest_sections_add(struct manifest_sections *s, enum section type, const char *name,
                                       unsigned line, struct manifest_section **ret);

/* Appends a copy of a checked value. -ENOMEM. */
_must_check_ int manifest_section_add(struct manifest_section *s, const struct directive *d,
                                      const char *value, unsigned line);

/* "[Service main]" for errors. */
const char *manifest_section_title(const struct ini_item *item, char out[static INI_SECTION_SIZE + 2]);

/* d may stand (once more) in s: "is set already in [Service main], on line 3". -EINVAL; -EFBIG. */
_must_check_ int manifest_section_check(const struct manifest_section *s, const struct directive *d,
                                        const struct ini_item *item, const char *file, struct fault *f);

/* Builds everything but the content, taking settings out of s. -EINVAL with "file:line: ..." in f. */
_must_check_ int manifest_build(struct manifest *m, struct manifest_sections *s, const char *file,
                                struct fault *f);

/* Fills s->sandbox, taking settings out of section, which may be NULL. s has its sockets already. */
_must_check_ int manifest_build_sandbox(const struct manifest *m, struct service *s,
                                        struct manifest_section *section, const char *file, struct fault *f);

/* Fills p, taking settings out of section. -EINVAL. */
_must_check_ int manifest_build_probe(struct health_probe *p, struct manifest_section *section,
                                      const char *file, struct fault *f);

/* All probes go with the services and sockets that they are for, or -EINVAL. */
_must_check_ int manifest_check_probes(const struct manifest *m, const char *file, struct fault *f);

/* Everything but the content holds together, or -EINVAL. */
_must_check_ int manifest_check_rules(const struct manifest *m, const char *file, struct fault *f);

/* One more service for each socket with Proxy=. To be called last: such names are refused where they were
 * written. -EINVAL: a name that would be too long. */
_must_check_ int manifest_add_proxies(struct manifest *m, const char *file, struct fault *f);

/* [Content], a line at a time. */
struct content_reader {
        const char *file;
        uint64_t inodes_max; /* what the manifest's own length has room for */
        uint64_t inodes, bytes;
        unsigned seen; /* bits of the keys that stand once */
        unsigned line; /* of [Content] */
};

_must_check_ int content_read(struct content_reader *r, struct content *c, const struct ini_item *item,
                              struct fault *f);
_must_check_ int content_read_end(struct content_reader *r, struct content *c, struct fault *f);
void content_done(struct content *c);

/* What the services name in the bundle is there: their programs are executable files. */
_must_check_ int content_check_programs(const struct manifest *m, const char *file, struct fault *f);
