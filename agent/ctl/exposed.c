/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Words and JSON around facts/cost. Opens nothing. */

#include "ctl/exposed.h"

#include "facts/cost.h"

enum { EXPOSED_REQUEST_MAX = 64 * 1024 }; /* all lines of one key, on one */

static int format_request(const struct service *s, const struct cost *c, struct buffer *out, struct fault *f)
{
        int r;

        buffer_done(out);
        r = cost_format_request(s, c->kind, out);
        return r < 0 ? fault_set_errno(f, r, "[Sandbox %s]", s->name) : 0;
}

int exposed_print(const struct manifest *m, const struct service *s, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer request = BUFFER_INIT(EXPOSED_REQUEST_MAX);
        char figure[EXPOSURE_TEXT_SIZE], cost[COST_TEXT_SIZE];
        struct service_cost c;
        int r;

        r = cost_compute(m, s, &c, f);
        if (r < 0)
                return r;
        printf("  %s: exposure %s\n", s->name, exposure_format(c.exposure.tenths, figure));
        for (size_t i = 0; i < c.n_costs; i++) {
                r = format_request(s, c.costs + i, &request, f);
                if (r < 0)
                        return r;
                printf("    %5s  %s: %s\n", cost_format(c.costs[i].hundredths, cost), request.data,
                       c.costs[i].meaning);
        }
        return 0;
}

int exposed_json(const struct manifest *m, const struct service *s, json_t **ret, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer request = BUFFER_INIT(EXPOSED_REQUEST_MAX);
        char figure[EXPOSURE_TEXT_SIZE], cost[COST_TEXT_SIZE];
        struct service_cost c;
        json_t *j, *requests;
        int r;

        r = cost_compute(m, s, &c, f);
        if (r < 0)
                return r;
        requests = json_array();
        for (size_t i = 0; i < c.n_costs && r >= 0; i++) {
                r = format_request(s, c.costs + i, &request, f);
                if (r >= 0)
                        (void)json_array_append_new(
                                requests, json_pack("{s:s, s:s, s:s}", "request", request.data, "cost",
                                                    cost_format(c.costs[i].hundredths, cost), "meaning",
                                                    c.costs[i].meaning));
        }
        if (r < 0) {
                json_decref(requests);
                return r;
        }
        j = json_pack("{s:s, s:s, s:o}", "service", s->name, "exposure",
                      exposure_format(c.exposure.tenths, figure), "requests", requests);
        if (!j)
                return fault_set_errno(f, -ENOMEM, "%s", s->name);
        *ret = j;
        return 0;
}
