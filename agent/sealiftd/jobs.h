/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/report.h"
#include "sealiftd/agent.h"

/* The timers of all bundles, and how their jobs ran last, as sealift-unitd tells it: kept for status and
 * reports. unitd remembers it across our restarts, until the machine's next. */

struct job {
        struct unitd_job last;
        bool seen; /* while a list is awaited: it is in it */
};

/* Takes what unitd says of one, unasked or in its list; of a run that ended otherwise than the one before, a
 * report is due. */
void jobs_take(struct agent *a, const struct unitd_job *j);

/* Around a list: what is not in it is gone. */
void jobs_list_begin(struct agent *a);
void jobs_list_end(struct agent *a);

/* Whether u is a run of one: no release is up for that alone. */
bool jobs_have(const struct agent *a, const struct unitd_unit *u);

/* Whether a timer of the bundle's current release is armed. */
bool jobs_are_armed(const struct agent *a, const struct bundle *b);

/* As status and reports have it. Borrows from j. */
void jobs_describe(const struct job *j, struct report_job *ret);
