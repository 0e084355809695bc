/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks and counts. Its input is what sealift-unitd says of units and answers; it decides nothing and stops
 * nothing, since all of it runs in handlers of the event loop. */

#include "sealiftd/health.h"

#include <inttypes.h>
#include <syslog.h>
#include <time.h>

#include "doors/journal.h"
#include "ground/text.h"

/* A sealift-unitd that was started anew has forgotten what it was asked. */
#define ANSWER_LATE_USEC (UINT64_C(30) * 1000000)
/* What could not be asked is asked again after so long at most, whatever IntervalSec= says. */
#define UNASKED_AGAIN_USEC (UINT64_C(5) * 1000000)

struct question { /* one [Health] */
        struct health *health;
        char name[NAME_SIZE];
        uint64_t interval_usec, timeout_usec, start_usec;
        /* CLOCK_MONOTONIC: a machine that sleeps has not waited for an answer */
        uint64_t asked_usec;    /* what came last; 0: nothing has */
        uint64_t deadline_usec; /* what is asked before may be the last answer that is wanted */
        uint64_t lost_usec;     /* since then nobody could ask; all before has been counted */
        uint64_t unasked_usec; /* how long that was: in all, and once it is reached, since the last answer */
        int unasked;           /* why what came last had no answer of the release's; 0: it had */
        unsigned wanted, successes; /* in a row */
        uint64_t id;                /* of the question that is under way; 0: none */
        bool answered, reached, late, forgiven, told;
        bool bad; /* the last answer was */
        sd_event_source *timer;
};

struct health {
        struct health *next; /* of all that live, in the agent */
        struct agent *agent;
        char bundle[NAME_SIZE];
        struct release_ref release;
        uint64_t attempt;
        void (*on_change)(void *userdata);
        void *userdata;
        struct question *questions; /* owned */
        size_t n;
        unsigned failures, failures_max;
        bool broken; /* a unit has failed for good */
        int down;    /* or does not run, and that is not the release's doing; 0: neither */
        char why[FAULT_TEXT_MAX];
        char unasked[FAULT_TEXT_MAX];
};

static uint64_t now_usec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static struct journal_subject health_subject(const struct health *h)
{
        return (struct journal_subject){ .bundle = h->bundle,
                                         .version = h->release.version,
                                         .digest = h->release.digest,
                                         .attempt = h->attempt };
}

static void health_tell(struct health *h)
{
        if (h->on_change)
                h->on_change(h->userdata);
}

/* ---- asking */

static int on_ask(sd_event_source *source, uint64_t usec, void *userdata);

/* Where no timer can be set, the question is asked no more. */
static void question_arm(struct question *q, uint64_t usec)
{
        q->timer = sd_event_source_disable_unref(q->timer);
        if (sd_event_add_time_relative(q->health->agent->await.event, &q->timer, CLOCK_BOOTTIME, usec, 0,
                                       on_ask, q) >= 0)
                return;
        q->unasked = -EOPNOTSUPP;
        q->unasked_usec = UINT64_MAX;
        (void)snprintf(q->health->unasked, sizeof(q->health->unasked), "out of memory");
}

/* Time in which nobody could ask is not the release's. */
static void question_lose(struct question *q, uint64_t until)
{
        q->deadline_usec += until - q->lost_usec;
        q->unasked_usec += until - q->lost_usec;
        q->lost_usec = until;
}

/* It says nothing of the release that it could not be asked, whatever the reason. */
static void question_unasked(struct question *q, int error, const char *text)
{
        q->id = 0;
        question_lose(q, now_usec());
        q->unasked = error;
        (void)snprintf(q->health->unasked, sizeof(q->health->unasked), "%s", text);
        question_arm(q, q->interval_usec < UNASKED_AGAIN_USEC ? q->interval_usec : UNASKED_AGAIN_USEC);
        health_tell(q->health);
}

static void question_begin(struct question *q)
{
        uint64_t now = now_usec();

        if (q->asked_usec == 0)
                q->deadline_usec = now + q->start_usec;
        if (q->unasked == 0)
                q->lost_usec = now;
        q->asked_usec = now;
}

static int on_ask(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct question *q = userdata;
        struct health *h = q->health;
        struct fault f = {};

        if (q->id != 0) {
                question_unasked(q, -ECONNRESET, "sealift-unitd has not answered");
                return 0;
        }
        question_begin(q);
        if (units_probe(h->agent->units, h->bundle, &h->release, h->attempt, q->name, &q->id, &f) < 0)
                question_unasked(q, -ECONNRESET, f.text);
        else
                question_arm(q, q->timeout_usec + ANSWER_LATE_USEC);
        return 0;
}

void health_ask_anew(struct agent *a)
{
        for (struct health *h = a->healths; h; h = h->next)
                for (struct question *q = h->questions; q < h->questions + h->n; q++)
                        if (q->id != 0)
                                question_arm(q, 0);
}

/* ---- answers */

static void failure_count(struct health *h, unsigned n, const char *text)
{
        struct journal_subject s = health_subject(h);

        h->failures += n;
        (void)snprintf(h->why, sizeof(h->why), "%s", text);
        journal_send(JOURNAL_TRIAL_FAILURE, LOG_WARNING, &s, "%s: release %s on trial, failure %u of %u: %s",
                     h->bundle, h->release.version, h->failures, h->failures_max, text);
}

/* What keeps a release back until it is reached is no failure. */
static void answer_bad(struct question *q, const char *text)
{
        struct health *h = q->health;
        struct journal_subject s = health_subject(h);

        q->bad = true;
        q->successes = 0;
        if (q->forgiven) {
                q->reached = true;
                if (!q->told)
                        journal_send(JOURNAL_PROBE_FORGIVEN, LOG_WARNING, &s,
                                     "%s: release %s is not well, nor was the one before it: %s", h->bundle,
                                     h->release.version, text);
                q->told = true;
        } else if (q->reached)
                failure_count(h, 1, text);
        else
                (void)snprintf(h->why, sizeof(h->why), "%s", text);
}

static void answer_good(struct question *q)
{
        q->bad = false;
        q->successes++;
        q->reached = q->reached || q->forgiven || q->successes >= q->wanted;
}

/* The release's own answer. Only with one can it be too late. */
static void question_answered(struct question *q, const struct unitd_probed *p)
{
        q->id = 0;
        q->answered = true;
        if (q->unasked < 0)
                question_lose(q, q->asked_usec);
        q->late = q->late || (!q->reached && q->asked_usec >= q->deadline_usec);
        if (p->error == 0)
                answer_good(q);
        else
                answer_bad(q, p->text);
        q->late = q->late || (!q->reached && now_usec() >= q->deadline_usec);
        q->unasked = 0;
        if (q->reached)
                q->unasked_usec = 0;
        question_arm(q, q->interval_usec);
        health_tell(q->health);
}

void health_take(struct agent *a, const struct unitd_probed *p)
{
        for (struct health *h = a->healths; h; h = h->next)
                for (struct question *q = h->questions; q < h->questions + h->n; q++) {
                        if (q->id == 0 || q->id != p->id)
                                continue;
                        if (p->error == 0 || (p->error == -ECHILD && h->down == 0))
                                question_answered(q, p);
                        else
                                question_unasked(q, p->error == -EINTR ? -EINTR : -EOPNOTSUPP, p->text);
                        return;
                }
}

/* The first counts: what goes wrong with the others after it may be for want of it. A wake that failed is of
 * no unit, and no end. */
static void health_note_end(struct health *h, const struct unitd_unit *u)
{
        if (h->broken || h->down < 0)
                return;
        if (u->own)
                h->broken = true;
        else if (u->state == UNIT_FAILED && *u->unit)
                h->down = -EOPNOTSUPP;
        else if (u->missing)
                h->down = -EINTR;
        if (h->broken || h->down < 0)
                (void)snprintf(h->why, sizeof(h->why), "%s", u->text);
}

void health_note_unit(struct agent *a, const struct unitd_unit *u)
{
        for (struct health *h = a->healths; h; h = h->next) {
                if (!str_eq(h->bundle, u->bundle) ||
                    strncmp(h->release.digest, u->digest12, DIGEST_SHORT) != 0)
                        continue;
                if (u->restarts > 0)
                        failure_count(h, u->restarts, u->text);
                health_note_end(h, u);
                health_tell(h);
        }
}

/* ---- what is known */

enum health_verdict health_judge(const struct health *h, char why[static FAULT_TEXT_MAX])
{
        bool known = true, late = false;

        for (size_t i = 0; i < h->n; i++) {
                known = known && h->questions[i].reached && h->questions[i].unasked == 0;
                late = late || h->questions[i].late;
        }
        if (late && !h->broken)
                (void)snprintf(why, FAULT_TEXT_MAX, "not well within StartSec=: %.400s",
                               *h->why ? h->why : "too few good answers in a row (Successes=)");
        else
                (void)snprintf(why, FAULT_TEXT_MAX, "%s", h->why);
        if (h->broken || late || h->failures >= h->failures_max)
                return HEALTH_BAD;
        return known ? HEALTH_WELL : HEALTH_UNKNOWN;
}

static bool question_is_lost(const struct question *q, uint64_t usec)
{
        return q->unasked < 0 && q->unasked_usec >= usec;
}

int health_unasked(const struct health *h, uint64_t usec, struct fault *f)
{
        for (size_t i = 0; i < h->n; i++)
                if (question_is_lost(h->questions + i, usec))
                        return fault_set(f, h->questions[i].unasked,
                                         "[Health %s] could not be asked for %" PRIu64 " s: %.400s",
                                         h->questions[i].name, usec / 1000000, h->unasked);
        return 0;
}

int health_down(const struct health *h, struct fault *f)
{
        if (h->down == -EINTR)
                return fault_set(f, h->down,
                                 "%.300s by somebody else; the next check tries it again (sealift hold %s "
                                 "keeps it out, sealift stop %s keeps all of it down)",
                                 h->why, h->bundle, h->bundle);
        return h->down < 0 ? fault_set(f, h->down, "%s", h->why) : 0;
}

unsigned health_failures(const struct health *h, unsigned *ret_max)
{
        *ret_max = h->failures_max;
        return h->failures;
}

bool health_was_asked(void *health)
{
        const struct health *h = health;

        for (size_t i = 0; i < h->n; i++)
                if (!h->questions[i].answered && h->down == 0 &&
                    !question_is_lost(h->questions + i, HEALTH_UNASKED_MAX_USEC))
                        return false;
        return true;
}

const char *health_next_bad(const struct health *h, size_t *at)
{
        while (*at < h->n) {
                const struct question *q = h->questions + (*at)++;

                if (q->bad || h->down < 0)
                        return q->name;
        }
        return NULL;
}

void health_forgive(struct health *h, const char *probe)
{
        for (size_t i = 0; i < h->n; i++)
                if (str_eq(h->questions[i].name, probe))
                        h->questions[i].forgiven = true;
}

/* ---- life */

void health_on_change(struct health *h, void (*on_change)(void *userdata), void *userdata)
{
        h->on_change = on_change;
        h->userdata = userdata;
}

struct health *health_free(struct health *h)
{
        if (!h)
                return NULL;
        for (struct health **p = &h->agent->healths; *p; p = &(*p)->next)
                if (*p == h) {
                        *p = h->next;
                        break;
                }
        for (size_t i = 0; i < h->n; i++)
                h->questions[i].timer = sd_event_source_disable_unref(h->questions[i].timer);
        free(h->questions);
        free(h);
        return NULL;
}

static void question_new(struct question *q, struct health *h, const struct health_probe *p)
{
        *q = (struct question){ .health = h,
                                .interval_usec = p->interval_usec,
                                .timeout_usec = p->timeout_usec,
                                .start_usec = p->start_usec,
                                .wanted = p->successes };
        memcpy(q->name, p->name, sizeof(q->name));
        question_arm(q, 0);
}

int health_new(struct agent *a, const char *bundle, const struct release_ref *r, const struct manifest *m,
               uint64_t attempt, void (*on_change)(void *userdata), void *userdata, struct health **ret,
               struct fault *f)
{
        struct health *h = calloc(1, sizeof(*h));

        if (h)
                h->questions = calloc(m->n_probes + 1, sizeof(*h->questions));
        if (!h || !h->questions) {
                free(h);
                return fault_set(f, -ENOMEM, "out of memory");
        }
        h->agent = a;
        h->release = *r;
        h->attempt = attempt;
        h->failures_max = manifest_soak_failures(m);
        (void)!text_copy(h->bundle, sizeof(h->bundle), bundle);
        health_on_change(h, on_change, userdata);
        h->next = a->healths;
        a->healths = h;
        for (; h->n < m->n_probes; h->n++)
                question_new(h->questions + h->n, h, m->probes + h->n);
        *ret = h;
        return 0;
}
