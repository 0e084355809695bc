/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The publisher's folder, opened: locked, read through the client's own verifier, and its roles' bodies
 * taken into memory to be changed. It writes nothing but the folders of a new repository. */

#include "ctl/repository.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "ctl/preflight.h"
#include "ctl/repository_parts.h"
#include "ctl/target.h"
#include "facts/tuf_write.h"
#include "ground/io.h"
#include "ground/text.h"

/* A body has no limit of its own: the verifier's limits are what counts. */
static const struct json_limits body_limits = { .bytes = (size_t)64 << 20,
                                                .values = (size_t)4 << 20,
                                                .depth = TUF_DEPTH_MAX };

/* Parents before children would be visible too early: this is the order of writing, with delegated roles
 * beside targets. */
static const enum tuf_role write_order[] = { TUF_ROOT, TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP };
_Static_assert(ELEMENTSOF(write_order) == TUF_ROLES, "every role is written");

static struct repository_role *role_free(struct repository_role *role)
{
        if (!role)
                return NULL;
        free(role->name);
        json_decref(role->body);
        free(role->staged.data);
        json_decref(role->staged.signatures);
        free(role);
        return NULL;
}
DEFINE_POINTER_CLEANUP(struct repository_role, role_free)

struct repository *repository_free(struct repository *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < r->n_roles; i++)
                role_free(r->role[i]);
        free(r->role);
        trust_free(r->trust);
        tuf_metadata_free(r->before);
        free(r->first_root);
        (void)fd_close(r->fd);
        free(r);
        return NULL;
}

int repository_dirfd(const struct repository *r)
{
        return r->fd;
}

int64_t repository_now(const struct repository *r)
{
        return r->now;
}

const struct trust *repository_trust(const struct repository *r)
{
        return r->trust;
}

struct repository_role *repository_nth(const struct repository *r, size_t i)
{
        return i < r->n_roles ? r->role[i] : NULL;
}

struct repository_role *repository_find(const struct repository *r, const char *name)
{
        for (size_t i = 0; i < r->n_roles; i++)
                if (str_eq(r->role[i]->name, name))
                        return r->role[i];
        return NULL;
}

struct repository_role *repository_top(const struct repository *r, enum tuf_role role)
{
        return repository_find(r, tuf_role_name(role));
}

void repository_change(struct repository_role *role)
{
        role->changed = true;
}

/* ---- Roles ---- */

/* "team/web" is in the file "team%2Fweb.json": every byte that is not unreserved (RFC 3986) is encoded, so
 * that no role's name can lead out of the folder. */
static int role_file(const char *name, char ret[static REPOSITORY_FILE_SIZE], struct fault *f)
{
        static const char hex[] = "0123456789ABCDEF";
        static const char unreserved[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        size_t n = 0;

        for (const char *p = name; *p; p++) {
                if (n + STRLEN("%00.json") >= REPOSITORY_FILE_SIZE)
                        return fault_set(f, -EINVAL, "%s: too long for the name of a role", name);
                if (strchr(unreserved, *p)) {
                        ret[n++] = *p;
                        continue;
                }
                ret[n++] = '%';
                ret[n++] = hex[(uint8_t)*p >> 4];
                ret[n++] = hex[(uint8_t)*p & 15];
        }
        if (n == 0)
                return fault_set(f, -EINVAL, "a role without a name");
        memcpy(ret + n, ".json", sizeof(".json"));
        return 0;
}

/* At its place in the order of writing. */
static int role_insert(struct repository *r, struct repository_role *role /* transferred on success */,
                       struct fault *f)
{
        size_t at = role->delegated ? r->n_roles - 2 : r->n_roles;
        struct repository_role **list;

        if (r->n_roles >= REPOSITORY_ROLES_MAX)
                return fault_set(f, -EFBIG, "more than %u roles", (unsigned)REPOSITORY_ROLES_MAX);
        list = reallocarray(r->role, r->n_roles + 1, sizeof(struct repository_role *));
        if (!list)
                return fault_set(f, -ENOMEM, "%s: out of memory", role->file);
        r->role = list;
        memmove(list + at + 1, list + at, (r->n_roles - at) * sizeof(struct repository_role *));
        list[at] = role;
        r->n_roles++;
        return 0;
}

static int role_add(struct repository *r, enum tuf_role kind, const char *name,
                    json_t *body /* transferred */, struct repository_role **ret, struct fault *f)
{
        _cleanup_(role_freep) struct repository_role *role = calloc(1, sizeof(*role));
        int k;

        if (!role) {
                json_decref(body);
                return fault_set(f, -ENOMEM, "%s: out of memory", name);
        }
        role->body = body;
        role->role = kind;
        role->delegated = !str_eq(name, tuf_role_name(kind));
        role->name = strdup(name);
        if (!role->name)
                return fault_set(f, -ENOMEM, "%s: out of memory", name);
        k = role_file(name, role->file, f);
        if (k >= 0)
                k = role_insert(r, role, f);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(role);
        return 0;
}

int repository_add(struct repository *r, const char *name, json_t *body, struct repository_role **ret,
                   struct fault *f)
{
        int k;

        if (repository_find(r, name)) {
                json_decref(body);
                return fault_set(f, -EEXIST, "%s: there is a role of this name", name);
        }
        k = role_add(r, TUF_TARGETS, name, body, ret, f);
        if (k >= 0)
                repository_change(*ret);
        return k;
}

/* ---- Opening ---- */

int repository_versions(int dirfd, const char *file, uint64_t *ret_min, uint64_t *ret_max)
{
        int fd = openat(dirfd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        uint64_t min = 0, max = 0, n;
        struct dirent *d;
        char digits[32];
        int r = 0;

        if (!dir) {
                r = -errno;
                (void)fd_close(fd);
                return r;
        }
        while ((d = readdir(dir))) {
                const char *dot = strchr(d->d_name, '.');
                size_t len = dot ? (size_t)(dot - d->d_name) : 0;

                if (len == 0 || len >= sizeof(digits) || !str_eq(dot + 1, file))
                        continue;
                memcpy(digits, d->d_name, len);
                digits[len] = '\0';
                if (text_parse_u64(digits, INT64_MAX, &n) < 0)
                        continue;
                min = min == 0 || n < min ? n : min;
                max = n > max ? n : max;
        }
        (void)closedir(dir);
        *ret_min = min;
        *ret_max = max;
        return 0;
}

static int repository_at(const char *path, int64_t now, bool lock, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = calloc(1, sizeof(*r));

        if (!r)
                return fault_set(f, -ENOMEM, "%s: out of memory", path);
        r->now = now;
        r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r->fd < 0)
                return fault_set_errno(f, -errno, "%s", path);
        /* The lock is on the folder itself: a lock file would end up in the bucket. */
        if (lock && flock(r->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? fault_set(f, -EBUSY, "%s: another publisher is at work", path)
                                            : fault_set_errno(f, -errno, "%s: cannot lock", path);
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
        return k < 0 ? k : preflight_new_host(r, INT64_MIN, &r->trust, f);
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
                k = role_add(r, kind, name, json_incref(body), &role, f);
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
        if (repository_find(r, name) || role_file(name, file, NULL) < 0)
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
                k = role_add(r, write_order[i], tuf_role_name(write_order[i]), body, &role, f);
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

        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the folder", path);
        k = repository_at(path, now, true, &r, f);
        if (k < 0)
                return k;
        k = target_make_directory(r->fd, "metadata");
        if (k >= 0)
                k = target_make_directory(r->fd, "targets");
        if (k >= 0)
                k = repository_versions(r->fd, tuf_role_file(TUF_ROOT), &first, &last);
        if (k < 0)
                return fault_set_errno(f, k, "%s: cannot make its folders", path);
        if (last > 0)
                return fault_set(f, -EEXIST, "%s: is a repository already; nothing was changed", path);
        k = new_roles(r, f);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(r);
        return 0;
}
