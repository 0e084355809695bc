/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is on disk and nobody's any more. The tree is ours to empty; the place itself is root's, and
 * sealift-unitd removes it. */

#include "sealiftd/collect.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/name.h"
#include "ground/text.h"
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

/* "1.2-3f2a9c..." back into version and the digits of the digest that stand in names; more is not needed to
 * remove. */
static bool place_split(const char *place, struct release_ref *ret)
{
        const char *dash = strrchr(place, '-');
        size_t n = dash ? (size_t)(dash - place) : 0;

        if (n == 0 || n >= sizeof(ret->version) || strlen(dash + 1) != DIGEST_SHORT)
                return false;
        memcpy(ret->version, place, n);
        ret->version[n] = '\0';
        return text_copy(ret->digest, sizeof(ret->digest), dash + 1) >= 0 &&
               name_version_valid(ret->version);
}

static void release_collect(struct agent *a, const char *bundle, const char *place)
{
        _cleanup_close_ int tree = -EBADF;
        struct release_ref r = {};
        struct journal_subject s = { .bundle = bundle, .version = r.version, .digest = r.digest };
        struct fault f = {};
        int k;

        if (!place_split(place, &r))
                return; /* not one of ours; unitd makes no other names */
        k = units_stop(a->units, bundle, &r, 0, &f);
        if (k >= 0) {
                tree = store_tree_open(a->store, bundle, &r, &f);
                k = tree < 0 && tree != -ENOENT ? tree : 0;
        }
        if (k >= 0 && tree >= 0)
                k = tree_empty(tree, &f);
        if (k >= 0)
                k = units_remove(a->units, bundle, &r, 0, &f);
        if (k >= 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_INFO, &s, "%s: release %s removed from disk",
                             bundle, r.version);
        else if (k != -ECANCELED)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_WARNING, &s,
                             "%s: release %s cannot be removed from disk yet: %s", bundle, r.version,
                             f.text);
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
