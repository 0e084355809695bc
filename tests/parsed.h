/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A manifest of "web" from its text, and a digest for where one is asked for. */

#include "facts/manifest.h"

#include "tap.h"

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct manifest *parse(const char *text)
{
        struct manifest *m = NULL;
        struct fault f = {};

        if (manifest_parse(text, strlen(text), "web.manifest", &m, &f) < 0) {
                printf("# %s\n", f.text);
                abort();
        }
        return m;
}
