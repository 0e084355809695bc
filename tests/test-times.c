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
        .roles = { { "root.json", { 1, NOW - 1000, false }, false },
                   { "timestamp.json", { 17, NOW - 100, false }, false },
                   { "snapshot.json", { 4, NOW - 100, true }, false },
                   { "targets.json", { 3, NOW - 50, false }, false },
                   { "team%2Fweb%5D%0A.json", { 9, NOW - 50, true }, false } },
        .n_roles = 5,
};

static bool roles_equal(const struct times_role *a, const struct times_role *b)
{
        return str_eq(a->file, b->file) && a->mark.version == b->mark.version &&
               a->mark.seen == b->mark.seen && a->mark.told == b->mark.told;
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
        static struct times back;
        struct fault f = {};

        tap_int(times_format(t, &text), 0, "%s: written", what);
        tap_int(times_parse(text.data, text.len, "trust/times", &back, &f), 0, "%s: read again (%s)", what,
                f.text);
        tap_int(back.trusted, t->trusted, "%s: its clock", what);
        tap_ok(freeze_equal(&back.freeze, &t->freeze), "%s: its timestamp", what);
        tap_int((long long)back.n_roles, (long long)t->n_roles, "%s: its roles", what);
        for (size_t i = 0; i < t->n_roles; i++)
                if (!roles_equal(back.roles + i, t->roles + i))
                        tap_ok(false, "%s: %s", what, t->roles[i].file);
}

static void test_text(void)
{
        static const char text[] = "# Written by sealiftd.\n"
                                   "\n[Clock]\nTrusted=2027-01-15T08:00:00Z\n"
                                   "\n[Role root.json]\nVersion=1\nSeen=2027-01-15T07:43:20Z\nTold=no\n";
        static struct times t = { .trusted = NOW,
                                  .roles = { { "root.json", { 1, NOW - 1000, false }, false } },
                                  .n_roles = 1 };
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
                { "a damaged role", "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Role root.json]\nSeen=\n" },
                { "a role that stands twice",
                  "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Role root.json]\n[Role root.json]\n" },
                { "a role without a name", "[Clock]\nTrusted=2027-01-15T08:00:00Z\n[Role]\nVersion=1\n" },
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
                                   "[Role root.json]\nMood=x\n[Tides]\nHigh=noon\n";
        struct times t = {};

        tap_int(times_parse(text, strlen(text), "trust/times", &t, NULL), 0, "what a newer sealift wrote");
        tap_int(t.trusted, NOW, "is understood as far as it goes");
}

/* As many roles as there can be, with the longest of names. */
static void fill(struct times *t)
{
        char file[TUF_ROLE_FILE_SIZE];

        *t = (struct times){ .trusted = NOW };
        for (size_t i = 0; i < TIMES_ROLES_MAX; i++) {
                struct expiry_mark *mark;

                (void)snprintf(file, sizeof(file), "%0*zu", (int)sizeof(file) - 1, i);
                mark = times_mark(t, file);
                if (!mark)
                        break;
                *mark = (struct expiry_mark){ INT64_MAX, NOW, true };
        }
}

static void test_roles(void)
{
        static struct times t;

        fill(&t);
        tap_int((long long)t.n_roles, TIMES_ROLES_MAX, "there is room for every role that trust loads");
        tap_ok(!times_mark(&t, "one-more.json"), "and for no other");
        round_trip(&t, "as many roles as there can be");
        times_forget(&t);
        tap_int((long long)t.n_roles, TIMES_ROLES_MAX, "what an update came by is kept");
        tap_ok(times_mark(&t, t.roles[7].file) == &t.roles[7].mark, "a role is found again");
        times_forget(&t);
        tap_int((long long)t.n_roles, 1, "what the next did not come by is forgotten");
        tap_int((long long)t.roles[0].mark.version, INT64_MAX, "and the other is as it was");
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
        t.roles[4].mark.version++;
        tap_ok(times_differ(&full, &t), "a version");
        t = full;
        t.roles[3].mark.told = true;
        tap_ok(times_differ(&full, &t), "a warning");
        t = full;
        t.n_roles--;
        tap_ok(times_differ(&full, &t), "a role that is gone");
        t = full;
        t.roles[4].file[0] = 'T';
        tap_ok(times_differ(&full, &t), "or is another");
}

int main(void)
{
        round_trip(&full, "everything");
        round_trip(&(struct times){ .trusted = NOW }, "next to nothing");
        test_text();
        test_refused();
        test_newer();
        test_roles();
        test_differ();
        return tap_done();
}
