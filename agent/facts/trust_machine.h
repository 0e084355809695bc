/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/trust.h"
#include "facts/trust_tree.h"

/* Inside facts/trust.h: trust.c turns the crank, trust_update.c has the rules for the four top-level roles
 * (spec 5.3 to 5.6.6), trust_search.c those for delegated ones (5.6.7). Nobody else includes this. */

enum trust_phase {
        PHASE_ROOT,
        PHASE_ROOT_END,
        PHASE_RECALL_TIMESTAMP,
        PHASE_RECALL_SNAPSHOT,
        PHASE_TIMESTAMP,
        PHASE_SNAPSHOT,
        PHASE_RECALL_TARGETS,
        PHASE_TARGETS,
        PHASE_SEARCH,
        PHASE_RECALL_ROLE,
        PHASE_ROLE,
        PHASE_DONE,
};

struct trust {
        int64_t now;
        enum trust_phase phase;
        unsigned n_roots;                         /* taken in this update */
        struct tuf_metadata *trusted[TUF_ROLES];  /* owned; verified */
        bool store[TUF_ROLES], forget[TUF_ROLES]; /* to be said by trust_next() */
        bool forgotten; /* timestamp and snapshot were: whatever the caller still has of them */
        struct fault warning;

        struct {
                enum trust_want_kind kind;
                char *text; /* owned */
        } wants[TRUST_WANTS_MAX];
        size_t n_wants;
        struct trust_tree *tree;               /* owned; from PHASE_SEARCH on */
        struct trust_edge edge;                /* what is being looked into */
        bool edge_open;                        /* it is, or has failed */
        const struct tuf_metadata *store_role; /* delegated, to be said by trust_next() */
        char file[TRUST_FILE_SIZE];            /* of the delegated role in the last step */
};

/* trust_update.c: what came, by role. */
int trust_on_root(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_timestamp(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_timestamp_same(struct trust *t, struct fault *f);
int trust_on_snapshot(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_targets(struct trust *t, const void *bytes, size_t len, struct fault *f);
/* The chain has ended: spec 5.3.10. */
int trust_end_root(struct trust *t, struct fault *f);
/* What had been stored; bytes may be NULL. */
int trust_on_recalled_timestamp(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_recalled_snapshot(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_recalled_targets(struct trust *t, const void *bytes, size_t len, struct fault *f);
/* The normal case of a poll: the trusted snapshot still is what the timestamp names. */
void trust_reuse_snapshot(struct trust *t);
const struct tuf_file *trust_named_snapshot(const struct trust *t);
const struct tuf_file *trust_named_targets(const struct trust *t);

/* trust_search.c */
int trust_begin_search(struct trust *t, struct fault *f);
/* Whatever a want still needs becomes the open edge; PHASE_DONE when nothing is. */
int trust_search_on(struct trust *t, struct fault *f);
int trust_on_role(struct trust *t, const void *bytes, size_t len, struct fault *f);
int trust_on_recalled_role(struct trust *t, const void *bytes, size_t len, struct fault *f);
/* What the snapshot says of the open edge's role; NULL when it is not listed. */
const struct tuf_file *trust_named_role(const struct trust *t);
