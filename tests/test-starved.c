/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No memory: a client's update of what it trusts. */

#include "starving.h"
#include "tap.h"
#include "tuf-world.h"

/* Of the bucket's own side nothing is starved. */
static void world_keep(struct world *w, const struct trust_step *step)
{
        bool hungry = hunger_stop();
        struct world_bytes *b = &w->store[step->role];

        free(b->data);
        *b = (struct world_bytes){};
        if (step->kind == TRUST_STORE) {
                b->data = malloc(step->len);
                if (!b->data)
                        abort();
                memcpy(b->data, step->bytes, step->len);
                b->len = step->len;
        }
        hunger_go_on(hungry);
}

static int world_step(struct world *w, const struct trust_step *step, struct fault *f)
{
        const struct world_bytes *b;

        switch (step->kind) {
        case TRUST_FETCH:
                b = world_get(w, step->path);
                return b ? trust_accept(w->trust, b->data, b->len, f) : trust_missing(w->trust, f);
        case TRUST_RECALL:
                b = &w->store[step->role];
                return trust_recall(w->trust, b->data, b->len, f);
        default:
                world_keep(w, step);
                return 0;
        }
}

static int update_run(void *x, struct fault *f)
{
        struct world *w = x;
        struct trust_step step;
        int r;

        w->trust = trust_free(w->trust);
        r = trust_new(w->store[TUF_ROOT].data, w->store[TUF_ROOT].len, w->now, &w->trust, f);
        while (r >= 0 && (r = trust_next(w->trust, &step, f)) > 0)
                r = world_step(w, &step, f);
        return r;
}

/* A host that has been up to date, and a bucket with a new root, new keys and a new release. */
static void *update_before(void)
{
        struct world *w = world_new();
        struct fault f = {};

        if (update_run(w, &f) < 0)
                abort();
        world_rotate(w, TUF_TIMESTAMP);
        world_sign_root(w);
        world_release(w, TUF_TARGETS);
        w->trust = trust_free(w->trust);
        return w;
}

static int update_after(void *x, struct fault *f)
{
        struct world *w = x;
        struct trust_role role;
        int r;

        r = update_run(w, f);
        return r == 0 && (!trust_role(w->trust, TUF_ROOT, &role) || role.version != 2) ? -ESTALE : r;
}

static void update_done(void *x)
{
        (void)world_free(x);
}

int main(void)
{
        static const struct course update = { "a client's update", update_before, update_run, update_after,
                                              update_done };

        course_test(&update);
        return tap_done();
}
