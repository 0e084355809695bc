/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "facts/expiry.h"
#include "facts/freeze.h"
#include "facts/trust_tree.h"

/* What an agent knows about time from one start to the next, in trust/times, as text an operator can read:
 *
 *     [Clock]
 *     Trusted=2026-11-21T05:04:44Z
 *
 *     [Timestamp]
 *     Version=17
 *     Seen=2026-11-21T04:58:02Z
 *     ...
 *
 *     [Role root.json]
 *     Version=1
 *     Seen=2026-11-02T10:00:00Z
 *     Told=no */
enum {
        TIMES_BYTES_MAX = 64 * 1024, /* twice what is ever written */
        /* Every role that an update may load: facts/trust_tree.h bounds them, and with them this. */
        TIMES_ROLES_MAX = TUF_ROLES + TRUST_ROLES_MAX,
        /* Each write is two flushes of a disk that may be a memory card, and polls come every few minutes.
         * What a crash takes is that much of the floor. */
        TIMES_WRITE_SEC = 3600,
};

struct times_role {
        char file[TUF_ROLE_FILE_SIZE]; /* "root.json", "team%2Fweb.json" */
        struct expiry_mark mark;
        bool trusted; /* by the update under way: see times_forget() */
};

struct times {
        int64_t trusted; /* the last trusted time (facts/clock.h); 0: none */
        struct freeze freeze;
        struct times_role roles[TIMES_ROLES_MAX];
        size_t n_roles;
};

/* What is remembered of the role, which is trusted now; begun where nothing is. NULL when there is no room.
 * Valid until times_forget(). */
struct expiry_mark *times_mark(struct times *t, const char *file);

/* After an update: forgets the roles that it did not come by. */
void times_forget(struct times *t);

/* -EINVAL with file and line. What a newer sealift may have written is skipped. */
_must_check_ int times_parse(const char *text, size_t len, const char *file, struct times *ret,
                             struct fault *f);

/* Text that times_parse() gives back as it was. -EFBIG, -ENOMEM. */
_must_check_ int times_format(const struct times *t, struct buffer *out);

/* Whether what is on disk has to be replaced: something happened, or a clock moved on by TIMES_WRITE_SEC. */
bool times_differ(const struct times *stored, const struct times *t) _pure_;
