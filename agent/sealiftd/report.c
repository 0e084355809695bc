/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the machine says about itself, put together from what sealiftd knows. */

#include "sealiftd/report.h"

#include <syslog.h>

#include "doors/instances.h"
#include "doors/journal.h"
#include "facts/report.h"
#include "sealiftd/jobs.h"
#include "sealiftd/trial.h"
#include "sealiftd/vigil.h"
#include "store/outbox.h"

/* Both tables are sorted by bundle; *at is where those of b begin, and then those of the next. */
static void bundle_add_jobs(const struct agent *a, const struct bundle *b, const struct report_job *jobs,
                            size_t *at, struct report_bundle *ret)
{
        while (*at < a->n_jobs && strcmp(a->jobs[*at].last.bundle, b->name) < 0)
                ++*at;
        ret->jobs = jobs + *at;
        for (; *at < a->n_jobs && str_eq(a->jobs[*at].last.bundle, b->name); ++*at)
                ret->n_jobs++;
}

/* Which instances of which bundle there are: their names, a NULL behind those of each bundle. */
struct named {
        struct instance *all; /* owned; ordered by bundle, as the bundles are */
        size_t n, at;
        const char *names[INSTANCES_MAX + BUNDLES_MAX];
        size_t n_names;
};

static void named_done(struct named *named)
{
        free(named->all);
}

static int named_read(struct named *named, struct fault *f)
{
        int r;

        r = instances_read(&named->all, &named->n, f);
        if (named->n > INSTANCES_MAX)
                named->n = INSTANCES_MAX;
        return r;
}

static void bundle_add_instances(const struct bundle *b, struct named *named, struct report_bundle *ret)
{
        ret->instances = named->names + named->n_names;
        for (; named->at < named->n && strcmp(named->all[named->at].bundle, b->name) <= 0; named->at++)
                if (str_eq(named->all[named->at].bundle, b->name))
                        named->names[named->n_names++] = named->all[named->at].name;
        named->names[named->n_names++] = NULL;
}

/* An unchanged poll is not worth a write: *ret is NULL. */
static int report_text(const struct agent *a, const struct report *report, struct report_last *ret_last,
                       char **ret)
{
        struct report_last last = { .time_usec = report->time_usec };
        int r;

        r = report_sum(report, last.sum);
        if (r < 0)
                return r;
        if (str_eq(report->reason, "poll") && !report_is_due(&a->reported, last.sum, last.time_usec)) {
                *ret = NULL;
                return 0;
        }
        r = report_write(report, ret);
        if (r >= 0)
                *ret_last = last;
        return r;
}

static void bundle_describe(const struct bundle *b, struct report_bundle *ret)
{
        *ret = (struct report_bundle){
                .name = b->name,
                .version = b->state.current.version,
                .digest = b->state.current.digest,
                .state = bundle_health_text(b->health),
                .since_usec = b->since_usec,
                .error = b->error,
                .proven = b->state.proven.version,
                .epoch = b->state.epoch,
                .held = b->state.held,
                .missing = b->state.missing,
                .damaged = b->state.damaged,
                .n_damaged = b->state.n_damaged,
        };
        ret->trial_until_usec = trial_until(b, &ret->trial_failures, &ret->trial_max);
}

static int report_put_together(struct agent *a, const char *reason, const char *error,
                               struct report_last *ret_last, char **ret, struct fault *f)
{
        const char *warnings[VIGIL_WARNINGS_MAX + 1];
        struct report_bundle bundles[BUNDLES_MAX];
        struct report_job jobs[JOBS_MAX];
        _cleanup_(named_done) struct named named = {};
        struct report report = {
                .machine = a->machine,
                .boot = a->boot,
                .agent = PACKAGE_VERSION,
                .channel = a->config->channel,
                .reason = reason,
                .error = error,
                .sequence = outbox_next_sequence(a->outbox),
                .dropped = outbox_dropped(a->outbox),
                .time_usec = agent_now_usec(),
                .warnings = warnings,
                .bundles = bundles,
                .n_bundles = a->n_bundles,
        };
        size_t at = 0;
        int r;

        r = named_read(&named, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < a->n_jobs; i++)
                jobs_describe(a->jobs + i, jobs + i);
        vigil_warnings(a, warnings);
        for (size_t i = 0; i < a->n_bundles; i++) {
                bundle_describe(a->bundles + i, bundles + i);
                bundle_add_jobs(a, a->bundles + i, jobs, &at, bundles + i);
                bundle_add_instances(a->bundles + i, &named, bundles + i);
        }
        r = report_text(a, &report, ret_last, ret);
        return r < 0 ? fault_set_errno(f, r, "cannot put the report together") : 0;
}

void report_make(struct agent *a, const char *reason, const char *error)
{
        _cleanup_free_ char *text = NULL;
        struct report_last last;
        struct fault f = {};
        int r;

        a->report_due = false;
        if (!*a->config->report.url)
                return;
        r = report_put_together(a, reason, error, &last, &text, &f);
        if (r >= 0 && !text)
                return;
        if (r >= 0)
                r = outbox_add(a->outbox, text, strlen(text), &f);
        if (r < 0) {
                journal_send(JOURNAL_REPORT_FAILED, LOG_WARNING, NULL, "report lost: %s", f.text);
                return;
        }
        a->reported = last;
        outbound_kick(a->outbound);
}
