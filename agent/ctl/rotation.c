/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys of a role, changed in the body of a root. Nothing is signed or written here; what this must never
 * produce is a root that nobody can replace any more. */

#include "ctl/rotation.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

#include "facts/tuf_key.h"
#include "facts/tuf_write.h"
#include "ground/io.h"

enum {
        ID_PREFIX_MIN = 8,           /* a shorter one is a word, or a guess */
        PUBLIC_FILE_MAX = 16 * 1024, /* a folder of something else */
};

static json_t *role_entry(const json_t *root, enum tuf_role role)
{
        return json_object_get(json_object_get(root, "roles"), tuf_role_name(role));
}

static json_t *role_ids(const struct rotation *r)
{
        return json_object_get(role_entry(r->root, r->role), "keyids");
}

size_t rotation_keys(const struct rotation *r)
{
        return json_array_size(role_ids(r));
}

uint64_t rotation_threshold(const struct rotation *r)
{
        return (uint64_t)json_integer_value(json_object_get(role_entry(r->root, r->role), "threshold"));
}

int rotation_begin(json_t *root, enum tuf_role role, struct rotation *ret, struct fault *f)
{
        struct rotation r = { .root = root, .role = role, .added = json_array(), .removed = json_array() };

        if (!r.added || !r.removed || !json_is_array(role_ids(&r)) ||
            !json_is_object(json_object_get(root, "keys"))) {
                rotation_done(&r);
                return fault_set(f, -EINVAL, "root.json: lists no keys for %s", tuf_role_name(role));
        }
        *ret = r;
        return 0;
}

void rotation_done(struct rotation *r)
{
        json_decref(r->added);
        json_decref(r->removed);
        *r = (struct rotation){};
}

/* ---- Which key is meant ---- */

static bool listed_is(const struct rotation *r, const char *id, EVP_PKEY *pkey)
{
        const json_t *json = json_object_get(json_object_get(r->root, "keys"), id);
        const struct tuf_key mine = { .pkey = pkey };
        struct tuf_key theirs = {};
        bool same;

        if (!json || tuf_key_parse(id, json, "root.json", &theirs, NULL) < 0)
                return false;
        same = tuf_key_equal(&mine, &theirs);
        tuf_key_done(&theirs);
        return same;
}

static bool is_id(const char *what)
{
        size_t n = 0;

        while (isxdigit((unsigned char)what[n]))
                n++;
        return n >= ID_PREFIX_MIN && !what[n];
}

static int find_by_id(const struct rotation *r, const char *what, size_t *ret, struct fault *f)
{
        const json_t *ids = role_ids(r);
        size_t found = 0;

        for (size_t i = 0; i < json_array_size(ids); i++) {
                const char *id = json_string_value(json_array_get(ids, i));

                if (id && strncasecmp(id, what, strlen(what)) == 0) {
                        *ret = i;
                        found++;
                }
        }
        if (found == 1)
                return 0;
        return found == 0 ? fault_set(f, -ENOENT, "%s: no key of %s has an id that begins so", what,
                                      tuf_role_name(r->role))
                          : fault_set(f, -EINVAL, "%s: %zu keys of %s have ids that begin so", what, found,
                                      tuf_role_name(r->role));
}

static int find_by_key(const struct rotation *r, const char *what, EVP_PKEY *pkey, size_t *ret,
                       struct fault *f)
{
        const json_t *ids = role_ids(r);

        for (size_t i = 0; i < json_array_size(ids); i++) {
                const char *id = json_string_value(json_array_get(ids, i));

                if (id && listed_is(r, id, pkey)) {
                        *ret = i;
                        return 0;
                }
        }
        return fault_set(f, -ENOENT, "%s: is no key of %s", what, tuf_role_name(r->role));
}

static int find_by_file(const struct rotation *r, const char *what, size_t *ret, struct fault *f)
{
        struct tuf_signing_key key = {};
        _cleanup_free_ char *pem = NULL;
        size_t len;
        int k;

        k = io_read_file_at(AT_FDCWD, what, PUBLIC_FILE_MAX, &pem, &len, f);
        if (k >= 0)
                k = tuf_sign_parse_public_pem(what, pem, len, &key, f);
        if (k < 0)
                return fault_prefix(f, "neither a key id, nor a key of --keys, nor a public key's file");
        k = find_by_key(r, what, key.pkey, ret, f);
        tuf_signing_key_done(&key);
        return k;
}

/* ---- Changes ---- */

static int remove_at(struct rotation *r, size_t i, struct fault *f)
{
        json_t *ids = role_ids(r);

        if (json_array_append(r->removed, json_array_get(ids, i)) < 0 || json_array_remove(ids, i) < 0)
                return fault_set(f, -ENOMEM, "root.json: out of memory");
        return 0;
}

int rotation_remove(struct rotation *r, const char *what, const struct keys *keys, struct fault *f)
{
        const struct tuf_signing_key *key = keys_find(keys, what);
        size_t i = 0;
        int k;

        if (key)
                k = find_by_key(r, what, key->pkey, &i, f);
        else if (is_id(what))
                k = find_by_id(r, what, &i, f);
        else
                k = find_by_file(r, what, &i, f);
        return k < 0 ? k : remove_at(r, i, f);
}

int rotation_remove_all(struct rotation *r, struct fault *f)
{
        int k = 0;

        while (k >= 0 && rotation_keys(r) > 0)
                k = remove_at(r, 0, f);
        return k;
}

int rotation_add(struct rotation *r, const struct tuf_signing_key *key, struct fault *f)
{
        size_t i;

        if (find_by_key(r, key->name, key->pkey, &i, NULL) >= 0)
                return fault_set(f, -EEXIST, "%s: is a key of %s already", key->name,
                                 tuf_role_name(r->role));
        if (rotation_keys(r) >= TUF_KEYS_MAX)
                return fault_set(f, -EFBIG, "%s: more than %u keys", tuf_role_name(r->role),
                                 (unsigned)TUF_KEYS_MAX);
        if (json_object_set(json_object_get(r->root, "keys"), key->id, key->public) < 0 ||
            json_array_append_new(role_ids(r), json_string(key->id)) < 0 ||
            json_array_append_new(r->added, json_string(key->id)) < 0)
                return fault_set(f, -ENOMEM, "root.json: out of memory");
        return 0;
}

static bool signs_for_any(const json_t *root, const char *id)
{
        for (enum tuf_role role = 0; role < TUF_ROLES; role++) {
                const json_t *ids = json_object_get(role_entry(root, role), "keyids");

                for (size_t i = 0; i < json_array_size(ids); i++)
                        if (str_eq(json_string_value(json_array_get(ids, i)) ?: "", id))
                                return true;
        }
        return false;
}

int rotation_end(struct rotation *r, uint64_t threshold, struct fault *f)
{
        json_t *keys = json_object_get(r->root, "keys"), *key;
        const char *id;
        void *next;

        json_object_foreach_safe(keys, next, id, key)
        {
                if (!signs_for_any(r->root, id))
                        (void)json_object_del(keys, id);
        }
        if (threshold > 0 && json_object_set_new(role_entry(r->root, r->role), "threshold",
                                                 json_integer((json_int_t)threshold)) < 0)
                return fault_set(f, -ENOMEM, "root.json: out of memory");
        return rotation_check(r->root, f);
}

/* ---- Who is left ---- */

int rotation_check(const json_t *root, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(TUF_ROOT_BYTES_MAX);
        int k;

        k = tuf_sign_document(root, NULL, 0, &b, f);
        if (k >= 0)
                k = tuf_metadata_parse(TUF_ROOT, b.data, b.len, &m, f);
        if (k < 0)
                return k;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                uint64_t n = tuf_signers_distinct(m->signers + i);

                if (n < m->signers[i].threshold)
                        return fault_set(
                                f, -EINVAL,
                                "%s: would have %" PRIu64 " keys of which %" PRIu64
                                " must sign, so nobody could ever sign it; add keys, or set a lower "
                                "--threshold",
                                tuf_role_name(i), n, m->signers[i].threshold);
        }
        return 0;
}
