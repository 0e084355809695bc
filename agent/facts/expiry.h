/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "facts/tuf_metadata.h"

/* Warns of an expiry while there is time to do something about it: when a third of what it was signed for is
 * left, or a span of the role's own where that is less. Seconds; wall clock where it says since 1970. */
enum {
        EXPIRY_SHARE = 3, /* one third */
        /* A root is signed by people who first have to meet. */
        EXPIRY_ROOT_SEC = 30 * 86400,
        /* What a release brings along, where releases come. */
        EXPIRY_TARGETS_SEC = 14 * 86400,
        /* Signed by a machine: a day is for whoever looks after that one. */
        EXPIRY_TIMESTAMP_SEC = 86400,
};

/* What is remembered of a role. */
struct expiry_mark {
        uint64_t version; /* 0: none was seen yet */
        int64_t seen;     /* since 1970: when that version was first seen */
        bool told;        /* of that version */
};

/* One role, as trusted now. */
struct expiry_look {
        enum tuf_role role; /* delegated ones: TUF_TARGETS */
        uint64_t version;
        int64_t expires; /* since 1970 */
        int64_t period;  /* what the publisher signs the role for; 0: not known */
        int64_t now;     /* since 1970 */
};

enum expiry_news { EXPIRY_FINE, EXPIRY_SOON, EXPIRY_SOON_FIRST };

/* What the publisher signs each role for, from a root that is trusted, whole, as signed; 0 where it does not
 * say, as other tools than sealift do not. */
void expiry_read_periods(const void *bytes, size_t len, int64_t ret[static TUF_ROLES]);

/* How long before its expiry a role is to be warned of; validity 0: not known. */
int64_t expiry_margin(enum tuf_role role, int64_t validity) _const_;

/* Whether it expires soon, and whether that is said of this version for the first time. */
enum expiry_news expiry_look(struct expiry_mark *mark, const struct expiry_look *look);

/* Who has to do what, for the journal. Never NULL. */
const char *expiry_remedy(enum tuf_role role, bool delegated) _const_;
