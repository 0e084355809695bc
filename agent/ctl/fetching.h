/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* A conversation with a sealift-fetch that somebody else has started. */
struct fetching {
        int sock; /* not ours */
        unsigned state;
};

/* Takes the body as it comes; a negative return ends the request with that error. */
typedef int (*fetching_sink)(void *userdata, const void *data, size_t len, struct fault *f);

/* 0, or what ground/protocol.h has for FETCH_DONE. The sink sees at most max_bytes bytes, which are not to
 * be believed. */
_must_check_ int fetching_get(struct fetching *x, const char *source, const char *path, uint64_t max_bytes,
                              fetching_sink sink, void *userdata, struct fault *f);
