/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "starving.h"

#include <dirent.h>
#include <openssl/err.h>
#include <stdarg.h>

/* What a program defines goes before the C library's own, for all libraries and within the C library: so
 * whoever asks for memory, by vasprintf(), fdopendir() or EVP_MD_CTX_new(), asks here. (With sanitizers
 * strdup() is theirs, and does not.) */
#ifdef WITH_SANITIZERS
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *p, size_t n);
void REAL(free)(void *p);

static struct {
        bool on, lasting;
        unsigned at, count; /* at 0: never */
} hunger;

static ssize_t held; /* allocations that nobody has given back */

static bool starves(void)
{
        if (!hunger.on)
                return false;
        hunger.count++;
        if (hunger.at == 0 || hunger.count < hunger.at || (hunger.count > hunger.at && !hunger.lasting))
                return false;
        errno = ENOMEM;
        return true;
}

void *malloc(size_t n)
{
        void *p = starves() ? NULL : REAL(malloc)(n);

        held += p != NULL;
        return p;
}

void *calloc(size_t n, size_t size)
{
        void *p = starves() ? NULL : REAL(calloc)(n, size);

        held += p != NULL;
        return p;
}

void *realloc(void *p, size_t n)
{
        void *q;

        if (n == 0 && p) {
                free(p);
                return NULL;
        }
        q = starves() ? NULL : REAL(realloc)(p, n);
        held += q && !p;
        return q;
}

void free(void *p)
{
        held -= p != NULL;
        REAL(free)(p);
}

static size_t descriptors(void)
{
        DIR *d = opendir("/proc/self/fd");
        size_t n = 0;

        while (d && readdir(d))
                n++;
        if (d)
                (void)closedir(d);
        return n;
}

struct attempt {
        const struct course *course;
        unsigned at;
        bool lasting;
        unsigned bad;
};

static void _printf_(2, 3) complain(struct attempt *a, const char *format, ...)
{
        va_list ap;

        printf("# %s, allocation %u%s: ", a->course->name, a->at, a->lasting ? " and on" : "");
        va_start(ap, format);
        vprintf(format, ap);
        va_end(ap);
        printf("\n");
        a->bad++;
}

/* How many allocations there are more than before. */
static ssize_t attempt(struct attempt *a)
{
        const struct course *c = a->course;
        ssize_t held_before = held;
        void *x = c->before();
        struct fault f = {}, again = {};
        size_t open_before = descriptors();
        int r;

        hunger = (__typeof__(hunger)){ .on = true, .lasting = a->lasting, .at = a->at };
        r = c->run(x, &f);
        hunger.on = false;
        if (r != 0 && (r != -ENOMEM || a->at == 0))
                complain(a, "%d %s", r, f.text);
        if (r < 0 && f.error != r)
                complain(a, "%d, and the fault is %d", r, f.error);
        if (descriptors() != open_before)
                complain(a, "descriptors were lost");
        r = c->after(x, &again);
        if (r != 0)
                complain(a, "afterwards: %d %s", r, again.text);
        c->done(x);
        ERR_clear_error(); /* holds memory */
        return held - held_before;
}

/* What libraries keep for the next time, they keep once. */
static void attempt_twice(struct attempt *a)
{
        if (attempt(a) > 0 && attempt(a) > 0)
                complain(a, "memory was lost");
}

unsigned course_run(const struct course *c, unsigned *ret_bad)
{
        struct attempt a = { .course = c };
        unsigned n;

        attempt_twice(&a);
        n = hunger.count;
        for (a.at = 1; a.at <= n && a.bad < 20; a.at++) {
                a.lasting = false;
                attempt_twice(&a);
                if (hunger.count == a.at) /* it asked for no more */
                        continue;
                a.lasting = true;
                attempt_twice(&a);
        }
        *ret_bad = a.bad;
        return n;
}
