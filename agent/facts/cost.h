/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "facts/exposure.h"
#include "facts/manifest.h"

/* What each request of a [Sandbox] costs: the exposure of the service with it, minus the one without it. All
 * lines of one key are one request: two groups of system calls, or two capabilities, may take down the same
 * wall, and each alone would look as if it cost nothing. */

enum cost_kind {
        COST_NETWORK,
        COST_CAPABILITY,
        COST_WRITE_EXECUTE,
        COST_SYSTEM_CALLS,
        COST_DEVICE,
        COST_HOST_PATH,
        COST_USER_NAMESPACES,
        COST_USER,
        COST_KIND_MAX,
};

struct cost {
        enum cost_kind kind;
        int points; /* of what systemd-analyze adds up, before it rounds; 0: it asks nothing about this */
        int hundredths;      /* of the figure: one of tenths would mostly say 0.0 or 0.1 */
        const char *meaning; /* one line for people */
};

struct service_cost {
        struct exposure exposure; /* with all that is asked for */
        struct cost costs[COST_KIND_MAX];
        size_t n_costs;
};

/* s is one of m's, which need not be sealed. Errors of dropin_write() and exposure_compute(). */
_must_check_ int cost_compute(const struct manifest *m, const struct service *s, struct service_cost *ret,
                              struct fault *f);

/* The request as it was written, on one line: "Network=bind Bind=tcp:8080", "Capability=CAP_KILL CAP_CHOWN".
 */
int cost_format_request(const struct service *s, enum cost_kind kind, struct buffer *out);

/* What costs most, or NULL where nothing was asked for. */
const struct cost *cost_highest(const struct service_cost *c);

/* "0.02" */
enum { COST_TEXT_SIZE = sizeof("-2147483648.00") };
const char *cost_format(int hundredths, char out[static COST_TEXT_SIZE]);
