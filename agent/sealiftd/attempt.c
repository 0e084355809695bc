/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The life of one attempt: how it begins, what is decided before a byte of the bundle is fetched, and how it
 * ends. Staging is in attempt_stage.c, switching in attempt_switch.c. */

#include "sealiftd/attempt.h"

#include <inttypes.h>
#include <syslog.h>

#include "doors/apparmor.h"
#include "doors/cgroup.h"
#include "doors/host.h"
#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/date.h"
#include "facts/suits.h"
#include "ground/text.h"
#include "sealiftd/health.h"
#include "sealiftd/poll.h"

struct journal_subject attempt_subject(const struct attempt *t)
{
        return (struct journal_subject){
                .bundle = t->bundle->name,
                .version = *t->release.version ? t->release.version : NULL,
                .digest = t->release.digest,
                .attempt = t->id,
        };
}

static void attempt_remember(struct attempt *t, enum attempt_kind kind)
{
        t->old = t->bundle->state.current;
        t->health_before = t->bundle->health;
        t->since_before = t->bundle->since_usec;
        t->bundle->kind = kind;
        *t->bundle->tried = '\0';
}

void attempt_begin_rollback(struct attempt *t, struct agent *a, struct bundle *b,
                            const struct release_ref *to)
{
        *t = (struct attempt){
                .agent = a,
                .id = agent_now_usec(),
                .bundle_fd = -EBADF,
                .tree_fd = -EBADF,
                .bundle = b,
                .release = *to,
        };
        attempt_remember(t, ATTEMPT_ROLLBACK);
}

int attempt_begin(struct attempt *t, struct agent *a, struct refresh *trust, const struct plan_item *item,
                  struct fault *f)
{
        *t = (struct attempt){
                .agent = a,
                .trust = trust,
                .item = item,
                .id = agent_now_usec(),
                .bundle_fd = -EBADF,
                .tree_fd = -EBADF,
                .bundle = agent_find_bundle(a, item->bundle, true),
        };
        if (!t->bundle)
                return fault_set(f, -EFBIG,
                                 "%s: this machine knows %d bundles already; name fewer in Bundles=",
                                 item->bundle, BUNDLES_MAX);
        if (t->bundle->damaged)
                return fault_set(f, -EINVAL, "%s: %s", t->bundle->name, t->bundle->error);
        memcpy(t->release.digest, item->digest, sizeof(t->release.digest));
        t->bundle->listed = true;
        attempt_remember(t, ATTEMPT_INSTALL);
        return 0;
}

void attempt_done(struct attempt *t)
{
        free(t->manifest_text);
        t->manifest = manifest_free(t->manifest);
        t->health = health_free(t->health);
        t->bundle_fd = fd_close(t->bundle_fd);
        t->tree_fd = fd_close(t->tree_fd);
}

struct attempt *attempt_of(const struct agent *a, const struct bundle *b)
{
        struct attempt *t = a->attempt;

        while (t && t->bundle != b)
                t = t->outer;
        return t;
}

bool attempt_is_of(const struct agent *a, const struct bundle *b)
{
        return attempt_of(a, b) != NULL;
}

bool attempt_repairs(const struct agent *a, const struct bundle *b)
{
        const struct attempt *t = attempt_of(a, b);

        return t && t->repairs;
}

bool attempt_old_runs(const struct agent *a, const struct bundle *b)
{
        const struct attempt *t = attempt_of(a, b);

        return b->health == BUNDLE_RUNNING ||
               (b->health == BUNDLE_UPDATING && t && t->health_before == BUNDLE_RUNNING && !t->old_stopped);
}

void attempt_note_old(struct agent *a, struct bundle *b, enum bundle_health h)
{
        struct attempt *t = attempt_of(a, b);

        if (t && b->health == BUNDLE_UPDATING) {
                t->health_before = h;
                t->since_before = agent_now_usec();
        } else
                agent_set_health(a, b, h);
}

void attempt_overtake(struct attempt *t, const char *version, const char *why)
{
        if (!t->staging)
                return;
        (void)snprintf(t->overtaken, sizeof(t->overtaken), "release %.64s goes back: %.300s", version, why);
        t->agent->check_due = true;
}

int attempt_check_quarantine(struct attempt *t, struct fault *f)
{
        const struct quarantine *q = state_find_quarantined(&t->bundle->state, t->release.digest);
        const struct release_ref *unwalled = &t->bundle->unwalled;
        struct fault ignored = {};

        if (str_eq(unwalled->digest, t->release.digest)) {
                memcpy(t->release.version, unwalled->version, sizeof(t->release.version));
                return fault_set(f, -EALREADY,
                                 "%s %s cannot run on this host as it should (%s); mend that, then run "
                                 "`sealift check`",
                                 t->bundle->name, unwalled->version, t->bundle->unwalled_why);
        }
        if (!q)
                return 0;
        if (t->bundle->unsaved)
                t->bundle->unsaved =
                        store_state_save(t->agent->store, t->bundle->name, &t->bundle->state, &ignored) < 0;
        memcpy(t->release.version, q->release.version, sizeof(t->release.version));
        return fault_set(f, -EALREADY,
                         "%s %s is quarantined here (%s); publish a new release, or sealift retry %s",
                         t->bundle->name, q->release.version, q->reason, t->bundle->name);
}

int attempt_check_hold(struct attempt *t, struct fault *f)
{
        const char *name = t->bundle->name;

        if (!t->bundle->state.held)
                return 0;
        t->unwanted = true;
        return fault_set(f, -EBUSY, "%s is held, and stays as it is; sealift unhold %s", name, name);
}

/* It would be started by that. */
int attempt_check_stop(struct attempt *t, struct fault *f)
{
        const char *name = t->bundle->name;

        if (agent_may_run(t->agent, t->bundle))
                return 0;
        t->unwanted = true;
        return fault_set(f, -EBUSY, "%s is %s, and no release of it is installed; sealift start %s", name,
                         bundle_health_text(agent_resting_health(t->agent, t->bundle)), name);
}

/* Whatever signs it: a release with a known hole is signed well, too. */
int attempt_check_epoch(struct attempt *t, struct fault *f)
{
        uint64_t epoch = manifest_epoch(t->manifest), floor = t->bundle->state.epoch;

        if (epoch >= floor)
                return 0;
        return fault_set(f, -ESTALE,
                         "%s %s has Epoch=%" PRIu64 ", and one of Epoch=%" PRIu64
                         " has proved itself on this machine: nothing below that runs here again; publish a "
                         "release with Epoch=%" PRIu64 " or more",
                         t->bundle->name, t->release.version, epoch, floor, floor);
}

static int attempt_parse_manifest(struct attempt *t, const char *name, struct fault *f)
{
        int r;

        r = manifest_parse(t->manifest_text, t->manifest_len, name, &t->manifest, f);
        if (r < 0)
                return r;
        if (!str_eq(t->manifest->name, t->bundle->name))
                return fault_set(f, -EINVAL, "%s: is the manifest of bundle %s", name, t->manifest->name);
        if (t->manifest->withdrawn)
                t->bundle->kind = ATTEMPT_WITHDRAWAL;
        else if (!t->manifest->content.sealed)
                return fault_set(f, -EINVAL, "%s: has no content part; publish what `sealift pack` makes",
                                 name);
        memcpy(t->release.version, t->manifest->version, sizeof(t->release.version));
        memcpy(t->bundle->tried, t->release.version, sizeof(t->bundle->tried));
        return 0;
}

static int attempt_load_manifest(struct attempt *t, struct fault *f)
{
        int r;

        r = store_manifest_read(t->agent->store, t->bundle->name, &t->release, &t->manifest_text,
                                &t->manifest_len, f);
        return r < 0 ? r : attempt_parse_manifest(t, t->bundle->name, f);
}

/* What is on disk was in force here once, and is looked at all the same. */
int attempt_read_manifest(struct attempt *t, struct fault *f)
{
        int r;

        r = attempt_load_manifest(t, f);
        if (r < 0)
                return r;
        t->tree_fd = store_tree_open(t->agent->store, t->bundle->name, &t->release, f);
        if (t->tree_fd < 0)
                return t->tree_fd;
        agent_set_health(t->agent, t->bundle, BUNDLE_UPDATING);
        return 0;
}

int attempt_fetch_manifest(struct attempt *t, struct fault *f)
{
        char name[NAME_SIZE + STRLEN(".manifest")];
        struct journal_subject s;
        int r;

        (void)snprintf(name, sizeof(name), "%s.manifest", t->bundle->name);
        r = refresh_fetch_manifest(t->trust, t->bundle->name, &t->manifest_text, &t->manifest_len, f);
        if (r >= 0)
                r = attempt_parse_manifest(t, name, f);
        if (r < 0 || t->manifest->withdrawn || !agent_may_run(t->agent, t->bundle))
                return r;
        agent_set_health(t->agent, t->bundle, BUNDLE_UPDATING);
        s = attempt_subject(t);
        journal_send(JOURNAL_RELEASE_FOUND, LOG_INFO, &s, "%s: release %s is to be installed",
                     t->bundle->name, t->release.version);
        return 0;
}

/* As this host's own configuration has them. That the two go together is for the policy's gate to say. */
static int check_outbound(const struct attempt *t, struct fault *f)
{
        _cleanup_(effective_done) struct effective e = {};
        bool filters = cgroup_filters_addresses();
        struct fault ignored;
        int r = 0;

        if (sitedir_apply(CONFIG_BUNDLES_PATH, t->manifest, &e, &ignored) < 0)
                return 0;
        for (size_t i = 0; r >= 0 && i < e.n; i++)
                r = suits_check_outbound(e.items[i], filters, f);
        return r;
}

#define MINUTE_USEC (UINT64_C(60) * 1000000)

/* What nothing runs of yet has nobody to disturb. */
int attempt_check_window(struct attempt *t, struct fault *f)
{
        struct agent *a = t->agent;
        uint64_t length, wait = poll_window_usec(a, &length);
        char date[DATE_SIZE];

        if (wait == 0 || a->install_now || !release_ref_is_set(&t->old))
                return 0;
        a->window_awaited = t->unwanted = true;
        /* to the minute, so that it is the same words at each poll */
        date_format((int64_t)((agent_now_usec() + wait + MINUTE_USEC / 2) / MINUTE_USEC * 60), date);
        return fault_set(f, -EBUSY,
                         "%s: another release waits for Window=, which opens at %s; or sealift "
                         "check --now",
                         t->bundle->name, date);
}

int attempt_check_suits(struct attempt *t, struct fault *f)
{
        _cleanup_(host_close) struct host host = { .root = -EBADF };
        _cleanup_free_ struct requirement *requirements = NULL;
        size_t n;
        int r;

        r = suits_check(t->manifest, suits_architecture(), PACKAGE_VERSION, f);
        if (r < 0)
                return r;
        r = requirement_list(t->manifest, &requirements, &n, f);
        if (r < 0)
                return r;
        r = host_open(&host, "/", f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++)
                host_look(&host, requirements + i);
        r = suits_check_requirements(t->manifest, requirements, n, f);
        return r < 0 ? r : check_outbound(t, f);
}

int attempt_check_policy(struct attempt *t, struct fault *f)
{
        _cleanup_(effective_done) struct effective e = {};
        int r;

        r = sitedir_apply(CONFIG_BUNDLES_PATH, t->manifest, &e, f);
        for (size_t i = 0; r >= 0 && i < e.n; i++)
                r = policy_check(t->agent->policy, e.items[i], f);
        for (size_t i = 0; r >= 0 && i < e.n; i++)
                r = apparmor_check(t->agent->policy, e.items[i], f);
        return r;
}

int attempt_may_roll_back(struct agent *a, const struct bundle *b, const struct release_ref *to,
                          struct fault *f)
{
        static int (*const checks[])(struct attempt *, struct fault *) = {
                attempt_check_quarantine, attempt_load_manifest, attempt_check_epoch,
                attempt_check_suits,      attempt_check_policy,
        };
        _cleanup_(attempt_done) struct attempt t = {};
        struct bundle unheard = *b; /* what a check notes of its bundle is noted here */
        int r = 0;

        attempt_begin_rollback(&t, a, &unheard, to);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(checks); i++)
                r = checks[i](&t, f);
        return r;
}

void attempt_end_current(struct attempt *t)
{
        struct journal_subject s = attempt_subject(t);
        const char *reason;

        if (t->bundle->kind == ATTEMPT_WITHDRAWAL) {
                reason = manifest_get_bundle(t->manifest, "Reason");
                journal_send(JOURNAL_BUNDLE_WITHDRAWN, LOG_WARNING, &s,
                             "%s has been withdrawn by its publisher, and is stopped and removed%s%s",
                             t->bundle->name, reason ? ": " : "", reason ? reason : "");
                return;
        }
        journal_send(JOURNAL_RELEASE_CURRENT, LOG_NOTICE, &s, "%s runs release %s", t->bundle->name,
                     t->release.version);
}

void attempt_end_failed(struct attempt *t, const struct fault *why)
{
        struct journal_subject s = attempt_subject(t);
        struct bundle *b = t->bundle;
        bool news = !str_eq(b->error, why->text);

        attempt_drop_download(t, why);

        if (b->health == BUNDLE_UPDATING) { /* what ran was left alone, and has done so since then */
                agent_set_health(t->agent, b, t->health_before);
                b->since_usec = t->since_before;
        }
        if (b->health != BUNDLE_FAILED) /* then what keeps it down has been said, and is worse */
                (void)snprintf(b->error, sizeof(b->error), "%s", why->text);
        /* The same refusal at each poll is said once; a release that did not come up has been told of
         * already. */
        if (news && why->error != -ECHILD)
                journal_send(JOURNAL_RELEASE_REFUSED, LOG_WARNING, &s,
                             "%s: release %s was not installed: %s", b->name,
                             *t->release.version ? t->release.version : "(unknown)", why->text);
}
