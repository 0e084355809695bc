/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store/outbox.h"

#include "content.h"
#include "ground/io.h"
#include "tap.h"

struct site {
        char path[256];
        int fd;
        struct store *store;
        struct outbox *outbox;
        struct fault f;
};

static void site_start(struct site *s)
{
        if (store_open(s->path, &s->store, &s->f) < 0 || outbox_open(s->store, &s->outbox, &s->f) < 0)
                abort();
}

static void site_stop(struct site *s)
{
        s->outbox = outbox_free(s->outbox);
        s->store = store_free(s->store);
}

static void site_open(struct site *s)
{
        static const char *const places[] = { "trust", "state", "incoming", "outbox", "releases" };

        *s = (struct site){};
        s->fd = scratch_make(s->path);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (mkdirat(s->fd, places[i], 0755) < 0)
                        abort();
        site_start(s);
}

static void site_close(struct site *s)
{
        site_stop(s);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
}

static void expect_first(struct site *s, const char *want)
{
        _cleanup_free_ char *json = NULL;
        char name[OUTBOX_NAME_SIZE];
        size_t len;

        tap_int(outbox_first(s->outbox, name, &s->f), 1, "there is a report");
        tap_int(outbox_read(s->outbox, name, &json, &len, &s->f), 0, "it is read");
        tap_str(json, want, "it is the oldest");
        tap_int(outbox_remove(s->outbox, name, &s->f), 0, "it is removed");
}

static int add(struct site *s, const char *json)
{
        return outbox_add(s->outbox, json, strlen(json), &s->f);
}

static void test_order(void)
{
        char name[OUTBOX_NAME_SIZE];
        struct site s;

        site_open(&s);
        tap_int(outbox_first(s.outbox, name, &s.f), 0, "an outbox is empty at first");
        tap_int((long long)outbox_next_sequence(s.outbox), 1, "and begins with number 1");
        tap_int(add(&s, "one"), 0, "a report is added (%s)", s.f.text);
        tap_int(add(&s, "two"), 0, "another");
        tap_int(outbox_first(s.outbox, name, &s.f), 1, "there is one");
        tap_str(name, "00000000000000000001.json", "named by its number");
        site_stop(&s);
        site_start(&s);
        tap_int((long long)outbox_next_sequence(s.outbox), 3, "numbers go on after a restart");
        expect_first(&s, "one");
        expect_first(&s, "two");
        tap_int(outbox_first(s.outbox, name, &s.f), 0, "delivered reports are gone");
        site_stop(&s);
        site_start(&s);
        tap_int((long long)outbox_next_sequence(s.outbox), 3,
                "numbers go on though every report was delivered");
        tap_int(outbox_remove(s.outbox, "00000000000000000002.json", &s.f), 0, "removing twice is fine");
        site_close(&s);
}

static void test_overflow(void)
{
        char text[32];
        struct site s;

        site_open(&s);
        for (unsigned i = 1; i <= OUTBOX_REPORTS_MAX + 3; i++) {
                (void)snprintf(text, sizeof(text), "report %u", i);
                if (add(&s, text) < 0)
                        tap_ok(false, "report %u is added (%s)", i, s.f.text);
        }
        tap_int((long long)outbox_dropped(s.outbox), 3, "an outbox that is full drops and counts");
        site_stop(&s);
        site_start(&s);
        tap_int((long long)outbox_dropped(s.outbox), 3, "and remembers");
        expect_first(&s, "report 4");
        tap_int((long long)outbox_next_sequence(s.outbox), OUTBOX_REPORTS_MAX + 4, "a gap is a gap");
        site_close(&s);
}

/* A name that is taken by a folder, as the disk being full would have it: what counts is not written. */
static void counters_block(const struct site *s, bool block)
{
        int fd = store_outbox_fd(s->store), r;

        (void)unlinkat(fd, "counters", 0);
        r = block ? mkdirat(fd, "counters", 0700) : unlinkat(fd, "counters", AT_REMOVEDIR);
        if (r < 0)
                abort();
}

static void test_full_disk(void)
{
        char name[OUTBOX_NAME_SIZE];
        struct site s;

        site_open(&s);
        tap_int(add(&s, "one"), 0, "a report is added (%s)", s.f.text);
        tap_int(outbox_first(s.outbox, name, &s.f), 1, "and delivered");
        counters_block(&s, true);
        tap_ok(outbox_remove(s.outbox, name, &s.f) < 0, "it stays while its number cannot be written down");
        counters_block(&s, false);
        tap_int(outbox_remove(s.outbox, name, &s.f), 0, "it is removed when it can (%s)", s.f.text);
        site_stop(&s);
        site_start(&s);
        tap_int((long long)outbox_next_sequence(s.outbox), 2, "and its number is not given to another");
        site_close(&s);
}

static void test_hostile(void)
{
        static char large[OUTBOX_REPORT_BYTES_MAX + 1];
        static const char *const names[] = { "counters",
                                             "../state/web",
                                             "1.json",
                                             "0000000000000000000x.json",
                                             "99999999999999999999.json",
                                             "" };
        char *json = NULL;
        struct site s;
        size_t len;

        site_open(&s);
        tap_int(outbox_add(s.outbox, large, sizeof(large), &s.f), -EFBIG, "a report that is too large");
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                tap_int(outbox_read(s.outbox, names[i], &json, &len, &s.f), -EINVAL, "\"%s\" is no report",
                        names[i]);
                tap_int(outbox_remove(s.outbox, names[i], &s.f), -EINVAL, "nor to be removed");
        }
        site_close(&s);
}

static void counters_write(struct site *s, const char *text, size_t len)
{
        if (io_replace_file_at(store_outbox_fd(s->store), "counters", text, len, 0600, &s->f) < 0)
                abort();
}

/* Reporting never blocks an update, and so not the agent. */
static void test_damaged_counters(void)
{
        static const struct {
                const char *text;
                size_t len;
                const char *told;
                long long next;
        } cases[] = {
                { "[Outbox]\nLast=x\n", 16, "outbox/counters:2", 3 },
                { "[Outbox]\nLast=9\nDropped=\n", 25, "outbox/counters:3", 10 },
                { "rubbish", 7, "outbox/counters:1", 3 },
                { "[Outbox]\n\0", 10, "outbox/counters", 3 },
        };
        struct site s;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                site_open(&s);
                if (add(&s, "one") < 0 || add(&s, "two") < 0)
                        abort();
                tap_ok(!outbox_damage(s.outbox), "nothing is wrong with the counters");
                counters_write(&s, cases[i].text, cases[i].len);
                site_stop(&s);
                site_start(&s);
                tap_like(outbox_damage(s.outbox), cases[i].told,
                         "damaged counters are told, with their line");
                tap_int((long long)outbox_next_sequence(s.outbox), cases[i].next,
                        "and numbers go on from what can be known");
                expect_first(&s, "one");
                site_stop(&s);
                site_start(&s);
                tap_ok(!outbox_damage(s.outbox), "they are told once");
                tap_int((long long)outbox_next_sequence(s.outbox), cases[i].next, "the next number stays");
                site_close(&s);
        }
        site_open(&s);
        counters_block(&s, true);
        site_stop(&s);
        site_start(&s);
        tap_like(outbox_damage(s.outbox), "counters", "counters that cannot be read are told, too");
        tap_int(add(&s, "one"), 0, "and a report is added");
        site_close(&s);
}

int main(void)
{
        test_order();
        test_overflow();
        test_full_disk();
        test_hostile();
        test_damaged_counters();
        return tap_done();
}
