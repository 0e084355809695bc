/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* New versions of roles, made in memory: numbered, dated, named by their parents, signed, and shown to the
 * verifier. What is on the disk is only looked at. */

#include "ctl/repository.h"

#include <inttypes.h>

#include "ctl/preflight.h"
#include "ctl/repository_parts.h"
#include "facts/tuf_write.h"
#include "ground/io.h"

/* ---- Who signs ---- */

/* The keys and threshold of a role, from whoever lists them. */
struct listing {
        struct tuf_metadata *m; /* owned; what by points into */
        const struct tuf_signers *by;
        char lister[REPOSITORY_FILE_SIZE + 32];
};

static void listing_done(struct listing *l)
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
        for (size_t i = 0; i < r->n_roles; i++) {
                const struct repository_role *by = r->role[i];
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

static int listing_find(const struct repository *r, const struct repository_role *role, struct listing *ret,
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

/* ---- One role ---- */

/* Past every number in use, the trusted one and any that an interrupted publisher left behind: a cache may
 * have seen that file, and would mix it with ours. */
static int next_version(const struct repository *r, const struct repository_role *role, uint64_t *ret,
                        struct fault *f)
{
        uint64_t min, max = 0;
        int k;

        if (role->role != TUF_TIMESTAMP) {
                k = repository_versions(r->fd, role->file, &min, &max);
                if (k < 0)
                        return fault_set_errno(f, k, "metadata");
        }
        if (role->version > max)
                max = role->version;
        if (max >= INT64_MAX)
                return fault_set(f, -ERANGE, "%s: there is no next version number", role->file);
        *ret = max + 1;
        return 0;
}

/* What a delegated role signs is valid as long as what targets signs. */
static int role_date(struct repository *r, struct repository_role *role, struct fault *f)
{
        struct repository_staged *s = &role->staged;
        int k;

        k = next_version(r, role, &s->version, f);
        if (k < 0)
                return k;
        s->expires = r->now + tuf_read_period(repository_top(r, TUF_ROOT)->body, role->role);
        if (tuf_write_version(role->body, s->version, s->expires) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", role->file);
        if (role->role == TUF_TIMESTAMP)
                (void)snprintf(s->path, sizeof(s->path), "metadata/%s", role->file);
        else
                (void)snprintf(s->path, sizeof(s->path), "metadata/%" PRIu64 ".%s", s->version, role->file);
        return 0;
}

static int stage_role(struct repository *r, struct repository_role *role, struct signer *signer,
                      struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(tuf_role_bytes_max(role->role));
        _cleanup_(listing_done) struct listing l = {};
        struct signer_request q = { .role = role->name, .file = role->file };
        int k;

        k = role_date(r, role, f);
        if (k >= 0)
                k = listing_find(r, role, &l, f);
        if (k < 0)
                return k;
        q.by = l.by;
        q.lister = l.lister;
        k = signer_document(signer, &q, role->body, &b, f);
        if (k < 0)
                return fault_prefix(f, "%s", role->file);
        role->staged.len = b.len;
        role->staged.data = TAKE_PTR(b.data);
        return 0;
}

/* ---- All of them ---- */

/* A parent names its child's new version, and so is new itself. */
static int stage_name(struct repository *r, enum tuf_role parent, const struct repository_role *child,
                      struct fault *f)
{
        struct repository_role *role = repository_top(r, parent);
        const struct repository_staged *s = &child->staged;
        char name[REPOSITORY_FILE_SIZE + 8];

        (void)snprintf(name, sizeof(name), "%s.json", child->name);
        repository_change(role);
        if (tuf_write_meta(role->body, name, s->version, s->data, s->len) < 0)
                return fault_set(f, -ENOMEM, "%s: cannot name %s", role->file, s->path);
        return 0;
}

static int stage_named(struct repository *r, struct repository_role *role, struct signer *signer,
                       struct fault *f)
{
        int k;

        k = stage_role(r, role, signer, f);
        if (k >= 0 && role->role == TUF_TARGETS)
                k = stage_name(r, TUF_SNAPSHOT, role, f);
        if (k >= 0 && role->role == TUF_SNAPSHOT)
                k = stage_name(r, TUF_TIMESTAMP, role, f);
        return k;
}

static int keep_first_root(struct repository *r, struct fault *f)
{
        const struct repository_staged *s = &repository_top(r, TUF_ROOT)->staged;

        if (r->first_root)
                return 0;
        r->first_root = strdup(s->data);
        r->first_root_len = s->len;
        return r->first_root ? 0 : fault_set(f, -ENOMEM, "root.json: out of memory");
}

int repository_stage(struct repository *r, struct signer *signer, struct fault *f)
{
        int k = 0;

        for (size_t i = 0; k >= 0 && i < r->n_roles; i++)
                if (r->role[i]->changed)
                        k = stage_named(r, r->role[i], signer, f);
        if (k >= 0)
                k = keep_first_root(r, f);
        return k < 0 ? k : preflight(r, f);
}

/* ---- Writing ---- */

int repository_write(struct repository *r, struct fault *f)
{
        _cleanup_close_ int fd = openat(r->fd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int k;

        if (fd < 0)
                return fault_set_errno(f, -errno, "metadata");
        for (size_t i = 0; i < r->n_roles; i++) {
                const struct repository_staged *s = &r->role[i]->staged;

                if (!s->data)
                        continue;
                k = io_replace_file_at(fd, s->path + STRLEN("metadata/"), s->data, s->len, 0644, f);
                if (k < 0)
                        return k;
        }
        r->written = true;
        k = preflight(r, f);
        return k < 0 ? fault_prefix(f, "written, but") : 0;
}
