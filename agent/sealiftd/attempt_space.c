/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Room for a release, before a byte of it is fetched: what it needs is signed. Where that is not free, what
 * would go anyhow goes first: other downloads that broke off, and the releases of the bundle that retention
 * would drop once this one is current, but none that may have to be gone back to before it is. Nothing goes
 * for a release that does not fit all the same. */

#include "sealiftd/attempt.h"

#include "sealiftd/collect.h"
#include "store/incoming.h"

static bool is_ours(void *userdata, const char *digest)
{
        const struct attempt *t = userdata;

        return str_eq(digest, t->manifest->content.sha256);
}

/* What has come of it already takes no more room. */
static struct space space_needed(const struct attempt *t)
{
        const struct content *c = &t->manifest->content;
        struct space needed = store_space_needed(c);
        uint64_t here = incoming_size(store_incoming_fd(t->agent->store), c->sha256);

        needed.bytes -= here < c->size ? here : c->size;
        return needed;
}

int attempt_check_space(struct attempt *t, struct fault *f)
{
        int at = store_incoming_fd(t->agent->store), r;
        struct fault ignored = {}; /* told after the poll */
        struct space needed = space_needed(t), freed = {};
        struct bundle_state after = t->bundle->state;

        if (t->whole)
                return 0;
        r = store_space_check(at, needed, freed, f);
        if (r != -ENOSPC)
                return r;
        (void)!incoming_sweep(at, is_ours, t, &ignored);
        r = store_space_check(at, needed, freed, f);
        if (r != -ENOSPC || t->repairs) /* no release goes for one that is here */
                return r;
        state_commit(&after, &t->release, t->agent->boot);
        collect_measure(t->agent, t->bundle, &after, &t->release, &freed);
        r = store_space_check(at, needed, freed, f);
        if (r < 0)
                return r;
        collect_bundle(t->agent, t->bundle, &after, &t->release);
        return store_space_check(at, needed, (struct space){}, f);
}
