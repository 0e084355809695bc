/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What tests of drop-ins have in common: lines that are there or not. */

#include "ground/buffer.h"

#include "parsed.h"

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
