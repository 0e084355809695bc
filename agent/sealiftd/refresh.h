/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "facts/plan.h"
#include "facts/trust.h"
#include "sealiftd/agent.h"
#include "sealiftd/fetcher.h"

/* What one poll knows of the bucket: trusted metadata, and a conversation with sealift-fetch. */
struct refresh {
        struct agent *agent;
        struct fetcher fetcher;
        struct trust *trust;  /* owned */
        bool news;            /* something was stored */
        struct fault refused; /* delegated roles and bundles that were */
        char etag[FETCH_ETAG_SIZE];
};

/* Brings trusted metadata up to date: fetches what facts/trust.h asks for and stores what it says. Journals
 * what is new, and what was refused as a whole. -EHOSTUNREACH and the like: the source; the other classes of
 * ground/fault.h: its metadata. */
_must_check_ int refresh_trust(struct refresh *x, struct agent *a, struct fault *f);
void refresh_done(struct refresh *x);

/* 0, or why a delegated role, or once it is planned a bundle, was refused in a refresh that otherwise
 * succeeded. */
_must_check_ int refresh_verdict(const struct refresh *x, struct fault *f);

/* The releases of our channel that the configuration wants. Journals what was refused in part. *ret is the
 * caller's. */
_must_check_ int refresh_plan(struct refresh *x, struct plan **ret, struct fault *f);

/* The manifest of a bundle, of the length and sums that were signed. *ret is the caller's. */
_must_check_ int refresh_fetch_manifest(struct refresh *x, const char *bundle, char **ret, size_t *ret_len,
                                        struct fault *f);

/* The bundle that content names, from offset on, to sink; the caller checks length and SHA-256. -EBADMSG
 * before anything is fetched when signed metadata and the signed manifest do not name the same bytes.
 * -ERANGE: the source can only begin at 0. */
_must_check_ int refresh_fetch_bundle(struct refresh *x, const char *bundle, const struct content *content,
                                      uint64_t offset, fetch_sink sink, void *userdata, struct fault *f);

/* The same of a release that is on this machine already, whatever the channel has by now: its manifest was
 * signed, and names its bundle by the sum that is in the name of the file in the bucket. -ENOENT: it is not
 * there any more. */
_must_check_ int refresh_fetch_again(struct refresh *x, const char *bundle, const struct content *content,
                                     uint64_t offset, fetch_sink sink, void *userdata, struct fault *f);

/* Whether the channel's release of this bundle is in a file with that SHA-256. */
bool refresh_expects(const struct refresh *x, const char *bundle, const char *sha256);
