/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A pattern, a newline, a name: our matcher against the C library's, where both mean the same. */

#include <fnmatch.h>

#include "facts/tuf_delegation.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_SIZE_MAX = 128, FUZZ_STARS_MAX = 8 /* glibc's time is a power of their number */ };

/* Left out: classes, collation and "^", which PATHPATTERN has not; a set with a slash in it, and one that is
 * not closed, where POSIX leaves it open what comes out. */
static bool comparable(const char *pattern)
{
        const char *set = strrchr(pattern, '[');

        if (strstr(pattern, "[^") || strstr(pattern, "[:") || strstr(pattern, "[.") || strstr(pattern, "[="))
                return false;
        if (!set)
                return true;
        set++;
        set += *set == '!';
        set += *set == ']';
        return strchr(set, ']') && !strchr(pattern, '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char text[FUZZ_SIZE_MAX + 1], *name;
        unsigned stars = 0;

        if (size > FUZZ_SIZE_MAX)
                return 0;
        for (size_t i = 0; i < size; i++) {
                if (data[i] == 0 || data[i] >= 0x80)
                        return 0;
                stars += data[i] == '*';
        }
        memcpy(text, data, size);
        text[size] = '\0';
        name = strchr(text, '\n');
        if (!name)
                return 0;
        *name++ = '\0';
        if (stars > FUZZ_STARS_MAX || !comparable(text))
                return 0;
        if (tuf_pattern_matches(text, name) != (fnmatch(text, name, FNM_PATHNAME | FNM_NOESCAPE) == 0))
                abort();
        return 0;
}
