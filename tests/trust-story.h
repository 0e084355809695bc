/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the stories about a host's trust are told with. */

#include "tap.h"
#include "tuf-world.h"

/* 0 while there is none. */
static inline uint64_t trusted_version(const struct world *w, enum tuf_role role)
{
        struct trust_role info;

        return w->trust && trust_role(w->trust, role, &info) ? info.version : 0;
}

/* An update that must fail with error, say word, and leave what is stored as it is. */
static inline void refused(struct world *w, int error, const char *word, const char *what)
{
        _cleanup_free_ char *before = world_state(w), *after = NULL;

        tap_int(world_update(w), error, "%s: refused", what);
        tap_like(w->fault.text, word, "%s: said why", what);
        after = world_state(w);
        tap_str(after, before, "%s: stored metadata is as before", what);
}

static inline void taken(struct world *w, const char *what)
{
        int r = world_update(w);

        if (!tap_int(r, 0, "%s", what))
                printf("# %s\n", w->fault.text);
}
