/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/expiry.h"

#include "tap.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1800000000)

#define PERIOD(role, value) "\"" role "\":{\"x-sealift-expiry-seconds\":" value "}"

static void test_periods(void)
{
        static const char root[] = "{\"signed\":{\"roles\":{" PERIOD("root", "31536000") "," PERIOD(
                "timestamp", "-1") "," PERIOD("snapshot", "\"7\"") ",\"targets\":{}}},\"signatures\":[]}";
        static const int64_t want[TUF_ROLES] = { [TUF_ROOT] = 31536000 };
        int64_t periods[TUF_ROLES];

        expiry_read_periods(root, strlen(root), periods);
        for (enum tuf_role role = 0; role < TUF_ROLES; role++)
                tap_int(periods[role], want[role], "%s: signed for", tuf_role_name(role));
        expiry_read_periods("[", 1, periods);
        tap_int(periods[TUF_ROOT], 0, "what cannot be read says nothing");
}

static void test_margin(void)
{
        static const struct {
                enum tuf_role role;
                int64_t validity, want;
        } cases[] = {
                { TUF_ROOT, 365 * DAY, 30 * DAY },     { TUF_ROOT, 90 * DAY, 30 * DAY },
                { TUF_ROOT, 89 * DAY, 89 * DAY / 3 },  { TUF_ROOT, 0, 30 * DAY },
                { TUF_TARGETS, 90 * DAY, 14 * DAY },   { TUF_TARGETS, 42 * DAY, 14 * DAY },
                { TUF_TARGETS, 7 * DAY, 7 * DAY / 3 }, { TUF_SNAPSHOT, 90 * DAY, 14 * DAY },
                { TUF_TIMESTAMP, 3 * DAY, DAY },       { TUF_TIMESTAMP, 30 * DAY, DAY },
                { TUF_TIMESTAMP, 3600, 1200 },         { TUF_TIMESTAMP, 2, 0 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_int(expiry_margin(cases[i].role, cases[i].validity), cases[i].want,
                        "%s signed for %lld s: when to warn", tuf_role_name(cases[i].role),
                        (long long)cases[i].validity);
}

static void test_look(void)
{
        struct expiry_look look = {
                .role = TUF_TARGETS, .version = 5, .expires = NOW + 90 * DAY, .period = 90 * DAY, .now = NOW
        };
        struct expiry_mark mark = {};

        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "freshly signed: nothing to say");
        tap_int(mark.seen, NOW, "when it was first seen is kept");
        look.now = look.expires - 14 * DAY;
        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "14 days before: nothing yet");
        look.now++;
        tap_int(expiry_look(&mark, &look), EXPIRY_SOON_FIRST, "a second later: a warning");
        tap_int(mark.seen, NOW, "of the version seen then");
        look.now += DAY;
        tap_int(expiry_look(&mark, &look), EXPIRY_SOON, "a day later it still is soon, but has been said");
        look.version = 6;
        tap_int(expiry_look(&mark, &look), EXPIRY_SOON_FIRST,
                "another version that is no better: said again");
        look.version = 7;
        look.expires = look.now + 90 * DAY;
        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "one that is: nothing");
        tap_ok(!mark.told, "and when its time comes it will be said");
        look.version = 8;
        look.expires = look.now + 30 * DAY;
        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "one that was signed long before it came here");
        look.now = look.expires - 14 * DAY + 1;
        tap_int(expiry_look(&mark, &look), EXPIRY_SOON_FIRST, "is told by how long it was signed for");
}

/* A repository that does not say how long it signs for. */
static void test_unknown_period(void)
{
        struct expiry_look look = {
                .role = TUF_SNAPSHOT, .version = 1, .expires = NOW + 6 * DAY, .period = 0, .now = NOW
        };
        struct expiry_mark mark = {};

        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "signed for 6 days: no warning the moment it comes");
        look.now = look.expires - 2 * DAY;
        tap_int(expiry_look(&mark, &look), EXPIRY_FINE, "with a third of that left: not yet");
        look.now++;
        tap_int(expiry_look(&mark, &look), EXPIRY_SOON_FIRST, "with less: a warning");
}

static void test_remedy(void)
{
        static const struct {
                enum tuf_role role;
                bool delegated;
                const char *want;
        } cases[] = {
                { TUF_ROOT, false, "sealift rotate" },
                { TUF_TIMESTAMP, false, "sealift refresh" },
                { TUF_SNAPSHOT, false, "sealift refresh" },
                { TUF_TARGETS, false, "sealift publish" },
                { TUF_TARGETS, true, "whoever holds the keys of that role" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_like(expiry_remedy(cases[i].role, cases[i].delegated), cases[i].want,
                         "%s%s: who has to act", cases[i].delegated ? "a delegated role of " : "",
                         tuf_role_name(cases[i].role));
}

int main(void)
{
        test_periods();
        test_margin();
        test_look();
        test_unknown_period();
        test_remedy();
        return tap_done();
}
