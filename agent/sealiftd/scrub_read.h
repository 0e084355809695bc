/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/name.h"
#include "store/store.h"
#include "store/tree.h"

/* A process of its own that looks at one release: reading may take hours, and the agent has other things to
 * do. It has nothing of the agent's open but the tree, and ends with it. */
struct scrub_reader {
        pid_t pid; /* 0: nobody reads */
        int pipe;  /* -EBADF, or readable once it has ended */
};

#define SCRUB_READER_INIT ((struct scrub_reader){ .pipe = -EBADF })

_must_check_ int scrub_read_begin(struct scrub_reader *x, struct store *s, const char *bundle,
                                  const char *place, enum tree_depth depth, struct fault *f);

/* What came of it: error 0: as signed; -EBADMSG: it is not, or the disk does not give it back; -EAGAIN: it
 * could not look, which says nothing about the release. */
void scrub_read_take(struct scrub_reader *x, struct fault *ret);

/* Ends it, be it done or not. */
void scrub_read_end(struct scrub_reader *x);
