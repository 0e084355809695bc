/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* What a server said around the body: header lines and status, as data. No libcurl here, so that it can be
 * tested and fuzzed without a network. */
struct answer {
        size_t lines, bytes; /* of all header lines so far, interim responses and trailers too */
        char etag[FETCH_ETAG_SIZE];
        bool ranged;   /* it says which part of the object its body is */
        uint64_t from; /* then: that part's first byte */
};

/* Counts one header line (with or without its CR LF) and keeps what sealift uses of it. -EFBIG past the
 * limits. An ETag that is malformed or too long is no ETag: the next request is then unconditional. */
_must_check_ int answer_add_header(struct answer *a, const char *line, size_t len);

/* RFC 9110 8.8.3: [W/]"...", printable ASCII without quotes. */
bool answer_etag_valid(const char *etag);

enum answer_expect { EXPECT_BODY, EXPECT_BODY_OR_UNCHANGED, EXPECT_REST, EXPECT_STORED };

/* 0 when the status is the success that was asked for (200; 200 or 304; 206; any 2xx), else the error class
 * that ground/protocol.h promises for it. to: where a redirect pointed, or NULL. */
_must_check_ int answer_check_status(long status, enum answer_expect expect, const char *to,
                                     struct fault *f);

/* The error class of a proxy that did not open a tunnel, by the status of its answer to CONNECT. */
_must_check_ int answer_check_proxy(long status, struct fault *f);
