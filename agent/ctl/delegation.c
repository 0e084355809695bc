/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegations in the body of a targets role. Nothing is signed or written here; what this must never produce
 * is a body that hosts would refuse, or a role that nobody can sign for. */

#include "ctl/delegation.h"

#include <inttypes.h>

#include "facts/tuf_delegation.h"
#include "facts/tuf_write.h"

static json_t *roles_of(const json_t *body)
{
        return json_object_get(json_object_get(body, "delegations"), "roles");
}

static size_t find_at(const json_t *roles, const char *role)
{
        size_t i = 0;

        for (; i < json_array_size(roles); i++) {
                const char *name = json_string_value(json_object_get(json_array_get(roles, i), "name"));

                if (name && str_eq(name, role))
                        break;
        }
        return i;
}

json_t *delegation_find(const json_t *body, const char *role)
{
        const json_t *roles = roles_of(body);

        return json_array_get(roles, find_at(roles, role));
}

/* ---- One entry ---- */

static int add_entry(json_t *body, const char *role, json_t **ret)
{
        json_t *delegations = json_object_get(body, "delegations"), *entry;

        if (!delegations &&
            json_object_set_new(body, "delegations",
                                delegations = json_pack("{s:{}, s:[]}", "keys", "roles")) < 0)
                return -ENOMEM;
        entry = json_pack("{s:s, s:[], s:i, s:b}", "name", role, "keyids", "threshold", 1, "terminating", 0);
        if (json_array_append_new(json_object_get(delegations, "roles"), entry) < 0)
                return -ENOMEM;
        *ret = entry;
        return 0;
}

static int set_scope(json_t *entry, const struct delegation *d)
{
        if (!d->paths && !d->prefixes)
                return 0;
        (void)json_object_del(entry, "paths");
        (void)json_object_del(entry, "path_hash_prefixes");
        if ((d->paths && json_object_set(entry, "paths", d->paths) < 0) ||
            (d->prefixes && json_object_set(entry, "path_hash_prefixes", d->prefixes) < 0))
                return -ENOMEM;
        return 0;
}

static int set_keys(json_t *body, json_t *entry, const struct delegation *d)
{
        json_t *keys = json_object_get(json_object_get(body, "delegations"), "keys"), *ids;

        if (d->n_keys == 0)
                return 0;
        ids = json_array();
        if (json_object_set_new(entry, "keyids", ids) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < d->n_keys; i++)
                if (json_object_set(keys, d->keys[i].id, d->keys[i].public) < 0 ||
                    json_array_append_new(ids, json_string(d->keys[i].id)) < 0)
                        return -ENOMEM;
        return 0;
}

static int set_rest(json_t *entry, const struct delegation *d)
{
        if (d->threshold > 0 &&
            json_object_set_new(entry, "threshold", json_integer((json_int_t)d->threshold)) < 0)
                return -ENOMEM;
        if (d->terminating >= 0 &&
            json_object_set_new(entry, "terminating", json_boolean(d->terminating)) < 0)
                return -ENOMEM;
        return d->period > 0 ? tuf_write_delegated_period(entry, d->period) : 0;
}

static int set_place(json_t *roles, const struct delegation *d, struct fault *f)
{
        size_t from = find_at(roles, d->role), to;
        _cleanup_json_ json_t *entry = NULL;

        if (!d->before)
                return 0;
        if (str_eq(d->before, d->role))
                return fault_set(f, -EINVAL, "--before=%s: is the role itself", d->before);
        entry = json_incref(json_array_get(roles, from));
        (void)json_array_remove(roles, from);
        to = find_at(roles, d->before);
        if (to == json_array_size(roles))
                return fault_set(f, -ENOENT, "--before=%s: is not delegated to there", d->before);
        return json_array_insert(roles, to, entry) < 0 ? fault_set(f, -ENOMEM, "%s: out of memory", d->role)
                                                       : 0;
}

/* ---- All of them ---- */

static bool signs_for_any(const json_t *roles, const char *id)
{
        for (size_t i = 0; i < json_array_size(roles); i++) {
                const json_t *ids = json_object_get(json_array_get(roles, i), "keyids");

                for (size_t k = 0; k < json_array_size(ids); k++)
                        if (str_eq(json_string_value(json_array_get(ids, k)) ?: "", id))
                                return true;
        }
        return false;
}

static void forget_keys(json_t *body)
{
        json_t *keys = json_object_get(json_object_get(body, "delegations"), "keys"), *key;
        const char *id;
        void *next;

        json_object_foreach_safe(keys, next, id, key)
        {
                if (!signs_for_any(roles_of(body), id))
                        (void)json_object_del(keys, id);
        }
}

/* The client's own reading of it. */
static int check(const json_t *body, const char *role, struct fault *f)
{
        struct tuf_delegation *list;
        size_t n;
        int k;

        k = tuf_delegations_parse(json_object_get(body, "delegations"), "delegations", &list, &n, f);
        if (k < 0)
                return k;
        for (size_t i = 0; k >= 0 && i < n; i++) {
                const struct tuf_signers *s = &list[i].signers;

                if (str_eq(list[i].name, role) && tuf_signers_distinct(s) < s->threshold)
                        k = fault_set(f, -EINVAL,
                                      "%s: would have %" PRIu64 " keys of which %" PRIu64
                                      " must sign, so nobody could ever sign it",
                                      role, tuf_signers_distinct(s), s->threshold);
        }
        tuf_delegations_free(list, n);
        return k;
}

int delegation_set(json_t *body, const struct delegation *d, struct fault *f)
{
        json_t *entry = delegation_find(body, d->role);
        int k = 0;

        if (!entry)
                k = add_entry(body, d->role, &entry);
        if (k >= 0)
                k = set_scope(entry, d);
        if (k >= 0)
                k = set_keys(body, entry, d);
        if (k >= 0)
                k = set_rest(entry, d);
        if (k < 0)
                return fault_set_errno(f, k, "delegation to %s", d->role);
        k = set_place(roles_of(body), d, f);
        if (k < 0)
                return k;
        forget_keys(body);
        return check(body, d->role, f);
}

int delegation_remove(json_t *body, const char *role, struct fault *f)
{
        json_t *roles = roles_of(body);
        size_t i = find_at(roles, role);

        if (i == json_array_size(roles))
                return fault_set(f, -ENOENT, "%s: is not delegated to", role);
        (void)json_array_remove(roles, i);
        forget_keys(body);
        /* An empty list is no less than none, but the file reads as if nobody had ever delegated. */
        if (json_array_size(roles) == 0)
                (void)json_object_del(body, "delegations");
        return 0;
}
