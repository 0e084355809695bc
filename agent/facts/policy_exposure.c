/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* MaxExposure=: the figure of each service of a manifest, as systemd-analyze will say it of the running
 * unit, held against the lowest line about the bundle. A limit on the sum of what was granted: each grant
 * may be harmless by itself. Pure. */

#include "facts/policy_parts.h"

#include "facts/cost.h"

enum {
        POLICY_REQUEST_MAX = 4096
}; /* of a request that is named in a refusal; FAULT_TEXT_MAX cuts it anyway */

/* False: no line limits the bundle. */
static bool find_limit(const struct policy *p, const char *bundle, unsigned *ret)
{
        bool found = false;
        size_t i = 0;

        for (const struct policy_line *l; (l = policy_next(p, bundle, POLICY_MAX_EXPOSURE, &i));) {
                if (!found || l->tenths < *ret)
                        *ret = l->tenths;
                found = true;
        }
        return found;
}

static int refuse(const struct manifest *m, const struct service *s, const struct service_cost *c,
                  unsigned limit, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer request = BUFFER_INIT(POLICY_REQUEST_MAX);
        char is[EXPOSURE_TEXT_SIZE], may[EXPOSURE_TEXT_SIZE], costs[COST_TEXT_SIZE];
        const struct cost *highest = cost_highest(c);

        (void)exposure_format(c->exposure.tenths, is);
        (void)exposure_format(limit, may);
        if (!highest || cost_format_request(s, highest->kind, &request) < 0)
                return fault_set(f, -EPERM,
                                 "bundle %s, service %s: exposure %s is above MaxExposure=%s, and it asks "
                                 "for nothing that could be left out",
                                 m->name, s->name, is, may);
        (void)cost_format(highest->hundredths, costs);
        return fault_set(f, -EPERM,
                         "bundle %s, service %s: exposure %s is above MaxExposure=%s; %s of it is for %s; "
                         "if you agree "
                         "raise MaxExposure= in /etc/sealift/policy.d to %s",
                         m->name, s->name, is, may, costs, request.data, is);
}

int policy_check_exposure(const struct policy *p, const struct manifest *m, struct fault *f)
{
        unsigned limit = 0;
        int r;

        if (!find_limit(p, m->name, &limit))
                return 0;
        for (size_t i = 0; i < m->n_services; i++) {
                const struct service *s = m->services + i;
                struct service_cost c;

                r = cost_compute(m, s, &c, f);
                if (r < 0)
                        return fault_prefix(f, "bundle %s, service %s", m->name, s->name);
                if (c.exposure.tenths > limit)
                        return refuse(m, s, &c, limit, f);
        }
        return 0;
}
