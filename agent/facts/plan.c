/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The channel says what should run, the state says what does; the difference is the plan. A release is known
 * by the digest of its manifest alone, since a version string is only what its publisher calls it. */

#include "facts/plan.h"

#include "facts/name.h"
#include "ground/text.h"

#define MANIFEST_SUFFIX ".manifest"

struct plan *plan_free(struct plan *p)
{
        if (p)
                free(p->items);
        free(p);
        return NULL;
}

int plan_new(struct plan **ret)
{
        struct plan *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        *ret = p;
        return 0;
}

int plan_add(struct plan *p, const char *bundle, const char *digest, uint64_t manifest_size)
{
        struct plan_item *items = reallocarray(p->items, p->n_items + 1, sizeof(*items)), *item;
        size_t at = p->n_items;

        if (!items)
                return -ENOMEM;
        p->items = items;
        while (at > 0 && strcmp(items[at - 1].bundle, bundle) > 0)
                at--;
        memmove(items + at + 1, items + at, (p->n_items - at) * sizeof(*items));
        item = items + at;
        *item = (struct plan_item){ .manifest_size = manifest_size };
        if (text_copy(item->bundle, sizeof(item->bundle), bundle) < 0 ||
            text_copy(item->digest, sizeof(item->digest), digest) < 0) {
                memmove(items + at, items + at + 1, (p->n_items - at) * sizeof(*items));
                return -EINVAL;
        }
        p->n_items++;
        return 0;
}

bool plan_target_bundle(const char *target, const char *channel, char ret[static NAME_SIZE])
{
        size_t n = strlen(channel), len;
        char name[NAME_SIZE];

        if (!str_has_prefix(target, channel) || target[n] != '/' || !str_has_suffix(target, MANIFEST_SUFFIX))
                return false;
        target += n + 1;
        len = strlen(target);
        if (len <= STRLEN(MANIFEST_SUFFIX) || len - STRLEN(MANIFEST_SUFFIX) >= sizeof(name))
                return false;
        len -= STRLEN(MANIFEST_SUFFIX);
        memcpy(name, target, len);
        name[len] = '\0';
        if (!name_valid(name))
                return false;
        memcpy(ret, name, len + 1);
        return true;
}

enum plan_decision plan_decide(const struct bundle_state *state, const char *digest)
{
        if (!state)
                return PLAN_INSTALL;
        if (str_eq(state->current.digest, digest) || str_eq(state->withdrawn, digest))
                return PLAN_KEEP;
        return state_find_quarantined(state, digest) ? PLAN_QUARANTINED : PLAN_INSTALL;
}
