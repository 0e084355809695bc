/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is on disk and nobody's any more. The tree is ours to empty; the place itself is root's, and
 * sealift-unitd removes it. */

#include "sealiftd/collect.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/name.h"
#include "store/tree.h"

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

static void release_remove(struct agent *a, const char *bundle, const struct release_ref *r)
{
        struct journal_subject s = { .bundle = bundle, .version = r->version, .digest = r->digest };
        _cleanup_close_ int tree = -EBADF;
        struct fault f = {};
        int k;

        k = units_stop(a->units, bundle, r, 0, &f);
        if (k >= 0) {
                tree = store_tree_open(a->store, bundle, r, &f);
                k = tree < 0 && tree != -ENOENT ? tree : 0;
        }
        if (k >= 0 && tree >= 0)
                k = tree_empty(tree, &f);
        if (k >= 0)
                k = units_remove(a->units, bundle, r, 0, &f);
        if (k >= 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_INFO, &s, "%s: release %s removed from disk",
                             bundle, r->version);
        else if (k != -ECANCELED)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, &s,
                             "%s: release %s cannot be removed from disk yet: %s", bundle, r->version,
                             f.text);
}

static void release_collect(struct agent *a, const char *bundle, const char *place)
{
        struct journal_subject s = { .bundle = bundle };
        struct release_ref r;
        struct fault f = {};
        int k;

        k = store_release_find(a->store, bundle, place, &r, &f);
        if (k >= 0)
                release_remove(a, bundle, &r);
        else if (k != -EINVAL) /* then it is not one of ours; unitd makes no other names */
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, &s,
                             "%s: release %s cannot be removed from disk yet: %s", bundle, place, f.text);
}

static void bundle_collect(struct agent *a, const struct bundle *b)
{
        _cleanup_free_ store_name *places = NULL;
        struct journal_subject s = { .bundle = b->name };
        struct fault f = {};
        size_t n = 0;

        if (store_release_list(a->store, b->name, &places, &n, &f) < 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, &s,
                             "%s: cannot look for releases to remove: %s", b->name, f.text);
        for (size_t i = 0; i < n && !a->await.stopping; i++)
                if (!release_kept(b, places[i]))
                        release_collect(a, b->name, places[i]);
}

void collect_releases(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++)
                bundle_collect(a, a->bundles + i);
}
