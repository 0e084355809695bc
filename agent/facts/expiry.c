/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks ahead: what will have expired soon. Pure. */

#include "facts/expiry.h"

#include "facts/tuf_write.h"

static const struct {
        int64_t span;
        const char *remedy;
} roles[] = {
        [TUF_ROOT] = { EXPIRY_ROOT_SEC,
                       "the holders of the root keys have to sign a new one with `sealift rotate`" },
        [TUF_TIMESTAMP] = { EXPIRY_TIMESTAMP_SEC,
                            "the publisher's timer that runs `sealift refresh` has stopped, or fails" },
        [TUF_SNAPSHOT] = { EXPIRY_TARGETS_SEC, "the publisher has to run `sealift refresh`" },
        [TUF_TARGETS] = { EXPIRY_TARGETS_SEC,
                          "the publisher has to sign it again, with the next `sealift publish`" },
};
_Static_assert(ELEMENTSOF(roles) == TUF_ROLES, "a span for each role");

void expiry_read_periods(const void *bytes, size_t len, int64_t ret[static TUF_ROLES])
{
        const struct json_limits limits = { .bytes = TUF_ROOT_BYTES_MAX,
                                            .values = TUF_ROOT_BYTES_MAX / TUF_BYTES_PER_VALUE,
                                            .depth = TUF_DEPTH_MAX };
        _cleanup_json_ json_t *whole = NULL;
        int r;

        r = json_parse("root.json", bytes, len, &limits, &whole, NULL);
        for (enum tuf_role role = 0; role < TUF_ROLES; role++)
                ret[role] = r < 0 ? 0 : tuf_read_signed_period(json_object_get(whole, "signed"), role);
}

int64_t expiry_margin(enum tuf_role role, int64_t validity)
{
        int64_t share = validity / EXPIRY_SHARE;

        return validity > 0 && share < roles[role].span ? share : roles[role].span;
}

enum expiry_news expiry_look(struct expiry_mark *mark, const struct expiry_look *look)
{
        int64_t validity;

        if (mark->version != look->version)
                *mark = (struct expiry_mark){ .version = look->version, .seen = look->now };
        /* Metadata does not say when it was signed. When it was first seen is the next best: later, so that
         * a warning can only come later for it, and never with each fresh version of a short-lived role. */
        validity = look->period > 0 ? look->period : look->expires - mark->seen;
        if (look->expires - look->now >= expiry_margin(look->role, validity))
                return EXPIRY_FINE;
        if (mark->told)
                return EXPIRY_SOON;
        mark->told = true;
        return EXPIRY_SOON_FIRST;
}

const char *expiry_remedy(enum tuf_role role, bool delegated)
{
        return delegated ? "whoever holds the keys of that role has to sign it again" : roles[role].remedy;
}
