/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of bundles, and the small facts everybody asks for. */

#include "sealiftd/agent.h"

#include <time.h>

#include "ground/text.h"
#include "sealiftd/bus.h"

static const char *const health_texts[] = {
        [BUNDLE_ABSENT] = "absent",     [BUNDLE_RUNNING] = "running",     [BUNDLE_UPDATING] = "updating",
        [BUNDLE_STARTING] = "starting", [BUNDLE_FAILED] = "failed",       [BUNDLE_STOPPED] = "stopped",
        [BUNDLE_DISABLED] = "disabled", [BUNDLE_WITHDRAWN] = "withdrawn",
};
_Static_assert(ELEMENTSOF(health_texts) == _BUNDLE_HEALTH_MAX, "every health has a word");

const char *bundle_health_text(enum bundle_health h)
{
        return health_texts[h];
}

uint64_t agent_now_usec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_REALTIME, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct bundle *agent_add_bundle(struct agent *a, size_t at, const char *name)
{
        struct bundle *bundles, *b;

        if (a->n_bundles >= BUNDLES_MAX)
                return NULL;
        bundles = reallocarray(a->bundles, a->n_bundles + 1, sizeof(*bundles));
        if (!bundles)
                return NULL;
        a->bundles = bundles;
        b = bundles + at;
        memmove(b + 1, b, (a->n_bundles - at) * sizeof(*b));
        *b = (struct bundle){ .since_usec = agent_now_usec() };
        (void)snprintf(b->name, sizeof(b->name), "%s", name);
        a->n_bundles++;
        return b;
}

struct bundle *agent_find_bundle(struct agent *a, const char *name, bool add)
{
        size_t at = 0;

        while (at < a->n_bundles && strcmp(a->bundles[at].name, name) < 0)
                at++;
        if (at < a->n_bundles && str_eq(a->bundles[at].name, name))
                return a->bundles + at;
        return add ? agent_add_bundle(a, at, name) : NULL;
}

void agent_set_health(struct agent *a, struct bundle *b, enum bundle_health h)
{
        if (b->health == h)
                return;
        b->health = h;
        b->since_usec = agent_now_usec();
        bus_tell_bundle(a->bus, b);
}

bool agent_may_run(const struct agent *a, const struct bundle *b)
{
        return state_may_run(&b->state, a->boot);
}

enum bundle_health agent_resting_health(const struct agent *a, const struct bundle *b)
{
        if (*b->state.withdrawn)
                return BUNDLE_WITHDRAWN;
        if (agent_may_run(a, b))
                return BUNDLE_ABSENT;
        return b->state.wish == WISH_DISABLED ? BUNDLE_DISABLED : BUNDLE_STOPPED;
}
