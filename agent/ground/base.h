/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What every file of sealift may use without thinking: attributes, ownership, small macros. libc only. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _must_check_   __attribute__((warn_unused_result))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _const_        __attribute__((const))
#define _pure_         __attribute__((pure))
#define _unused_       __attribute__((unused))

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))
#define STRLEN(s)     (sizeof("" s "") - 1)

/* Takes the value out of an owning variable, so that its cleanup finds nothing: TAKE_PTR for pointers,
 * TAKE_FD for descriptors (which start, and are left, at -EBADF). */
#define TAKE_PTR(p)                                                                                         \
        ({                                                                                                  \
                __auto_type _p = &(p);                                                                      \
                __auto_type _v = *_p;                                                                       \
                *_p = NULL;                                                                                 \
                _v;                                                                                         \
        })
#define TAKE_FD(fd)                                                                                         \
        ({                                                                                                  \
                int *_fdp = &(fd);                                                                          \
                int _fd = *_fdp;                                                                            \
                *_fdp = -EBADF;                                                                             \
                _fd;                                                                                        \
        })

/* _cleanup_(TYPE_freep) for a TYPE_free() that accepts NULL and returns NULL. */
#define DEFINE_POINTER_CLEANUP(type, func)                                                                  \
        static inline void func##p(type **p)                                                                \
        {                                                                                                   \
                *p = func(*p);                                                                              \
        }

#define _cleanup_free_  _cleanup_(free_pointer)
#define _cleanup_close_ _cleanup_(close_descriptor)
#define _cleanup_file_  _cleanup_(close_file)

static inline void free_pointer(void *p)
{
        free(*(void **)p);
}

/* Closes without touching errno; negative values are ignored; returns -EBADF, to be stored. */
static inline int fd_close(int fd)
{
        if (fd >= 0) {
                int saved = errno;

                (void)close(fd);
                errno = saved;
        }
        return -EBADF;
}

static inline void close_descriptor(int *fd)
{
        *fd = fd_close(*fd);
}

static inline void close_file(FILE **f)
{
        if (*f)
                (void)fclose(*f);
}

static inline bool str_eq(const char *a, const char *b)
{
        return strcmp(a, b) == 0;
}

static inline bool str_has_prefix(const char *s, const char *prefix)
{
        return strncmp(s, prefix, strlen(prefix)) == 0;
}

static inline bool str_has_suffix(const char *s, const char *suffix)
{
        size_t n = strlen(s), m = strlen(suffix);

        return n >= m && memcmp(s + n - m, suffix, m) == 0;
}
