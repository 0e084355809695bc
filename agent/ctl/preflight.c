/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A host, looking at the publisher's folder. It must never write, and never know anything that a host would
 * not know. */

#include "ctl/preflight.h"

#include <inttypes.h>

#include "ctl/repository_parts.h"
#include "ground/io.h"

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

static int host_answer(const struct repository *r, struct trust *host, const struct trust_step *step,
                       struct fault *f)
{
        const struct repository_staged *s = staged_at(r, step->path);
        _cleanup_free_ char *data = NULL;
        size_t len;
        int k;

        if (!s && (r->fd < 0 || hidden(r, step)))
                return trust_missing(host, f);
        if (s && s->len > step->max_bytes)
                return fault_set(f, -EFBIG, "%s: over the limit of %" PRIu64 " bytes", step->path,
                                 step->max_bytes);
        if (s)
                return trust_accept(host, s->data, s->len, f);
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

int preflight_new_host(const struct repository *r, int64_t now, struct trust **ret, struct fault *f)
{
        struct trust_cache cache = cache_of_new_host(r);

        return host_look(r, &cache, now, ret, f);
}

static int preflight_follower(const struct repository *r, struct fault *f)
{
        struct trust_cache cache = cache_of_new_host(r);
        _cleanup_(trust_freep) struct trust *host = NULL;
        struct trust_role info;

        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (trust_role(r->trust, i, &info)) {
                        cache.role[i].bytes = info.bytes;
                        cache.role[i].len = info.len;
                }
        return host_look(r, &cache, repository_judged_at(r), &host, f);
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
