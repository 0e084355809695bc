/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Counts what came or was found against what was signed. Memory only. */

#include "store/ledger.h"

struct ledger {
        const struct content *content; /* borrowed */
        bool *met;                     /* owned; one an entry */
};

struct ledger *ledger_free(struct ledger *l)
{
        if (l)
                free(l->met);
        free(l);
        return NULL;
}

int ledger_new(const struct content *content, struct ledger **ret)
{
        _cleanup_(ledger_freep) struct ledger *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->content = content;
        l->met = calloc(content->n_entries > 0 ? content->n_entries : 1, sizeof(*l->met));
        if (!l->met)
                return -ENOMEM;
        *ret = TAKE_PTR(l);
        return 0;
}

static int entry_compare(const void *key, const void *element)
{
        const struct entry *e = element;

        return strcmp(key, e->path);
}

int ledger_meet(struct ledger *l, const char *path, const struct entry **ret, struct fault *f)
{
        const struct content *c = l->content;
        const struct entry *e = NULL;
        size_t i;

        if (c->n_entries > 0)
                e = bsearch(path, c->entries, c->n_entries, sizeof(*c->entries), entry_compare);
        if (!e)
                return fault_set(f, -EINVAL, "%.200s: not in the manifest", path);
        i = (size_t)(e - c->entries);
        if (l->met[i])
                return fault_set(f, -EINVAL, "%.200s: comes a second time", path);
        l->met[i] = true;
        *ret = e;
        return 0;
}

const struct entry *ledger_missing(const struct ledger *l)
{
        for (size_t i = 0; i < l->content->n_entries; i++)
                if (!l->met[i])
                        return l->content->entries + i;
        return NULL;
}
