/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The numbers of ground/probe.h, both ways. Pure. */

#include "ground/probe.h"

#include <stdio.h>

static const struct {
        int first;       /* exit status */
        unsigned status; /* of HTTP */
        int n;
} ranges[] = { { PROBE_4XX, 400, 52 }, { PROBE_5XX, 500, 12 } };

int probe_exit_of(unsigned status)
{
        if (status >= 200 && status < 400)
                return PROBE_GOOD;
        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (status >= ranges[i].status && status < ranges[i].status + (unsigned)ranges[i].n)
                        return ranges[i].first + (int)(status - ranges[i].status);
        return PROBE_STATUS;
}

static const char *const texts[] = {
        [PROBE_GOOD] = "a good answer",
        [PROBE_FAILED] = "it could not be asked",
        [PROBE_REFUSED] = "nobody listens",
        [PROBE_SILENT] = "no answer in time",
        [PROBE_CLOSED] = "the connection ended before the answer did",
        [PROBE_NO_HTTP] = "the answer is not HTTP",
        [PROBE_STATUS] = "a status that is not good",
};

static bool is_among(int exit_status, int first, int n)
{
        return exit_status >= first && exit_status < first + n;
}

bool probe_exit_is_answer(int exit_status)
{
        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (is_among(exit_status, ranges[i].first, ranges[i].n))
                        return true;
        return exit_status != PROBE_FAILED && is_among(exit_status, 0, ELEMENTSOF(texts)) &&
               texts[exit_status];
}

void probe_exit_describe(int exit_status, char *ret, size_t size)
{
        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (is_among(exit_status, ranges[i].first, ranges[i].n)) {
                        (void)snprintf(ret, size, "status %u",
                                       ranges[i].status + (unsigned)(exit_status - ranges[i].first));
                        return;
                }
        if (exit_status < 0 || (size_t)exit_status >= ELEMENTSOF(texts) || !texts[exit_status])
                exit_status = PROBE_FAILED;
        (void)snprintf(ret, size, "%s", texts[exit_status]);
}
