/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What tests of drop-ins have in common: a manifest of "web" from its text, and lines that are there or not.
 */

#include "facts/manifest.h"
#include "ground/buffer.h"

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

/* what: why it is there; NULL: what it is says enough. */
static void has(const struct buffer *b, const char *line, const char *what)
{
        char whole[512];

        (void)snprintf(whole, sizeof(whole), "\n%s\n", line);
        tap_ok(b->data && strstr(b->data, whole) != NULL, "%s%s", what ? "" : "it has ", what ? what : line);
}

static void has_not(const struct buffer *b, const char *text, const char *what)
{
        tap_ok(b->data && strstr(b->data, text) == NULL, "%s%s", what ? "" : "it has no ",
               what ? what : text);
}
