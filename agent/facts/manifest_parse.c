/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A manifest's text to sections of known directives, each value checked against its row of the table. Pure.
 * The text is hostile until TUF has spoken, and still written by people afterwards: every error says file,
 * line and what was probably meant. */

#include <inttypes.h>

#include "facts/manifest_parts.h"
#include "facts/name.h"
#include "ground/text.h"

struct parser {
        const char *file;
        struct manifest *m;
        struct manifest_sections sections; /* the last one is being read; not [Content] */
        struct content_reader content;
};

static void parser_done(struct parser *p)
{
        manifest_sections_done(&p->sections);
        (void)manifest_free(p->m);
}

static unsigned sections_max(enum section type)
{
        switch (type) {
        case SECTION_SOCKET:
                return MANIFEST_SOCKETS_MAX;
        case SECTION_TIMER:
                return MANIFEST_TIMERS_MAX;
        case SECTION_HEALTH:
                return MANIFEST_PROBES_MAX;
        default:
                return MANIFEST_SERVICES_MAX;
        }
}

static int parser_check_section(struct parser *p, const struct ini_item *item, enum section type,
                                struct fault *f)
{
        const struct manifest_section *first;
        unsigned same = 0;

        if (p->m->content.sealed)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [%s] stands behind [Content]; content comes last, and once",
                                 p->file, item->line, item->section);
        if (!section_is_named(type))
                return !*item->name ? 0
                                    : fault_set(f, -EINVAL, "%s:%u: [%s] has no name; remove '%s'", p->file,
                                                item->line, item->section, item->name);
        if (!name_valid(item->name))
                return fault_set(f, -EINVAL,
                                 "%s:%u: [%s NAME] needs a name of 1 to %d of a-z, 0-9 and '-', not '%s'",
                                 p->file, item->line, item->section, NAME_SIZE - 1, item->name);
        first = manifest_sections_find(&p->sections, type, item->name);
        if (first)
                return fault_set(f, -EINVAL, "%s:%u: [%s %s] is there already, on line %u", p->file,
                                 item->line, item->section, item->name, first->line);
        for (size_t i = 0; i < p->sections.n; i++)
                same += p->sections.items[i].type == type;
        if (same >= sections_max(type))
                return fault_set(f, -EFBIG, "%s:%u: more than %u sections [%s NAME]", p->file, item->line,
                                 same, item->section);
        return 0;
}

static int parser_add_section(struct parser *p, const struct ini_item *item, struct fault *f)
{
        struct manifest_section *s;
        enum section type;
        int r;

        r = section_find(item->section, &type, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", p->file, item->line);
        r = parser_check_section(p, item, type, f);
        if (r < 0)
                return r;
        if (type == SECTION_CONTENT) {
                p->m->content.sealed = true;
                p->content.line = item->line;
                return 0;
        }
        if (type == SECTION_BUNDLE && manifest_sections_find(&p->sections, type, ""))
                return fault_set(f, -EINVAL, "%s:%u: [Bundle] is there already, on line %u", p->file,
                                 item->line, manifest_sections_find(&p->sections, type, "")->line);
        return manifest_sections_add(&p->sections, type, item->name, item->line, &s);
}

static int parser_add_setting(struct parser *p, const struct ini_item *item, struct fault *f)
{
        struct manifest_section *s = p->sections.items + p->sections.n - 1;
        char title[INI_SECTION_SIZE + 2];
        const struct directive *d;
        int r;

        r = directive_find(s->type, manifest_section_title(item, title), item->key, &d, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", p->file, item->line);
        r = manifest_section_check(s, d, item, p->file, f);
        if (r < 0)
                return r;
        r = directive_check(d, item->value, f);
        if (r < 0)
                return fault_prefix(f, "%s:%u", p->file, item->line);
        return manifest_section_add(s, d, item->value, item->line);
}

static int parser_read(struct parser *p, struct ini *i, struct fault *f)
{
        struct ini_item item;
        int r;

        while ((r = ini_next(i, &item, f)) > 0) {
                if (item.kind == INI_SECTION)
                        r = parser_add_section(p, &item, f);
                else if (p->m->content.sealed)
                        r = content_read(&p->content, &p->m->content, &item, f);
                else
                        r = parser_add_setting(p, &item, f);
                if (r < 0)
                        return r;
        }
        return r;
}

/* The shortest line of an entry: no manifest can hold more of them than fit, whatever it says, so that its
 * claim cannot make us allocate more than a small multiple of what we were sent. */
#define ENTRY_LINE_MIN STRLEN("Symlink=t\tp\n")

int manifest_parse(const char *text, size_t len, const char *file, struct manifest **ret, struct fault *f)
{
        _cleanup_(parser_done) struct parser p = { .file = file };
        struct ini i;
        int r;

        if (len > MANIFEST_BYTES_MAX)
                return fault_set(f, -EFBIG, "%s: has %zu bytes, a manifest has %" PRIu64 " at most", file,
                                 len, (uint64_t)MANIFEST_BYTES_MAX);
        p.content = (struct content_reader){ .file = file, .inodes_max = len / ENTRY_LINE_MIN };
        p.m = calloc(1, sizeof(*p.m));
        if (!p.m)
                return -ENOMEM;
        ini_open(&i, text, len, file);
        r = parser_read(&p, &i, f);
        if (r < 0)
                return r;
        r = manifest_build(p.m, &p.sections, file, f);
        if (r < 0)
                return r;
        if (p.m->content.sealed) {
                r = content_read_end(&p.content, &p.m->content, f);
                if (r < 0)
                        return r;
                r = content_check_programs(p.m, file, f);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(p.m);
        return 0;
}
