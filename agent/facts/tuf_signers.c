/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which keys a role has. The text is that of root or of a delegating role, read before its own signatures
 * are checked. */

#include "facts/tuf_signers.h"

void tuf_signers_done(struct tuf_signers *s)
{
        for (size_t i = 0; i < s->n_keys; i++)
                tuf_key_done(s->keys + i);
        free(s->keys);
        *s = (struct tuf_signers){};
}

static bool signers_know(const struct tuf_signers *s, const char *id)
{
        for (size_t i = 0; i < s->n_keys; i++)
                if (str_eq(s->keys[i].id, id))
                        return true;
        return false;
}

/* Spec 4.3 has key ids be the SHA-256 of the key; clients in the field do not require it, since repositories
 * exist whose ids are others, and nothing rests on it: ids are unique (no duplicate JSON keys), and
 * thresholds count keys. Ids without a key cannot sign and are left out. */
int tuf_signers_parse(const json_t *role, const json_t *keys, const char *what, struct tuf_signers *ret,
                      struct fault *f)
{
        int64_t threshold;
        json_t *ids;
        size_t n;
        int r;

        r = json_field_integer(role, what, "threshold", 1, INT64_MAX, &threshold, f);
        if (r >= 0)
                r = json_field_array(role, what, "keyids", &ids, f);
        if (r < 0)
                return r;
        n = json_array_size(ids);
        if (n > TUF_KEYS_MAX)
                return fault_set(f, -EFBIG, "%s: %zu keys, more than %u", what, n, (unsigned)TUF_KEYS_MAX);
        ret->threshold = (uint64_t)threshold;
        ret->keys = calloc(n + 1, sizeof(*ret->keys));
        if (!ret->keys)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        for (size_t i = 0; i < n; i++) {
                const char *id = json_string_value(json_array_get(ids, i));
                const json_t *key = id ? json_object_get(keys, id) : NULL;

                if (!id)
                        return fault_set(f, -EINVAL, "%s: a key id is not a string", what);
                if (!key || signers_know(ret, id))
                        continue;
                r = tuf_key_parse(id, key, what, ret->keys + ret->n_keys, f);
                if (r < 0)
                        return r;
                ret->n_keys++;
        }
        return 0;
}

int tuf_signers_rotated(const struct tuf_signers *before, const struct tuf_signers *after)
{
        for (size_t i = 0; i < before->n_keys; i++) {
                int still = !before->keys[i].pkey;

                for (size_t k = 0; still == 0 && k < after->n_keys; k++)
                        still = tuf_key_compare(before->keys + i, after->keys + k);
                if (still <= 0)
                        return still < 0 ? still : 1;
        }
        return 0;
}

uint64_t tuf_signers_distinct(const struct tuf_signers *s)
{
        uint64_t n = 0;

        for (size_t i = 0; i < s->n_keys; i++) {
                bool known = !s->keys[i].pkey;

                for (size_t k = 0; k < i; k++)
                        known = known || tuf_key_equal(s->keys + k, s->keys + i);
                n += !known;
        }
        return n;
}
