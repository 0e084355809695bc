/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files of bundles.d to sections of known keys. Pure; root wrote them, and made typing errors. Which keys
 * may stand there is said by the rows of facts/directives.c; where a secret comes from is said here alone,
 * since no manifest may. */

#include "facts/directives.h"
#include "facts/name.h"
#include "facts/site_parts.h"
#include "ground/text.h"

static const struct {
        const char *key;
        enum credential_kind kind;
} credential_keys[] = {
        { "LoadCredential", CREDENTIAL_PLAIN },
        { "LoadCredentialEncrypted", CREDENTIAL_ENCRYPTED },
};

static void site_file_done(struct site_file *s)
{
        manifest_sections_done(&s->sections);
        free(s->credentials);
        free(s->file);
}

int site_new(struct site **ret)
{
        struct site *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        *ret = s;
        return 0;
}

struct site *site_free(struct site *s)
{
        for (size_t i = 0; s && i < s->n_files; i++)
                site_file_done(s->files + i);
        if (s)
                free(s->files);
        free(s);
        return NULL;
}

int site_match(const char *file, const char *bundle, char **ret_instance)
{
        size_t n = strlen(bundle);
        char *instance = NULL;

        if (str_has_prefix(file, bundle) && str_has_suffix(file, ".conf") &&
            (file[n] == '@' || str_eq(file + n, ".conf"))) {
                file += n + (file[n] == '@');
                instance = strndup(file, strlen(file) - STRLEN(".conf"));
                if (!instance)
                        return -ENOMEM;
        }
        *ret_instance = instance;
        return 0;
}

/* ---- sections */

static bool section_is_sites(enum section type)
{
        for (size_t i = 0; i < n_directives; i++)
                if (directives[i].section == type && directives[i].site)
                        return true;
        return false;
}

static int add_section(struct site_file *s, const struct ini_item *item, struct manifest_section **ret,
                       struct fault *f)
{
        enum section type;
        int r;

        r = section_find(item->section, &type, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", s->file, item->line);
        if (!section_is_sites(type))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [%s] is for the publisher to say; a host has [Service NAME], "
                                 "[Sandbox NAME], [Socket NAME] and [Health NAME]",
                                 s->file, item->line, item->section);
        if (!name_valid(item->name))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [%s NAME] needs the name that the manifest has, not '%s'", s->file,
                                 item->line, item->section, item->name);
        if (manifest_sections_find(&s->sections, type, item->name))
                return fault_set(f, -EINVAL, "%s:%u: [%s %s] is there already, on line %u", s->file,
                                 item->line, item->section, item->name,
                                 manifest_sections_find(&s->sections, type, item->name)->line);
        /* More than a manifest can have of all of them together cannot be about one. */
        if (s->sections.n >= 2 * MANIFEST_SERVICES_MAX + MANIFEST_SOCKETS_MAX + MANIFEST_PROBES_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %zu sections", s->file, item->line,
                                 s->sections.n);
        return manifest_sections_add(&s->sections, type, item->name, item->line, ret);
}

/* ---- LoadCredential=ID:SOURCE */

/* Nothing in it ends a line of the drop-in, or its own part of one. */
static bool source_valid(const char *s)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+@-/";

        if (strlen(s) >= CREDENTIAL_SOURCE_SIZE || s[strspn(s, plain)])
                return false;
        return *s == '/' ? name_entry_valid(s + 1) : name_entry_valid(s) && !strchr(s, '/');
}

static int parse_credential(const struct ini_item *item, struct credential *c, struct fault *f)
{
        char id[CREDENTIAL_SIZE] = "";
        const char *colon = strchr(item->value, ':');
        const struct directive *d;
        int r;

        if (!colon || (size_t)(colon - item->value) >= sizeof(id) || !source_valid(colon + 1))
                return fault_set(f, -EINVAL,
                                 "%s=%s: must be ID:SOURCE, where SOURCE is an absolute path, or a name in "
                                 "the credential store",
                                 item->key, item->value);
        memcpy(id, item->value, (size_t)(colon - item->value));
        r = directive_find(SECTION_SERVICE, "", "LoadCredential", &d, f);
        if (r >= 0)
                r = directive_check(d, id, f);
        if (r >= 0)
                r = text_copy(c->id, sizeof(c->id), id);
        return r < 0 ? r : text_copy(c->source, sizeof(c->source), colon + 1);
}

static int add_credential(struct site_file *s, const struct ini_item *item, enum credential_kind kind,
                          struct fault *f)
{
        struct site_credential *list, new = { .credential = { .kind = kind, .line = item->line } };
        int r;

        r = parse_credential(item, &new.credential, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", s->file, item->line);
        for (size_t i = 0; i < s->n_credentials; i++)
                if (str_eq(s->credentials[i].service, item->name) &&
                    str_eq(s->credentials[i].credential.id, new.credential.id))
                        return fault_set(
                                f, -EINVAL, "%s:%u: the credential '%s' has a source already, on line %u",
                                s->file, item->line, new.credential.id, s->credentials[i].credential.line);
        if (s->n_credentials >= MANIFEST_SETTINGS_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d credentials", s->file, item->line,
                                 MANIFEST_SETTINGS_MAX);
        list = reallocarray(s->credentials, s->n_credentials + 1, sizeof(*list));
        if (!list)
                return -ENOMEM;
        s->credentials = list;
        list[s->n_credentials++] = new;
        return text_copy(list[s->n_credentials - 1].service, NAME_SIZE, item->name);
}

/* ---- other keys */

/* The keys that may stand in section, for "did you mean" and for the whole list. */
static size_t keys_of(enum section type, const char *keys[static 64])
{
        size_t n = 0;

        for (size_t i = 0; i < n_directives && n < 62; i++)
                if (directives[i].section == type && directives[i].site)
                        keys[n++] = directives[i].key;
        for (size_t i = 0; type == SECTION_SERVICE && i < ELEMENTSOF(credential_keys); i++)
                keys[n++] = credential_keys[i].key;
        return n;
}

static int refuse_key(const struct site_file *s, const struct ini_item *item, const struct directive *d,
                      enum section type, struct fault *f)
{
        char title[INI_SECTION_SIZE + 2], list[256] = "";
        const char *keys[64], *near;
        size_t n = keys_of(type, keys), len = 0;

        near = d ? NULL : text_nearest(item->key, keys, n);
        if (near)
                return fault_set(f, -EINVAL, "%s:%u: unknown key '%s' in %s; did you mean '%s'?", s->file,
                                 item->line, item->key, manifest_section_title(item, title), near);
        for (size_t i = 0; i < n; i++)
                len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s=", i > 0 ? ", " : "", keys[i]);
        return fault_set(f, -EINVAL, "%s:%u: %s '%s' in %s; a host may set %s", s->file, item->line,
                         d ? "the publisher alone sets" : "unknown key", item->key,
                         manifest_section_title(item, title), list);
}

static int add_setting(struct site_file *s, struct manifest_section *section, const struct ini_item *item,
                       struct fault *f)
{
        const struct directive *d = NULL;
        struct fault ignored;
        int r;

        for (size_t i = 0; section->type == SECTION_SERVICE && i < ELEMENTSOF(credential_keys); i++)
                if (str_eq(credential_keys[i].key, item->key))
                        return add_credential(s, item, credential_keys[i].kind, f);
        r = directive_find(section->type, "", item->key, &d, &ignored);
        if (r < 0 || !d->site)
                return refuse_key(s, item, d, section->type, f);
        r = manifest_section_check(section, d, item, s->file, f);
        if (r < 0)
                return r;
        r = directive_check(d, item->value, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", s->file, item->line);
        return manifest_section_add(section, d, item->value, item->line);
}

/* ---- files */

static int read_file(struct site_file *s, const char *text, size_t len, struct fault *f)
{
        struct manifest_section *section = NULL;
        struct ini_item item;
        struct ini i;
        int r;

        ini_open(&i, text, len, s->file);
        while ((r = ini_next(&i, &item, f)) > 0) {
                if (item.kind == INI_SECTION)
                        r = add_section(s, &item, &section, f);
                else
                        r = add_setting(s, section, &item, f);
                if (r < 0)
                        return r;
        }
        return r;
}

static int check_file(const struct site *s, const char *instance, size_t len, const char *file,
                      struct fault *f)
{
        if (len > CONFIG_BYTES_MAX)
                return fault_set(f, -EFBIG, "%s: is larger than configuration can be (1M)", file);
        if (*instance && (!name_valid(instance) || strlen(instance) >= INSTANCE_SIZE))
                return fault_set(
                        f, -EINVAL,
                        "%s: '%s' is no name of an instance: must be 1 to %d of a-z, 0-9 and '-', not "
                        "'-' first; rename the file",
                        file, instance, INSTANCE_SIZE - 1);
        if (s->n_files > SITE_INSTANCES_MAX)
                return fault_set(f, -EFBIG, "%s: more than %d instances of one bundle", file,
                                 SITE_INSTANCES_MAX);
        return 0;
}

static int site_file_compare(const void *a, const void *b)
{
        return strcmp(((const struct site_file *)a)->instance, ((const struct site_file *)b)->instance);
}

int site_parse(struct site *s, const char *instance, const char *text, size_t len, const char *file,
               struct fault *f)
{
        _cleanup_(site_file_done) struct site_file new = {};
        struct site_file *files;
        int r;

        r = check_file(s, instance, len, file, f);
        if (r < 0)
                return r;
        r = text_copy(new.instance, sizeof(new.instance), instance);
        new.file = strdup(file);
        files = reallocarray(s->files, s->n_files + 1, sizeof(*files));
        if (files)
                s->files = files;
        if (r < 0 || !new.file || !files)
                return fault_set_errno(f, r < 0 ? r : -ENOMEM, "%s", file);
        r = read_file(&new, text, len, f);
        if (r < 0)
                return f->error < 0 ? r : fault_set_errno(f, r, "%s", file);
        files[s->n_files++] = new;
        new = (struct site_file){};
        qsort(files, s->n_files, sizeof(*files), site_file_compare);
        return 0;
}
