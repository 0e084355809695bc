/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegated roles, spec 5.6.7: which one the search needs next, and what must hold before it is believed. A
 * role is verified with the keys of whoever delegates to it now, whatever verified it before: when it was
 * stored, or when another role delegated to it. */

#include <inttypes.h>

#include "facts/trust_machine.h"
#include "facts/tuf_verify.h"
#include "ground/text.h"

int trust_begin_search(struct trust *t, struct fault *f)
{
        if (trust_tree_new(t->trusted[TUF_TARGETS], &t->tree) < 0)
                return fault_set(f, -ENOMEM, "trust: out of memory");
        t->phase = PHASE_SEARCH;
        return 0;
}

static const struct tuf_delegation *open_delegation(const struct trust *t)
{
        return trust_tree_delegation(t->tree, t->edge);
}

/* Snapshot lists files by the roles' own names; only names of files and URLs are encoded. */
const struct tuf_file *trust_named_role(const struct trust *t)
{
        char name[TUF_ROLE_NAME_MAX + sizeof(".json")];

        (void)snprintf(name, sizeof(name), "%s.json", open_delegation(t)->name);
        return tuf_metadata_find(t->trusted[TUF_SNAPSHOT], name);
}

static int check_delegated(const struct trust *t, const struct tuf_metadata *m, struct fault *f)
{
        return tuf_verify(m, &open_delegation(t)->signers, trust_tree_delegator(t->tree, t->edge), f);
}

/* The role is loaded, by another delegation: with the keys of this one it must hold too. Its signatures were
 * freed, since this is rare. */
static int check_again(struct trust *t, const struct tuf_metadata *role, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_metadata_parse_delegated(role->file, role->bytes, role->len, &m, f);
        if (r >= 0)
                r = check_delegated(t, m, f);
        return r < 0 ? r : trust_tree_good(t->tree, t->edge, NULL);
}

static int open_edge(struct trust *t, struct fault *f)
{
        const struct tuf_delegation *d = open_delegation(t);
        const struct tuf_metadata *role = trust_tree_role(t->tree, t->edge);
        int r;

        t->edge_open = true;
        if (role) {
                r = check_again(t, role, f);
                if (r >= 0)
                        t->edge_open = false;
                return r;
        }
        if (!trust_named_role(t))
                return fault_set(f, -EBADMSG,
                                 "snapshot.json does not list %s, to which %s delegates: the publisher must "
                                 "sign a snapshot with it",
                                 d->file, trust_tree_delegator(t->tree, t->edge));
        (void)snprintf(t->file, sizeof(t->file), "%s%s", d->file[0] == '.' ? "%2E" : "",
                       d->file + (d->file[0] == '.'));
        t->phase = PHASE_RECALL_ROLE;
        return 0;
}

static int want_needs(const struct trust *t, size_t i, struct trust_edge *ret, bool *needs, struct fault *f)
{
        const char *text = t->wants[i].text;
        const struct tuf_file *file;
        struct tuf_target_name target;

        if (t->wants[i].kind == TRUST_WANT_PREFIX)
                *needs = trust_tree_survey(t->tree, text, strlen(text), ret);
        else if (tuf_target_name(text, &target) < 0)
                return fault_set(f, -ENOMEM, "trust: out of memory");
        else
                *needs = trust_tree_search(t->tree, &target, &file, ret) == TRUST_NEEDS;
        return 0;
}

int trust_search_on(struct trust *t, struct fault *f)
{
        bool needs = false;
        size_t i = 0;
        int r = 0;

        while (r >= 0 && t->phase == PHASE_SEARCH && i < t->n_wants) {
                r = want_needs(t, i, &t->edge, &needs, f);
                if (r < 0)
                        break;
                if (needs)
                        r = open_edge(t, f);
                else
                        i++;
        }
        if (r >= 0 && t->phase == PHASE_SEARCH)
                t->phase = PHASE_DONE;
        return r;
}

/* Spec 5.6.2 to 5.6.5, with the delegation in root's place. */
static int role_read(const struct trust *t, const void *bytes, size_t len, struct tuf_metadata **ret,
                     struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_check_bytes(trust_named_role(t), bytes, len, f);
        if (r >= 0)
                r = tuf_metadata_parse_delegated(open_delegation(t)->file, bytes, len, &m, f);
        if (r >= 0)
                r = check_delegated(t, m, f);
        if (r >= 0)
                r = tuf_verify_version(m, trust_named_role(t), "snapshot.json", f);
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f);
        if (r < 0)
                return r;
        tuf_metadata_trim(m);
        *ret = TAKE_PTR(m);
        return 0;
}

static int role_take(struct trust *t, struct tuf_metadata *m /* transferred */, struct fault *f)
{
        int r;

        r = trust_tree_good(t->tree, t->edge, m);
        if (r == -EFBIG)
                return fault_set(f, r,
                                 "%s: delegated roles come to more than %u, to more than %" PRIu64
                                 " bytes, or to more than %u keys",
                                 open_delegation(t)->file, (unsigned)TRUST_ROLES_MAX, TRUST_ROLES_BYTES_MAX,
                                 (unsigned)TRUST_ROLES_KEYS_MAX);
        if (r < 0)
                return fault_set_errno(f, r, "%s", open_delegation(t)->file);
        t->edge_open = false;
        t->phase = PHASE_SEARCH;
        return 0;
}

int trust_on_recalled_role(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        struct tuf_metadata *m;

        t->phase = PHASE_ROLE;
        if (!bytes || role_read(t, bytes, len, &m, NULL) < 0)
                return 0;
        return role_take(t, m, f);
}

int trust_on_role(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        struct tuf_metadata *m;
        int r;

        r = role_read(t, bytes, len, &m, f);
        if (r >= 0)
                r = role_take(t, m, f);
        if (r < 0)
                return r;
        t->store_role = m;
        return 0;
}
