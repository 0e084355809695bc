/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A program whose allocations fail when the test says so, whoever asks for them: this code, libcrypto,
 * jansson, the C library. */

#include "ground/base.h"
#include "ground/fault.h"

#include "tap.h"

/* What is starved: makes something of its own, and unmakes it. r of run(): what it came to, for whoever
 * called it; after() runs without hunger. */
struct course {
        const char *name;
        void *(*before)(void);
        int (*run)(void *x, struct fault *f);
        int (*after)(void *x, struct fault *f);
        void (*done)(void *x);
};

/* run() with each allocation failing in turn, and all from that one on. Nothing may crash, be told as
 * anything but a lack of memory (an honest bucket would be called a liar) or without a fault, lose memory or
 * descriptors, or be left so that after() does not work. How many allocations there are; *ret_bad: of
 * failures that were not met so, each told in a comment. */
unsigned course_run(const struct course *c, unsigned *ret_bad);

static inline void course_test(const struct course *c)
{
        unsigned bad, n = course_run(c, &bad);

        tap_ok(n > 1, "%s: %u allocations", c->name, n);
        tap_int(bad, 0, "%s: each may fail", c->name);
}
