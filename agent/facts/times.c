/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* struct times between memory and text, both ways from one table, so that they cannot disagree. Pure. The
 * text was written by this program, but may come from a disk that was restored, edited or damaged, so
 * nothing of it is believed unchecked. */

#include "facts/times.h"

#include <inttypes.h>

#include "facts/date.h"
#include "facts/ini.h"
#include "ground/text.h"

enum kind { KIND_DATE, KIND_VERSION, KIND_SPAN, KIND_FLAG };

struct field {
        const char *section, *key;
        enum kind kind;
        size_t offset; /* within the struct the section is about */
};

#define TIMES(member)  offsetof(struct times, member)
#define FREEZE(member) offsetof(struct freeze, member)
#define MARK(member)   offsetof(struct expiry_mark, member)

/* In the order they are written. */
static const struct field fields[] = {
        { "Clock", "Trusted", KIND_DATE, TIMES(trusted) },
        { "Timestamp", "Version", KIND_VERSION, FREEZE(version) },
        { "Timestamp", "Seen", KIND_DATE, FREEZE(seen) },
        { "Timestamp", "AwakeSec", KIND_SPAN, FREEZE(awake) },
        { "Timestamp", "AnnouncedSec", KIND_SPAN, FREEZE(announced) },
        { "Timestamp", "ObservedSec", KIND_SPAN, FREEZE(observed) },
        { "Timestamp", "Witnessed", KIND_FLAG, FREEZE(witnessed) },
        { "Timestamp", "Raised", KIND_FLAG, FREEZE(raised) },
        { "Role", "Version", KIND_VERSION, MARK(version) },
        { "Role", "Seen", KIND_DATE, MARK(seen) },
        { "Role", "Told", KIND_FLAG, MARK(told) },
};

/* A thousand years of seconds: what is added to and doubled must stay far from the end of 64 bits. */
#define SPAN_MAX UINT64_C(31557600000)

static struct times_role *role_find(struct times *t, const char *file)
{
        for (size_t i = 0; i < t->n_roles; i++)
                if (str_eq(t->roles[i].file, file))
                        return t->roles + i;
        return NULL;
}

static struct times_role *role_add(struct times *t, const char *file)
{
        struct times_role *role = t->roles + t->n_roles;

        if (t->n_roles >= TIMES_ROLES_MAX || !*file)
                return NULL;
        *role = (struct times_role){};
        if (text_copy(role->file, sizeof(role->file), file) < 0)
                return NULL;
        t->n_roles++;
        return role;
}

struct expiry_mark *times_mark(struct times *t, const char *file)
{
        struct times_role *role = role_find(t, file);

        if (!role)
                role = role_add(t, file);
        if (!role)
                return NULL;
        role->trusted = true;
        return &role->mark;
}

void times_forget(struct times *t)
{
        size_t n = 0;

        for (size_t i = 0; i < t->n_roles; i++)
                if (t->roles[i].trusted) {
                        t->roles[n] = t->roles[i];
                        t->roles[n++].trusted = false;
                }
        t->n_roles = n;
}

/* What a section is about: NULL for one that is not known. */
static void *section_find(struct times *t, const char *section, const char *name)
{
        struct times_role *role;

        if (str_eq(section, "Clock"))
                return t;
        if (str_eq(section, "Timestamp"))
                return &t->freeze;
        role = str_eq(section, "Role") ? role_find(t, name) : NULL;
        return role ? &role->mark : NULL;
}

static bool field_set(void *at, enum kind kind, const char *value)
{
        uint64_t span;

        switch (kind) {
        case KIND_DATE:
                return date_parse(value, at) >= 0;
        case KIND_VERSION:
                return text_parse_u64(value, INT64_MAX, at) >= 0;
        case KIND_SPAN:
                if (text_parse_u64(value, SPAN_MAX, &span) < 0)
                        return false;
                *(int64_t *)at = (int64_t)span;
                return true;
        case KIND_FLAG:
                *(bool *)at = str_eq(value, "yes");
                return str_eq(value, "yes") || str_eq(value, "no");
        }
        return false;
}

static int times_set(struct times *t, const char *file, const struct ini_item *i, struct fault *f)
{
        char *base = section_find(t, i->section, i->name);

        for (size_t n = 0; base && n < ELEMENTSOF(fields); n++)
                if (str_eq(fields[n].section, i->section) && str_eq(fields[n].key, i->key) &&
                    !field_set(base + fields[n].offset, fields[n].kind, i->value))
                        return fault_set(f, -EINVAL, "%s:%u: %s=%.100s is not what sealiftd writes", file,
                                         i->line, i->key, i->value);
        return 0;
}

int times_parse(const char *text, size_t len, const char *file, struct times *ret, struct fault *f)
{
        struct times t = {};
        struct ini_item i;
        struct ini ini;
        int r;

        ini_open(&ini, text, len, file);
        while ((r = ini_next(&ini, &i, f)) > 0) {
                if (i.kind == INI_SETTING)
                        r = times_set(&t, file, &i, f);
                else if (str_eq(i.section, "Role") && (role_find(&t, i.name) || !role_add(&t, i.name)))
                        r = fault_set(f, -EINVAL, "%s:%u: [Role %.100s] is one too many", file, i.line,
                                      i.name);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;
        /* It is written with every refresh; without it this is what a crash of the disk left. */
        if (t.trusted == 0)
                return fault_set(f, -EINVAL, "%s: is without Trusted=, so it is not what sealiftd wrote",
                                 file);
        *ret = t;
        return 0;
}

static void field_format(const struct field *field, const char *base, struct buffer *out)
{
        const void *at = base + field->offset;
        char date[DATE_SIZE];

        (void)buffer_printf(out, "%s=", field->key);
        switch (field->kind) {
        case KIND_DATE:
                date_format(*(const int64_t *)at, date);
                (void)buffer_append_text(out, date);
                break;
        case KIND_VERSION:
                (void)buffer_printf(out, "%" PRIu64, *(const uint64_t *)at);
                break;
        case KIND_SPAN:
                (void)buffer_printf(out, "%" PRId64, *(const int64_t *)at);
                break;
        case KIND_FLAG:
                (void)buffer_append_text(out, *(const bool *)at ? "yes" : "no");
                break;
        }
        (void)buffer_append_text(out, "\n");
}

static void section_format(const char *section, const char *name, const void *base, struct buffer *out)
{
        (void)buffer_printf(out, "\n[%s%s%s]\n", section, *name ? " " : "", name);
        for (size_t i = 0; i < ELEMENTSOF(fields); i++)
                if (str_eq(fields[i].section, section))
                        field_format(fields + i, base, out);
}

int times_format(const struct times *t, struct buffer *out)
{
        (void)buffer_append_text(out, "# Written by sealiftd.\n");
        section_format("Clock", "", t, out);
        if (t->freeze.version > 0)
                section_format("Timestamp", "", &t->freeze, out);
        for (size_t i = 0; i < t->n_roles; i++)
                section_format("Role", t->roles[i].file, &t->roles[i].mark, out);
        return out->error;
}

static bool freeze_differs(const struct freeze *a, const struct freeze *b)
{
        return a->version != b->version || a->announced != b->announced || a->raised != b->raised ||
               b->awake - a->awake >= TIMES_WRITE_SEC;
}

static bool role_differs(const struct times_role *a, const struct times_role *b)
{
        return !str_eq(a->file, b->file) || a->mark.version != b->mark.version ||
               a->mark.told != b->mark.told;
}

bool times_differ(const struct times *stored, const struct times *t)
{
        bool differ = t->trusted - stored->trusted >= TIMES_WRITE_SEC ||
                      freeze_differs(&stored->freeze, &t->freeze) || stored->n_roles != t->n_roles;

        for (size_t i = 0; !differ && i < t->n_roles; i++)
                differ = role_differs(stored->roles + i, t->roles + i);
        return differ;
}
