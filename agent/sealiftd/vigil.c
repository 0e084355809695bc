/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks the clocks, for facts/clock.h, facts/expiry.h and facts/freeze.h to judge; keeps what they remember;
 * tells what they found. It must never stop or start a service: time blocks updates, nothing else. */

#include "sealiftd/vigil.h"

#include <inttypes.h>
#include <syslog.h>
#include <time.h>

#include "doors/journal.h"
#include "facts/clock.h"
#include "facts/date.h"
#include "facts/times.h"

#define RECORD "times"

enum slot { SLOT_CLOCK, SLOT_FREEZE, SLOT_EXPIRING };
/* What status and reports list; the journal has all. */
#define VIGIL_EXPIRING_MAX ((size_t)VIGIL_WARNINGS_MAX - SLOT_EXPIRING)

struct vigil {
        struct store *store; /* borrowed */
        struct times times, stored;
        int64_t now;    /* since 1970: of the refresh that is under way */
        int64_t awake;  /* of the machine, so far */
        int64_t served; /* since 1970: when the source last answered; 0: not yet */
        char warnings[VIGIL_WARNINGS_MAX][FAULT_TEXT_MAX]; /* "": none */
        size_t n_expiring;                                 /* of them, the last ones */
};

/* CLOCK_MONOTONIC stands still while the machine sleeps. */
static int64_t awake_now(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return ts.tv_sec;
}

struct vigil *vigil_free(struct vigil *v)
{
        free(v);
        return NULL;
}

static void vigil_load(struct vigil *v)
{
        _cleanup_free_ char *text = NULL;
        struct fault why = {};
        size_t len;
        int r;

        r = store_trust_read(v->store, RECORD, TIMES_BYTES_MAX, &text, &len, &why);
        if (r >= 0)
                r = times_parse(text, len, "trust/" RECORD, &v->stored, &why);
        if (r < 0 && r != -ENOENT)
                journal_send(JOURNAL_CLOCK_WRONG, LOG_WARNING, NULL,
                             "%s; until the next refresh the clock is held against the build date only",
                             why.text);
        v->times = v->stored;
}

int vigil_open(struct store *store, struct vigil **ret, struct fault *f)
{
        struct vigil *v = calloc(1, sizeof(*v));

        if (!v)
                return fault_set(f, -ENOMEM, "out of memory");
        v->store = store;
        v->awake = awake_now();
        vigil_load(v);
        *ret = v;
        return 0;
}

static int vigil_save(struct vigil *v, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(TIMES_BYTES_MAX);
        int r;

        if (!times_differ(&v->stored, &v->times))
                return 0;
        r = times_format(&v->times, &text);
        if (r < 0)
                return fault_set_errno(f, r, "trust/" RECORD ": cannot be put together");
        r = store_trust_write(v->store, RECORD, text.data, text.len, f);
        if (r >= 0)
                v->stored = v->times;
        return r;
}

int vigil_begin(struct agent *a, int64_t *ret_now, struct fault *f)
{
        struct vigil *v = a->vigil;
        char *warning = v->warnings[SLOT_CLOCK];
        bool known = *warning;
        int r;

        v->now = (int64_t)(agent_now_usec() / 1000000);
        *warning = '\0';
        r = clock_check(v->times.trusted, v->now, f);
        if (r < 0) {
                (void)snprintf(warning, FAULT_TEXT_MAX, "%s", f->text);
                if (!known)
                        journal_send(JOURNAL_CLOCK_WRONG, LOG_ERR, NULL, "%s", f->text);
                return r;
        }
        *ret_now = v->now;
        return 0;
}

/* ---- What expires soon ---- */

/* One role as it is trusted now. */
struct role {
        enum tuf_role role; /* delegated ones: TUF_TARGETS */
        bool delegated;
        const char *file;
        int64_t period; /* that it is signed for; 0: not known */
        struct trust_role trusted;
};

static void expiry_tell(struct vigil *v, const struct role *role, enum expiry_news news)
{
        char text[FAULT_TEXT_MAX], date[DATE_SIZE], left[CLOCK_SPAN_SIZE];

        if (news == EXPIRY_FINE)
                return;
        date_format(role->trusted.expires, date);
        clock_span_format(role->trusted.expires - v->now, left);
        (void)snprintf(
                text, sizeof(text),
                "%s version %" PRIu64 " expires in %s, at %s; from then on nothing %s updated here: %s",
                role->file, role->trusted.version, left, date, role->delegated ? "of that role is" : "is",
                expiry_remedy(role->role, role->delegated));
        if (v->n_expiring < VIGIL_EXPIRING_MAX)
                memcpy(v->warnings[SLOT_EXPIRING + v->n_expiring++], text, sizeof(text));
        if (news == EXPIRY_SOON_FIRST)
                journal_send(JOURNAL_TRUST_EXPIRES, LOG_WARNING, NULL, "%s", text);
}

static void look_at_role(struct vigil *v, const struct role *role)
{
        struct expiry_mark *mark = times_mark(&v->times, role->file);

        if (mark)
                expiry_tell(v, role,
                            expiry_look(mark, &(struct expiry_look){ .role = role->role,
                                                                     .version = role->trusted.version,
                                                                     .expires = role->trusted.expires,
                                                                     .period = role->period,
                                                                     .now = v->now }));
}

/* A delegated role is signed for as long as targets is, where sealift signs. */
static void look_at_delegated(struct vigil *v, const struct trust *t, int64_t period)
{
        struct role role = { .role = TUF_TARGETS, .delegated = true, .period = period };

        for (size_t i = 1; trust_targets_role(t, i, &role.file, &role.trusted); i++)
                look_at_role(v, &role);
}

static void look_at_roles(struct vigil *v, const struct trust *t)
{
        int64_t first = INT64_MAX, periods[TUF_ROLES];
        struct trust_role root;

        if (!trust_role(t, TUF_ROOT, &root))
                return;
        expiry_read_periods(root.bytes, root.len, periods);
        memset(v->warnings + SLOT_EXPIRING, 0, sizeof(v->warnings) - sizeof(v->warnings[0]) * SLOT_EXPIRING);
        v->n_expiring = 0;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                struct role role = { .role = i, .file = tuf_role_file(i), .period = periods[i] };

                if (!trust_role(t, i, &role.trusted))
                        continue;
                look_at_role(v, &role);
                first = role.trusted.expires < first ? role.trusted.expires : first;
        }
        look_at_delegated(v, t, periods[TUF_TARGETS]);
        times_forget(&v->times);
        v->times.trusted = clock_advance(v->times.trusted, v->now, first);
}

/* ---- A timestamp that no newer one follows ---- */

static struct freeze_look freeze_glance(struct agent *a)
{
        struct vigil *v = a->vigil;
        int64_t before = v->awake;

        v->awake = awake_now();
        return (struct freeze_look){ .now = v->now,
                                     .served = v->served,
                                     .awake = v->awake - before,
                                     .poll = (int64_t)(a->config->poll_usec / 1000000) };
}

static void freeze_tell(struct vigil *v, enum freeze_news news, int64_t poll)
{
        const struct freeze *z = &v->times.freeze;
        char *warning = v->warnings[SLOT_FREEZE];
        char date[DATE_SIZE], interval[CLOCK_SPAN_SIZE];

        *warning = '\0';
        if (news == FREEZE_CLEARED)
                journal_send(JOURNAL_TIMESTAMP_NEWER, LOG_INFO, NULL,
                             "timestamp.json version %" PRIu64 " has come: newer timestamps come again",
                             z->version);
        if (!z->raised)
                return;
        date_format(z->seen, date);
        clock_span_format(freeze_interval(z, poll), interval);
        (void)snprintf(warning, FAULT_TEXT_MAX,
                       "no newer timestamp since version %" PRIu64
                       ", first seen at %s, though one should come "
                       "every %s: either the publisher has stopped signing (`sealift refresh`), or this "
                       "machine is kept from what is signed; compare timestamp.json with another network's",
                       z->version, date, interval);
        if (news == FREEZE_RAISED)
                journal_send(JOURNAL_TIMESTAMP_FROZEN, LOG_WARNING, NULL, "%s", warning);
}

static void look_at_timestamp(struct agent *a, const struct trust *t)
{
        struct vigil *v = a->vigil;
        struct freeze_look look = freeze_glance(a);
        struct trust_role timestamp;

        if (!trust_role(t, TUF_TIMESTAMP, &timestamp))
                return;
        freeze_tell(v,
                    freeze_served(&v->times.freeze, &look, timestamp.version,
                                  freeze_read_interval(timestamp.bytes, timestamp.len)),
                    look.poll);
        v->served = v->now;
}

int vigil_end(struct agent *a, const struct trust *t, struct fault *f)
{
        look_at_roles(a->vigil, t);
        look_at_timestamp(a, t);
        return vigil_save(a->vigil, f);
}

void vigil_fail(struct agent *a, struct fault *f)
{
        struct vigil *v = a->vigil;
        struct freeze_look look = freeze_glance(a);
        struct fault ignored = {};

        clock_doubt(v->times.trusted, v->now, f);
        /* An expiry says more than a freeze. */
        if (f->error != -ETIME)
                freeze_tell(v, freeze_unserved(&v->times.freeze, &look), look.poll);
        /* The refresh has failed already; what could not be written is tried again with the next. */
        (void)vigil_save(v, &ignored);
}

void vigil_warnings(const struct agent *a, const char *ret[static VIGIL_WARNINGS_MAX + 1])
{
        size_t n = 0;

        for (size_t i = 0; i < VIGIL_WARNINGS_MAX; i++)
                if (*a->vigil->warnings[i])
                        ret[n++] = a->vigil->warnings[i];
        ret[n] = NULL;
}
