/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The smallest TAP producer that serves: one check a line, told with its place when it fails. A test program
 * ends with `return tap_done();`. */

#include "ground/base.h"

#include <stdarg.h>

static unsigned tap_count, tap_failures;

static inline bool tap_result(bool ok, const char *where, int line, const char *format, ...) _printf_(4, 5);
static inline bool tap_result(bool ok, const char *where, int line, const char *format, ...)
{
        va_list ap;

        printf("%sok %u - ", ok ? "" : "not ", ++tap_count);
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        printf("\n");
        if (!ok) {
                tap_failures++;
                printf("# failed at %s:%d\n", where, line);
        }
        fflush(stdout);
        return ok;
}

/* tap_ok(condition, "what is %s", "shown") */
#define tap_ok(condition, ...) tap_result((condition), __FILE__, __LINE__, __VA_ARGS__)

/* Two integers; a failure prints both. */
#define tap_int(got, want, ...)                                                                             \
        ({                                                                                                  \
                long long tap_got = (got), tap_want = (want);                                               \
                bool tap_same = tap_result(tap_got == tap_want, __FILE__, __LINE__, __VA_ARGS__);           \
                if (!tap_same)                                                                              \
                        printf("# got %lld, want %lld\n", tap_got, tap_want);                               \
                tap_same;                                                                                   \
        })

/* Two strings; either may be NULL. */
#define tap_str(got, want, ...)                                                                             \
        ({                                                                                                  \
                const char *tap_got = (got), *tap_want = (want);                                            \
                bool tap_same = tap_result(tap_got && tap_want ? strcmp(tap_got, tap_want) == 0             \
                                                               : tap_got == tap_want,                       \
                                           __FILE__, __LINE__, __VA_ARGS__);                                \
                if (!tap_same)                                                                              \
                        printf("# got \"%s\", want \"%s\"\n", tap_got ? tap_got : "(null)",                 \
                               tap_want ? tap_want : "(null)");                                             \
                tap_same;                                                                                   \
        })

/* The text contains the word: for faults, which must name the object and the remedy. */
#define tap_like(got, word, ...)                                                                            \
        ({                                                                                                  \
                const char *tap_got = (got);                                                                \
                bool tap_has =                                                                              \
                        tap_result(strstr(tap_got, (word)) != NULL, __FILE__, __LINE__, __VA_ARGS__);       \
                if (!tap_has)                                                                               \
                        printf("# \"%s\" does not contain \"%s\"\n", tap_got, (word));                      \
                tap_has;                                                                                    \
        })

static inline void tap_skip(const char *what, const char *reason)
{
        printf("ok %u - %s # SKIP %s\n", ++tap_count, what, reason);
}

static inline int tap_done(void)
{
        printf("1..%u\n", tap_count);
        return tap_failures > 0 || tap_count == 0;
}
