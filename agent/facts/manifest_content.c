/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* [Content]: the bundle's sum and every entry of its tree, in and out. Pure. A signed manifest is still only
 * as good as the machine that packed it, so that the tree it describes is checked to be one: sorted, no
 * entry twice, every parent a directory, no link out of it, numbers that add up.
 *
 *     [Content]
 *     Format=tar.zst
 *     SHA256=0123...            of the bundle
 *     Size=1048576              of the bundle, bytes
 *     UnpackedSize=4194304      of all files together
 *     Inodes=3                  how many lines follow
 *     Directory=0755 bin
 *     File=0755 4194304 89ab... bin/web
 *     Symlink=web<tab>bin/web-current
 *
 * Fields are parted by one space and the path comes last, so that one line makes `sha256sum -c` input of it:
 *
 *     sed -n 's/^File=[0-7]* [0-9]* \([0-9a-f]*\) /\1  /p' web.manifest */

#include <inttypes.h>

#include "facts/command.h"
#include "facts/manifest_parts.h"
#include "facts/name.h"
#include "ground/buffer.h"
#include "ground/text.h"

static const char *const formats[] = { [COMPRESSION_ZSTD] = "tar.zst", [COMPRESSION_GZIP] = "tar.gz" };

void content_done(struct content *c)
{
        for (size_t i = 0; i < c->n_entries; i++) {
                free(c->entries[i].path);
                free(c->entries[i].target);
        }
        free(c->entries);
        *c = (struct content){};
}

/* ---- the keys that stand once */

static int read_format(struct content_reader *r, struct content *c, const char *value)
{
        for (size_t i = COMPRESSION_ZSTD; i < ELEMENTSOF(formats); i++)
                if (str_eq(formats[i], value)) {
                        c->compression = (enum compression)i;
                        return 0;
                }
        return -EINVAL;
}

static int read_sum(struct content_reader *r, struct content *c, const char *value)
{
        return name_digest_valid(value) ? text_copy(c->sha256, sizeof(c->sha256), value) : -EINVAL;
}

static int read_size(struct content_reader *r, struct content *c, const char *value)
{
        return text_parse_u64(value, BUNDLE_BYTES_MAX, &c->size);
}

static int read_unpacked_size(struct content_reader *r, struct content *c, const char *value)
{
        return text_parse_u64(value, BUNDLE_BYTES_MAX, &c->unpacked_size);
}

static int read_inodes(struct content_reader *r, struct content *c, const char *value)
{
        uint64_t max = r->inodes_max < BUNDLE_ENTRIES_MAX ? r->inodes_max : BUNDLE_ENTRIES_MAX;
        int e;

        e = text_parse_u64(value, max, &r->inodes);
        if (e < 0)
                return e;
        c->entries = calloc(r->inodes + 1, sizeof(*c->entries));
        return c->entries ? 0 : -ENOMEM;
}

static const struct content_key {
        const char *key;
        int (*read)(struct content_reader *r, struct content *c, const char *value);
        const char *want;
} content_keys[] = {
        { "Format", read_format, "tar.zst or tar.gz" },
        { "SHA256", read_sum, "64 lower-case hex digits" },
        { "Size", read_size, "bytes, at most 64G" },
        { "UnpackedSize", read_unpacked_size, "bytes, at most 64G" },
        { "Inodes", read_inodes, "how many entries follow" },
};
enum { CONTENT_KEYS_ALL = (1 << ELEMENTSOF(content_keys)) - 1 };

static int read_key(struct content_reader *r, struct content *c, const struct ini_item *item, size_t key,
                    struct fault *f)
{
        int e;

        if (r->seen & 1u << key)
                return fault_set(f, -EINVAL, "%s:%u: %s= is set already in [Content]", r->file, item->line,
                                 item->key);
        e = content_keys[key].read(r, c, item->value);
        if (e == -ENOMEM)
                return e;
        if (e < 0)
                return fault_set(f, -EINVAL, "%s:%u: %s=%s: must be %s", r->file, item->line, item->key,
                                 item->value, content_keys[key].want);
        r->seen |= 1u << key;
        return 0;
}

/* ---- entries */

/* Takes the field before the first separator off *s, in place; NULL when there is none. */
static char *take_field(char **s, char separator)
{
        char *field = *s, *end = strchr(field, separator);

        if (!end)
                return NULL;
        *end = '\0';
        *s = end + 1;
        return field;
}

static int parse_directory(char *s, struct entry *e)
{
        const char *mode = take_field(&s, ' ');

        if (!mode || !str_eq(mode, "0755"))
                return -EINVAL;
        e->type = ENTRY_DIRECTORY;
        e->mode = 0755;
        e->path = s;
        return 0;
}

static int parse_file(char *s, struct entry *e)
{
        const char *mode = take_field(&s, ' '), *size = mode ? take_field(&s, ' ') : NULL;
        const char *sum = size ? take_field(&s, ' ') : NULL;

        if (!sum || !name_digest_valid(sum) || text_unhex(sum, e->sha256, SHA256_SIZE) < 0)
                return -EINVAL;
        if (!str_eq(mode, "0644") && !str_eq(mode, "0755"))
                return -EINVAL;
        if (text_parse_u64(size, BUNDLE_BYTES_MAX, &e->size) < 0)
                return -EINVAL;
        e->type = ENTRY_FILE;
        e->mode = str_eq(mode, "0755") ? 0755 : 0644;
        e->path = s;
        return 0;
}

static int parse_symlink(char *s, struct entry *e)
{
        e->target = take_field(&s, '\t');
        if (!e->target)
                return -EINVAL;
        e->type = ENTRY_SYMLINK;
        e->mode = 0777;
        e->path = s;
        return 0;
}

static const struct entry_kind {
        const char *key;
        int (*parse)(char *s, struct entry *e);
        const char *want;
} entry_kinds[] = {
        { "Directory", parse_directory, "'0755 PATH'" },
        { "File", parse_file, "'MODE SIZE SHA256 PATH', the mode 0644 or 0755" },
        { "Symlink", parse_symlink, "TARGET, a tab, PATH" },
};

static bool parent_is_directory(const struct content *c, const char *path)
{
        struct manifest so_far = { .content = { .entries = c->entries, .n_entries = c->n_entries } };
        const char *slash = strrchr(path, '/');
        char parent[ENTRY_PATH_SIZE];
        const struct entry *e;

        if (!slash)
                return true;
        memcpy(parent, path, (size_t)(slash - path));
        parent[slash - path] = '\0';
        e = manifest_find_entry(&so_far, parent);
        return e && e->type == ENTRY_DIRECTORY;
}

static int check_entry(const struct content_reader *r, const struct content *c, const struct entry *e,
                       unsigned line, struct fault *f)
{
        const char *last = c->n_entries > 0 ? c->entries[c->n_entries - 1].path : "", *wrong = NULL;

        if (!name_entry_valid(e->path))
                wrong = "is not a path a bundle can have";
        else if (strcmp(e->path, last) <= 0)
                wrong = str_eq(e->path, last) ? "is there twice"
                                              : "is not in order; entries are sorted bytewise";
        else if (!parent_is_directory(c, e->path))
                wrong = "has no parent; list the directory first";
        else if (e->target && !name_target_valid(e->path, e->target))
                wrong = "leads out of the bundle; links are relative and stay inside";
        else if (c->n_entries >= r->inodes)
                wrong = "is more than Inodes= says";
        if (wrong)
                return fault_set(f, -EINVAL, "%s:%u: '%s' %s", r->file, line, e->path, wrong);
        return 0;
}

/* e points into the line that was read; what is kept is copied. */
static int add_entry(struct content *c, const struct entry *e)
{
        struct entry kept = *e;

        kept.path = strdup(e->path);
        kept.target = e->target ? strdup(e->target) : NULL;
        if (!kept.path || (e->target && !kept.target)) {
                free(kept.path);
                free(kept.target);
                return -ENOMEM;
        }
        c->entries[c->n_entries++] = kept;
        return 0;
}

static int read_entry(struct content_reader *r, struct content *c, const struct ini_item *item,
                      const struct entry_kind *kind, struct fault *f)
{
        char line[INI_LINE_SIZE];
        struct entry e = {};
        int k;

        if (r->seen != CONTENT_KEYS_ALL)
                return fault_set(
                        f, -EINVAL,
                        "%s:%u: %s= stands before all of Format=, SHA256=, Size=, UnpackedSize=, Inodes=",
                        r->file, item->line, item->key);
        if (text_copy(line, sizeof(line), item->value) < 0 || kind->parse(line, &e) < 0)
                return fault_set(f, -EINVAL, "%s:%u: %s= must be %s", r->file, item->line, item->key,
                                 kind->want);
        k = check_entry(r, c, &e, item->line, f);
        if (k < 0)
                return k;
        r->bytes += e.size;
        if (r->bytes > c->unpacked_size)
                return fault_set(f, -EINVAL, "%s:%u: the files are more than UnpackedSize=%" PRIu64, r->file,
                                 item->line, c->unpacked_size);
        return add_entry(c, &e);
}

int content_read(struct content_reader *r, struct content *c, const struct ini_item *item, struct fault *f)
{
        const struct directive *d;

        for (size_t i = 0; i < ELEMENTSOF(entry_kinds); i++)
                if (str_eq(entry_kinds[i].key, item->key))
                        return read_entry(r, c, item, entry_kinds + i, f);
        for (size_t i = 0; i < ELEMENTSOF(content_keys); i++)
                if (str_eq(content_keys[i].key, item->key))
                        return read_key(r, c, item, i, f);
        return directive_find(SECTION_CONTENT, "[Content]", item->key, &d, f) < 0
                       ? fault_prefix(f, "%s:%u", r->file, item->line)
                       : -EINVAL;
}

/* ---- the whole */

static char fold(char c)
{
        return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_folded(const void *a, const void *b, void *entries)
{
        const char *s = ((const struct entry *)entries)[*(const uint32_t *)a].path;
        const char *t = ((const struct entry *)entries)[*(const uint32_t *)b].path;

        while (*s && fold(*s) == fold(*t)) {
                s++;
                t++;
        }
        return (unsigned char)fold(*s) - (unsigned char)fold(*t);
}

/* Two names that differ in case only are one file wherever file systems fold, a publisher's included. */
static int check_folded(const struct content_reader *r, const struct content *c, struct fault *f)
{
        _cleanup_free_ uint32_t *order = calloc(c->n_entries + 1, sizeof(*order));

        if (!order)
                return -ENOMEM;
        for (size_t i = 0; i < c->n_entries; i++)
                order[i] = (uint32_t)i;
        qsort_r(order, c->n_entries, sizeof(*order), compare_folded, c->entries);
        for (size_t i = 1; i < c->n_entries; i++)
                if (compare_folded(order + i - 1, order + i, c->entries) == 0)
                        return fault_set(f, -EINVAL,
                                         "%s: '%s' and '%s' differ in upper and lower case only; rename one",
                                         r->file, c->entries[order[i - 1]].path, c->entries[order[i]].path);
        return 0;
}

int content_read_end(struct content_reader *r, struct content *c, struct fault *f)
{
        for (size_t i = 0; i < ELEMENTSOF(content_keys); i++)
                if (!(r->seen & 1u << i))
                        return fault_set(f, -EINVAL, "%s:%u: [Content] has no %s=; pack the bundle again",
                                         r->file, r->line, content_keys[i].key);
        if (c->n_entries != r->inodes)
                return fault_set(f, -EINVAL, "%s:%u: [Content] has %zu entries, but says Inodes=%" PRIu64,
                                 r->file, r->line, c->n_entries, r->inodes);
        if (r->bytes != c->unpacked_size)
                return fault_set(f, -EINVAL,
                                 "%s:%u: [Content] has files of %" PRIu64
                                 " bytes, but says UnpackedSize=%" PRIu64,
                                 r->file, r->line, r->bytes, c->unpacked_size);
        return check_folded(r, c, f);
}

static int check_program(const struct manifest *m, const struct manifest_setting *s, const char *file,
                         struct fault *f)
{
        char program[ENTRY_PATH_SIZE + STRLEN(COMMAND_BUNDLE_PREFIX)];
        const struct entry *e;

        if (s->directive->type != VALUE_COMMAND || !str_has_prefix(s->value, COMMAND_BUNDLE_PREFIX))
                return 0;
        if (command_program(s->value, program, sizeof(program)) < 0)
                return -ENAMETOOLONG;
        e = manifest_resolve_entry(m, program + STRLEN(COMMAND_BUNDLE_PREFIX));
        if (!e)
                return fault_set(f, -EINVAL, "%s:%u: %s= names %s, which the bundle does not have", file,
                                 s->line, s->directive->key, program);
        if (e->type != ENTRY_FILE || e->mode != 0755)
                return fault_set(f, -EINVAL, "%s:%u: %s= names %s, which is no executable file; chmod +x it",
                                 file, s->line, s->directive->key, program);
        return 0;
}

int content_check_programs(const struct manifest *m, const char *file, struct fault *f)
{
        for (size_t i = 0; i < m->n_services; i++)
                for (size_t j = 0; j < m->services[i].n_settings; j++) {
                        int r;

                        r = check_program(m, m->services[i].settings + j, file, f);
                        if (r < 0)
                                return r;
                }
        for (size_t i = 0; i < m->n_probes; i++)
                for (size_t j = 0; j < m->probes[i].n_settings; j++) {
                        int r;

                        r = check_program(m, m->probes[i].settings + j, file, f);
                        if (r < 0)
                                return r;
                }
        return 0;
}

static void write_entry(const struct entry *e, struct buffer *out)
{
        char sum[DIGEST_HEX_SIZE];

        switch (e->type) {
        case ENTRY_DIRECTORY:
                (void)buffer_printf(out, "Directory=%04o %s\n", e->mode, e->path);
                break;
        case ENTRY_FILE:
                text_hex(e->sha256, SHA256_SIZE, sum);
                (void)buffer_printf(out, "File=%04o %" PRIu64 " %s %s\n", e->mode, e->size, sum, e->path);
                break;
        case ENTRY_SYMLINK:
                (void)buffer_printf(out, "Symlink=%s\t%s\n", e->target, e->path);
                break;
        }
}

int manifest_write_content(const struct content *c, struct buffer *out)
{
        (void)buffer_printf(out,
                            "[Content]\nFormat=%s\nSHA256=%s\nSize=%" PRIu64 "\nUnpackedSize=%" PRIu64
                            "\nInodes=%zu\n",
                            formats[c->compression], c->sha256, c->size, c->unpacked_size, c->n_entries);
        for (size_t i = 0; i < c->n_entries; i++)
                write_entry(c->entries + i, out);
        return out->error;
}
