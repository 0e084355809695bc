/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "starving.h"

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

/* Ours, which the program calls, and the one that it would have called. */
#define WRAPPED(result, name, ...)                                                                          \
        result __wrap_##name(__VA_ARGS__);                                                                  \
        result __real_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t n);
WRAPPED(void *, calloc, size_t n, size_t size);
WRAPPED(void *, realloc, void *p, size_t n);
WRAPPED(void *, reallocarray, void *p, size_t n, size_t size);
WRAPPED(char *, strdup, const char *s);
WRAPPED(char *, strndup, const char *s, size_t n);
WRAPPED(DIR *, fdopendir, int fd);
WRAPPED(EVP_MD_CTX *, EVP_MD_CTX_new, void);
WRAPPED(BIO *, BIO_new_mem_buf, const void *data, int len);
WRAPPED(EVP_PKEY *, EVP_PKEY_new_raw_public_key, int type, ENGINE *e, const unsigned char *key, size_t len);

static struct {
        bool on, lasting;
        unsigned at, count;
} hunger;

static bool starves(void)
{
        if (!hunger.on)
                return false;
        hunger.count++;
        if (hunger.count < hunger.at || (hunger.count > hunger.at && !hunger.lasting))
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return starves() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return starves() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
        return starves() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return starves() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
        return starves() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return starves() ? NULL : __real_strndup(s, n);
}

DIR *__wrap_fdopendir(int fd)
{
        return starves() ? NULL : __real_fdopendir(fd);
}

static bool crypto_starves(void)
{
        bool yes = starves();

        if (yes)
                ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
        return yes;
}

EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void)
{
        return crypto_starves() ? NULL : __real_EVP_MD_CTX_new();
}

BIO *__wrap_BIO_new_mem_buf(const void *data, int len)
{
        return crypto_starves() ? NULL : __real_BIO_new_mem_buf(data, len);
}

EVP_PKEY *__wrap_EVP_PKEY_new_raw_public_key(int type, ENGINE *e, const unsigned char *key, size_t len)
{
        return crypto_starves() ? NULL : __real_EVP_PKEY_new_raw_public_key(type, e, key, len);
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

/* Once, with hunger at that allocation. false: there are not so many. */
static bool course_try(const struct course *c, unsigned at, bool lasting, unsigned *bad)
{
        void *x = c->before();
        struct fault f = {}, again = {};
        size_t before = descriptors();
        int r, k;

        hunger = (__typeof__(hunger)){ .on = true, .lasting = lasting, .at = at };
        r = c->run(x, &f);
        hunger.on = false;
        if (r != 0 && r != -ENOMEM) {
                printf("# %s, allocation %u%s: %d %s\n", c->name, at, lasting ? " and on" : "", r, f.text);
                ++*bad;
        }
        if (descriptors() != before) {
                printf("# %s, allocation %u: descriptors were lost\n", c->name, at);
                ++*bad;
        }
        k = c->after(x, &again);
        if (k != 0) {
                printf("# %s, after allocation %u: %d %s\n", c->name, at, k, again.text);
                ++*bad;
        }
        c->done(x);
        return hunger.count >= at;
}

unsigned course_run(const struct course *c, unsigned *ret_bad)
{
        unsigned bad = 0, at = 1;

        while (course_try(c, at, false, &bad) && course_try(c, at, true, &bad) && bad < 20)
                at++;
        *ret_bad = bad;
        return at - 1;
}

bool hunger_stop(void)
{
        bool was = hunger.on;

        hunger.on = false;
        return was;
}

void hunger_go_on(bool was)
{
        hunger.on = was;
}
