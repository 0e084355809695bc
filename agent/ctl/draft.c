/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata on its way to those who sign it, often on a stick between two machines. Its input may have been
 * changed on the way: nothing is signed but what was read and shown, and what is signed is not changed. */

#include "ctl/draft.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>

#include "ground/io.h"
#include "ground/text.h"

static const struct json_limits limits = { .bytes = TUF_TARGETS_BYTES_MAX,
                                           .values = TUF_TARGETS_BYTES_MAX / TUF_BYTES_PER_VALUE,
                                           .depth = TUF_DEPTH_MAX };

void draft_done(struct draft *d)
{
        json_decref(d->envelope);
        tuf_metadata_free(d->metadata);
        *d = (struct draft){};
}

/* ---- Reading ---- */

static int role_of(const json_t *body, enum tuf_role *ret)
{
        const char *type = json_string_value(json_object_get(body, "_type"));

        for (enum tuf_role i = 0; type && i < TUF_ROLES; i++)
                if (str_eq(type, tuf_role_name(i))) {
                        *ret = i;
                        return 0;
                }
        return -EINVAL;
}

/* "dir/7.team%2Fa.json" is "team%2Fa.json". */
static const char *file_of(const char *path)
{
        const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        const char *p = base + strspn(base, "0123456789");

        return p > base && *p == '.' ? p + 1 : base;
}

static int draft_parse(struct draft *d, const char *text, size_t len, struct fault *f)
{
        enum tuf_role role;
        int r;

        r = json_parse(d->path, text, len, &limits, &d->envelope, f);
        if (r >= 0)
                r = json_field_object(d->envelope, d->path, "signed", &d->body, f);
        if (r >= 0)
                r = json_field_array(d->envelope, d->path, "signatures", &d->signatures, f);
        if (r < 0)
                return r;
        if (role_of(d->body, &role) < 0)
                return fault_set(f, -EINVAL, "%s: its _type is none of TUF's", d->path);
        r = text_copy(d->file, sizeof(d->file), file_of(d->path));
        if (r < 0)
                return fault_set_errno(f, r, "%s", d->path);
        r = role == TUF_TARGETS ? tuf_metadata_parse_delegated(d->file, text, len, &d->metadata, f)
                                : tuf_metadata_parse(role, text, len, &d->metadata, f);
        if (r < 0)
                return fault_prefix(f, "%s", d->path);
        if (role == TUF_TARGETS && str_has_suffix(d->file, ".json"))
                (void)snprintf(d->name, sizeof(d->name), "%.*s", (int)(strlen(d->file) - STRLEN(".json")),
                               d->file);
        else
                (void)snprintf(d->name, sizeof(d->name), "%s", tuf_role_name(role));
        return 0;
}

int draft_read(const char *path, struct draft *ret, struct fault *f)
{
        _cleanup_(draft_done) struct draft d = { .path = path };
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, path, limits.bytes, &text, &len, f);
        if (r < 0)
                return r;
        d.mode = stat(path, &st) < 0 ? 0644 : st.st_mode & 0777;
        r = draft_parse(&d, text, len, f);
        if (r < 0)
                return r;
        *ret = d;
        d = (struct draft){};
        return 0;
}

/* ---- Who signs ---- */

int draft_signers(const struct draft *lister, struct draft *d, const struct tuf_signers **ret,
                  struct fault *f)
{
        const struct tuf_metadata *m = lister->metadata;

        if (m->role == TUF_ROOT) {
                /* Root knows no other roles, whatever the file is called. */
                (void)snprintf(d->name, sizeof(d->name), "%s", tuf_role_name(d->metadata->role));
                *ret = m->signers + d->metadata->role;
                return 0;
        }
        for (size_t i = 0; i < m->n_delegations; i++)
                if (str_eq(m->delegations[i].file, d->file)) {
                        (void)snprintf(d->name, sizeof(d->name), "%s", m->delegations[i].name);
                        *ret = &m->delegations[i].signers;
                        return 0;
                }
        return fault_set(f, -ENOENT, "%s: lists nobody who signs for %s", lister->path, d->name);
}

/* ---- What is different ---- */

/* The object with keyids and threshold, and in *ret_keys where the ids are looked up. */
static const json_t *find_role(const struct draft *lister, const char *role, const json_t **ret_keys)
{
        const json_t *delegations = json_object_get(lister->body, "delegations");
        const json_t *list = json_object_get(delegations, "roles");

        if (lister->metadata->role == TUF_ROOT) {
                *ret_keys = json_object_get(lister->body, "keys");
                return json_object_get(json_object_get(lister->body, "roles"), role);
        }
        *ret_keys = json_object_get(delegations, "keys");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));

                if (name && str_eq(name, role))
                        return json_array_get(list, i);
        }
        return NULL;
}

static void _printf_(2, 3) tell(json_t *lines, const char *format, ...)
{
        struct fault text; /* cuts what is too long, and makes it printable */
        va_list ap;
        char line[FAULT_TEXT_MAX];

        va_start(ap, format);
        (void)vsnprintf(line, sizeof(line), format, ap);
        va_end(ap);
        (void)fault_set(&text, -EINVAL, "%s", line);
        (void)json_array_append_new(lines, json_string(text.text));
}

static bool array_has(const json_t *array, const char *word)
{
        for (size_t i = 0; i < json_array_size(array); i++) {
                const char *s = json_string_value(json_array_get(array, i));

                if (s && str_eq(s, word))
                        return true;
        }
        return false;
}

static bool is_one_of(const char *word, const char *const *words)
{
        for (; *words; words++)
                if (str_eq(word, *words))
                        return true;
        return false;
}

/* Members that came, went or changed, but for those whose changes are told otherwise. */
static void tell_members(json_t *lines, const char *of, const json_t *old, const json_t *new,
                         const char *const *but)
{
        json_t *before = (json_t *)(uintptr_t)old, *after = (json_t *)(uintptr_t) new;

        for (void *at = json_object_iter(before); at; at = json_object_iter_next(before, at)) {
                const char *name = json_object_iter_key(at);

                if (!is_one_of(name, but) && !json_object_get(after, name))
                        tell(lines, "%s%s is removed", of, name);
        }
        for (void *at = json_object_iter(after); at; at = json_object_iter_next(after, at)) {
                const char *name = json_object_iter_key(at);
                const json_t *value = json_object_get(before, name);

                if (is_one_of(name, but))
                        continue;
                if (!value)
                        tell(lines, "%s%s is added", of, name);
                else if (!json_equal(value, json_object_iter_value(at)))
                        tell(lines, "%s%s is changed", of, name);
        }
}

/* A key is what verifies, not what it is called: one that stands under an old id is news, too. */
static void tell_role(json_t *lines, const char *name, const json_t *old, const json_t *old_keys,
                      const json_t *new, const json_t *new_keys)
{
        const json_t *before = json_object_get(old, "keyids"), *after = json_object_get(new, "keyids");
        static const char *const told[] = { "keyids", "threshold", NULL };
        json_int_t was = json_integer_value(json_object_get(old, "threshold")),
                   is = json_integer_value(json_object_get(new, "threshold"));
        char of[128];

        for (size_t i = 0; i < json_array_size(before); i++) {
                const char *id = json_string_value(json_array_get(before, i));

                if (id && !array_has(after, id))
                        tell(lines, "%s: key %s may not sign any more", name, id);
        }
        for (size_t i = 0; i < json_array_size(after); i++) {
                const char *id = json_string_value(json_array_get(after, i));

                if (id && !array_has(before, id))
                        tell(lines, "%s: key %s may sign", name, id);
                else if (id && !json_equal(json_object_get(old_keys, id), json_object_get(new_keys, id)))
                        tell(lines, "%s: key %s is ANOTHER KEY under the same id", name, id);
        }
        if (was != is)
                tell(lines, "%s: %lld must sign, not %lld", name, (long long)is, (long long)was);
        (void)snprintf(of, sizeof(of), "%s: ", name);
        tell_members(lines, of, old, new, told);
}

static void tell_delegations(json_t *lines, const struct draft *old, const struct draft *new)
{
        const struct draft *from[] = { old, new };

        for (size_t side = 0; side < ELEMENTSOF(from); side++) {
                const json_t *list =
                        json_object_get(json_object_get(from[side]->body, "delegations"), "roles");

                for (size_t i = 0; i < json_array_size(list); i++) {
                        const json_t *role = json_array_get(list, i), *keys[2], *other;
                        const char *name = json_string_value(json_object_get(role, "name"));

                        if (!name)
                                continue;
                        other = find_role(from[1 - side], name, keys);
                        if (!other)
                                tell(lines, "%s is %s", name,
                                     side == 0 ? "not delegated to any more" : "delegated to");
                        if (side == 0 || !other)
                                continue;
                        (void)find_role(new, name, keys + 1);
                        tell_role(lines, name, other, keys[0], role, keys[1]);
                }
        }
}

json_t *draft_changes(const struct draft *old, const struct draft *new)
{
        static const char *const none[] = { NULL }, *const files[] = { "meta", "targets" },
                                 *const told[] = { "version", "expires", "keys",        "roles",
                                                   "meta",    "targets", "delegations", NULL };
        json_t *lines = json_array();

        for (enum tuf_role i = 0; new->metadata->role == TUF_ROOT &&i < TUF_ROLES; i++) {
                const json_t *keys[2], *before = find_role(old, tuf_role_name(i), keys);
                const json_t *after = find_role(new, tuf_role_name(i), keys + 1);

                tell_role(lines, tuf_role_name(i), before, keys[0], after, keys[1]);
        }
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                tell_members(lines, "", json_object_get(old->body, files[i]),
                             json_object_get(new->body, files[i]), none);
        if (new->metadata->role == TUF_TARGETS)
                tell_delegations(lines, old, new);
        tell_members(lines, "", old->body, new->body, told);
        if (json_array_size(lines) == 0)
                tell(lines, "nothing but its version and expiry");
        return lines;
}

/* ---- Writing ---- */

int draft_write(const struct draft *d, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(limits.bytes);
        _cleanup_close_ int fd = -EBADF;
        char folder[PATH_MAX], base[PATH_MAX];
        int r;

        (void)snprintf(folder, sizeof(folder), "%s", d->path);
        (void)snprintf(base, sizeof(base), "%s", d->path);
        r = tuf_sign_write(d->envelope, &b, f);
        if (r < 0)
                return fault_prefix(f, "%s", d->path);
        fd = open(dirname(folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: its folder", d->path);
        return io_replace_file_at(fd, basename(base), b.data, b.len, d->mode, f);
}
