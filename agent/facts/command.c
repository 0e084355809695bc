/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Command lines: a subset of systemd's extract-word.c and load-fragment.c (config_parse_exec) that both read
 * alike. Pure. What is let through here runs, as it stands, behind ExecStart= in a unit that root writes: an
 * executable prefix would take the sandbox off, a specifier would read the host. */

#include "facts/command.h"

#include "facts/name.h"

#define WHITESPACE " \t"

static int command_unescape(const char **s, char *ret, struct fault *f)
{
        switch (*++*s) {
        case 's':
                *ret = ' ';
                return 0;
        case '\\':
        case '"':
        case '\'':
                *ret = **s;
                return 0;
        case '\0':
                return fault_set(f, -EINVAL, "ends in a backslash");
        default:
                return fault_set(f, -EINVAL,
                                 "'\\%c' is not allowed; of the escapes only \\\\ \\\" \\' \\s are", **s);
        }
}

static int command_take_char(const char **s, char *ret, struct fault *f)
{
        if (**s == '\\')
                return command_unescape(s, ret, f);
        if (**s == '%' && *++*s != '%')
                return fault_set(f, -EINVAL,
                                 "specifiers (%%) are not allowed; write %%%% for a percent sign");
        *ret = **s;
        return 0;
}

int command_next_word(const char **s, char out[static COMMAND_WORD_SIZE], struct fault *f)
{
        const char *p = *s + strspn(*s, WHITESPACE), *start = p;
        char quote = '\0';
        size_t n = 0;

        if (!*p)
                return 0;
        for (; *p && (quote || !strchr(WHITESPACE, *p)); p++) {
                int r;

                if (*p == quote) {
                        quote = '\0';
                        continue;
                }
                if (!quote && (*p == '\'' || *p == '"')) {
                        quote = *p;
                        continue;
                }
                if (n + 1 >= COMMAND_WORD_SIZE)
                        return fault_set(f, -EINVAL, "a word is longer than %d bytes",
                                         COMMAND_WORD_SIZE - 1);
                r = command_take_char(&p, out + n++, f);
                if (r < 0)
                        return r;
        }
        if (quote)
                return fault_set(f, -EINVAL, "a %c is not closed", quote);
        if (p - start == 1 && *start == ';')
                return fault_set(f, -EINVAL,
                                 "';' would begin a second command; quote it if it is an argument");
        out[n] = '\0';
        *s = p;
        return 1;
}

static int command_check_program(const char *s, size_t n, struct fault *f)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-/@";
        char path[ENTRY_PATH_SIZE];
        size_t prefix;

        if (strchr("+!@-:|", *s))
                return fault_set(f, -EINVAL, "the prefix '%c' is not allowed; begin with /bundle/ or /usr/",
                                 *s);
        prefix = str_has_prefix(s, COMMAND_BUNDLE_PREFIX) ? STRLEN(COMMAND_BUNDLE_PREFIX)
                 : str_has_prefix(s, COMMAND_HOST_PREFIX) ? STRLEN(COMMAND_HOST_PREFIX)
                                                          : 0;
        if (prefix == 0)
                return fault_set(f, -EINVAL, "'%.*s' is not a program below /bundle/ or /usr/", (int)n, s);
        if (n >= sizeof(path) || strspn(s, plain) != n)
                return fault_set(
                        f, -EINVAL,
                        "the program's path may have letters, digits and . _ + - / @ only; rename it");
        memcpy(path, s, n);
        path[n] = '\0';
        if (!name_entry_valid(path + prefix))
                return fault_set(f, -EINVAL, "'%s' has an empty, '.' or '..' component", path);
        return 0;
}

int command_check(const char *s, struct fault *f)
{
        char word[COMMAND_WORD_SIZE];
        size_t n = strcspn(s, WHITESPACE);
        int r;

        if (n == 0)
                return fault_set(f, -EINVAL, "is empty; name a program below /bundle/ or /usr/");
        r = command_check_program(s, n, f);
        if (r < 0)
                return r;
        do
                r = command_next_word(&s, word, f);
        while (r > 0);
        return r;
}

static bool command_variable_valid(const char *s, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!(s[i] == '_' || (s[i] >= 'A' && s[i] <= 'Z') || (s[i] >= 'a' && s[i] <= 'z') ||
                      (i > 0 && s[i] >= '0' && s[i] <= '9')))
                        return false;
        return n > 0;
}

int command_check_environment(const char *s, struct fault *f)
{
        char word[COMMAND_WORD_SIZE];
        unsigned n = 0;
        int r;

        while ((r = command_next_word(&s, word, f)) > 0) {
                size_t name = strcspn(word, "=");

                n++;
                if (!word[name] || !command_variable_valid(word, name))
                        return fault_set(f, -EINVAL,
                                         "'%s' is not NAME=value; quote values with spaces: \"NAME=a b\"",
                                         word);
        }
        if (r < 0)
                return r;
        return n > 0 ? 0 : fault_set(f, -EINVAL, "is empty; write NAME=value");
}

int command_program(const char *s, char *ret, size_t size)
{
        size_t n = strcspn(s, WHITESPACE);

        if (n >= size)
                return -ENAMETOOLONG;
        memcpy(ret, s, n);
        ret[n] = '\0';
        return 0;
}
