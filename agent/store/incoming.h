/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"

/* incoming/: bundles on their way in, each named by the SHA-256 it should have, so that one that broke off
 * is gone on with, also by the next agent and after a power cut. What is in them is nobody's word: whoever
 * goes on with one sums it anew. `at` is store_incoming_fd(). */
enum {
        /* Releases that are signed and replaced faster than a slow line brings them must not fill the disk
         * with their beginnings. */
        INCOMING_MAX = 8,
};

/* A new, empty one, for reading and writing, in the place of one that was there; the oldest of those that
 * would be too many goes. The descriptor or -errno. */
_must_check_ int incoming_create(int at, const char *digest, struct fault *f);

/* What there is of it already, for reading and writing, at its beginning. The descriptor; -ENOENT: nothing;
 * other -errno. */
_must_check_ int incoming_resume(int at, const char *digest, uint64_t *ret_size, struct fault *f);

/* For reading only, as a descriptor to give away must be. */
_must_check_ int incoming_open(int at, const char *digest, struct fault *f);

void incoming_remove(int at, const char *digest);

/* Bytes that what is there takes of the disk; 0 where there is none. */
uint64_t incoming_size(int at, const char *digest);

/* Removes all that keep() does not want (NULL: all that could be no download), and the oldest past
 * INCOMING_MAX. -errno: something is left, which keeps nothing else from being removed. */
_must_check_ int incoming_sweep(int at, bool (*keep)(void *userdata, const char *digest), void *userdata,
                                struct fault *f);
