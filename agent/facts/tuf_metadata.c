/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata text to structs. The text is hostile: this runs before any signature is checked, so each count
 * has a limit, and every rule of form is applied here, so that the code that decides can be about deciding.
 */

#include "facts/tuf_metadata.h"

#include <ctype.h>

#include "facts/date.h"
#include "ground/text.h"

static const struct role_info {
        const char *name, *file;
        uint64_t bytes_max;
} roles[] = {
        [TUF_ROOT] = { "root", "root.json", TUF_ROOT_BYTES_MAX },
        [TUF_TIMESTAMP] = { "timestamp", "timestamp.json", TUF_TIMESTAMP_BYTES_MAX },
        [TUF_SNAPSHOT] = { "snapshot", "snapshot.json", TUF_SNAPSHOT_BYTES_MAX },
        [TUF_TARGETS] = { "targets", "targets.json", TUF_TARGETS_BYTES_MAX },
};
_Static_assert(ELEMENTSOF(roles) == TUF_ROLES, "a row for each role");

const char *tuf_role_name(enum tuf_role role)
{
        return roles[role].name;
}

const char *tuf_role_file(enum tuf_role role)
{
        return roles[role].file;
}

uint64_t tuf_role_bytes_max(enum tuf_role role)
{
        return roles[role].bytes_max;
}

void tuf_metadata_trim(struct tuf_metadata *m)
{
        buffer_done(&m->canonical);
        for (size_t i = 0; i < m->n_signatures; i++) {
                free(m->signatures[i].keyid);
                free(m->signatures[i].sig);
        }
        free(m->signatures);
        m->signatures = NULL;
        m->n_signatures = 0;
}

struct tuf_metadata *tuf_metadata_free(struct tuf_metadata *m)
{
        if (!m)
                return NULL;
        tuf_metadata_trim(m);
        for (size_t i = 0; i < TUF_ROLES; i++)
                tuf_signers_done(m->signers + i);
        for (size_t i = 0; i < m->n_files; i++)
                tuf_file_done(m->files + i);
        free(m->files);
        tuf_delegations_free(m->delegations, m->n_delegations);
        free(m->bytes);
        free(m);
        return NULL;
}

static int signature_parse(const json_t *json, const char *what, struct tuf_signature *ret, struct fault *f)
{
        const char *keyid, *hex;
        size_t n;
        int r;

        r = json_field_string(json, what, "keyid", &keyid, f);
        if (r >= 0)
                r = json_field_string(json, what, "sig", &hex, f);
        if (r < 0)
                return r;
        n = strlen(hex) / 2;
        ret->keyid = strdup(keyid);
        ret->sig = malloc(n + 1);
        if (!ret->keyid || !ret->sig)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        /* Empty signatures are place-holders of offline signing tools. */
        if (n == 0 || n > TUF_SIGNATURE_SIZE_MAX || text_unhex(hex, ret->sig, n) < 0) {
                free(ret->sig);
                ret->sig = NULL;
                return 0;
        }
        ret->len = n;
        return 0;
}

/* Spec 4.2: "multiple signatures with the same keyid are not allowed". */
static int signatures_parse(const json_t *envelope, const char *what, struct tuf_metadata *m,
                            struct fault *f)
{
        json_t *list;
        size_t n;
        int r;

        r = json_field_array(envelope, what, "signatures", &list, f);
        if (r < 0)
                return r;
        n = json_array_size(list);
        if (n > TUF_SIGNATURES_MAX)
                return fault_set(f, -EFBIG, "%s: %zu signatures, more than %u", what, n,
                                 (unsigned)TUF_SIGNATURES_MAX);
        m->signatures = calloc(n + 1, sizeof(*m->signatures));
        if (!m->signatures)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        for (size_t i = 0; i < n; i++) {
                m->n_signatures++;
                r = signature_parse(json_array_get(list, i), what, m->signatures + i, f);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < i; k++)
                        if (str_eq(m->signatures[k].keyid, m->signatures[i].keyid))
                                return fault_set(f, -EINVAL, "%s: two signatures with key id %.16s...", what,
                                                 m->signatures[i].keyid);
        }
        return 0;
}

static int root_parse(const json_t *body, const char *what, struct tuf_metadata *m, struct fault *f)
{
        json_t *keys, *list, *role, *consistent;
        int r;

        r = json_field_object(body, what, "keys", &keys, f);
        if (r >= 0)
                r = json_field_object(body, what, "roles", &list, f);
        if (r < 0)
                return r;
        consistent = json_object_get(body, "consistent_snapshot");
        if (consistent && !json_is_boolean(consistent))
                return fault_set(f, -EINVAL, "%s: \"consistent_snapshot\" is neither true nor false", what);
        m->consistent_snapshot = json_is_true(consistent);
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                char place[64];

                r = json_field_object(list, what, tuf_role_name(i), &role, f);
                if (r < 0)
                        return r;
                (void)snprintf(place, sizeof(place), "%s: role %s", what, tuf_role_name(i));
                r = tuf_signers_parse(role, keys, place, m->signers + i, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int file_compare(const void *a, const void *b)
{
        return strcmp(((const struct tuf_file *)a)->name, ((const struct tuf_file *)b)->name);
}

static int files_parse(json_t *list, enum tuf_file_kind kind, const char *what, struct tuf_metadata *m,
                       struct fault *f)
{
        const char *name;
        json_t *file;
        int r;

        m->files = calloc(json_object_size(list) + 1, sizeof(*m->files));
        if (!m->files)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        json_object_foreach(list, name, file)
        {
                r = tuf_file_parse(kind, name, file, what, m->files + m->n_files, f);
                if (r < 0)
                        return r;
                m->n_files++;
        }
        qsort(m->files, m->n_files, sizeof(*m->files), file_compare);
        return 0;
}

static int meta_parse(const json_t *body, const char *what, struct tuf_metadata *m, struct fault *f)
{
        const char *must = m->role == TUF_TIMESTAMP ? "snapshot.json" : "targets.json";
        json_t *meta;
        int r;

        r = json_field_object(body, what, "meta", &meta, f);
        if (r >= 0)
                r = files_parse(meta, TUF_FILE_META, what, m, f);
        if (r < 0)
                return r;
        if (!tuf_metadata_find(m, must))
                return fault_set(f, -EINVAL, "%s: does not list %s", what, must);
        if (m->role == TUF_TIMESTAMP && m->n_files != 1)
                return fault_set(f, -EINVAL, "%s: lists more than snapshot.json", what);
        return 0;
}

static int targets_parse(const json_t *body, const char *what, struct tuf_metadata *m, struct fault *f)
{
        json_t *targets;
        int r;

        r = json_field_object(body, what, "targets", &targets, f);
        if (r >= 0)
                r = files_parse(targets, TUF_FILE_TARGET, what, m, f);
        if (r >= 0)
                r = tuf_delegations_parse(json_object_get(body, "delegations"), what, &m->delegations,
                                          &m->n_delegations, f);
        return r;
}

static int (*const body_parsers[])(const json_t *, const char *, struct tuf_metadata *, struct fault *) = {
        [TUF_ROOT] = root_parse,
        [TUF_TIMESTAMP] = meta_parse,
        [TUF_SNAPSHOT] = meta_parse,
        [TUF_TARGETS] = targets_parse,
};
_Static_assert(ELEMENTSOF(body_parsers) == TUF_ROLES, "a parser for each role");

/* Spec 4.3: the version must match; the major number is what promises compatibility. */
static bool spec_version_valid(const char *s)
{
        return str_has_prefix(s, "1.") && isdigit((unsigned char)s[2]);
}

/* The fields that all roles share (spec 4.3). */
static int common_parse(const json_t *body, const char *what, struct tuf_metadata *m, struct fault *f)
{
        const char *type, *spec, *expires;
        int64_t version;
        int r;

        r = json_field_string(body, what, "_type", &type, f);
        if (r >= 0)
                r = json_field_string(body, what, "spec_version", &spec, f);
        if (r >= 0)
                r = json_field_string(body, what, "expires", &expires, f);
        if (r >= 0)
                r = json_field_integer(body, what, "version", 1, INT64_MAX, &version, f);
        if (r < 0)
                return r;
        if (!str_eq(type, tuf_role_name(m->role)))
                return fault_set(f, -EINVAL, "%s: is metadata of type \"%s\"", what, type);
        if (!spec_version_valid(spec))
                return fault_set(
                        f, -EINVAL,
                        "%s: written for TUF \"%s\"; this agent reads 1.x, a newer one may be needed", what,
                        spec);
        if (date_parse(expires, &m->expires) < 0)
                return fault_set(f, -EINVAL, "%s: \"expires\" is not a date like 2030-01-31T00:00:00Z",
                                 what);
        m->version = (uint64_t)version;
        return 0;
}

static int metadata_fill(const json_t *envelope, const char *what, struct tuf_metadata *m, struct fault *f)
{
        json_t *body;
        int r;

        r = json_field_object(envelope, what, "signed", &body, f);
        if (r >= 0)
                r = signatures_parse(envelope, what, m, f);
        if (r >= 0)
                r = common_parse(body, what, m, f);
        if (r >= 0)
                r = body_parsers[m->role](body, what, m, f);
        if (r < 0)
                return r;
        /* Canonical text is never longer than the text it was read from. */
        m->canonical = BUFFER_INIT(m->len);
        r = json_write_canonical(body, &m->canonical);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot write its canonical form", what) : 0;
}

static int metadata_parse(enum tuf_role role, const char *what, const void *bytes, size_t len,
                          struct tuf_metadata **ret, struct fault *f)
{
        struct json_limits limits = {
                .bytes = tuf_role_bytes_max(role),
                .values = tuf_role_bytes_max(role) / TUF_BYTES_PER_VALUE,
                .depth = TUF_DEPTH_MAX,
        };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_json_ json_t *envelope = NULL;
        int r;

        r = json_parse(what, bytes, len, &limits, &envelope, f);
        if (r < 0)
                return r;
        m = calloc(1, sizeof(*m));
        if (!m)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        m->role = role;
        (void)snprintf(m->file, sizeof(m->file), "%s", what);
        m->bytes = malloc(len + 1);
        if (!m->bytes)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        memcpy(m->bytes, bytes, len);
        m->len = len;
        r = metadata_fill(envelope, what, m, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

int tuf_metadata_parse(enum tuf_role role, const void *bytes, size_t len, struct tuf_metadata **ret,
                       struct fault *f)
{
        return metadata_parse(role, tuf_role_file(role), bytes, len, ret, f);
}

int tuf_metadata_parse_delegated(const char *file, const void *bytes, size_t len, struct tuf_metadata **ret,
                                 struct fault *f)
{
        return metadata_parse(TUF_TARGETS, file, bytes, len, ret, f);
}

const struct tuf_file *tuf_metadata_find(const struct tuf_metadata *m, const char *name)
{
        /* The key's name is only compared. */
        struct tuf_file key = { .name = (char *)(uintptr_t)name };

        return bsearch(&key, m->files, m->n_files, sizeof(*m->files), file_compare);
}
