/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* What this host knows of one bundle, as a small text in unit-file syntax that an operator can read:
 *
 *     [Bundle]
 *     Current=1.2.0 <digest>
 *     Previous=1.1.0 <digest>
 *     Proven=1.1.0 <digest>
 *
 *     [Quarantined <digest>]
 *     Version=1.3.0
 *     Since=1763683200000000
 *     Reason=web: did not become ready within 30s */
enum {
        /* A publisher who signs one bad release after the other must not fill the disk; the oldest verdicts
         * go first, and TUF's versions keep those releases from coming back. */
        STATE_QUARANTINE_MAX = 32,
        STATE_REASON_SIZE = 257,
        STATE_BYTES_MAX = 64 * 1024,
};

struct release_ref { /* version "": none */
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* SHA-256 of the manifest */
};

struct quarantine {
        struct release_ref release;
        uint64_t since_usec; /* CLOCK_REALTIME */
        char reason[STATE_REASON_SIZE];
};

struct bundle_state {
        struct release_ref current;  /* runs, or should */
        struct release_ref previous; /* ran before it */
        struct release_ref proven;   /* the last one that passed its health gate: never collected */
        struct quarantine quarantined[STATE_QUARANTINE_MAX]; /* oldest first */
        size_t n_quarantined;
};

/* -EINVAL with file and line. Keys and sections that a newer sealift may have written are skipped: a host
 * set back to an older image must still know what it runs. */
_must_check_ int state_parse(const char *text, size_t len, const char *file, struct bundle_state *ret,
                             struct fault *f);

/* Text that state_parse() gives back as it was. -EFBIG, -ENOMEM. */
_must_check_ int state_format(const struct bundle_state *s, struct buffer *out);

/* Adds a verdict, or renews it; the oldest makes room. reason is cut to fit and made printable. */
void state_quarantine(struct bundle_state *s, const struct release_ref *release, uint64_t now_usec,
                      const char *reason);

/* The verdict over the release with that digest, or NULL. */
const struct quarantine *state_find_quarantined(const struct bundle_state *s, const char *digest);

bool release_ref_is_set(const struct release_ref *r);
bool release_ref_equal(const struct release_ref *a, const struct release_ref *b);
