/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may sign what, as the publisher's bodies in memory say it, before they are signed themselves. */

#include "ctl/listing.h"

#include <inttypes.h>

void listing_done(struct listing *l)
{
        tuf_signers_done(&l->by);
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
                return tuf_signers_parse(d,
                                         json_object_get(json_object_get(by->body, "delegations"), "keys"),
                                         ret->lister, &ret->by, f);
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
        return tuf_signers_parse(json_object_get(json_object_get(root->body, "roles"), role->name),
                                 json_object_get(root->body, "keys"), ret->lister, &ret->by, f);
}
