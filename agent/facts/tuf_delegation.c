/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegations: which role is trusted with which names. The text is that of a targets role, read before its
 * own signatures are checked; names and patterns in it are anybody's. */

#include "facts/tuf_delegation.h"

#include "ground/buffer.h"

struct tuf_delegation *tuf_delegations_free(struct tuf_delegation *d, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                for (size_t k = 0; k < d[i].n_paths; k++)
                        free(d[i].paths[k]);
                free(d[i].paths);
                free(d[i].name);
                tuf_signers_done(&d[i].signers);
        }
        free(d);
        return NULL;
}

/* ---- Reading ---- */

int tuf_role_file_of(const char *name, char ret[static TUF_ROLE_FILE_SIZE], struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(TUF_ROLE_FILE_SIZE - 1);

        if (!*name)
                return fault_set(f, -EINVAL, "a delegated role has no name");
        if (strlen(name) > TUF_ROLE_NAME_MAX)
                return fault_set(f, -EFBIG, "the name of a delegated role has more than %u bytes",
                                 (unsigned)TUF_ROLE_NAME_MAX);
        (void)buffer_append_url(&b, name, strlen(name), "");
        (void)buffer_append_text(&b, ".json");
        if (b.error < 0)
                return fault_set_errno(f, b.error, "a delegated role's file");
        memcpy(ret, b.data, b.len + 1);
        return 0;
}

static int paths_parse(json_t *list, const char *what, struct tuf_delegation *d, struct fault *f)
{
        size_t n = json_array_size(list);

        if (!json_is_array(list))
                return fault_set(f, -EINVAL, "%s: its paths are not a list", what);
        d->paths = calloc(n + 1, sizeof(*d->paths));
        if (!d->paths)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        for (size_t i = 0; i < n; i++) {
                const char *path = json_string_value(json_array_get(list, i));

                if (!path)
                        return fault_set(f, -EINVAL, "%s: a path is not a string", what);
                d->paths[i] = strdup(path);
                if (!d->paths[i])
                        return fault_set(f, -ENOMEM, "%s: out of memory", what);
                d->n_paths++;
        }
        return 0;
}

/* Spec 4.5: "a role MUST specify only one of" them; with neither it would be trusted with nothing, which is
 * more likely to be a mistake than meant. */
static int scope_parse(const json_t *role, const char *what, struct tuf_delegation *d, struct fault *f)
{
        json_t *paths = json_object_get(role, "paths"),
               *prefixes = json_object_get(role, "path_hash_prefixes"),
               *terminating = json_object_get(role, "terminating");

        if (!paths == !prefixes)
                return fault_set(f, -EINVAL, "%s: needs one of \"paths\" and \"path_hash_prefixes\"", what);
        if (terminating && !json_is_boolean(terminating))
                return fault_set(f, -EINVAL, "%s: \"terminating\" is neither true nor false", what);
        d->terminating = json_is_true(terminating);
        d->hashed = prefixes != NULL;
        return paths_parse(paths ? paths : prefixes, what, d, f);
}

static bool name_reserved(const char *name)
{
        static const char *const top_level[] = { "root", "timestamp", "snapshot", "targets" };

        for (size_t i = 0; i < ELEMENTSOF(top_level); i++)
                if (str_eq(name, top_level[i]))
                        return true;
        return false;
}

static int delegation_parse(const json_t *role, const json_t *keys, const char *what,
                            struct tuf_delegation *d, struct fault *f)
{
        char place[TUF_ROLE_FILE_SIZE + 64];
        const char *name;
        int r;

        r = json_field_string(role, what, "name", &name, f);
        if (r < 0)
                return r;
        if (name_reserved(name))
                return fault_set(f, -EINVAL, "%s: delegates to \"%s\", which root alone may", what, name);
        r = tuf_role_file_of(name, d->file, f);
        if (r < 0)
                return fault_prefix(f, "%s", what);
        d->name = strdup(name);
        if (!d->name)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        (void)snprintf(place, sizeof(place), "%.40s: delegation to %s", what, d->file);
        r = scope_parse(role, place, d, f);
        if (r >= 0)
                r = tuf_signers_parse(role, keys, place, &d->signers, f);
        return r;
}

static int roles_parse(json_t *roles, const json_t *keys, const char *what, struct tuf_delegation *d,
                       size_t *n, struct fault *f)
{
        size_t n_keys = 0;

        for (size_t i = 0; i < json_array_size(roles); i++) {
                const json_t *role = json_array_get(roles, i);
                int r;

                n_keys += json_array_size(json_object_get(role, "keyids"));
                if (n_keys > TUF_DELEGATION_KEYS_MAX)
                        return fault_set(f, -EFBIG, "%s: delegations with more than %u key ids", what,
                                         (unsigned)TUF_DELEGATION_KEYS_MAX);
                *n = i + 1;
                r = delegation_parse(role, keys, what, d + i, f);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < i; k++)
                        if (str_eq(d[k].name, d[i].name))
                                return fault_set(f, -EINVAL, "%s: delegates to %s twice", what, d[i].file);
        }
        return 0;
}

int tuf_delegations_parse(const json_t *json, const char *what, struct tuf_delegation **ret, size_t *ret_n,
                          struct fault *f)
{
        struct tuf_delegation *d;
        json_t *keys, *roles;
        size_t n = 0;
        int r;

        *ret = NULL;
        *ret_n = 0;
        if (!json)
                return 0;
        r = json_field_object(json, what, "keys", &keys, f);
        if (r >= 0)
                r = json_field_array(json, what, "roles", &roles, f);
        if (r < 0)
                return r;
        if (json_array_size(roles) > TUF_DELEGATIONS_MAX)
                return fault_set(f, -EFBIG, "%s: %zu delegations, more than %u", what,
                                 json_array_size(roles), (unsigned)TUF_DELEGATIONS_MAX);
        d = calloc(json_array_size(roles) + 1, sizeof(*d));
        if (!d)
                return fault_set(f, -ENOMEM, "%s: out of memory", what);
        r = roles_parse(roles, keys, what, d, &n, f);
        if (r < 0) {
                tuf_delegations_free(d, n);
                return r;
        }
        *ret = d;
        *ret_n = n;
        return 0;
}

/* ---- Matching ---- */

/* One character of well-formed UTF-8, which jansson has checked; past the end it is 0. */
static uint32_t character(const char **s)
{
        const unsigned char *p = (const unsigned char *)*s;
        uint32_t c = *p;
        unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

        if (c == 0)
                return 0;
        for (unsigned i = 1; i <= more && p[i]; i++)
                c = c << 6 | (p[i] & 0x3f);
        *s += 1;
        while (((unsigned char)**s & 0xc0) == 0x80)
                *s += 1;
        return c;
}

/* A set, *p being past its "["; *p is moved past its "]". One that is not closed is no set: false, *p stays.
 */
static bool set_matches(const char **p, uint32_t c, bool *ret)
{
        const char *s = *p, *first;
        bool not = *s == '!', in = false;

        s += not ;
        first = s;
        while (*s != '\0' && *s != '/' && (*s != ']' || s == first)) {
                uint32_t low = character(&s), high = low;

                if (*s == '-' && s[1] != ']' && s[1] != '\0' && s[1] != '/') {
                        s++;
                        high = character(&s);
                }
                in = in || (c >= low && c <= high);
        }
        if (*s != ']')
                return false;
        *p = s + 1;
        *ret = in != not ;
        return true;
}

/* Whether the next of pattern, which is no star, is the next of s; both are moved on. */
static bool one_matches(const char **pattern, const char **s)
{
        uint32_t c = character(s);
        const char *p = *pattern;
        bool in;

        if (c == 0 || c == '/')
                return c != 0 && character(pattern) == '/';
        if (*p == '?') {
                *pattern = p + 1;
                return true;
        }
        if (*p == '[') {
                p++;
                if (set_matches(&p, c, &in)) {
                        *pattern = p;
                        return in;
                }
        }
        return character(pattern) == c;
}

/* When a star's last try fails, no earlier star of the same component can do better; and a star never
 * reaches past a slash. */
bool tuf_pattern_matches(const char *pattern, const char *s)
{
        const char *star = NULL, *resume = NULL;

        while (*s || *pattern) {
                const char *p = pattern, *n = s;

                if (*pattern == '*') {
                        star = ++pattern;
                        resume = s;
                        continue;
                }
                if (one_matches(&p, &n)) {
                        if (*s == '/')
                                star = NULL;
                        pattern = p;
                        s = n;
                        continue;
                }
                if (!star || *resume == '\0' || *resume == '/')
                        return false;
                (void)character(&resume);
                pattern = star;
                s = resume;
        }
        return true;
}

int tuf_target_name(const char *name, struct tuf_target_name *ret)
{
        ret->name = name;
        return digest_hex(name, strlen(name), ret->sha256);
}

bool tuf_delegation_matches(const struct tuf_delegation *d, const struct tuf_target_name *target)
{
        for (size_t i = 0; i < d->n_paths; i++)
                if (d->hashed ? str_has_prefix(target->sha256, d->paths[i])
                              : tuf_pattern_matches(d->paths[i], target->name))
                        return true;
        return false;
}

bool tuf_delegation_overlaps(const struct tuf_delegation *d, const char *prefix, size_t len)
{
        for (size_t i = 0; i < d->n_paths; i++) {
                size_t literal = strcspn(d->paths[i], "*?[");

                if (d->hashed || strncmp(d->paths[i], prefix, literal < len ? literal : len) == 0)
                        return true;
        }
        return false;
}
