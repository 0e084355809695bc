/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* The figure that `systemd-analyze security UNIT` prints for a unit, computed from its text: 0.0 is a wall
 * everywhere, 10.0 is root with everything. It is systemd's own rule (src/analyze/analyze-security.c,
 * weights and formula the same from 252 to 257), so that a publisher and a policy can count on the figure
 * before anything runs, and on a machine without systemd. Architecture: the system calls of x86-64. */

enum { EXPOSURE_ASSESSORS = 81, EXPOSURE_NOT_ASKED = UINT8_MAX };

struct exposure {
        unsigned tenths;                     /* 1 stands for 0.1 */
        unsigned points;                     /* what was lost, each assessor rounded up */
        unsigned weight;                     /* of all that were asked: what could have been lost */
        uint8_t badness[EXPOSURE_ASSESSORS]; /* 0 to the assessor's range, or EXPOSURE_NOT_ASKED */
};

/* text (len bytes) is a unit file or a drop-in of ours; file names it in errors. -EINVAL: "file:line: ..." a
 * section, key or value whose weight is not known here: it is never guessed. */
_must_check_ int exposure_compute(const char *text, size_t len, const char *file, struct exposure *ret,
                                  struct fault *f);

/* As systemd-analyze prints it ("RestrictNamespaces=~user"), with what it weighs and its worst badness. i is
 * below EXPOSURE_ASSESSORS. */
const char *exposure_assessor(size_t i, unsigned *ret_weight, unsigned *ret_range);

/* "0.1" */
enum { EXPOSURE_TEXT_SIZE = sizeof("4294967295.9") };
const char *exposure_format(unsigned tenths, char out[static EXPOSURE_TEXT_SIZE]);
/* "0.1", "3", "10.0": 0.0 to 10.0 with one digit after the point at most. -EINVAL. */
_must_check_ int exposure_parse(const char *s, unsigned *ret_tenths);
