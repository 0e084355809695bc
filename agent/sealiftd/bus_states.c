/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ListStates() of org.sealift.Agent1: what is known of each bundle beyond what ListBundles() says, in
 * dictionaries, which may grow. Reads the agent; touches nothing. */

#include "sealiftd/bus_parts.h"
#include "sealiftd/trial.h"

#define QUARANTINE_TYPE "(ssts)"

static int quarantined_append(sd_bus_message *m, const struct bundle_state *s)
{
        int r;

        r = sd_bus_message_open_container(m, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", "Quarantined");
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'v', "a" QUARANTINE_TYPE);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', QUARANTINE_TYPE);
        for (size_t i = 0; r >= 0 && i < s->n_quarantined; i++) {
                const struct quarantine *q = s->quarantined + i;

                r = sd_bus_message_append(m, QUARANTINE_TYPE, q->release.version, q->release.digest,
                                          q->since_usec, q->reason);
        }
        for (size_t i = 0; r >= 0 && i < 3; i++)
                r = sd_bus_message_close_container(m);
        return r;
}

/* Nothing where it is on none. */
static int trial_append(sd_bus_message *m, const struct bundle *b)
{
        unsigned failures, max;
        uint64_t until = trial_until(b, &failures, &max);

        return until > 0 ? sd_bus_message_append(m, "{sv}", "Trial", "(tuu)", until, failures, max) : 0;
}

static int state_append(sd_bus_message *m, const struct bundle *b)
{
        const struct bundle_state *s = &b->state;
        int r;

        r = sd_bus_message_open_container(m, 'r', "sa{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "s", b->name);
        if (r >= 0)
                r = sd_bus_message_open_container(m, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(m, "{sv}{sv}{sv}{sv}{sv}", "Previous", "s", s->previous.version,
                                          "Proven", "s", s->proven.version, "Epoch", "t", s->epoch, "Held",
                                          "b", (int)s->held, "Listed", "b", (int)!s->missing);
        if (r >= 0)
                r = trial_append(m, b);
        if (r >= 0)
                r = quarantined_append(m, s);
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
                r = state_append(reply, a->bundles + i);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}
