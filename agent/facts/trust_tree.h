/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"

/* The delegated roles that are loaded, hanging from the top-level targets, and the search through them (spec
 * 5.6.7). Nothing is verified here: a role enters when its delegation has been found good. */
struct trust_tree;

/* One delegation: the index-th of the node-th role. A role may be delegated to by several others with
 * different keys, so what is good or bad is the delegation, not the role. */
struct trust_edge {
        size_t node, index;
};

enum {
        /* Spec 5.6.7.1: what one search visits below targets; an endless chain of delegations costs a
         * request each. The reference client's number, so that no target is found there and not here. */
        TRUST_VISITS_MAX = 32,
        TRUST_ROLES_MAX = 64, /* loaded in one update */
        /* Of all of them, for their own delegations: a key is two kilobytes of memory for a few bytes of
           text. */
        TRUST_ROLES_KEYS_MAX = 8192,
};
/* Of all of them: a role trusted with one channel can delegate to sixty more, each as large as may be, and
 * the agent that loads them (in five times that memory) would be killed for it at each poll. */
#define TRUST_ROLES_BYTES_MAX (UINT64_C(8) << 20)

/* top is borrowed and must outlive the tree. */
_must_check_ int trust_tree_new(const struct tuf_metadata *top, struct trust_tree **ret);
struct trust_tree *trust_tree_free(struct trust_tree *t);

enum trust_found {
        TRUST_FOUND, /* *ret_file is what the most trusted role says */
        TRUST_NOWHERE,
        TRUST_NEEDS,  /* the search cannot go on before *ret_edge is known */
        TRUST_BARRED, /* by a delegation that is bad: what stands behind it must not be answered by others */
};

/* Pre-order, depth first, each role at most once, ended by a terminating delegation. */
enum trust_found trust_tree_search(const struct trust_tree *t, const struct tuf_target_name *target,
                                   const struct tuf_file **ret_file, struct trust_edge *ret_edge);

/* An unknown delegation that may lead to names beginning with prefix; false when all are known. */
bool trust_tree_survey(const struct trust_tree *t, const char *prefix, size_t len, struct trust_edge *ret);

const struct tuf_delegation *trust_tree_delegation(const struct trust_tree *t, struct trust_edge e);
/* The file of the role that delegates, for errors. */
const char *trust_tree_delegator(const struct trust_tree *t, struct trust_edge e);
/* The role that e delegates to if it is loaded, else NULL. */
const struct tuf_metadata *trust_tree_role(const struct trust_tree *t, struct trust_edge e);
/* Roles in the order they were loaded, targets first; NULL past the last. */
const struct tuf_metadata *trust_tree_nth(const struct trust_tree *t, size_t i);

/* What e delegates to is good: m, transferred also on failure, or (NULL) the role that is loaded already.
 * -EFBIG past one of the limits on all roles, -ENOMEM. */
_must_check_ int trust_tree_good(struct trust_tree *t, struct trust_edge e, struct tuf_metadata *m);
void trust_tree_bad(struct trust_tree *t, struct trust_edge e);
