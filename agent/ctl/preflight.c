/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host, looking at the publisher's folder. It must never write, and never know anything that a host would
 * not know. */

#include "ctl/preflight.h"

#include <inttypes.h>

#include "ctl/repository_parts.h"
#include "facts/trust_drive.h"
#include "ground/io.h"
#include "ground/text.h"

struct host {
        const struct repository *repository;
        bool follows; /* knows what is published now; else it is new */
};

static const struct repository_staged *staged_at(const struct repository *r, const char *path)
{
        for (size_t i = 0; !r->written && i < r->n_roles; i++)
                if (r->role[i]->staged.data && str_eq(r->role[i]->staged.path, path))
                        return &r->role[i]->staged;
        return NULL;
}

/* A root that nothing goes with yet is there for hosts only together with the rest. */
static bool hidden(const struct repository *r, const struct trust_step *step)
{
        char path[REPOSITORY_PATH_SIZE];

        if (r->unfinished_root == 0 || r->written)
                return false;
        (void)snprintf(path, sizeof(path), "metadata/%" PRIu64 ".root.json", r->unfinished_root);
        return str_eq(step->path, path);
}

static int copy_of(const void *data, size_t len, char **ret, size_t *ret_len, struct fault *f)
{
        *ret = malloc(len + 1);
        if (!*ret)
                return fault_set(f, -ENOMEM, "out of memory");
        memcpy(*ret, data, len);
        *ret_len = len;
        return 0;
}

static int host_fetch(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                      struct fault *f)
{
        const struct host *h = userdata;
        const struct repository_staged *s = staged_at(h->repository, step->path);

        if (!s && (h->repository->fd < 0 || hidden(h->repository, step)))
                return -ENOENT;
        if (s && s->len > step->max_bytes)
                return fault_set(f, -EFBIG, "%s: over the limit of %" PRIu64 " bytes", step->path,
                                 step->max_bytes);
        if (s)
                return copy_of(s->data, s->len, ret, ret_len, f);
        return io_read_file_at(h->repository->fd, step->path, step->max_bytes, ret, ret_len, f);
}

/* A host that follows stored what is published now. */
static int host_recall(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                       struct fault *f)
{
        const struct host *h = userdata;
        const struct trust *stored = h->repository->trust;
        struct trust_role info;
        const char *file;

        if (!h->follows)
                return -ENOENT;
        if (!step->delegated)
                return trust_role(stored, step->role, &info) ? copy_of(info.bytes, info.len, ret, ret_len, f)
                                                             : -ENOENT;
        for (size_t i = 1; trust_targets_role(stored, i, &file, &info); i++)
                if (str_eq(file, step->file))
                        return copy_of(info.bytes, info.len, ret, ret_len, f);
        return -ENOENT;
}

/* Another team's role that has run out is not for this publisher to renew: `sealift expire` tells. */
static bool host_skip(void *userdata, const struct fault *why)
{
        return why->error == -ETIME;
}

/* Every delegated role is looked into. */
static int host_look(const struct host *h, const void *root, size_t len, int64_t now, struct trust **ret,
                     struct fault *f)
{
        const struct trust_doors doors = { .userdata = (void *)(uintptr_t)h,
                                           .fetch = host_fetch,
                                           .recall = host_recall,
                                           .skip = host_skip };
        _cleanup_(trust_freep) struct trust *t = NULL;
        int k;

        k = trust_new(root, len, now, &t, f);
        if (k >= 0)
                k = trust_want(t, TRUST_WANT_PREFIX, "", f);
        if (k >= 0)
                k = trust_drive(t, &doors, f);
        if (k < 0)
                return k;
        *ret = TAKE_PTR(t);
        return 0;
}

int preflight_new_host(const struct repository *r, int64_t now, struct trust **ret, struct fault *f)
{
        const struct host h = { .repository = r };

        return host_look(&h, r->first_root, r->first_root_len, now, ret, f);
}

int repository_look_up(const struct repository *r, const char *target, uint64_t length, const char *sha256,
                       struct fault *f)
{
        _cleanup_(trust_freep) struct trust *host = NULL;
        uint8_t sum[SHA256_SIZE];
        const struct tuf_file *found;
        int k;

        k = preflight_new_host(r, repository_judged_at(r), &host, f);
        if (k >= 0)
                k = text_unhex(sha256, sum, sizeof(sum));
        if (k < 0)
                return f && f->error < 0 ? k : fault_set_errno(f, k, "%s", target);
        found = trust_find_target(host, target);
        if (!found)
                return fault_set(f, -ENOENT, "hosts that look for %s would find nothing", target);
        if (found->length != length || !found->has_sha256 || memcmp(found->sha256, sum, sizeof(sum)) != 0)
                return fault_set(f, -EBADMSG, "hosts that look for %s would find another one", target);
        return 0;
}

static int preflight_follower(const struct repository *r, struct fault *f)
{
        const struct host h = { .repository = r, .follows = true };
        _cleanup_(trust_freep) struct trust *t = NULL;
        struct trust_role root;

        if (!trust_role(r->trust, TUF_ROOT, &root))
                return fault_set(f, -ENOENT, "root.json: missing");
        return host_look(&h, root.bytes, root.len, repository_judged_at(r), &t, f);
}

int preflight(const struct repository *r, struct fault *f)
{
        _cleanup_(trust_freep) struct trust *host = NULL;
        int k;

        k = preflight_new_host(r, repository_judged_at(r), &host, f);
        if (k < 0)
                return fault_prefix(f, "a new host would refuse this");
        if (!r->trust)
                return 0;
        k = preflight_follower(r, f);
        return k < 0 ? fault_prefix(f, "hosts that follow this repository would refuse this") : 0;
}
