/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may sign what, as the publisher's bodies in memory say it, before they are signed themselves. */

#include "ctl/listing.h"

#include <inttypes.h>

#include "facts/tuf_write.h"

void listing_done(struct listing *l)
{
        l->m = tuf_metadata_free(l->m);
}

/* role has keyids and a threshold, keys lists keys by id; a root of nothing else is parsed for them. */
static int listing_parse(json_t *role, json_t *keys, struct listing *ret, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(TUF_TARGETS_BYTES_MAX);
        _cleanup_json_ json_t *root = NULL;
        json_t *roles;
        int k;

        if (tuf_write_body(TUF_ROOT, 1, 0, &root) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", ret->lister);
        roles = json_object_get(root, "roles");
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (json_object_set(roles, tuf_role_name(i), role) < 0)
                        return fault_set(f, -ENOMEM, "%s: out of memory", ret->lister);
        if (json_object_set(root, "keys", keys) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", ret->lister);
        k = tuf_sign_document(root, NULL, 0, &b, f);
        if (k >= 0)
                k = tuf_metadata_parse(TUF_ROOT, b.data, b.len, &ret->m, f);
        if (k < 0)
                return fault_prefix(f, "%s", ret->lister);
        ret->by = ret->m->signers + TUF_TARGETS;
        return 0;
}

static json_t *delegation_find(const struct repository_role *by, const char *name)
{
        json_t *list = json_object_get(json_object_get(by->body, "delegations"), "roles");

        for (size_t i = 0; i < json_array_size(list); i++) {
                json_t *d = json_array_get(list, i);
                const char *its = json_string_value(json_object_get(d, "name"));

                if (its && str_eq(its, name))
                        return d;
        }
        return NULL;
}

/* The first role in our order that delegates to it: where several do, they had better list the same keys. */
static int listing_delegated(const struct repository *r, const struct repository_role *role,
                             struct listing *ret, struct fault *f)
{
        const struct repository_role *by;

        for (size_t i = 0; (by = repository_nth(r, i)); i++) {
                json_t *d = by->role == TUF_TARGETS ? delegation_find(by, role->name) : NULL;

                if (!d)
                        continue;
                (void)snprintf(ret->lister, sizeof(ret->lister), "%s", by->file);
                return listing_parse(d, json_object_get(json_object_get(by->body, "delegations"), "keys"),
                                     ret, f);
        }
        return fault_set(f, -ENOKEY, "%s: no role delegates to it any more, so nobody can sign it",
                         role->name);
}

int listing_find(const struct repository *r, const struct repository_role *role, struct listing *ret,
                 struct fault *f)
{
        const struct repository_role *root = repository_top(r, TUF_ROOT);

        if (role->delegated)
                return listing_delegated(r, role, ret, f);
        (void)snprintf(ret->lister, sizeof(ret->lister), "root version %" PRIu64,
                       root->staged.data ? root->staged.version : root->version);
        return listing_parse(json_object_get(json_object_get(root->body, "roles"), role->name),
                             json_object_get(root->body, "keys"), ret, f);
}
