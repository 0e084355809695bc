/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The roles of a repository in memory, and what their files are called. */

#include "ctl/repository.h"

#include <dirent.h>

#include "ctl/repository_parts.h"
#include "ground/text.h"

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
        free(r->new_path);
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

int repository_role_add(struct repository *r, enum tuf_role kind, const char *name,
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
        k = tuf_role_file_of(name, role->file, f);
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
        k = repository_role_add(r, TUF_TARGETS, name, body, ret, f);
        if (k >= 0)
                repository_change(*ret);
        return k;
}

/* ---- Files ---- */

int repository_versions(int dirfd, const char *file, uint64_t *ret_min, uint64_t *ret_max)
{
        int fd = openat(dirfd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        uint64_t min = 0, max = 0, n;
        struct dirent *d;
        char digits[32];
        int r = 0;

        if (!dir && errno != ENOENT && dirfd >= 0)
                r = -errno;
        if (!dir) {
                (void)fd_close(fd);
                *ret_min = *ret_max = 0;
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
