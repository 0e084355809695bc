/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/worker.h"
#include "ground/protocol.h"

/* A conversation with sealift-fetch about one source: the bytes that a host would get. */
struct download {
        struct worker worker;
        unsigned state;
};

#define DOWNLOAD_INIT ((struct download){ .worker = WORKER_INIT })

/* url as for URL= in sealift.conf(5); ca_file as for CAFile=, or NULL. A URL that is none is told by the
 * first request. */
_must_check_ int download_open(struct download *d, const char *url, const char *ca_file, struct fault *f);
void download_done(struct download *d);

/* Takes the body as it comes; a negative return ends the request with that error. */
typedef int (*download_sink)(void *userdata, const void *data, size_t len, struct fault *f);

/* 0, or what ground/protocol.h has for FETCH_DONE. The sink sees at most max_bytes bytes, which are not to
 * be believed. */
_must_check_ int download_get(struct download *d, const char *path, uint64_t max_bytes, download_sink sink,
                              void *userdata, struct fault *f);
