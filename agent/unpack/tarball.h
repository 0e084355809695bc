/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* Where entries go. A negative return ends the work and is handed back; what it says in f stands. */
struct tarball_sink {
        int (*on_entry)(void *userdata, const struct unpack_entry *e, struct fault *f);
        /* len is 1 to MESSAGE_PAYLOAD_MAX; an entry's data comes densely, exactly e->size bytes. */
        int (*on_data)(void *userdata, const void *data, size_t len, struct fault *f);
        void *userdata;
};

/* Unpacks the bundle fd (a regular file of start->bundle_size bytes) into sink, in the archive's order and
 * in constant memory. Only plain files, directories and symbolic links come out, with names and targets that
 * name_entry_valid() and name_target_valid() accept; entries and bytes stay within what start says. That an
 * entry is wanted, and comes once, is for the receiver to check. Needs a UTF-8 locale (LC_CTYPE).
 * libarchive composes (NFC) names from pax records, so a bundle whose manifest has others never matches:
 * whoever packs reads back through here.  * -EINVAL or -EFBIG with the entry's name in f; -ENOMEM. */
_must_check_ int tarball_unpack(int fd, const struct unpack_start *start, const struct tarball_sink *sink,
                                struct fault *f);
