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

enum slot { SLOT_CLOCK, SLOT_FREEZE, SLOT_ROLES };
_Static_assert((int)SLOT_ROLES + (int)TUF_ROLES == VIGIL_WARNINGS_MAX, "a slot for each warning");

struct vigil {
        struct store *store; /* borrowed */
        struct times times, stored;
        int64_t now;    /* since 1970: of the refresh that is under way */
        int64_t awake;  /* of the machine, so far */
        int64_t served; /* since 1970: when the source last answered; 0: not yet */
        char warnings[VIGIL_WARNINGS_MAX][FAULT_TEXT_MAX]; /* "": none */
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

static void look_at_role(struct vigil *v, enum tuf_role role, const struct trust_role *trusted,
                         int64_t period)
{
        char *warning = v->warnings[SLOT_ROLES + role];
        char date[DATE_SIZE], left[CLOCK_SPAN_SIZE];
        enum expiry_news news;

        news = expiry_look(v->times.marks + role, &(struct expiry_look){ .role = role,
                                                                         .version = trusted->version,
                                                                         .expires = trusted->expires,
                                                                         .period = period,
                                                                         .now = v->now });
        *warning = '\0';
        if (news == EXPIRY_FINE)
                return;
        date_format(trusted->expires, date);
        clock_span_format(trusted->expires - v->now, left);
        (void)snprintf(warning, FAULT_TEXT_MAX,
                       "%s version %" PRIu64
                       " expires in %s, at %s; from then on nothing is updated here: %s",
                       tuf_role_file(role), trusted->version, left, date, expiry_remedy(role, false));
        if (news == EXPIRY_SOON_FIRST)
                journal_send(JOURNAL_TRUST_EXPIRES, LOG_WARNING, NULL, "%s", warning);
}

static void look_at_roles(struct vigil *v, const struct trust *t)
{
        int64_t first = INT64_MAX, periods[TUF_ROLES];
        struct trust_role root, trusted;

        if (!trust_role(t, TUF_ROOT, &root))
                return;
        expiry_read_periods(root.bytes, root.len, periods);
        for (enum tuf_role role = 0; role < TUF_ROLES; role++)
                if (trust_role(t, role, &trusted)) {
                        look_at_role(v, role, &trusted, periods[role]);
                        first = trusted.expires < first ? trusted.expires : first;
                }
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
