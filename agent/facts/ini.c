/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one reader of unit-file syntax. Pure, libc only, allocates nothing. Its input is a manifest that
 * nobody has vouched for as often as a file written by an operator, so that every byte is judged here once:
 * what gets through is printable text on one line. */

#include "facts/ini.h"

#include "ground/text.h"

#define WHITESPACE " \t"

void ini_open(struct ini *i, const char *text, size_t len, const char *file)
{
        i->file = file;
        i->text = text;
        i->end = text + len;
        i->line = 0;
        i->section[0] = '\0';
        i->name = i->section;
}

static int ini_check_bytes(const struct ini *i, const char *s, size_t n, struct fault *f)
{
        if (n > 0 && s[n - 1] == '\r')
                return fault_set(f, -EINVAL,
                                 "%s:%u: ends in a carriage return; save the file with Unix line ends",
                                 i->file, i->line);
        while (n > 0) {
                const char *tab = memchr(s, '\t', n);
                size_t piece = tab ? (size_t)(tab - s) : n;

                if (!text_printable(s, piece))
                        return fault_set(f, -EINVAL,
                                         "%s:%u: has a control character or is not UTF-8; remove it",
                                         i->file, i->line);
                piece += tab != NULL;
                s += piece;
                n -= piece;
        }
        return 0;
}

/* The next line as it stands in the text, judged; i->text moves on. */
static int ini_take_line(struct ini *i, const char **ret, size_t *ret_len, struct fault *f)
{
        const char *s = i->text, *newline = memchr(s, '\n', (size_t)(i->end - s));
        size_t n = (size_t)((newline ? newline : i->end) - s);
        int r;

        if (++i->line > INI_LINES_MAX)
                return fault_set(f, -EFBIG, "%s:%u: more than %d lines", i->file, i->line, INI_LINES_MAX);
        if (n >= INI_LINE_SIZE)
                return fault_set(f, -EFBIG, "%s:%u: longer than %d bytes", i->file, i->line,
                                 INI_LINE_SIZE - 1);
        r = ini_check_bytes(i, s, n, f);
        if (r < 0)
                return r;
        i->text = newline ? newline + 1 : i->end;
        *ret = s;
        *ret_len = n;
        return 0;
}

static bool ini_continued(const char *s, size_t n)
{
        size_t backslashes = 0;

        while (backslashes < n && s[n - 1 - backslashes] == '\\')
                backslashes++;
        return backslashes % 2 == 1;
}

/* One logical line into buffer, continuation lines joined. 1, or 0 at the end of the text. */
static int ini_join(struct ini *i, unsigned *ret_line, struct fault *f)
{
        size_t len = 0;
        unsigned start = 0;

        while (i->text < i->end) {
                const char *s = NULL;
                size_t n = 0, skip = 0;
                int r;

                r = ini_take_line(i, &s, &n, f);
                if (r < 0)
                        return r;
                while (skip < n && strchr(WHITESPACE, s[skip]))
                        skip++;
                if (skip < n && (s[skip] == '#' || s[skip] == ';'))
                        continue;
                if (start == 0)
                        start = i->line;
                if (len + n >= INI_LINE_SIZE)
                        return fault_set(f, -EFBIG, "%s:%u: continued to more than %d bytes", i->file, start,
                                         INI_LINE_SIZE - 1);
                memcpy(i->buffer + len, s, n);
                len += n;
                i->buffer[len] = '\0';
                if (!ini_continued(i->buffer, len)) {
                        *ret_line = start;
                        return 1;
                }
                i->buffer[len - 1] = ' ';
        }
        if (start > 0)
                return fault_set(f, -EINVAL, "%s:%u: continued with a backslash, but the file ends", i->file,
                                 start);
        return 0;
}

static char *ini_trim(char *s)
{
        size_t n;

        s += strspn(s, WHITESPACE);
        n = strlen(s);
        while (n > 0 && strchr(WHITESPACE, s[n - 1]))
                n--;
        s[n] = '\0';
        return s;
}

static bool ini_word_valid(const char *s)
{
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

        return *s && !(*s >= '0' && *s <= '9') && s[strspn(s, letters)] == '\0';
}

static int ini_parse_section(struct ini *i, const char *s, unsigned line, struct ini_item *ret,
                             struct fault *f)
{
        size_t n = strlen(s);
        char *space;

        if (n < 3 || s[n - 1] != ']' || strcspn(s + 1, "[]") != n - 2)
                return fault_set(f, -EINVAL, "%s:%u: a section is written [Section] or [Section name]",
                                 i->file, line);
        if (n - 1 > sizeof(i->section))
                return fault_set(f, -EFBIG, "%s:%u: section name longer than %zu bytes", i->file, line,
                                 sizeof(i->section) - 1);
        memcpy(i->section, s + 1, n - 2);
        i->section[n - 2] = '\0';
        space = strchr(i->section, ' ');
        i->name = space ? space + 1 : i->section + (n - 2);
        if (space)
                *space = '\0';
        if (!ini_word_valid(i->section) || (space && !*i->name))
                return fault_set(f, -EINVAL, "%s:%u: a section is written [Section] or [Section name]",
                                 i->file, line);
        *ret = (struct ini_item){
                .kind = INI_SECTION, .line = line, .section = i->section, .name = i->name
        };
        return 1;
}

static int ini_parse_setting(struct ini *i, char *s, unsigned line, struct ini_item *ret, struct fault *f)
{
        char *value = strchr(s, '=');

        if (!value)
                return fault_set(f, -EINVAL, "%s:%u: neither [Section], Key=value nor a # comment", i->file,
                                 line);
        *value++ = '\0';
        s = ini_trim(s);
        if (!ini_word_valid(s))
                return fault_set(f, -EINVAL, "%s:%u: '%s' is not a key: letters and digits only", i->file,
                                 line, s);
        if (!*i->section)
                return fault_set(f, -EINVAL, "%s:%u: %s= stands before the first [Section]", i->file, line,
                                 s);
        *ret = (struct ini_item){ .kind = INI_SETTING,
                                  .line = line,
                                  .section = i->section,
                                  .name = i->name,
                                  .key = s,
                                  .value = ini_trim(value) };
        return 1;
}

int ini_next(struct ini *i, struct ini_item *ret, struct fault *f)
{
        for (;;) {
                unsigned line = 0;
                char *s;
                int r;

                r = ini_join(i, &line, f);
                if (r <= 0)
                        return r;
                s = ini_trim(i->buffer);
                if (*s == '[')
                        return ini_parse_section(i, s, line, ret, f);
                if (*s)
                        return ini_parse_setting(i, s, line, ret, f);
        }
}
