/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Unit-file syntax (systemd.syntax(7)), read line by line from memory: manifests, policy, configuration.
 *
 *     [Section]  [Section Name]   the name is what follows the first space
 *     Key=value                   spaces around '=' and at the line's ends do not count
 *     # text   ; text             a comment is a whole line; there is none behind a value
 *     Key=one \                   a line that ends in an odd number of backslashes goes on with the next
 * one; two                 the last backslash becomes a space, comment lines in between are skipped
 *
 * Stricter than systemd where systemd shrugs: what is neither of these, a key outside [A-Za-z][A-Za-z0-9]*,
 * carriage returns, NUL, other control characters than tab, bytes that are not UTF-8, a continued line at
 * the end of the file: all are errors. Quotes and escapes in values are left to whoever knows the key. */
enum {
        /* A line is the only thing held, so this is the reader's whole memory; two paths of an entry fit. */
        INI_LINE_SIZE = 8192,
        /* A file of empty lines costs nothing but time: no more than a million of them. */
        INI_LINES_MAX = 1000000,
        INI_SECTION_SIZE = 256,
};

enum ini_kind { INI_SECTION = 1, INI_SETTING };

struct ini_item { /* points into the reader, until the next ini_next() */
        enum ini_kind kind;
        unsigned line;       /* where it begins */
        const char *section; /* "Service" */
        const char *name;    /* "main", or "" */
        const char *key;     /* of a setting */
        const char *value;   /* of a setting; may be "" */
};

struct ini {
        const char *file, *text, *end;
        unsigned line;
        char section[INI_SECTION_SIZE];
        char *name; /* into section */
        char buffer[INI_LINE_SIZE];
};

/* text (len bytes, no NUL needed behind it) and file (for errors) must outlive i. */
void ini_open(struct ini *i, const char *text, size_t len, const char *file);

/* 1: an item. 0: the end. -EINVAL or -EFBIG with "file:line: ..." in f. */
_must_check_ int ini_next(struct ini *i, struct ini_item *ret, struct fault *f);
