/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Three releases and two boots for tests of what is known of a bundle. */

#include "facts/state.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define DIGEST_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define BOOT_A   "0123456789abcdef0123456789abcdef"
#define BOOT_B   "1123456789abcdef0123456789abcdef"

static const struct release_ref three = { "3.0", DIGEST_C };
static const struct release_ref one = { "1.0", DIGEST_A }, two = { "2.0~rc1", DIGEST_B };

static void state_rolled_back(struct bundle_state *s, const struct release_ref *to)
{
        const struct release_ref from = s->current;

        state_set_back(s, &from, 5);
        state_commit(s, to, BOOT_A);
}
