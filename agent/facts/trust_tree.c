/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The search for a target through delegated roles. It sees only metadata that has been verified; what it
 * must never do is let a role answer that is trusted less than one it could not look into. */

#include "facts/trust_tree.h"

enum edge_state { EDGE_UNKNOWN, EDGE_GOOD, EDGE_BAD };

struct node {
        const struct tuf_metadata *m; /* owned, but for the first */
        enum edge_state *edges;       /* owned; one for each of m's delegations */
        const char *name;             /* the delegation's; NULL for the first, which has no equal */
};

struct trust_tree {
        struct node nodes[1 + TRUST_ROLES_MAX];
        size_t n, bytes, keys; /* the latter of all but the first */
};

static size_t keys_of(const struct tuf_metadata *m)
{
        size_t n = 0;

        for (size_t i = 0; i < m->n_delegations; i++)
                n += m->delegations[i].signers.n_keys;
        return n;
}

static bool tree_has_room(const struct trust_tree *t, const struct tuf_metadata *m)
{
        return t->n < ELEMENTSOF(t->nodes) && t->bytes + m->len <= TRUST_ROLES_BYTES_MAX &&
               t->keys + keys_of(m) <= TRUST_ROLES_KEYS_MAX;
}

static int tree_add(struct trust_tree *t, const struct tuf_metadata *m, const char *name)
{
        enum edge_state *edges = calloc(m->n_delegations + 1, sizeof(*edges));

        if (!edges)
                return -ENOMEM;
        t->nodes[t->n++] = (struct node){ .m = m, .edges = edges, .name = name };
        return 0;
}

int trust_tree_new(const struct tuf_metadata *top, struct trust_tree **ret)
{
        struct trust_tree *t = calloc(1, sizeof(*t));

        if (!t || tree_add(t, top, NULL) < 0) {
                free(t);
                return -ENOMEM;
        }
        *ret = t;
        return 0;
}

struct trust_tree *trust_tree_free(struct trust_tree *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->n; i++) {
                if (i > 0)
                        tuf_metadata_free((struct tuf_metadata *)(uintptr_t)t->nodes[i].m);
                free(t->nodes[i].edges);
        }
        free(t);
        return NULL;
}

static size_t tree_find(const struct trust_tree *t, const char *name)
{
        size_t i = 1;

        while (i < t->n && !str_eq(t->nodes[i].name, name))
                i++;
        return i;
}

const struct tuf_delegation *trust_tree_delegation(const struct trust_tree *t, struct trust_edge e)
{
        return t->nodes[e.node].m->delegations + e.index;
}

const char *trust_tree_delegator(const struct trust_tree *t, struct trust_edge e)
{
        return t->nodes[e.node].m->file;
}

const struct tuf_metadata *trust_tree_role(const struct trust_tree *t, struct trust_edge e)
{
        return trust_tree_nth(t, tree_find(t, trust_tree_delegation(t, e)->name));
}

const struct tuf_metadata *trust_tree_nth(const struct trust_tree *t, size_t i)
{
        return i < t->n ? t->nodes[i].m : NULL;
}

int trust_tree_good(struct trust_tree *t, struct trust_edge e, struct tuf_metadata *m)
{
        int r = 0;

        if (m)
                r = tree_has_room(t, m) ? tree_add(t, m, trust_tree_delegation(t, e)->name) : -EFBIG;
        if (r < 0) {
                tuf_metadata_free(m);
                return r;
        }
        t->bytes += m ? m->len : 0;
        t->keys += m ? keys_of(m) : 0;
        t->nodes[e.node].edges[e.index] = EDGE_GOOD;
        return 0;
}

void trust_tree_bad(struct trust_tree *t, struct trust_edge e)
{
        t->nodes[e.node].edges[e.index] = EDGE_BAD;
}

/* ---- One target ---- */

struct search {
        const struct trust_tree *tree;
        const struct tuf_target_name *target;
        bool visited[1 + TRUST_ROLES_MAX];
        size_t n_visits;
        const struct tuf_file *file;
        struct trust_edge edge;
};

static enum trust_found search_node(struct search *s, size_t node);

static enum trust_found search_edge(struct search *s, struct trust_edge e)
{
        size_t child = tree_find(s->tree, trust_tree_delegation(s->tree, e)->name);

        if (child < s->tree->n && s->visited[child]) /* a cycle, or trusted more elsewhere */
                return TRUST_NOWHERE;
        s->edge = e;
        switch (s->tree->nodes[e.node].edges[e.index]) {
        case EDGE_UNKNOWN:
                /* 5.6.7.1: "go to step 5.7", which finds that there is no such target. */
                return s->n_visits > TRUST_VISITS_MAX ? TRUST_BARRED : TRUST_NEEDS;
        case EDGE_BAD:
                return TRUST_BARRED;
        case EDGE_GOOD:
                break;
        }
        return search_node(s, child);
}

static enum trust_found search_node(struct search *s, size_t node)
{
        const struct tuf_metadata *m = s->tree->nodes[node].m;

        if (s->n_visits > TRUST_VISITS_MAX)
                return TRUST_BARRED;
        s->n_visits++;
        s->visited[node] = true;
        s->file = tuf_metadata_find(m, s->target->name);
        if (s->file)
                return TRUST_FOUND;
        for (size_t i = 0; i < m->n_delegations; i++) {
                enum trust_found found;

                if (!tuf_delegation_matches(m->delegations + i, s->target))
                        continue;
                found = search_edge(s, (struct trust_edge){ node, i });
                if (found != TRUST_NOWHERE)
                        return found;
                if (m->delegations[i].terminating) /* ends the whole search, not only that of this role */
                        return TRUST_BARRED;
        }
        return TRUST_NOWHERE;
}

enum trust_found trust_tree_search(const struct trust_tree *t, const struct tuf_target_name *target,
                                   const struct tuf_file **ret_file, struct trust_edge *ret_edge)
{
        struct search s = { .tree = t, .target = target };
        enum trust_found found = search_node(&s, 0);

        if (found == TRUST_FOUND)
                *ret_file = s.file;
        else if (found == TRUST_NEEDS)
                *ret_edge = s.edge;
        return found;
}

/* ---- All targets ---- */

bool trust_tree_survey(const struct trust_tree *t, const char *prefix, size_t len, struct trust_edge *ret)
{
        for (size_t node = 0; node < t->n; node++)
                for (size_t i = 0; i < t->nodes[node].m->n_delegations; i++)
                        if (t->nodes[node].edges[i] == EDGE_UNKNOWN &&
                            tuf_delegation_overlaps(t->nodes[node].m->delegations + i, prefix, len)) {
                                *ret = (struct trust_edge){ node, i };
                                return true;
                        }
        return false;
}
