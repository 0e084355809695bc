/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "facts/promise.h"

/* What sealift-unitd remembers about one unit, in /run/sealift/units/<unit>: a unit's name is not enough to
 * know its release ('+' became '_'), and a restarted unitd must know what was true before. */
struct record {
        char unit[UNIT_NAME_SIZE];
        char bundle[NAME_SIZE];
        char instance[INSTANCE_SIZE]; /* "": the only one */
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE]; /* of the manifest */
        char service[NAME_SIZE];
        char serves[NAME_SIZE];       /* what it stands before, or "" (facts/manifest.h) */
        char dropin[DIGEST_HEX_SIZE]; /* SHA-256 of the drop-in as written */
        char config[DIGEST_HEX_SIZE]; /* what tells whether it would be written otherwise now */
        uint64_t attempt;
        struct promise promise;
        unsigned rank; /* as manifest_rank(): the higher, the sooner it is stopped */
        bool notify;   /* Type=notify */
        bool rests;    /* nobody needs it while nothing stands before it */
        bool resting;  /* of a socket: its connections wait, and wake nobody */
};

enum { RECORD_BYTES_MAX = 4096 }; /* as record_write() makes it, with room */

_must_check_ int record_write(const struct record *r, struct buffer *out);

/* -EINVAL: not a record; nothing is believed then. */
_must_check_ int record_parse(const char *text, size_t len, const char *file, struct record *ret,
                              struct fault *f);
