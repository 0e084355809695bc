/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Facts to JSON. Times are RFC 3339 in UTC, so that a person can read a report as the receiver got it. */

#include "facts/report.h"

#include <jansson.h>

#include "facts/date.h"
#include "facts/digest.h"

static json_t *text_or_null(const char *s)
{
        return s && *s ? json_string(s) : json_null();
}

static json_t *time_text(uint64_t usec)
{
        char date[DATE_SIZE];

        date_format((int64_t)(usec / 1000000), date);
        return usec == 0 ? json_null() : json_string(date);
}

static json_t *job_json(const struct report_job *j)
{
        return json_pack("{s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", j->name,
                         "instance", text_or_null(j->instance), "service", j->service, "state", j->state,
                         "version", text_or_null(j->version), "result", text_or_null(j->result),
                         "exit_status", j->exit_status < 0 ? json_null() : json_integer(j->exit_status),
                         "signal", text_or_null(j->signal), "started", time_text(j->started_usec), "ended",
                         time_text(j->ended_usec), "next", time_text(j->next_usec));
}

static json_t *jobs_json(const struct report_bundle *b)
{
        json_t *array = json_array();

        for (size_t i = 0; i < b->n_jobs; i++)
                if (json_array_append_new(array, job_json(b->jobs + i)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *trial_json(const struct report_bundle *b)
{
        if (b->trial_until_usec == 0)
                return json_null();
        return json_pack("{s:o, s:i, s:i}", "until", time_text(b->trial_until_usec), "failures",
                         (int)b->trial_failures, "of", (int)b->trial_max);
}

/* NULL when there is a text that is not UTF-8. */
static json_t *texts_json(const char *const *texts)
{
        json_t *array = json_array();

        for (; texts && *texts; texts++)
                if (json_array_append_new(array, json_string(*texts)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

/* Which; how, the machine itself says. */
static json_t *damaged_json(const struct report_bundle *b)
{
        json_t *array = json_array();

        for (size_t i = 0; i < b->n_damaged && i < REPORT_DAMAGED_MAX; i++)
                if (json_array_append_new(array, json_string(b->damaged[i].release.version)) < 0) {
                        json_decref(array);
                        return NULL;
                }
        return array;
}

static json_t *bundle_json(const struct report_bundle *b)
{
        return json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:o, s:o, s:o}", "name",
                         b->name, "version", text_or_null(b->version), "digest", text_or_null(b->digest),
                         "state", b->state, "since", time_text(b->since_usec), "error",
                         text_or_null(b->error), "proven", text_or_null(b->proven), "epoch",
                         (json_int_t)b->epoch, "held", b->held, "listed", !b->missing, "damaged",
                         damaged_json(b), "trial", trial_json(b), "instances", texts_json(b->instances),
                         "jobs", jobs_json(b));
}

int report_write(const struct report *r, char **ret)
{
        json_t *bundles = json_array(), *whole;
        char *text;

        for (size_t i = 0; i < r->n_bundles; i++)
                if (json_array_append_new(bundles, bundle_json(r->bundles + i)) < 0) {
                        json_decref(bundles);
                        return -EINVAL;
                }
        whole = json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:s, s:s, s:o, s:o, s:o, s:o}", "format",
                          REPORT_FORMAT, "machine", r->machine, "boot", r->boot, "agent", r->agent,
                          "sequence", (json_int_t)r->sequence, "dropped", (json_int_t)r->dropped, "channel",
                          r->channel, "reason", r->reason, "time", time_text(r->time_usec), "error",
                          text_or_null(r->error), "warnings", texts_json(r->warnings), "bundles", bundles);
        if (!whole)
                return -EINVAL; /* json_pack() has released what it was given */
        text = json_dumps(whole, JSON_COMPACT);
        json_decref(whole);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

int report_sum(const struct report *r, char ret[static DIGEST_HEX_SIZE])
{
        struct report same = *r;
        _cleanup_free_ char *text = NULL;
        int k;

        same.sequence = same.dropped = same.time_usec = 0;
        same.reason = "";
        k = report_write(&same, &text);
        return k < 0 ? k : digest_hex(text, strlen(text), ret);
}

/* A clock that was set back must not keep a machine silent until it is where it was. */
bool report_is_due(const struct report_last *last, const char *sum, uint64_t now_usec)
{
        return !str_eq(last->sum, sum) || now_usec < last->time_usec ||
               now_usec - last->time_usec >= REPORT_HEARTBEAT_USEC;
}
