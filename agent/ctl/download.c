/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A sealift-fetch of this command's own, which knows one source. This never opens a connection. */

#include "ctl/download.h"

#define SOURCE "repository" /* what sealift-fetch calls the one of --source= */

enum { OPTION_SIZE = 2048 };

int download_open(struct download *d, const char *url, const char *ca_file, struct fault *f)
{
        char source[OPTION_SIZE], ca[OPTION_SIZE];
        const char *arguments[] = { source, ca_file ? ca : NULL, NULL };
        int r;

        if (strlen(url) > OPTION_SIZE / 2 || (ca_file && strlen(ca_file) > OPTION_SIZE / 2))
                return fault_set(f, -EINVAL, "%.200s: too long", url);
        (void)snprintf(source, sizeof(source), "--source=%s", url);
        (void)snprintf(ca, sizeof(ca), "--ca-file=%s", ca_file ? ca_file : "");
        r = worker_start(&d->worker, "sealift-fetch", arguments, f);
        d->fetching.sock = d->worker.sock;
        return r;
}

void download_done(struct download *d)
{
        worker_done(&d->worker);
}

int download_get(struct download *d, const char *path, uint64_t max_bytes, fetching_sink sink,
                 void *userdata, struct fault *f)
{
        return fetching_get(&d->fetching, SOURCE, path, max_bytes, sink, userdata, f);
}
