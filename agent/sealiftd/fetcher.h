/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"
#include "sealiftd/await.h"

/* sealiftd's end of one conversation with sealift-fetch. One poll uses one conversation, so that the worker
 * is started once and its TLS connection serves every request. */
struct fetcher {
        struct await *await;
        int sock; /* -EBADF until open */
        unsigned state;
};

struct fetch_request {
        const char *source;
        const char *path; /* below the source */
        const char *etag; /* If-None-Match, or "" */
        uint64_t max_bytes;
        uint64_t offset; /* the sink has so many bytes already, and gets what is behind them */
};

struct fetch_answer {
        bool unchanged; /* 304 */
        char etag[FETCH_ETAG_SIZE];
};

/* Takes the body as it comes; a negative return ends the transfer with that error. */
typedef int (*fetch_sink)(void *userdata, const void *data, size_t len, struct fault *f);

_must_check_ int fetcher_open(struct fetcher *x, struct await *w, struct fault *f);
void fetcher_close(struct fetcher *x);

/* 0, or the worker's error class as in ground/protocol.h; the text names source and path. The sink has seen
 * at most max_bytes bytes, none of them verified. */
_must_check_ int fetcher_get(struct fetcher *x, const struct fetch_request *q, fetch_sink sink,
                             void *userdata, struct fetch_answer *ret, struct fault *f);

/* The same into memory; *ret is the caller's. */
_must_check_ int fetcher_get_bytes(struct fetcher *x, const struct fetch_request *q, char **ret,
                                   size_t *ret_len, struct fetch_answer *ret_answer, struct fault *f);
