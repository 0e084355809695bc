/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/fetching.h"
#include "ctl/worker.h"

/* A conversation with sealift-fetch about one source: the bytes that a host would get. */
struct download {
        struct worker worker;
        struct fetching fetching;
};

#define DOWNLOAD_INIT ((struct download){ .worker = WORKER_INIT, .fetching.sock = -EBADF })

/* url as for URL= in sealift.conf(5); ca_file as for CAFile=, or NULL. A URL that is none is told by the
 * first request. */
_must_check_ int download_open(struct download *d, const char *url, const char *ca_file, struct fault *f);
void download_done(struct download *d);

_must_check_ int download_get(struct download *d, const char *path, uint64_t max_bytes, fetching_sink sink,
                              void *userdata, struct fault *f);
