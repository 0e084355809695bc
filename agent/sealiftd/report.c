/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the machine says about itself, put together from what sealiftd knows. */

#include "sealiftd/report.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/report.h"
#include "sealiftd/vigil.h"
#include "store/outbox.h"

static int report_text(struct agent *a, const char *reason, const char *error, char **ret)
{
        const char *warnings[VIGIL_WARNINGS_MAX + 1];
        struct report_bundle bundles[BUNDLES_MAX];

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
