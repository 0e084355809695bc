/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may sign what, as the publisher's bodies in memory say it, before they are signed themselves. */

#include "ctl/listing.h"

#include <inttypes.h>

#include "ctl/delegation.h"
#include "facts/tuf_write.h"

void listing_done(struct listing *l)
{
        tuf_signers_done(&l->by);
}

/* The first role in our order that delegates to it: where several do, they had better list the same keys. */
static json_t *find_delegation(const struct repository *r, const struct repository_role *role,
                               const struct repository_role **ret_by)
{
        const struct repository_role *by;

        for (size_t i = 0; role->delegated && (by = repository_nth(r, i)); i++) {
                json_t *d = by->role == TUF_TARGETS ? delegation_find(by->body, role->name) : NULL;

                if (!d)
                        continue;
                *ret_by = by;
                return d;
        }
        return NULL;
}

bool listing_exists(const struct repository *r, const struct repository_role *role)
{
        const struct repository_role *by;

        return !role->delegated || find_delegation(r, role, &by);
}

int64_t listing_period(const struct repository *r, const struct repository_role *role)
{
        const struct repository_role *by;
        int64_t period = tuf_read_delegated_period(find_delegation(r, role, &by));

        return period > 0 ? period : tuf_read_period(repository_top(r, TUF_ROOT)->body, role->role);
}

static int listing_delegated(const struct repository *r, const struct repository_role *role,
                             struct listing *ret, struct fault *f)
{
        const struct repository_role *by;
        json_t *d = find_delegation(r, role, &by);

        if (!d)
                return fault_set(f, -ENOKEY, "%s: no role delegates to it any more, so nobody can sign it",
                                 role->name);
        (void)snprintf(ret->lister, sizeof(ret->lister), "%s", by->file);
        return tuf_signers_parse(d, json_object_get(json_object_get(by->body, "delegations"), "keys"),
                                 ret->lister, &ret->by, f);
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
