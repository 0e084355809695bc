/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Carries out what operators want. Its input is a name of a bundle and one of a verb, checked for form; what
 * is wanted is kept in state/<bundle>, and done by sealift-unitd and the story. Never called from a handler
 * of the event loop, since most orders wait. */

#include "sealiftd/orders.h"

#include <stdarg.h>
#include <syslog.h>

#include "doors/journal.h"
#include "ground/text.h"
#include "sealiftd/attempt.h"
#include "sealiftd/bus.h"
#include "sealiftd/damage.h"
#include "sealiftd/report.h"
#include "sealiftd/restore.h"
#include "sealiftd/story.h"
#include "sealiftd/trial.h"

/* It is compared with names on disk, never made part of one. */
#define RELEASE_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~_-"

struct order_verb {
        const char *method;
        /* text: what came of it, or what there was to do already */
        int (*carry_out)(struct agent *a, struct bundle *b, const struct order *o, struct fault *text);
        /* Whether it cannot be done while a release is fetched; NULL: it can */
        bool (*overtakes)(struct agent *a, const struct bundle *b, const struct order *o);
};

/* ---- what all have in common */

static void told(struct fault *text, const char *format, ...) _printf_(2, 3);
static void told(struct fault *text, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(text->text, sizeof(text->text), format, ap);
        va_end(ap);
}

/* In memory only once it is on disk. */
static int state_replace(struct agent *a, struct bundle *b, const struct bundle_state *next, struct fault *f)
{
        int r;

        r = store_state_save(a->store, b->name, next, f);
        if (r >= 0)
                b->state = *next;
        return r;
}

static int installed_check(const struct bundle *b, struct fault *f)
{
        if (release_ref_is_set(&b->state.current))
                return 0;
        return fault_set(f, -ENOENT, "%s: no release of it is installed; see sealift why %s", b->name,
                         b->name);
}

/* What the last attempt met does not stand in the way any more. */
static void error_forget(struct bundle *b)
{
        if (b->health != BUNDLE_FAILED)
                *b->error = '\0';
        *b->gate_error = '\0';
}

static const char *current_version(const struct bundle *b)
{
        return b->state.current.version;
}

/* ---- hold, unhold, retry: what the next polls may do */

static int order_hold(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        struct bundle_state next = b->state;
        int r;

        next.held = true;
        r = state_replace(a, b, &next, text);
        if (r >= 0)
                told(text, "%s is held: no other release of it is installed until sealift unhold %s",
                     b->name, b->name);
        return r;
}

static int order_unhold(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        struct bundle_state next = b->state;
        int r;

        if (next.held)
                error_forget(b);
        next.held = false;
        r = state_replace(a, b, &next, text);
        if (r >= 0)
                told(text, "%s is not held: the next check installs what its channel has", b->name);
        return r;
}

static int order_retry(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        struct bundle_state next = b->state;
        bool any = state_pardon(&next, NULL);
        int r;

        r = any ? state_replace(a, b, &next, text) : 0;
        if (r < 0)
                return r;
        error_forget(b);
        b->unwalled = (struct release_ref){};
        a->check_due = true;
        told(text,
             any ? "%s: what failed or was set back may be tried again, at a check that begins now"
                 : "%s: there is nothing against any release of it; a check begins now",
             b->name);
        return 0;
}

/* ---- start, restart, stop, disable: whether it runs */

static int release_start(struct agent *a, struct bundle *b, struct fault *f)
{
        int r;

        r = attempt_start_current(a, b, false, agent_now_usec(), f);
        if (r >= 0) {
                damage_wake(a, b);
                restore_forget(b);
                attempt_note_old(a, b, BUNDLE_RUNNING);
                *b->error = '\0';
                trial_resume(a, b);
        } else if (r != -ECANCELED) {
                if (r == -EINTR) /* somebody stopped it meanwhile */
                        restore_forget(b);
                else
                        restore_later(a, b);
                attempt_note_old(a, b, BUNDLE_FAILED);
                (void)snprintf(b->error, sizeof(b->error), "%s", f->text);
        }
        return r;
}

static int wish_set(struct agent *a, struct bundle *b, enum wish wish, struct fault *f)
{
        struct bundle_state next = b->state;

        next.wish = wish;
        (void)!text_copy(next.stopped_boot, sizeof(next.stopped_boot), wish == WISH_STOPPED ? a->boot : "");
        return state_replace(a, b, &next, f);
}

static int order_start(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        int r;

        r = installed_check(b, text);
        if (r >= 0)
                r = wish_set(a, b, WISH_RUN, text);
        if (r >= 0)
                r = release_start(a, b, text);
        if (r >= 0)
                told(text, "%s runs release %s", b->name, current_version(b));
        return r;
}

static int order_restart(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        int r;

        r = installed_check(b, text);
        if (r >= 0)
                r = wish_set(a, b, WISH_RUN, text);
        if (r < 0)
                return r;
        b->trial = trial_free(b->trial); /* a stop that was asked for is nothing against the release */
        r = units_stop(a->units, b->name, &b->state.current, agent_now_usec(), text);
        if (r < 0 && r != -ECANCELED) { /* it runs on, watched, or is down all the same */
                restore_later(a, b);
                trial_resume(a, b);
        }
        if (r >= 0)
                r = release_start(a, b, text);
        if (r >= 0)
                told(text, "%s runs release %s, started again", b->name, current_version(b));
        return r;
}

static int release_rest(struct agent *a, struct bundle *b, enum wish wish, struct fault *f)
{
        int r;

        r = wish_set(a, b, wish, f);
        if (r < 0)
                return r;
        restore_forget(b);
        b->trial = trial_free(b->trial);
        if (release_ref_is_set(&b->state.current))
                r = units_close(a->units, b->name, &b->state.current, agent_now_usec(), f);
        if (r < 0)
                return r; /* collect.c tries again at the next poll */
        *b->error = '\0';
        agent_set_health(a, b, agent_resting_health(a, b));
        return 0;
}

static int order_stop(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        int r;

        if (b->state.wish == WISH_DISABLED) { /* says more already */
                told(text, "%s is disabled", b->name);
                return 0;
        }
        r = release_rest(a, b, WISH_STOPPED, text);
        if (r >= 0)
                told(text, "%s is stopped, until sealift start %s or the next boot", b->name, b->name);
        return r;
}

static int order_disable(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        int r;

        r = release_rest(a, b, WISH_DISABLED, text);
        if (r >= 0)
                told(text, "%s is disabled, until sealift start %s", b->name, b->name);
        return r;
}

/* ---- rollback */

/* "1.2", or "1.2-3f2a9c01b7de" where two releases are called so. */
static bool release_is_called(const struct release_ref *r, const char *place, const char *version)
{
        return str_eq(r->version, version) || str_eq(place, version);
}

static int release_on_disk(struct agent *a, const struct bundle *b, const char *version,
                           struct release_ref *ret, struct fault *f)
{
        _cleanup_free_ store_name *places = NULL;
        struct release_ref found = {};
        size_t n = 0;
        int r;

        r = store_release_list(a->store, b->name, &places, &n, f);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                struct release_ref x;

                if (store_release_find(a->store, b->name, places[i], &x, f) < 0 ||
                    !release_is_called(&x, places[i], version))
                        continue;
                if (release_ref_is_set(&found))
                        return fault_set(f, -EINVAL,
                                         "%s: two releases on disk are called %s; say %s-%.*s or %s-%.*s",
                                         b->name, version, found.version, DIGEST_SHORT, found.digest,
                                         x.version, DIGEST_SHORT, x.digest);
                found = x;
        }
        if (r < 0)
                return r;
        if (!release_ref_is_set(&found))
                return fault_set(f, -ENOENT,
                                 "%s: release %s is not on disk; ls /var/lib/sealift/releases/%s", b->name,
                                 version, b->name);
        *ret = found;
        return 0;
}

static int rollback_target(struct agent *a, const struct bundle *b, const struct order *o,
                           struct release_ref *ret, struct fault *f)
{
        const struct release_ref *back = state_rollback_target(&b->state);

        if (*o->version)
                return release_on_disk(a, b, o->version, ret, f);
        if (!back)
                return fault_set(f, -ENOENT,
                                 "%s: there is no earlier release to go back to; say which, of those in "
                                 "/var/lib/sealift/releases/%s",
                                 b->name, b->name);
        *ret = *back;
        return 0;
}

static int order_rollback(struct agent *a, struct bundle *b, const struct order *o, struct fault *text)
{
        struct release_ref to;
        int r;

        r = rollback_target(a, b, o, &to, text);
        if (r < 0)
                return r;
        if (release_ref_equal(&to, &b->state.current)) /* also where it is stopped */
                return order_start(a, b, o, text);
        if (attempt_is_of(a, b)) /* which goes on, since this is refused; `sealift why` is about it */
                r = story_may_roll_back(a, b, &to, text);
        if (r >= 0 && attempt_is_of(a, b))
                r = fault_set(text, -EBUSY, "%s: a release is on its way; ask again", b->name);
        if (r >= 0)
                r = story_roll_back(a, b, &to, text);
        if (r >= 0)
                told(text, "%s runs release %s again", b->name, current_version(b));
        return r;
}

/* ---- the table */

/* What runs is put right all the same, be it held or stopped. */
static bool overtakes(struct agent *a, const struct bundle *b, const struct order *o)
{
        return !attempt_repairs(a, b);
}

/* An order that comes to nothing ends no download. */
static bool rollback_overtakes(struct agent *a, const struct bundle *b, const struct order *o)
{
        struct fault ignored = {};
        struct release_ref to;

        return rollback_target(a, b, o, &to, &ignored) >= 0 && !release_ref_equal(&to, &b->state.current) &&
               story_may_roll_back(a, b, &to, &ignored) >= 0;
}

static const struct order_verb verbs[] = {
        { "Rollback", order_rollback, rollback_overtakes },
        { "Hold", order_hold, overtakes },
        { "Stop", order_stop, overtakes },
        { "Disable", order_disable, overtakes },
        { "Unhold", order_unhold },
        { "Retry", order_retry },
        { "Start", order_start },
        { "Restart", order_restart },
};

static const struct order_verb *order_find(const char *method)
{
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (str_eq(verbs[i].method, method))
                        return verbs + i;
        return NULL;
}

int order_make(const char *method, const char *bundle, const char *version, struct order *ret,
               struct fault *f)
{
        struct order o = { .verb = order_find(method) };

        if (!o.verb)
                return fault_set(f, -EINVAL, "%s: no order", method);
        if (!name_valid(bundle) || text_copy(o.bundle, sizeof(o.bundle), bundle) < 0)
                return fault_set(f, -EINVAL,
                                 "%s: not the name of a bundle: [a-z0-9-], at most %d characters", bundle,
                                 NAME_SIZE - 1);
        if (version[strspn(version, RELEASE_CHARACTERS)] ||
            text_copy(o.version, sizeof(o.version), version) < 0)
                return fault_set(f, -EINVAL, "%s: not the version of a release", version);
        *ret = o;
        return 0;
}

/* said: what came of it, for people. */
static int order_carry_out(struct agent *a, const struct order *o, char said[static FAULT_TEXT_MAX],
                           struct fault *f)
{
        struct bundle *b = agent_find_bundle(a, o->bundle, false);
        struct journal_subject s = { .bundle = o->bundle };
        struct fault text = {};
        int r;

        if (!b)
                return fault_set(f, -ENOENT,
                                 "%s: this machine knows no such bundle; `sealift status` lists them",
                                 o->bundle);
        if (b->damaged)
                return fault_set(f, -EINVAL, "%s: %s", b->name, b->error);
        r = o->verb->carry_out(a, b, o, &text);
        s.version = release_ref_is_set(&b->state.current) ? b->state.current.version : NULL;
        s.digest = release_ref_is_set(&b->state.current) ? b->state.current.digest : NULL;
        if (r == -ECANCELED)
                return fault_set(f, r, "%s: the agent was asked to stop", b->name);
        journal_send(r < 0 ? JOURNAL_ORDER_FAILED : JOURNAL_ORDER_CARRIED_OUT, r < 0 ? LOG_ERR : LOG_NOTICE,
                     &s, "The operator's %s: %s", o->verb->method, text.text);
        report_make(a, "order", NULL);
        if (r < 0)
                return fault_set(f, r, "%s", text.text);
        (void)snprintf(said, FAULT_TEXT_MAX, "%s", text.text);
        return 0;
}

/* ---- those that wait */

/* The attempt at its bundle, be it one in whose wait another is made. */
static const struct attempt *attempt_about(struct agent *a, const struct order *o)
{
        const struct bundle *b = agent_find_bundle(a, o->bundle, false);

        return b ? attempt_of(a, b) : NULL;
}

static bool is_overtaking(const struct order *o, void *agent)
{
        const struct attempt *t = attempt_about(agent, o);

        return t && t->staging && o->verb->overtakes && o->verb->overtakes(agent, t->bundle, o);
}

/* A rollback waits for its release to be well, and whatever it was carried out beside waits for it: on the
 * stack. */
static bool is_too_deep(const struct order *o, const struct agent *a)
{
        return o->verb->carry_out == order_rollback && a->attempt && a->attempt->outer;
}

static bool may_carry_out(const struct order *o, void *agent)
{
        const struct attempt *t = attempt_about(agent, o);

        return !is_too_deep(o, agent) && (!t || (t->staging && !is_overtaking(o, agent)));
}

/* What overtakes an attempt does so in that one's own wait. */
static bool is_due(const struct order *o, void *agent)
{
        const struct attempt *t = attempt_about(agent, o), *innermost = ((struct agent *)agent)->attempt;

        return (t && t == innermost && t->staging) || may_carry_out(o, agent);
}

bool orders_wait(struct agent *a)
{
        struct order o;

        return bus_find_order(a->bus, is_due, a, &o);
}

void orders_overtake(struct agent *a, struct attempt *t)
{
        struct order o;

        if (bus_find_order(a->bus, is_overtaking, a, &o))
                (void)snprintf(t->overtaken, sizeof(t->overtaken), "the operator's %s", o.verb->method);
}

bool orders_carry_out(struct agent *a)
{
        struct order o;
        bool any = false;

        while (!a->await.stopping && bus_find_order(a->bus, may_carry_out, a, &o)) {
                char said[FAULT_TEXT_MAX] = "";
                struct fault f = {};
                int r;

                r = order_carry_out(a, &o, said, &f);
                bus_tell_order(a->bus, &o, r, said, &f);
                any = true;
        }
        return any;
}
