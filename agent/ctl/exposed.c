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

static int print_requests(const struct service *s, const struct service_cost *c, const char *indent,
                          struct fault *f)
{
        _cleanup_(buffer_done) struct buffer request = BUFFER_INIT(EXPOSED_REQUEST_MAX);
        char cost[COST_TEXT_SIZE];
        int r;

        for (size_t i = 0; i < c->n_costs; i++) {
                r = format_request(s, c->costs + i, &request, f);
                if (r < 0)
                        return r;
                printf("%s  %5s  %s: %s\n", indent, cost_format(c->costs[i].hundredths, cost), request.data,
                       c->costs[i].meaning);
        }
        return 0;
}

int exposed_print_requests(const struct manifest *m, const struct service *s, const char *indent,
                           struct fault *f)
{
        struct service_cost c;
        int r;

        r = cost_compute(m, s, &c, f);
        return r < 0 ? r : print_requests(s, &c, indent, f);
}

int exposed_print(const struct manifest *m, const struct service *s, const char *indent, struct fault *f)
{
        char figure[EXPOSURE_TEXT_SIZE];
        struct service_cost c;
        int r;

        r = cost_compute(m, s, &c, f);
        if (r < 0)
                return r;
        printf("%s%s: exposure %s\n", indent, s->name, exposure_format(c.exposure.tenths, figure));
        return print_requests(s, &c, indent, f);
}

static int make_requests(const struct service *s, const struct service_cost *c, json_t **ret,
                         struct fault *f)
{
        _cleanup_(buffer_done) struct buffer request = BUFFER_INIT(EXPOSED_REQUEST_MAX);
        json_t *requests = json_array();
        char cost[COST_TEXT_SIZE];
        int r = 0;

        for (size_t i = 0; i < c->n_costs && r >= 0; i++) {
                r = format_request(s, c->costs + i, &request, f);
                if (r >= 0)
                        (void)json_array_append_new(
                                requests, json_pack("{s:s, s:s, s:s}", "request", request.data, "cost",
                                                    cost_format(c->costs[i].hundredths, cost), "meaning",
                                                    c->costs[i].meaning));
        }
        if (r < 0 || !requests) {
                json_decref(requests);
                return r < 0 ? r : fault_set_errno(f, -ENOMEM, "%s", s->name);
        }
        *ret = requests;
        return 0;
}

int exposed_json_requests(const struct manifest *m, const struct service *s, json_t **ret, struct fault *f)
{
        struct service_cost c;
        int r;

        r = cost_compute(m, s, &c, f);
        return r < 0 ? r : make_requests(s, &c, ret, f);
}

int exposed_json(const struct manifest *m, const struct service *s, json_t **ret, struct fault *f)
{
        char figure[EXPOSURE_TEXT_SIZE];
        struct service_cost c;
        json_t *requests, *j;
        int r;

        r = cost_compute(m, s, &c, f);
        if (r >= 0)
                r = make_requests(s, &c, &requests, f);
        if (r < 0)
                return r;
        j = json_pack("{s:s, s:s, s:o}", "service", s->name, "exposure",
                      exposure_format(c.exposure.tenths, figure), "requests", requests);
        if (!j)
                return fault_set_errno(f, -ENOMEM, "%s", s->name);
        *ret = j;
        return 0;
}
