/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/times.h"

#include "tap.h"

#define NOW INT64_C(1800000000)

static const struct times full = {
        .trusted = NOW,
        .freeze = { .version = INT64_MAX,
                    .seen = NOW - 100,
                    .awake = 99,
                    .announced = 86400,
                    .observed = 3600,
                    .witnessed = true,
                    .raised = true },
        .marks = { [TUF_ROOT] = { 1, NOW - 1000, false },
                   [TUF_TIMESTAMP] = { 17, NOW - 100, false },
                   [TUF_SNAPSHOT] = { 4, NOW - 100, true },
                   [TUF_TARGETS] = { 3, NOW - 50, false } },
};

static bool marks_equal(const struct expiry_mark *a, const struct expiry_mark *b)
{
        return a->version == b->version && a->seen == b->seen && a->told == b->told;
}

static bool freeze_equal(const struct freeze *a, const struct freeze *b)
{
        return a->version == b->version && a->seen == b->seen && a->awake == b->awake &&
               a->announced == b->announced && a->observed == b->observed && a->witnessed == b->witnessed &&
               a->raised == b->raised;
}

static void round_trip(const struct times *t, const char *what)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(TIMES_BYTES_MAX);
        struct times back = {};
        struct fault f = {};

        tap_int(times_format(t, &text), 0, "%s: written", what);
        tap_int(times_parse(text.data, text.len, "trust/times", &back, &f), 0, "%s: read again (%s)", what,
                f.text);
        tap_int(back.trusted, t->trusted, "%s: its clock", what);
        tap_ok(freeze_equal(&back.freeze, &t->freeze), "%s: its timestamp", what);
        for (size_t i = 0; i < TUF_ROLES; i++)
                tap_ok(marks_equal(back.marks + i, t->marks + i), "%s: %s", what, tuf_role_name(i));
}

static void test_text(void)
{
        static const char text[] = "# Written by sealiftd.\n"
                                   "\n[Clock]\nTrusted=2027-01-15T08:00:00Z\n"
                                   "\n[Role root]\nVersion=1\nSeen=2027-01-15T07:43:20Z\nTold=no\n";
        struct times t = { .trusted = NOW, .marks = { [TUF_ROOT] = { 1, NOW - 1000, false } } };
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(TIMES_BYTES_MAX);

        tap_int(times_format(&t, &out), 0, "an agent's first record");
        tap_str(out.data, text, "is a text that one can read");
}

static void test_refused(void)
{
        static const struct {
                const char *what, *text;
        } cases[] = {
                { "an empty file", "" },
                { "zeros, as a crash leaves them", NULL },
                { "half a file", "# Written by sealiftd.\n\n[Clock]\n" },
                { "no date", "[Clock]\nTrusted=yesterday\n" },
                { "a date that does not exist", "[Clock]\nTrusted=2027-02-30T08:00:00Z\n" },
                { "a negative version", "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Timestamp]\nVersion=-1\n" },
                { "a span without end",
                  "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Timestamp]\nAwakeSec=31557600001\n" },
                { "neither yes nor no",
                  "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Timestamp]\nRaised=maybe\n" },
                { "a damaged role", "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Role root]\nSeen=\n" },
                { "a key without a section", "Trusted=2027-01-15T08:00:00Z\n" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct times t = full;
                struct fault f = {};

                tap_int(times_parse(cases[i].text ? cases[i].text : "\0\0\0\0",
                                    cases[i].text ? strlen(cases[i].text) : 4, "trust/times", &t, &f),
                        -EINVAL, "%s is refused", cases[i].what);
                tap_like(f.text, "trust/times", "and the file is named");
                tap_int(t.trusted, NOW, "and nothing of it taken");
        }
}

static void test_newer(void)
{
        static const char text[] = "[Clock]\nTrusted=2027-01-15T08:00:00Z\nSource=ntp\n"
                                   "[Role mirrors]\nVersion=x\n[Tides]\nHigh=noon\n";
        struct times t = {};

        tap_int(times_parse(text, strlen(text), "trust/times", &t, NULL), 0, "what a newer sealift wrote");
        tap_int(t.trusted, NOW, "is understood as far as it goes");
}

static void test_differ(void)
{
        struct times t = full;

        tap_ok(!times_differ(&full, &t), "nothing happened: nothing is written");
        t.trusted += TIMES_WRITE_SEC - 1;
        t.freeze.awake += TIMES_WRITE_SEC - 1;
        tap_ok(!times_differ(&full, &t), "nor within the hour");
        t.trusted++;
        tap_ok(times_differ(&full, &t), "an hour of clock is written");
        t = full;
        t.freeze.awake += TIMES_WRITE_SEC;
        tap_ok(times_differ(&full, &t), "an hour awake, too");
        t = full;
        t.freeze.version--;
        tap_ok(times_differ(&full, &t), "and another timestamp");
        t = full;
        t.freeze.raised = false;
        tap_ok(times_differ(&full, &t), "an alarm");
        t = full;
        t.freeze.announced = 0;
        tap_ok(times_differ(&full, &t), "an interval");
        t = full;
        t.marks[TUF_TARGETS].version++;
        tap_ok(times_differ(&full, &t), "a version");
        t = full;
        t.marks[TUF_TARGETS].told = true;
        tap_ok(times_differ(&full, &t), "a warning");
}

int main(void)
{
        round_trip(&full, "everything");
        round_trip(&(struct times){ .trusted = NOW }, "next to nothing");
        test_text();
        test_refused();
        test_newer();
        test_differ();
        return tap_done();
}
