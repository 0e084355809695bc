/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"
#include "facts/config.h"
#include "fetch/login.h"

/* The door to libcurl: one handle, which keeps its connection alive from one request to the next. */
struct transfer;

struct transfer *transfer_free(struct transfer *t);
DEFINE_POINTER_CLEANUP(struct transfer, transfer_free)

/* peer: the conversation's socket, watched so that nothing runs on for a caller that has gone; not owned.
 * patience_usec: how long to wait for a connection, and for a server that has gone silent. login: for
 * proxies that the configuration names, borrowed, or NULL. -ENOMEM. */
_must_check_ int transfer_new(int peer, uint64_t patience_usec, const struct login *login,
                              struct transfer **ret);

/* What came of one request, on success and on failure. */
struct transfer_result {
        long status;    /* of HTTP; 0 when there was no answer */
        uint64_t bytes; /* written to the pipe */
        char etag[FETCH_ETAG_SIZE];
};

/* GETs g->path below source into pipe (a FIFO, blocking; not owned). The errors are those of struct
 * fetch_done. result is always filled in. */
_must_check_ int transfer_get(struct transfer *t, const struct config_source *source,
                              const struct fetch_get *g, int pipe, struct transfer_result *result,
                              struct fault *f);

/* PUTs or POSTs size bytes of body (a sealed memfd; not owned) to where the configuration says. */
_must_check_ int transfer_upload(struct transfer *t, const struct config_report *report, const char *name,
                                 int body, uint64_t size, struct transfer_result *result, struct fault *f);
