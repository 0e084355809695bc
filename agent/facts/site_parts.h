/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What facts/site_parse.c leaves for facts/site.c; nobody else includes this. */

#include "facts/manifest_parts.h"
#include "facts/site.h"

struct site_credential {
        char service[NAME_SIZE];
        struct credential credential; /* optional counts for nothing: who names a source has one */
};

struct site_file {
        char instance[INSTANCE_SIZE]; /* "": of all */
        char *file;                   /* owned; for errors */
        struct manifest_sections sections;
        struct site_credential *credentials; /* owned */
        size_t n_credentials;
};

struct site {
        struct site_file *files; /* owned; sorted by instance, so that "" is first */
        size_t n_files;
};
