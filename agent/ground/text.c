/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text to numbers and back. The input is hostile more often than not, so nothing here skips white space,
 * accepts a sign, or stops half-way through a string. */

#include "ground/text.h"

#define USEC_PER_SEC ((uint64_t)1000000)
#define SPAN_MAX     (10 * 365 * 86400 * USEC_PER_SEC)

int text_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
        uint64_t v = 0;

        if (!*s)
                return -EINVAL;
        for (; *s; s++) {
                if (*s < '0' || *s > '9')
                        return -EINVAL;
                if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
                        return -ERANGE;
        }
        if (v > max)
                return -ERANGE;
        *ret = v;
        return 0;
}

int text_parse_mode(const char *s, mode_t *ret)
{
        mode_t m = 0;
        size_t n = strlen(s);

        if (n < 1 || n > 5)
                return -EINVAL;
        for (; *s; s++) {
                if (*s < '0' || *s > '7')
                        return -EINVAL;
                m = m * 8 + (mode_t)(*s - '0');
        }
        if (m > 07777)
                return -ERANGE;
        *ret = m;
        return 0;
}

static const struct span_unit {
        const char *name;
        uint64_t usec;
} span_units[] = {
        { "us", 1 },
        { "ms", 1000 },
        { "s", USEC_PER_SEC },
        { "sec", USEC_PER_SEC },
        { "m", 60 * USEC_PER_SEC },
        { "min", 60 * USEC_PER_SEC },
        { "h", 3600 * USEC_PER_SEC },
        { "d", 86400 * USEC_PER_SEC },
        { "day", 86400 * USEC_PER_SEC },
        { "w", 7 * 86400 * USEC_PER_SEC },
        { "", USEC_PER_SEC },
};

static int span_unit_find(const char *s, size_t n, uint64_t *ret)
{
        for (size_t i = 0; i < ELEMENTSOF(span_units); i++)
                if (strlen(span_units[i].name) == n && memcmp(span_units[i].name, s, n) == 0) {
                        *ret = span_units[i].usec;
                        return 0;
                }
        return -EINVAL;
}

int text_parse_span(const char *s, uint64_t *ret_usec)
{
        uint64_t total = 0;

        do {
                size_t digits = strspn(s, "0123456789");
                size_t letters = strspn(s + digits, "abcdefghijklmnopqrstuvwxyz");
                uint64_t v, unit;
                char number[20];
                int r;

                if (digits == 0 || digits >= sizeof(number))
                        return -EINVAL;
                memcpy(number, s, digits);
                number[digits] = '\0';
                r = text_parse_u64(number, UINT64_MAX, &v);
                if (r < 0)
                        return r;
                r = span_unit_find(s + digits, letters, &unit);
                if (r < 0)
                        return r;
                if (__builtin_mul_overflow(v, unit, &v) || __builtin_add_overflow(total, v, &total) ||
                    total > SPAN_MAX)
                        return -ERANGE;
                s += digits + letters;
                if (*s == ' ' && s[1])
                        s++;
                else if (*s)
                        return -EINVAL;
        } while (*s);
        *ret_usec = total;
        return 0;
}

int text_parse_size(const char *s, uint64_t *ret_bytes)
{
        static const char suffixes[] = "KMGT";
        char number[24];
        size_t n = strlen(s);
        unsigned shift = 0;
        const char *suffix;
        uint64_t v;
        int r;

        if (n == 0 || n >= sizeof(number))
                return -EINVAL;
        memcpy(number, s, n + 1);
        suffix = strchr(suffixes, number[n - 1]);
        if (suffix) {
                shift = 10 * (unsigned)(suffix - suffixes + 1);
                number[n - 1] = '\0';
        }
        r = text_parse_u64(number, UINT64_MAX >> shift, &v);
        if (r < 0)
                return r;
        *ret_bytes = v << shift;
        return 0;
}

void text_hex(const uint8_t *bytes, size_t n, char *out)
{
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < n; i++) {
                out[2 * i] = digits[bytes[i] >> 4];
                out[2 * i + 1] = digits[bytes[i] & 15];
        }
        out[2 * n] = '\0';
}

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -EINVAL;
}

int text_unhex(const char *s, uint8_t *out, size_t n)
{
        if (strlen(s) != 2 * n)
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

                if (hi < 0 || lo < 0)
                        return -EINVAL;
                out[i] = (uint8_t)(hi << 4 | lo);
        }
        return 0;
}

int text_copy(char *out, size_t out_size, const char *s)
{
        size_t n = strlen(s);

        if (n >= out_size)
                return -ENAMETOOLONG;
        memcpy(out, s, n + 1);
        return 0;
}

/* One code point from at most len bytes; its length, or 0 where it is cut, overlong, a surrogate or beyond
 * U+10FFFF. */
static size_t text_code_point(const uint8_t *s, size_t len, uint32_t *ret)
{
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : 4;
        uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);

        if (n > len || (n == 4 && (s[0] & 0xf8) != 0xf0))
                return 0;
        for (size_t i = 1; i < n; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 0x3f);
        }
        if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *ret = c;
        return n;
}

/* Bytes of the printable character at s, or 0. */
static size_t text_printable_length(const char *s, size_t len)
{
        uint32_t c;
        size_t n = text_code_point((const uint8_t *)s, len, &c);

        return n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) ? 0 : n;
}

bool text_printable(const char *s, size_t len)
{
        while (len > 0) {
                size_t n = text_printable_length(s, len);

                if (n == 0)
                        return false;
                s += n;
                len -= n;
        }
        return true;
}

void text_make_printable(char *s)
{
        size_t len = strlen(s);

        while (len > 0) {
                size_t n = text_printable_length(s, len);

                if (n == 0) {
                        *s = '?';
                        n = 1;
                }
                s += n;
                len -= n;
        }
}

bool text_glob(const char *pattern, const char *s)
{
        const char *star = NULL, *resume = NULL;

        while (*s) {
                if (*pattern == '*') {
                        star = pattern++;
                        resume = s;
                } else if (*pattern == '?' || *pattern == *s) {
                        pattern++;
                        s++;
                } else if (star) {
                        pattern = star + 1;
                        s = ++resume;
                } else
                        return false;
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

enum { NEAREST_WORD_MAX = 63, NEAREST_DISTANCE_MAX = 3 };

static size_t least(size_t a, size_t b)
{
        return a < b ? a : b;
}

/* Two letters that changed places are one mistake. */
static size_t text_distance(const char *a, const char *b)
{
        size_t n = strlen(b), rows[3][NEAREST_WORD_MAX + 1], *before = rows[0], *last = rows[1],
               *row = rows[2];

        for (size_t j = 0; j <= n; j++)
                last[j] = before[j] = j;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t *spare = before;

                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]), least(last[j], row[j - 1]) + 1);
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = least(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = spare;
        }
        return last[n];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
        size_t len = strlen(word), best = len < 3 ? 2 : least(len / 3, NEAREST_DISTANCE_MAX) + 1;
        const char *found = NULL;

        if (len > NEAREST_WORD_MAX)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                size_t d;

                if (strlen(words[i]) > NEAREST_WORD_MAX)
                        continue;
                d = text_distance(word, words[i]);
                if (d < best && d < strlen(words[i])) {
                        best = d;
                        found = words[i];
                }
        }
        return found;
}
