/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The publisher's folder: read through the client's own verifier, changed in memory, verified again, written
 * in order. It must never change or remove a file that a host may have been told of; the only name that is
 * ever replaced is timestamp.json. */

#include "ctl/repository.h"

#include <dirent.h>
#include <inttypes.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "ctl/target.h"
#include "facts/tuf_write.h"
#include "ground/io.h"
#include "ground/text.h"

/* A body has no limit of its own: the verifier's limits are what counts. */
static const struct json_limits body_limits = { .bytes = (size_t)64 << 20,
                                                .values = (size_t)4 << 20,
                                                .depth = TUF_DEPTH_MAX };

struct staged {
        char path[64];
        char *data; /* owned */
        size_t len;
        uint64_t version;
        int64_t expires;
};

struct repository {
        int fd; /* the folder, and the lock */
        int64_t now;
        struct trust *trust; /* owned; NULL for a new repository */
        char *first_root;    /* owned; what a new host would be given */
        size_t first_root_len;
        json_t *body[TUF_ROLES]; /* owned */
        struct staged staged[TUF_ROLES];
        size_t n_staged;
        bool written; /* what is staged is in the folder, and looked for there */
};

/* Parents before children would be visible too early: this is the order of writing. Root first, since a root
 * alone changes nothing that is published. */
static const enum tuf_role write_order[] = { TUF_ROOT, TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP };
_Static_assert(ELEMENTSOF(write_order) == TUF_ROLES, "every role is written");

struct repository *repository_free(struct repository *r)
{
        if (!r)
                return NULL;
        for (size_t i = 0; i < TUF_ROLES; i++)
                json_decref(r->body[i]);
        for (size_t i = 0; i < r->n_staged; i++)
                free(r->staged[i].data);
        trust_free(r->trust);
        free(r->first_root);
        (void)fd_close(r->fd);
        free(r);
        return NULL;
}

int repository_dirfd(const struct repository *r)
{
        return r->fd;
}

const struct trust *repository_trust(const struct repository *r)
{
        return r->trust;
}

json_t *repository_body(struct repository *r, enum tuf_role role)
{
        return r->body[role];
}

bool repository_staged(const struct repository *r, size_t i, struct repository_file *ret)
{
        if (i >= r->n_staged)
                return false;
        memcpy(ret->path, r->staged[i].path, sizeof(ret->path));
        ret->version = r->staged[i].version;
        ret->expires = r->staged[i].expires;
        return true;
}

/* ---- A host, looking at the folder with what is staged laid over it ---- */

static int host_answer(const struct repository *r, struct trust *host, const struct trust_step *step,
                       struct fault *f)
{
        _cleanup_free_ char *data = NULL;
        size_t len;
        int k;

        for (size_t i = 0; !r->written && i < r->n_staged; i++)
                if (str_eq(r->staged[i].path, step->path)) {
                        if (r->staged[i].len > step->max_bytes)
                                return fault_set(f, -EFBIG, "%s: over the limit of %" PRIu64 " bytes",
                                                 step->path, step->max_bytes);
                        return trust_accept(host, r->staged[i].data, r->staged[i].len, f);
                }
        k = io_read_file_at(r->fd, step->path, step->max_bytes, &data, &len, f);
        if (k == -ENOENT)
                return trust_missing(host, f);
        return k < 0 ? k : trust_accept(host, data, len, f);
}

static int host_update(const struct repository *r, struct trust *host, struct fault *f)
{
        struct trust_step step;
        int k;

        while ((k = trust_next(host, &step, f)) > 0) {
                if (step.kind == TRUST_FETCH)
                        k = host_answer(r, host, &step, f);
                if (k < 0)
                        return k;
        }
        return k;
}

static int host_look(const struct repository *r, const struct trust_cache *cache, int64_t now,
                     struct trust **ret, struct fault *f)
{
        _cleanup_(trust_freep) struct trust *host = NULL;
        int k;

        k = trust_new(cache, now, &host, f);
        if (k >= 0)
                k = host_update(r, host, f);
        if (k < 0)
                return k;
        if (ret)
                *ret = TAKE_PTR(host);
        return 0;
}

static struct trust_cache cache_of_new_host(const struct repository *r)
{
        struct trust_cache cache = {};

        cache.role[TUF_ROOT].bytes = r->first_root;
        cache.role[TUF_ROOT].len = r->first_root_len;
        return cache;
}

/* "Publisher preflight = host verifier": one that follows the repository, and one that meets it today. */
static int repository_check(const struct repository *r, struct fault *f)
{
        struct trust_cache cache = cache_of_new_host(r);
        struct trust_role info;
        int k;

        k = host_look(r, &cache, r->now, NULL, f);
        if (k < 0)
                return fault_prefix(f, "a new host would refuse this");
        if (!r->trust)
                return 0;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (trust_role(r->trust, i, &info)) {
                        cache.role[i].bytes = info.bytes;
                        cache.role[i].len = info.len;
                }
        k = host_look(r, &cache, r->now, NULL, f);
        return k < 0 ? fault_prefix(f, "hosts that follow this repository would refuse this") : 0;
}

/* ---- Opening ---- */

/* Least and greatest N of metadata/N.<role>.json; both 0 when there is none. */
static int metadata_versions(int dirfd, enum tuf_role role, uint64_t *ret_min, uint64_t *ret_max)
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

                if (len == 0 || len >= sizeof(digits) || !str_eq(dot + 1, tuf_role_file(role)))
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

static int repository_lock(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = calloc(1, sizeof(*r));

        if (!r)
                return fault_set(f, -ENOMEM, "%s: out of memory", path);
        r->now = now;
        r->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (r->fd < 0)
                return fault_set_errno(f, -errno, "%s", path);
        /* The lock is on the folder itself: a lock file would end up in the bucket. */
        if (flock(r->fd, LOCK_EX | LOCK_NB) < 0)
                return errno == EWOULDBLOCK ? fault_set(f, -EBUSY, "%s: another publisher is at work", path)
                                            : fault_set_errno(f, -errno, "%s: cannot lock", path);
        *ret = TAKE_PTR(r);
        return 0;
}

static int repository_load(struct repository *r, struct fault *f)
{
        struct trust_cache cache;
        uint64_t first, last;
        char name[64];
        int k;

        k = metadata_versions(r->fd, TUF_ROOT, &first, &last);
        if (k < 0 || first == 0)
                return fault_set(f, -ENOENT, "no metadata/1.root.json: not a repository; see sealift init");
        (void)snprintf(name, sizeof(name), "metadata/%" PRIu64 ".root.json", first);
        k = io_read_file_at(r->fd, name, TUF_ROOT_BYTES_MAX, &r->first_root, &r->first_root_len, f);
        if (k < 0)
                return k;
        cache = cache_of_new_host(r);
        return host_look(r, &cache, INT64_MIN, &r->trust, f);
}

static int repository_load_bodies(struct repository *r, struct fault *f)
{
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                _cleanup_json_ json_t *envelope = NULL;
                struct trust_role info;
                json_t *body;
                int k;

                if (!trust_role(r->trust, i, &info))
                        return fault_set(f, -ENOENT, "%s: missing", tuf_role_file(i));
                k = json_parse(tuf_role_file(i), info.bytes, info.len, &body_limits, &envelope, f);
                if (k >= 0)
                        k = json_field_object(envelope, tuf_role_file(i), "signed", &body, f);
                if (k < 0)
                        return k;
                r->body[i] = json_incref(body);
        }
        return 0;
}

int repository_open(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        int k;

        k = repository_lock(path, now, &r, f);
        if (k < 0)
                return k;
        k = repository_load(r, f);
        if (k >= 0)
                k = repository_load_bodies(r, f);
        if (k < 0)
                return fault_prefix(f, "%s", path);
        *ret = TAKE_PTR(r);
        return 0;
}

int repository_new(const char *path, int64_t now, struct repository **ret, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        uint64_t first, last;
        int k;

        if (mkdir(path, 0755) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the folder", path);
        k = repository_lock(path, now, &r, f);
        if (k < 0)
                return k;
        k = target_make_directory(r->fd, "metadata");
        if (k >= 0)
                k = target_make_directory(r->fd, "targets");
        if (k >= 0)
                k = metadata_versions(r->fd, TUF_ROOT, &first, &last);
        if (k < 0)
                return fault_set_errno(f, k, "%s: cannot make its folders", path);
        if (last > 0)
                return fault_set(f, -EEXIST, "%s: is a repository already; nothing was changed", path);
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (tuf_write_body(i, 1, now, r->body + i) < 0)
                        return fault_set(f, -ENOMEM, "%s: out of memory", path);
        *ret = TAKE_PTR(r);
        return 0;
}

/* ---- Staging ---- */

/* Past every number in use, the trusted one and any that an interrupted publisher left behind: a cache may
 * have seen that file, and would mix it with ours. */
static int next_version(const struct repository *r, enum tuf_role role, uint64_t *ret, struct fault *f)
{
        uint64_t min, max = 0;
        struct trust_role info;
        int k;

        if (role != TUF_TIMESTAMP) {
                k = metadata_versions(r->fd, role, &min, &max);
                if (k < 0)
                        return fault_set_errno(f, k, "metadata");
        }
        if (r->trust && trust_role(r->trust, role, &info) && info.version > max)
                max = info.version;
        if (max >= INT64_MAX)
                return fault_set(f, -ERANGE, "%s: there is no next version number", tuf_role_file(role));
        *ret = max + 1;
        return 0;
}

/* The keys and thresholds of the root that is or will be: its body as if it were signed already. */
static int root_read(const struct repository *r, struct tuf_metadata **ret, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(TUF_ROOT_BYTES_MAX);
        int k;

        k = tuf_sign_document(r->body[TUF_ROOT], NULL, 0, &b, f);
        return k < 0 ? k : tuf_metadata_parse(TUF_ROOT, b.data, b.len, ret, f);
}

static int stage_name_child(const struct repository *r, enum tuf_role role, struct fault *f)
{
        const struct staged *child = r->n_staged > 0 ? r->staged + r->n_staged - 1 : NULL;
        enum tuf_role named = role == TUF_SNAPSHOT ? TUF_TARGETS : TUF_SNAPSHOT;

        if ((role != TUF_SNAPSHOT && role != TUF_TIMESTAMP) || !child)
                return 0;
        if (tuf_write_meta(r->body[role], tuf_role_file(named), child->version, child->data, child->len) < 0)
                return fault_set(f, -ENOMEM, "%s: cannot name %s", tuf_role_file(role), child->path);
        return 0;
}

static int stage_role(struct repository *r, enum tuf_role role, const struct tuf_metadata *root,
                      struct signer *signer, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(tuf_role_bytes_max(role));
        struct staged *s = r->staged + r->n_staged;
        struct signer_request q = { .role = tuf_role_name(role),
                                    .file = s->path,
                                    .by = root->signers + role };
        char lister[64];
        int k;

        k = stage_name_child(r, role, f);
        if (k >= 0)
                k = next_version(r, role, &s->version, f);
        if (k < 0)
                return k;
        s->expires = r->now + tuf_read_period(r->body[TUF_ROOT], role);
        if (tuf_write_version(r->body[role], s->version, s->expires) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", tuf_role_file(role));
        if (role == TUF_TIMESTAMP)
                (void)snprintf(s->path, sizeof(s->path), "metadata/%s", tuf_role_file(role));
        else
                (void)snprintf(s->path, sizeof(s->path), "metadata/%" PRIu64 ".%s", s->version,
                               tuf_role_file(role));
        (void)snprintf(lister, sizeof(lister), "root version %" PRIu64, root->version);
        q.lister = lister;
        k = signer_document(signer, &q, r->body[role], &b, f);
        if (k < 0)
                return fault_prefix(f, "%s", tuf_role_file(role));
        s->len = b.len;
        s->data = TAKE_PTR(b.data);
        r->n_staged++;
        return 0;
}

int repository_stage(struct repository *r, enum tuf_role from, struct signer *signer, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *root = NULL;
        bool begun = false;
        int k;

        k = root_read(r, &root, f);
        for (size_t i = 0; k >= 0 && i < ELEMENTSOF(write_order); i++) {
                begun = begun || write_order[i] == from;
                if (begun)
                        k = stage_role(r, write_order[i], root, signer, f);
        }
        if (k < 0)
                return k;
        if (from == TUF_ROOT && !r->first_root) {
                r->first_root = strdup(r->staged[0].data);
                r->first_root_len = r->staged[0].len;
                if (!r->first_root)
                        return fault_set(f, -ENOMEM, "root.json: out of memory");
        }
        return repository_check(r, f);
}

/* ---- Writing ---- */

int repository_write(struct repository *r, struct fault *f)
{
        _cleanup_close_ int fd = openat(r->fd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int k;

        if (fd < 0)
                return fault_set_errno(f, -errno, "metadata");
        for (size_t i = 0; i < r->n_staged; i++) {
                k = io_replace_file_at(fd, r->staged[i].path + STRLEN("metadata/"), r->staged[i].data,
                                       r->staged[i].len, 0644, f);
                if (k < 0)
                        return k;
        }
        r->written = true;
        k = repository_check(r, f);
        return k < 0 ? fault_prefix(f, "written, but") : 0;
}
