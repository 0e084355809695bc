/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is on disk and nobody's any more. The tree is ours to empty; the place itself is root's, and
 * sealift-unitd removes it. */

#include "sealiftd/collect.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/name.h"
#include "sealiftd/attempt.h"
#include "sealiftd/damage.h"
#include "sealiftd/repair.h"
#include "store/incoming.h"
#include "store/mend.h"
#include "store/tree.h"

struct expecting {
        struct agent *agent;
        const struct refresh *trust;
        const struct plan *plan;
};

/* What runs here by now, or is not to, is fetched no more. */
static bool is_due(struct agent *a, const struct plan_item *item)
{
        const struct bundle *b = agent_find_bundle(a, item->bundle, false);

        return plan_decide(b ? &b->state : NULL, item->digest) == PLAN_INSTALL;
}

static bool is_expected(void *userdata, const char *digest)
{
        const struct expecting *x = userdata;

        for (size_t i = 0; i < x->plan->n_items; i++) {
                const struct plan_item *item = x->plan->items + i;

                if (is_due(x->agent, item) && refresh_expects(x->trust, item->bundle, digest))
                        return true;
        }
        return repair_expects(x->agent, digest);
}

void collect_tell_left(struct agent *a, const char *why)
{
        if (*why && !str_eq(a->last_left, why))
                journal_send(JOURNAL_RELEASE_LEFT, LOG_WARNING, NULL, "%s", why);
        (void)snprintf(a->last_left, sizeof(a->last_left), "%s", why);
}

void collect_downloads(struct agent *a, const struct refresh *trust, const struct plan *plan)
{
        struct expecting x = { a, trust, plan };
        struct fault f = {};

        /* What the channel has of what was refused is not known. */
        if (refresh_verdict(trust, &f) < 0)
                return;
        (void)!incoming_sweep(store_incoming_fd(a->store), is_expected, &x, &f);
        collect_tell_left(a, f.text);
}

/* Of what is on disk: which state decides, and what stays besides, or NULL. */
struct retention {
        const struct bundle_state *state;
        const struct release_ref *besides;
        size_t keep;
};

static bool is_in(const struct release_ref *r, const char *place)
{
        char name[NAME_RELEASE_SIZE] = "";

        if (r && release_ref_is_set(r))
                name_release(r->version, r->digest, name);
        return str_eq(name, place);
}

static bool release_kept(const struct retention *x, const char *place)
{
        return is_in(x->besides, place) || state_keeps(x->state, x->keep, place);
}

/* What runs, and what would take its place: whatever is to become current, it is not yet. With Keep=0, for
 * disks that hold two, the latter goes for it; but never while what runs is on trial (state_commit()). */
static bool is_needed(const struct retention *x, const struct bundle *b, const char *place)
{
        return is_in(&b->state.current, place) ||
               (x->keep > 0 && is_in(state_back_target(&b->state), place));
}

static int release_remove(struct agent *a, const char *bundle, const struct release_ref *r, struct fault *f)
{
        struct journal_subject s = { .bundle = bundle, .version = r->version, .digest = r->digest };
        struct bundle *b = agent_find_bundle(a, bundle, false);
        _cleanup_close_ int tree = -EBADF;
        int k;

        tree = store_tree_open(a->store, bundle, r, f);
        k = tree < 0 && tree != -ENOENT ? tree : 0;
        if (k >= 0 && tree >= 0)
                k = tree_empty(tree, f);
        if (k >= 0)
                k = units_remove(a->units, bundle, r, 0, f);
        if (k >= 0 && b)
                damage_forget(a, b, r);
        if (k >= 0)
                journal_send(JOURNAL_RELEASE_REMOVED, LOG_INFO, &s, "%s: release %s removed from disk",
                             bundle, r->version);
        return k;
}

static int place_collect(struct agent *a, struct bundle *b, const char *place, bool remove, struct fault *f)
{
        struct release_ref r;
        int k;

        k = store_release_find(a->store, b->name, place, &r, f);
        if (k == -EINVAL)
                return 0; /* not one of ours; unitd makes no other names */
        if (k >= 0)
                k = attempt_stop_other(a, b, &r, 0, f);
        return k >= 0 && remove ? release_remove(a, b->name, &r, f) : k;
}

static void collect_complain(const struct bundle *b, const char *what, int error, const struct fault *f)
{
        struct journal_subject s = { .bundle = b->name };

        if (error != -ECANCELED)
                journal_send(JOURNAL_RELEASE_LEFT, LOG_WARNING, &s,
                             "%s: %s cannot be stopped or removed from disk yet: %s", b->name, what,
                             f->text);
}

static void bundle_collect(struct agent *a, struct bundle *b, const struct retention *x, bool remove)
{
        _cleanup_free_ store_name *places = NULL;
        bool crowded = b->crowded;
        struct fault f = {};
        size_t n = 0;
        int r = 0;

        b->crowded = false; /* until one does not obey */
        /* What the operator wants down, where an agent was killed before it was. */
        if (!agent_may_run(a, b) && release_ref_is_set(&b->state.current))
                r = units_close(a->units, b->name, &b->state.current, 0, &f);
        if (r < 0)
                collect_complain(b, b->state.current.version, r, &f);
        r = 0;
        if (*b->state.previous.digest && !release_ref_equal(&b->state.previous, &b->state.current))
                r = attempt_stop_other(a, b, &b->state.previous, 0, &f);
        if (r < 0)
                collect_complain(b, b->state.previous.version, r, &f);
        r = store_release_list(a->store, b->name, &places, &n, &f);
        if (r < 0) {
                b->crowded |= crowded;
                collect_complain(b, "what is not needed", r, &f);
        }
        for (size_t i = 0; i < n && !a->await.stopping; i++) {
                bool kept = release_kept(x, places[i]) || is_needed(x, b, places[i]);

                /* At each poll, no one is asked about what stays for another day, but where it may run. */
                if (is_in(&b->state.current, places[i]) || (kept && remove && !crowded))
                        continue;
                r = place_collect(a, b, places[i], !kept && remove, &f);
                if (r < 0)
                        collect_complain(b, places[i], r, &f);
        }
}

static void bundles_collect(struct agent *a, bool remove)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct bundle *b = a->bundles + i;
                struct retention x = { .state = &b->state, .keep = a->config->keep };

                if (!b->damaged)
                        bundle_collect(a, b, &x, remove);
        }
}

static int place_sweep(struct agent *a, const char *bundle, const char *place, struct fault *f)
{
        _cleanup_close_ int tree = -EBADF;
        struct release_ref r;
        int k;

        k = store_release_find(a->store, bundle, place, &r, f);
        if (k < 0)
                return k == -EINVAL ? 0 : k;
        tree = store_tree_open(a->store, bundle, &r, f);
        if (tree < 0)
                return tree == -ENOENT ? 0 : tree;
        return mend_sweep(tree, f);
}

void collect_copies(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                const struct bundle *b = a->bundles + i;
                _cleanup_free_ store_name *places = NULL;
                struct fault f = {};
                size_t n = 0;

                if (store_release_list(a->store, b->name, &places, &n, &f) < 0)
                        collect_complain(b, "a copy", f.error, &f);
                for (size_t k = 0; k < n && !a->await.stopping; k++)
                        if (place_sweep(a, b->name, places[k], &f) < 0)
                                collect_complain(b, places[k], f.error, &f);
        }
}

void collect_units(struct agent *a)
{
        bundles_collect(a, false);
}

void collect_strays(struct agent *a)
{
        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct retention x = { .state = &a->bundles[i].state, .keep = a->config->keep };

                if (a->bundles[i].crowded)
                        bundle_collect(a, a->bundles + i, &x, false);
        }
}

void collect_releases(struct agent *a)
{
        bundles_collect(a, true);
}

void collect_bundle(struct agent *a, struct bundle *b, const struct bundle_state *state,
                    const struct release_ref *besides)
{
        struct retention x = { .state = state, .besides = besides, .keep = a->config->keep };

        bundle_collect(a, b, &x, true);
}

/* From the manifest that is there; one that cannot be read gives nothing that could be counted on. */
static struct space place_measure(struct agent *a, const char *bundle, const char *place)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        struct fault ignored = {};
        struct release_ref r;
        size_t len;

        if (store_release_find(a->store, bundle, place, &r, &ignored) < 0 ||
            store_manifest_read(a->store, bundle, &r, &text, &len, &ignored) < 0 ||
            manifest_parse(text, len, "manifest", &m, &ignored) < 0)
                return (struct space){};
        return store_space_held(&m->content);
}

static int collected_add(struct agent *a, const struct bundle *b, const struct retention *x,
                         struct collected **list, size_t *n)
{
        const struct attempt *t = attempt_of(a, b);
        _cleanup_free_ store_name *places = NULL;
        struct collected *longer;
        struct fault ignored = {};
        size_t n_places = 0;
        int r;

        r = store_release_list(a->store, b->name, &places, &n_places, &ignored);
        if (r < 0)
                return r;
        longer = reallocarray(*list, *n + n_places + 1, sizeof(*longer));
        if (!longer)
                return -ENOMEM;
        *list = longer;
        for (size_t i = 0; i < n_places; i++) {
                struct collected *c = longer + *n;

                if (release_kept(x, places[i]) || is_needed(x, b, places[i]) ||
                    (t && is_in(&t->release, places[i])))
                        continue;
                *c = (struct collected){ .bytes = place_measure(a, b->name, places[i]).bytes };
                memcpy(c->bundle, b->name, sizeof(c->bundle));
                memcpy(c->place, places[i], sizeof(c->place));
                ++*n;
        }
        return 0;
}

int collect_list(struct agent *a, struct collected **ret, size_t *ret_n)
{
        _cleanup_free_ struct collected *list = NULL;
        size_t n = 0;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < a->n_bundles; i++) {
                const struct bundle *b = a->bundles + i;
                struct retention x = { .state = &b->state, .keep = a->config->keep };

                if (!b->damaged)
                        r = collected_add(a, b, &x, &list, &n);
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(list);
        *ret_n = n;
        return 0;
}

void collect_measure(struct agent *a, const struct bundle *b, const struct bundle_state *state,
                     const struct release_ref *besides, struct space *ret)
{
        struct retention x = { .state = state, .besides = besides, .keep = a->config->keep };
        _cleanup_free_ store_name *places = NULL;
        struct fault ignored = {};
        struct space sum = {};
        size_t n = 0;

        *ret = sum;
        if (store_release_list(a->store, b->name, &places, &n, &ignored) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                struct space one = {};

                if (!release_kept(&x, places[i]) && !is_needed(&x, b, places[i]))
                        one = place_measure(a, b->name, places[i]);
                sum.bytes += one.bytes;
                sum.inodes += one.inodes;
        }
        *ret = sum;
}
