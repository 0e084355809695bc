/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The scrub: what is looked at when, one release after the other, and what is told of it. Others read
 * (scrub_read.c). It never touches a release. */

#include "sealiftd/scrub.h"

#include <sys/epoll.h>
#include <syslog.h>

#include "doors/journal.h"
#include "facts/backoff.h"
#include "facts/name.h"
#include "sealiftd/attempt.h"
#include "sealiftd/bus.h"
#include "sealiftd/damage.h"
#include "sealiftd/report.h"
#include "sealiftd/scrub_read.h"

#define RECORD "scrub"
/* A machine that has just been started has better things to do, and one that was short of something. */
#define SCRUB_FIRST_USEC (UINT64_C(600) * 1000000)

struct finding {
        char bundle[NAME_SIZE];
        store_name place;
        bool looked_at;
        bool passed_over;   /* it was being written */
        struct fault fault; /* as scrub_read_take() has it */
};

struct scrub {
        struct agent *agent;
        sd_event_source *timer, *readable;
        struct scrub_reader reader;
        bool answered;
        struct finding *findings; /* owned; one a release, in the order they are looked at */
        size_t n, at;
        bool all;
        bool cut_short;       /* one that nobody waited for was ended for this one */
        bool damage_on_disk;  /* it is written down that there is damage */
        sd_bus_message *call; /* owned, or NULL */
};

/* ---- the one that reads ---- */

static int on_answer(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
        struct scrub *s = userdata;

        s->answered = true;
        return 0;
}

static void reader_end(struct scrub *s)
{
        s->readable = sd_event_source_disable_unref(s->readable);
        scrub_read_end(&s->reader);
        s->answered = false;
}

static int reader_begin(struct scrub *s, struct fault *f)
{
        const struct finding *x = s->findings + s->at;
        int r;

        r = scrub_read_begin(&s->reader, s->agent->store, x->bundle, x->place,
                             s->call ? TREE_HASHES : TREE_SLOWLY, f);
        if (r < 0)
                return r;
        r = sd_event_add_io(s->agent->await.event, &s->readable, s->reader.pipe, EPOLLIN, on_answer, s);
        if (r < 0)
                reader_end(s);
        return r < 0 ? fault_set_errno(f, r, "cannot look at releases") : 0;
}

/* ---- what it found ---- */

/* failures: of the last scrub; with any, the next agent looks at once, since this one's knowledge ends with
 * it. */
static void record_write(struct scrub *s, uint64_t failures)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(BACKOFF_BYTES_MAX);
        struct backoff_record b = { .failures = failures, .last = (int64_t)(agent_now_usec() / 1000000) };
        struct fault ignored = {};

        b.next = b.last + (failures > 0 ? 0 : (int64_t)(s->agent->config->scrub_usec / 1000000));
        if (backoff_format(&b, &text) >= 0 &&
            store_trust_write(s->agent->store, RECORD, text.data, text.len, &ignored) >= 0)
                s->damage_on_disk = failures > 0;
}

/* Once for each way in which it is damaged, not at each look. */
static void damage_tell(struct scrub *s, const struct finding *x)
{
        struct bundle *b = agent_find_bundle(s->agent, x->bundle, false);
        const struct release_ref *r = b ? state_find_release(&b->state, x->place) : NULL;
        struct journal_subject subject = { .bundle = x->bundle };

        if (!s->damage_on_disk)
                record_write(s, 1);
        if (r) {
                subject.version = r->version;
                subject.digest = r->digest;
                if (!damage_note(s->agent, b, r, x->fault.text))
                        return;
        }
        journal_send(JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &subject, "%s: release %s is damaged on disk%s: %s",
                     x->bundle, x->place,
                     r ? ", and is fetched again"
                       : "; nothing runs from it, and it must not be gone back to",
                     x->fault.text);
        report_make(s->agent, "damage", NULL); /* now: the next poll may have put it right */
}

static void damage_end(struct scrub *s, const struct finding *x)
{
        struct bundle *b = agent_find_bundle(s->agent, x->bundle, false);
        const struct release_ref *r = b ? state_find_release(&b->state, x->place) : NULL;

        if (r)
                damage_forget(s->agent, b, r);
}

/* Not damage: a release that was collected while it was looked at. */
static bool release_is_gone(struct scrub *s, const struct finding *x)
{
        _cleanup_free_ store_name *places = NULL;
        struct fault ignored = {};
        size_t n = 0;

        if (store_release_list(s->agent->store, x->bundle, &places, &n, &ignored) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (str_eq(places[i], x->place))
                        return false;
        return true;
}

static void finding_take(struct scrub *s)
{
        struct finding *x = s->findings + s->at;
        struct journal_subject subject = { .bundle = x->bundle };
        struct fault f;

        scrub_read_take(&s->reader, &f);
        if (release_is_gone(s, x))
                return;
        x->looked_at = true;
        x->fault = f;
        if (f.error == 0)
                damage_end(s, x);
        else if (f.error == -EBADMSG)
                damage_tell(s, x);
        else
                journal_send(JOURNAL_SCRUB_FAILED, LOG_WARNING, &subject,
                             "%s: release %s could not be compared with what was signed: %s", x->bundle,
                             x->place, f.text);
}

/* ---- what is not looked at ---- */

static bool finding_is_of(const struct finding *x, const char *bundle, const struct release_ref *r)
{
        char name[NAME_RELEASE_SIZE] = "";

        if (*r->version)
                name_release(r->version, r->digest, name);
        return str_eq(x->bundle, bundle) && str_eq(x->place, name);
}

static bool is_being_written(const struct agent *a, const struct finding *x)
{
        const struct attempt *t = a->attempt;

        while (t && !(t->staging && finding_is_of(x, t->bundle->name, &t->release)))
                t = t->outer;
        return t != NULL;
}

/* What is put right is damaged until that has been done, as it was said. */
static void finding_pass(struct scrub *s)
{
        struct finding *x = s->findings + s->at++;
        const struct bundle *b = agent_find_bundle(s->agent, x->bundle, false);
        const struct release_ref *r = b ? state_find_release(&b->state, x->place) : NULL;
        const struct damage *d = r ? state_find_damage(&b->state, r->digest) : NULL;

        x->passed_over = true;
        if (!d)
                return;
        x->looked_at = true;
        (void)fault_set(&x->fault, -EBADMSG, "%s", d->reason);
}

void scrub_leave(struct scrub *s, const char *bundle, const struct release_ref *r)
{
        if (s->reader.pid <= 0 || !finding_is_of(s->findings + s->at, bundle, r))
                return;
        reader_end(s);
        finding_pass(s);
}

/* ---- from one to the next ---- */

static const char *finding_word(const struct finding *x)
{
        return x->fault.error == 0 ? "good" : x->fault.error == -EBADMSG ? "damaged" : "unreadable";
}

static int findings_answer(const struct scrub *s)
{
        sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(s->call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ssss)");
        for (size_t i = 0; r >= 0 && i < s->n; i++) {
                const struct finding *x = s->findings + i;

                if (x->looked_at)
                        r = sd_bus_message_append(reply, "(ssss)", x->bundle, x->place, finding_word(x),
                                                  x->fault.text);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_send(NULL, reply, NULL);
        sd_bus_message_unref(reply);
        return r;
}

/* Not to have looked is no good news. */
static void scrub_answer(struct scrub *s, const struct fault *f)
{
        if (s->call && (f->error < 0 || findings_answer(s) < 0))
                (void)sd_bus_reply_method_errorf(s->call, BUS_ERROR_FAILED, "%s",
                                                 f->error < 0 ? f->text : "cannot put the answer together");
        s->call = sd_bus_message_unref(s->call);
}

static void timer_set(struct scrub *s, uint64_t pause);

static void findings_drop(struct scrub *s)
{
        free(s->findings);
        s->findings = NULL;
        s->n = s->at = 0;
}

/* Only a scrub that came to its end and found nothing counts: a machine that is restarted with damage on it
 * looks again. */
static void scrub_end(struct scrub *s, const struct fault *f)
{
        uint64_t every = s->agent->config->scrub_usec;
        bool good = f->error >= 0, again = !good;

        for (size_t i = 0; i < s->n; i++) {
                good = good && s->findings[i].fault.error == 0 && !s->findings[i].passed_over;
                again = again || s->findings[i].fault.error == -EAGAIN;
        }
        if (s->all && good)
                record_write(s, 0);
        scrub_answer(s, f); /* who asked finds it written down */
        if (s->cut_short)
                timer_set(s, 0);
        else if (s->all && every > 0)
                timer_set(s, again ? SCRUB_FIRST_USEC : every);
        s->cut_short = false;
        findings_drop(s);
}

bool scrub_is_taken(const struct scrub *s)
{
        return s->n > 0 && s->call;
}

bool scrub_is_due(const struct scrub *s)
{
        return s->n > 0 && (s->reader.pid <= 0 || s->answered);
}

void scrub_go_on(struct scrub *s)
{
        struct fault f = {};

        if (!scrub_is_due(s))
                return;
        if (s->reader.pid > 0) {
                finding_take(s);
                reader_end(s);
                s->at++;
        }
        while (s->at < s->n && is_being_written(s->agent, s->findings + s->at))
                finding_pass(s);
        if (s->at < s->n && reader_begin(s, &f) >= 0)
                return;
        if (f.error < 0)
                journal_send(JOURNAL_SCRUB_FAILED, LOG_WARNING, NULL, "%s", f.text);
        scrub_end(s, &f);
}

static int findings_add(struct scrub *s, const char *bundle, struct fault *f)
{
        _cleanup_free_ store_name *places = NULL;
        struct finding *longer;
        size_t n = 0;
        int r;

        r = store_release_list(s->agent->store, bundle, &places, &n, f);
        if (r < 0)
                return r;
        longer = reallocarray(s->findings, s->n + n + 1, sizeof(*longer));
        if (!longer)
                return fault_set(f, -ENOMEM, "out of memory");
        s->findings = longer;
        for (size_t i = 0; i < n; i++) {
                struct finding *x = longer + s->n++;

                *x = (struct finding){};
                (void)snprintf(x->bundle, sizeof(x->bundle), "%s", bundle);
                memcpy(x->place, places[i], sizeof(x->place));
        }
        return 0;
}

int scrub_begin(struct scrub *s, const char *bundle, sd_bus_message *call, struct fault *f)
{
        struct agent *a = s->agent;
        int r = 0;

        if (s->n > 0 && (scrub_is_taken(s) || !call))
                return fault_set(f, -EBUSY, "releases are being looked at already");
        if (s->n > 0) { /* slowly, for nobody */
                reader_end(s);
                findings_drop(s);
                s->cut_short = *bundle != '\0';
        }
        for (size_t i = 0; r >= 0 && i < a->n_bundles; i++)
                if (!*bundle || str_eq(a->bundles[i].name, bundle))
                        r = findings_add(s, a->bundles[i].name, f);
        s->all = !*bundle;
        s->call = call;
        if (r < 0 || s->n == 0)
                scrub_end(s, f);
        return r < 0 ? r : 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct scrub *s = userdata;
        struct fault ignored = {};

        if (scrub_begin(s, "", NULL, &ignored) < 0)
                timer_set(s, SCRUB_FIRST_USEC);
        return 0;
}

static void timer_set(struct scrub *s, uint64_t pause)
{
        s->timer = sd_event_source_disable_unref(s->timer);
        (void)sd_event_add_time_relative(s->agent->await.event, &s->timer, CLOCK_BOOTTIME, pause, 0,
                                         on_timer, s);
}

/* From the last scrub on; of a fleet that was made in one, each machine has its own time. Damage that was
 * known is looked for at once. */
static void timer_set_first(struct scrub *s)
{
        struct agent *a = s->agent;
        uint64_t every = a->config->scrub_usec, splay = strtoull(a->machine + 16, NULL, 16), pause;
        int64_t now = (int64_t)(agent_now_usec() / 1000000);
        _cleanup_free_ char *text = NULL;
        struct backoff_record b = {};
        struct fault ignored = {};
        size_t len;

        if (store_trust_read(a->store, RECORD, BACKOFF_BYTES_MAX, &text, &len, &ignored) < 0 ||
            backoff_parse(text, len, RECORD, &b, &ignored) < 0)
                b = (struct backoff_record){};
        s->damage_on_disk = b.failures > 0;
        if (s->damage_on_disk)
                return timer_set(s, 0);
        if (every == 0)
                return;
        pause = splay % every;
        if (b.last > 0)
                pause = b.last <= now && (uint64_t)(now - b.last) < every / 1000000
                                ? every - (uint64_t)(now - b.last) * 1000000
                                : 0;
        timer_set(s, pause > SCRUB_FIRST_USEC ? pause : SCRUB_FIRST_USEC);
}

int scrub_new(struct agent *a, struct scrub **ret, struct fault *f)
{
        struct scrub *s = calloc(1, sizeof(*s));

        if (!s)
                return fault_set(f, -ENOMEM, "out of memory");
        s->agent = a;
        s->reader = SCRUB_READER_INIT;
        timer_set_first(s);
        *ret = s;
        return 0;
}

struct scrub *scrub_free(struct scrub *s)
{
        if (s) {
                reader_end(s);
                s->timer = sd_event_source_disable_unref(s->timer);
                s->call = sd_bus_message_unref(s->call);
                free(s->findings);
        }
        free(s);
        return NULL;
}
