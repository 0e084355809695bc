/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ListStates() of org.sealift.Agent1: what is known of each bundle beyond what ListBundles() says, in
 * dictionaries, which may grow. Reads the agent; touches nothing. */

#include "sealiftd/attempt.h"
#include "sealiftd/bus_parts.h"
#include "sealiftd/trial.h"

/* Of releases: which, since when, and why. */
#define RELEASES_TYPE "(ssts)"

static int releases_open(sd_bus_message *m, const char *key)
{
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", key);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a" RELEASES_TYPE);
        return r < 0 ? r : sd_bus_message_open_container(m, 'a', RELEASES_TYPE);
}

static int releases_close(sd_bus_message *m, int r)
{
        for (size_t i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

static int quarantined_append(sd_bus_message *m, const struct bundle_state *s)
{
        int r;

        r = releases_open(m, "Quarantined");
        for (size_t i = 0; r >= 0 && i < s->n_quarantined; i++) {
                const struct quarantine *q = s->quarantined + i;

                r = sd_bus_message_append(m, RELEASES_TYPE, q->release.version, q->release.digest,
                                          q->since_usec, q->reason);
        }
        return releases_close(m, r);
}

static int damaged_append(sd_bus_message *m, const struct bundle_state *s)
{
        int r;

        r = releases_open(m, "Damaged");
        for (size_t i = 0; r >= 0 && i < s->n_damaged; i++) {
                const struct damage *d = s->damaged + i;
                char reason[2 * STATE_REASON_SIZE + 32];

                (void)snprintf(reason, sizeof(reason), "%s%s%s", d->reason,
                               *d->unrepaired ? "; it cannot be put right: " : "", d->unrepaired);
                r = sd_bus_message_append(m, RELEASES_TYPE, d->release.version, d->release.digest,
                                          d->since_usec, reason);
        }
        return releases_close(m, r);
}

/* Nothing where it is on none. */
static int trial_append(sd_bus_message *m, const struct bundle *b)
{
        unsigned failures, max;
        uint64_t until = trial_until(b, &failures, &max);

        return until > 0 ? sd_bus_message_append(m, "{sv}", "Trial", "(tuu)", until, failures, max) : 0;
}

static int state_append(sd_bus_message *m, const struct agent *a, const struct bundle *b)
{
        const struct bundle_state *s = &b->state;
        int r;

        r = sd_bus_message_open_container(m, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", b->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}{sv}", "Previous", "s",
                                          s->previous.version, "Proven", "s", s->proven.version, "Epoch",
                                          "t", s->epoch, "Held", "b", (int)s->held, "Listed", "b",
                                          (int)!s->missing, "Runs", "b", (int)attempt_old_runs(a, b));
        if (r >= 0)
                r = trial_append(m, b);
        if (r >= 0)
                r = quarantined_append(m, s);
        if (r >= 0)
                r = damaged_append(m, s);
        for (size_t i = 0; r >= 0 && i < 2; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

int bus_list_states(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const struct agent *a = ((struct agent_bus *)userdata)->agent;
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(sa{sv})");
        for (size_t i = 0; r >= 0 && i < a->n_bundles; i++)
                r = state_append(reply, a, a->bundles + i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}
