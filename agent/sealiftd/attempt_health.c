/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gates around the start of a release: what was wrong before, its migrations, and whether it is well. */

#include "sealiftd/attempt.h"

#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/task.h"
#include "ground/text.h"
#include "sealiftd/health.h"

/* TimeoutSec= of a manifest is bounded by facts/directives.c; a stuck sealift-unitd ends here. */
#define COMPARE_MAX_USEC (UINT64_C(6) * 60 * 1000000)

static int manifest_old(const struct attempt *t, struct manifest **ret)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored = {};
        size_t len;
        int r;

        r = store_manifest_read(t->agent->store, t->bundle->name, &t->old, &text, &len, &ignored);
        return r < 0 ? r : manifest_parse(text, len, "manifest", ret, &ignored);
}

/* What was broken before is told apart from what the release breaks: the same question, not one of the same
 * name. One that does not run has broken everything, and is no measure. */
int attempt_ask_old(struct attempt *t, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *old = NULL;
        _cleanup_(health_freep) struct health *h = NULL;
        struct fault late = {};
        const char *name;
        size_t at = 0;
        int r;

        if (t->manifest->n_probes == 0 || !*t->old.digest || t->health_before != BUNDLE_RUNNING ||
            !attempt_old_runs(t->agent, t->bundle) || manifest_old(t, &old) < 0)
                return 0;
        r = health_new(t->agent, t->bundle->name, &t->old, old, t->id, NULL, NULL, &h, f);
        if (r >= 0)
                r = await_until(&t->agent->await, health_was_asked, h, COMPARE_MAX_USEC, &late);
        if (r < 0)
                return r == -ECANCELED ? fault_set(f, r, "%s", late.text) : 0;
        if (health_down(h, NULL) < 0)
                return 0;
        while ((name = health_next_bad(h, &at)))
                if (manifest_ask_alike(old, t->manifest, name))
                        (void)!text_copy(t->forgiven[t->n_forgiven++], NAME_SIZE, name);
        return 0;
}

/* Where this host's files cannot be read, sealift-unitd cannot either, and says so at once. */
static uint64_t migrations_max_usec(const struct attempt *t, bool running)
{
        _cleanup_(effective_done) struct effective e = {};
        struct fault ignored;

        return sitedir_apply(CONFIG_BUNDLES_PATH, t->manifest, &e, &ignored) < 0
                       ? 0
                       : task_migrations_max_usec(&e, running);
}

static int release_migrate(struct attempt *t, bool running, struct fault *f)
{
        int r;

        if (!task_any_migrates(t->manifest, running))
                return 0;
        t->started = true;
        r = units_migrate(t->agent->units, t->bundle->name, &t->release, t->id, running,
                          migrations_max_usec(t, running), f);
        return attempt_blame(t->agent, t->bundle, &t->release, r, f);
}

int attempt_migrate_beside(struct attempt *t, struct fault *f)
{
        return release_migrate(t, true, f);
}

int attempt_migrate(struct attempt *t, struct fault *f)
{
        return release_migrate(t, false, f);
}

static bool health_is_known(void *health)
{
        char why[FAULT_TEXT_MAX];

        return health_judge(health, why) != HEALTH_UNKNOWN || health_down(health, NULL) < 0 ||
               health_unasked(health, HEALTH_UNASKED_MAX_USEC, NULL) < 0;
}

/* One that could not be asked is gone back from, but it is not quarantined: this host's disk may be full, or
 * sealift-unitd be away. Nor is one whose service somebody has stopped: who wants the bundle down, and not
 * only this release, tells us. Where that is the release's doing all the same, it is not tried again at each
 * poll (-EOPNOTSUPP), or is blamed for it in the end. */
int attempt_await_health(struct attempt *t, struct fault *f)
{
        enum health_verdict verdict;
        char why[FAULT_TEXT_MAX];
        int r;

        r = health_new(t->agent, t->bundle->name, &t->release, t->manifest, t->id, NULL, NULL, &t->health,
                       f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < t->n_forgiven; i++)
                health_forgive(t->health, t->forgiven[i]);
        r = await_idle_until(&t->agent->await, health_is_known, t->health, UINT64_MAX, f);
        if (r < 0)
                return r;
        verdict = health_judge(t->health, why);
        if (verdict == HEALTH_BAD)
                return fault_set(f, -ECHILD, "%s", why);
        r = health_down(t->health, f);
        if (r < 0 || verdict == HEALTH_WELL)
                return r;
        r = health_unasked(t->health, HEALTH_UNASKED_MAX_USEC, f);
        return attempt_blame(t->agent, t->bundle, &t->release, r, f);
}
