/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the machine says about itself, put together from what sealiftd knows. */

#include "sealiftd/report.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/report.h"
#include "sealiftd/jobs.h"
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

static int report_text(struct agent *a, const char *reason, const char *error, char **ret)
{
        const char *warnings[VIGIL_WARNINGS_MAX + 1];
        struct report_bundle bundles[BUNDLES_MAX];
        struct report_job jobs[JOBS_MAX];
        size_t at = 0;

        for (size_t i = 0; i < a->n_jobs; i++)
                jobs_describe(a->jobs + i, jobs + i);
        vigil_warnings(a, warnings);
        for (size_t i = 0; i < a->n_bundles; i++) {
                const struct bundle *b = a->bundles + i;

                bundles[i] = (struct report_bundle){
                        .name = b->name,
                        .version = b->state.current.version,
                        .digest = b->state.current.digest,
                        .state = bundle_health_text(b->health),
                        .since_usec = b->since_usec,
                        .error = b->error,
                };
                bundle_add_jobs(a, b, jobs, &at, bundles + i);
        }
        return report_write(
                &(struct report){
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
                },
                ret);
}

void report_make(struct agent *a, const char *reason, const char *error)
{
        _cleanup_free_ char *text = NULL;
        struct fault f = {};
        int r;

        if (!*a->config->report.url)
                return;
        r = report_text(a, reason, error, &text);
        if (r < 0)
                (void)fault_set_errno(&f, r, "cannot put the report together");
        else
                r = outbox_add(a->outbox, text, strlen(text), &f);
        if (r < 0)
                journal_send(JOURNAL_REPORT_FAILED, LOG_WARNING, NULL, "report lost: %s", f.text);
        else
                outbound_kick(a->outbound);
}
