/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is trusted, in a row: each role, and how many of its keys have signed it. The verdict was the trust
 * module's; this only counts. */

#include "ctl/verify.h"

#include "facts/date.h"
#include "facts/tuf_verify.h"

static int role_add(struct verify *v, const char *name, const struct tuf_metadata *m,
                    const struct tuf_signers *by)
{
        char expires[DATE_SIZE];
        json_t *role;

        date_format(m->expires, expires);
        role = json_pack("{s:s, s:I, s:s, s:I, s:I}", "role", name, "version", (json_int_t)m->version,
                         "expires", expires, "signatures", (json_int_t)tuf_verify_count(m, by), "threshold",
                         (json_int_t)by->threshold);
        if (role && m->role == TUF_TARGETS)
                (void)json_object_set_new(role, "targets", json_integer((json_int_t)m->n_files));
        return json_array_append_new(v->roles, role) < 0 ? -ENOMEM : 0;
}

static int list_top(struct verify *v, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *root = NULL;
        struct trust_role info;
        int r;

        if (!trust_role(v->trust, TUF_ROOT, &info))
                return fault_set(f, -ENOENT, "root.json: missing");
        r = tuf_metadata_parse(TUF_ROOT, info.bytes, info.len, &root, f);
        for (enum tuf_role i = 0; r >= 0 && i < TUF_ROLES; i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;

                if (!trust_role(v->trust, i, &info))
                        continue;
                r = tuf_metadata_parse(i, info.bytes, info.len, &m, f);
                if (r >= 0)
                        r = role_add(v, tuf_role_name(i), m, root->signers + i);
        }
        return r;
}

static const struct tuf_delegation *delegation_of(const struct tuf_metadata *m, const char *file)
{
        for (size_t i = 0; i < m->n_delegations; i++)
                if (str_eq(m->delegations[i].file, file))
                        return m->delegations + i;
        return NULL;
}

/* Whoever delegates to it and was loaded first. */
static int list_delegated(struct verify *v, const char *file, const struct tuf_metadata *m, size_t before,
                          struct fault *f)
{
        struct trust_role info;
        const char *lister;

        for (size_t i = 0; i < before && trust_targets_role(v->trust, i, &lister, &info); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *by = NULL;
                const struct tuf_delegation *d;
                int r;

                r = tuf_metadata_parse_delegated(lister, info.bytes, info.len, &by, f);
                if (r < 0)
                        return r;
                d = delegation_of(by, file);
                if (d)
                        return role_add(v, d->name, m, &d->signers);
        }
        return 0;
}

int verify_list_roles(struct verify *v, struct fault *f)
{
        struct trust_role info;
        const char *file;
        int r;

        r = list_top(v, f);
        for (size_t i = 1; r >= 0 && trust_targets_role(v->trust, i, &file, &info); i++) {
                _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;

                r = tuf_metadata_parse_delegated(file, info.bytes, info.len, &m, f);
                if (r >= 0)
                        r = list_delegated(v, file, m, i, f);
        }
        return r == -ENOMEM ? fault_set(f, r, "out of memory") : r;
}
