/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is on disk and nobody's any more. The tree is ours to empty; the place itself is root's, and
 * sealift-unitd removes it. */

#include "sealiftd/collect.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/name.h"
#include "store/incoming.h"
#include "store/tree.h"

struct expecting {
        const struct refresh *trust;
        const struct plan *plan;
};

static bool is_expected(void *userdata, const char *digest)
{
        const struct expecting *x = userdata;

        return refresh_expects(x->trust, x->plan, digest);
}

void collect_downloads(struct agent *a, const struct refresh *trust, const struct plan *plan)
{
        struct expecting x = { trust, plan };
        struct fault f = {};

        /* What a role that was refused has signed is not known. */
        if (refresh_verdict(trust, &f) < 0)
                return;
        if (incoming_sweep(store_incoming_fd(a->store), is_expected, &x, &f) < 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, NULL, "%s", f.text);
}

static bool release_kept(const struct bundle *b, const char *place)
{
        const struct release_ref *kept[] = { &b->state.current, &b->state.previous, &b->state.proven };

        for (size_t i = 0; i < ELEMENTSOF(kept); i++) {
                char name[NAME_RELEASE_SIZE];

                if (!*kept[i]->digest)
                        continue;
                name_release(kept[i]->version, kept[i]->digest, name);
                if (str_eq(name, place))
                        return true;
        }
        return false;
}

static int release_remove(struct agent *a, const char *bundle, const struct release_ref *r, struct fault *f)
{
        struct journal_subject s = { .bundle = bundle, .version = r->version, .digest = r->digest };
        _cleanup_close_ int tree = -EBADF;
        int k;

        tree = store_tree_open(a->store, bundle, r, f);
        k = tree < 0 && tree != -ENOENT ? tree : 0;
        if (k >= 0 && tree >= 0)
                k = tree_empty(tree, f);
        if (k >= 0)
                k = units_remove(a->units, bundle, r, 0, f);
        if (k >= 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_INFO, &s, "%s: release %s removed from disk",
                             bundle, r->version);
        return k;
}

static int place_collect(struct agent *a, const char *bundle, const char *place, bool remove,
                         struct fault *f)
{
        struct release_ref r;
        int k;

        k = store_release_find(a->store, bundle, place, &r, f);
        if (k == -EINVAL)
                return 0; /* not one of ours; unitd makes no other names */
        if (k >= 0)
                k = units_stop(a->units, bundle, &r, 0, f);
        return k >= 0 && remove ? release_remove(a, bundle, &r, f) : k;
}

static void collect_complain(const struct bundle *b, const char *what, int error, const struct fault *f)
{
        struct journal_subject s = { .bundle = b->name };

        if (error != -ECANCELED)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, &s,
                             "%s: %s cannot be stopped or removed from disk yet: %s", b->name, what,
                             f->text);
}

static void bundle_collect(struct agent *a, const struct bundle *b, bool remove)
{
        _cleanup_free_ store_name *places = NULL;
        struct fault f = {};
        size_t n = 0;
        int r = 0;

        /* What the operator wants down, where an agent was killed before it was. */
        if (!agent_may_run(a, b) && release_ref_is_set(&b->state.current))
                r = units_close(a->units, b->name, &b->state.current, 0, &f);
        if (r < 0)
                collect_complain(b, b->state.current.version, r, &f);
        r = 0;
        if (*b->state.previous.digest)
                r = units_stop(a->units, b->name, &b->state.previous, 0, &f);
        if (r < 0)
                collect_complain(b, b->state.previous.version, r, &f);
        r = store_release_list(a->store, b->name, &places, &n, &f);
        if (r < 0)
                collect_complain(b, "what is not needed", r, &f);
        for (size_t i = 0; i < n && !a->await.stopping; i++) {
                if (release_kept(b, places[i]))
                        continue;
                r = place_collect(a, b->name, places[i], remove, &f);
                if (r < 0)
                        collect_complain(b, places[i], r, &f);
        }
}

static void bundles_collect(struct agent *a, bool remove)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++)
                if (!a->bundles[i].damaged)
                        bundle_collect(a, a->bundles + i, remove);
}

void collect_units(struct agent *a)
{
        bundles_collect(a, false);
}

void collect_releases(struct agent *a)
{
        bundles_collect(a, true);
}
