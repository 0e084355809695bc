/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sections between text and meaning: a manifest's, or what a host says about one. Pure. */

#include "facts/manifest_parts.h"
#include "ground/text.h"

void manifest_settings_free(struct manifest_setting *settings, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(settings[i].value);
        free(settings);
}

const char *manifest_settings_get(const struct manifest_setting *settings, size_t n, const char *key)
{
        while (n-- > 0)
                if (str_eq(settings[n].directive->key, key))
                        return settings[n].value;
        return NULL;
}

void manifest_sections_done(struct manifest_sections *s)
{
        for (size_t i = 0; i < s->n; i++)
                manifest_settings_free(s->items[i].settings, s->items[i].n_settings);
        free(s->items);
        *s = (struct manifest_sections){};
}

struct manifest_section *manifest_sections_find(const struct manifest_sections *s, enum section type,
                                                const char *name)
{
        for (size_t i = 0; i < s->n; i++)
                if (s->items[i].type == type && str_eq(s->items[i].name, name))
                        return s->items + i;
        return NULL;
}

int manifest_sections_add(struct manifest_sections *s, enum section type, const char *name, unsigned line,
                          struct manifest_section **ret)
{
        struct manifest_section *items;
        int r;

        items = reallocarray(s->items, s->n + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        s->items = items;
        items[s->n] = (struct manifest_section){ .type = type, .line = line };
        r = text_copy(items[s->n].name, sizeof(items[s->n].name), name);
        if (r < 0)
                return r;
        *ret = items + s->n++;
        return 0;
}

int manifest_section_add(struct manifest_section *s, const struct directive *d, const char *value,
                         unsigned line)
{
        struct manifest_setting *settings;
        char *copy;

        settings = reallocarray(s->settings, s->n_settings + 1, sizeof(*settings));
        if (!settings)
                return -ENOMEM;
        s->settings = settings;
        copy = strdup(value);
        if (!copy)
                return -ENOMEM;
        settings[s->n_settings++] = (struct manifest_setting){ .directive = d, .value = copy, .line = line };
        return 0;
}

const char *manifest_section_title(const struct ini_item *item, char out[static INI_SECTION_SIZE + 2])
{
        (void)snprintf(out, INI_SECTION_SIZE + 2, "[%s%s%s]", item->section, *item->name ? " " : "",
                       item->name);
        return out;
}

int manifest_section_check(const struct manifest_section *s, const struct directive *d,
                           const struct ini_item *item, const char *file, struct fault *f)
{
        char title[INI_SECTION_SIZE + 2];

        if (s->n_settings >= MANIFEST_SETTINGS_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d settings in %s", file, item->line,
                                 MANIFEST_SETTINGS_MAX, manifest_section_title(item, title));
        for (size_t i = 0; !d->repeat && i < s->n_settings; i++)
                if (s->settings[i].directive == d)
                        return fault_set(f, -EINVAL,
                                         "%s:%u: %s= is set already in %s, on line %u; remove one", file,
                                         item->line, d->key, manifest_section_title(item, title),
                                         s->settings[i].line);
        return 0;
}
