/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The publisher's folder, opened: locked, read through the client's own verifier, and its roles' bodies
 * taken into memory to be changed. It writes nothing. */

#include "ctl/repository.h"

#include <inttypes.h>
#include <sys/file.h>

#include "ctl/preflight.h"
#include "ctl/repository_parts.h"
#include "facts/tuf_write.h"
#include "ground/io.h"

/* A body has no limit of its own: the verifier's limits are what counts. */
static const struct json_limits body_limits = { .bytes = (size_t)64 << 20,
                                                .values = (size_t)4 << 20,
                                                .depth = TUF_DEPTH_MAX };

/* Parents before children would be visible too early: this is the order of writing, with delegated roles
 * beside targets. */
static const enum tuf_role write_order[] = { TUF_ROOT, TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP };
_Static_assert(ELEMENTSOF(write_order) == TUF_ROLES, "every role is written");

/* In no folder: one that is to be made. */
static int repository_nowhere(int64_t now, struct repository **ret, struct fault *f)
{
        struct repository *r = calloc(1, sizeof(*r));

        if (!r)
                return fault_set(f, -ENOMEM, "out of memory");
        r->now = now;
        r->fd = -EBADF;
        *ret = r;
        return 0;
}

int repository_lock(struct repository *r, const char *path, bool lock, struct fault *f)
{
        r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r->fd < 0)
                return fault_set_errno(f, -errno, "%s", path);
        /* The lock is on the folder itself: a lock file would end up in the bucket. */
        if (lock && flock(r->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? fault_set(f, -EBUSY, "%s: another publisher is at work", path)
                                            : fault_set_errno(f, -errno, "%s: cannot lock", path);
        return 0;
}

static int repository_at(const char *path, int64_t now, bool lock, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        int k;

        k = repository_nowhere(now, &r, f);
        if (k >= 0)
                k = repository_lock(r, path, lock, f);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}

static int load_trust(struct repository *r, struct fault *f)
{
        uint64_t first, last;
        char name[64];
        int k;

        k = repository_versions(r->fd, tuf_role_file(TUF_ROOT), &first, &last);
        if (k < 0 || first == 0)
                return fault_set(f, -ENOENT, "no metadata/1.root.json: not a repository; see sealift init");
        (void)snprintf(name, sizeof(name), "metadata/%" PRIu64 ".root.json", first);
        k = io_read_file_at(r->fd, name, TUF_ROOT_BYTES_MAX, &r->first_root, &r->first_root_len, f);
        if (k < 0)
                return k;
        k = preflight_new_host(r, INT64_MIN, &r->trust, f);
        if (k != -EKEYREJECTED || last == first)
                return k;
        /* The newest root may be there without what its keys must sign: a rotation that was interrupted. */
        r->unfinished_root = last;
        return preflight_new_host(r, INT64_MIN, &r->trust, NULL) < 0 ? k : 0;
}

static int load_role(struct repository *r, enum tuf_role kind, const char *name,
                     const struct trust_role *info, struct fault *f)
{
        _cleanup_json_ json_t *envelope = NULL;
        struct repository_role *role;
        json_t *body;
        int k;

        k = json_parse(name, info->bytes, info->len, &body_limits, &envelope, f);
        if (k >= 0)
                k = json_field_object(envelope, name, "signed", &body, f);
        if (k >= 0)
                k = repository_role_add(r, kind, name, json_incref(body), &role, f);
        if (k < 0)
                return k;
        role->version = info->version;
        role->expires = info->expires;
        return 0;
}

static int load_top(struct repository *r, struct fault *f)
{
        for (size_t i = 0; i < ELEMENTSOF(write_order); i++) {
                enum tuf_role role = write_order[i];
                struct trust_role info;
                int k;

                if (!trust_role(r->trust, role, &info))
                        return fault_set(f, -ENOENT, "%s: missing", tuf_role_file(role));
                k = load_role(r, role, tuf_role_name(role), &info, f);
                if (k < 0)
                        return k;
        }
        return 0;
}

/* A delegated role that the snapshot lists. One whose file is gone is left alone: it cannot be signed anew,
 * and stays listed, as no snapshot may drop a role. */
static int load_listed(struct repository *r, const struct tuf_file *listed, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        char file[REPOSITORY_FILE_SIZE], path[REPOSITORY_PATH_SIZE];
        _cleanup_free_ char *name = NULL, *data = NULL;
        struct trust_role info = {};
        size_t len;
        int k;

        if (!str_has_suffix(listed->name, ".json") || str_eq(listed->name, "targets.json"))
                return 0;
        name = strndup(listed->name, strlen(listed->name) - STRLEN(".json"));
        if (!name)
                return fault_set(f, -ENOMEM, "%s: out of memory", listed->name);
        if (repository_find(r, name) || tuf_role_file_of(name, file, NULL) < 0)
                return 0; /* other tools list root.json, too */
        (void)snprintf(path, sizeof(path), "metadata/%" PRIu64 ".%s", listed->version, file);
        k = io_read_file_at(r->fd, path, TUF_TARGETS_BYTES_MAX, &data, &len, f);
        if (k == -ENOENT)
                return 0;
        if (k >= 0)
                k = tuf_check_bytes(listed, data, len, f);
        if (k >= 0)
                k = tuf_metadata_parse(TUF_TARGETS, data, len, &m, f);
        if (k < 0)
                return fault_prefix(f, "%s", path);
        info = (struct trust_role){ m->version, m->expires, data, len };
        return load_role(r, TUF_TARGETS, name, &info, f);
}

static int load_delegated(struct repository *r, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *snapshot = NULL;
        struct trust_role info;
        int k = 0;

        if (!trust_role(r->trust, TUF_SNAPSHOT, &info))
                return fault_set(f, -ENOENT, "snapshot.json: missing");
        k = tuf_metadata_parse(TUF_SNAPSHOT, info.bytes, info.len, &snapshot, f);
        for (size_t i = 0; k >= 0 && i < snapshot->n_files; i++)
                k = load_listed(r, snapshot->files + i, f);
        return k;
}

/* The root of an interrupted rotation is staged as it is, to be joined by what it needs. */
static int load_unfinished(struct repository *r, struct fault *f)
{
        struct repository_role *root = repository_top(r, TUF_ROOT);
        struct repository_staged *s = &root->staged;
        _cleanup_json_ json_t *envelope = NULL;
        int k;

        if (r->unfinished_root == 0)
                return 0;
        k = repository_begin_root(r, f);
        if (k < 0)
                return k;
        (void)snprintf(s->path, sizeof(s->path), "metadata/%" PRIu64 ".%s", r->unfinished_root, root->file);
        k = io_read_file_at(r->fd, s->path, TUF_ROOT_BYTES_MAX, &s->data, &s->len, f);
        if (k >= 0)
                k = json_parse(s->path, s->data, s->len, &body_limits, &envelope, f);
        if (k < 0)
                return k;
        json_decref(root->body);
        root->body = json_incref(json_object_get(envelope, "signed"));
        s->signatures = json_incref(json_object_get(envelope, "signatures"));
        return repository_name_staged(root, f);
}

static int repository_load(const char *path, int64_t now, bool lock, struct repository **ret,
                           struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        int k;

        k = repository_at(path, now, lock, &r, f);
        if (k < 0)
                return k;
        k = load_trust(r, f);
        if (k >= 0)
                k = load_top(r, f);
        if (k >= 0)
                k = load_delegated(r, f);
        if (k >= 0)
                k = load_unfinished(r, f);
        if (k < 0)
                return fault_prefix(f, "%s", path);
        *ret = TAKE_PTR(r);
        return 0;
}

int repository_open(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        return repository_load(path, now, true, ret, f);
}

int repository_read(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        return repository_load(path, now, false, ret, f);
}

static int new_roles(struct repository *r, struct fault *f)
{
        for (size_t i = 0; i < ELEMENTSOF(write_order); i++) {
                struct repository_role *role;
                json_t *body;
                int k;

                if (tuf_write_body(write_order[i], 1, r->now, &body) < 0)
                        return fault_set(f, -ENOMEM, "out of memory");
                k = repository_role_add(r, write_order[i], tuf_role_name(write_order[i]), body, &role, f);
                if (k < 0)
                        return k;
                repository_change(role);
        }
        return 0;
}

int repository_new(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        uint64_t first, last;
        int k;

        k = repository_at(path, now, true, &r, f);
        if (k == -ENOENT)
                k = repository_nowhere(now, &r, f);
        if (k >= 0 && !(r->new_path = strdup(path)))
                k = fault_set(f, -ENOMEM, "%s: out of memory", path);
        if (k < 0)
                return k;
        k = repository_versions(r->fd, tuf_role_file(TUF_ROOT), &first, &last);
        if (k < 0)
                return fault_set_errno(f, k, "%s: cannot read", path);
        if (last > 0)
                return fault_set(f, -EEXIST, "%s: is a repository already; nothing was changed", path);
        k = new_roles(r, f);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}
