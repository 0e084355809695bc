/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/report.h"

#include "ground/fault.h"
#include "ground/limits.h"
#include "store/outbox.h"
#include "tap.h"

static const struct report_job jobs[] = {
        { .name = "nightly",
          .instance = "blue",
          .service = "dump",
          .state = "waiting",
          .version = "0.9",
          .result = "exit-code",
          .exit_status = 3,
          .started_usec = UINT64_C(1700000000000000),
          .ended_usec = UINT64_C(1700000001000000),
          .next_usec = UINT64_C(1700000002000000) },
        { .name = "new",
          .instance = "",
          .service = "new",
          .state = "running",
          .version = "",
          .result = "",
          .exit_status = -1,
          .signal = "KILL" },
};

static const char *const instances[] = { "blue", "green", NULL };

static const struct damage damaged[] = { { .release = { .version = "0.9" }, .reason = "x" } };

static const struct report_bundle bundles[] = {
        { .name = "web",
          .version = "1.0",
          .digest = "ab",
          .state = "running",
          .since_usec = UINT64_C(1700000000000000),
          .error = "",
          .trial_until_usec = UINT64_C(1700000060000000),
          .trial_failures = 1,
          .trial_max = 3,
          .jobs = jobs,
          .n_jobs = ELEMENTSOF(jobs),
          .instances = instances,
          .proven = "0.9",
          .epoch = 7,
          .held = true,
          .missing = true,
          .damaged = damaged,
          .n_damaged = ELEMENTSOF(damaged) },
        { .name = "new",
          .version = "",
          .digest = "",
          .state = "absent",
          .error = "web.manifest:3: \"bad\"\\" },
};

static const char *const warnings[] = { "root.json version 1 expires in 9 days", "no newer timestamp",
                                        NULL };

static void fill(char *s, size_t size, char c)
{
        memset(s, c, size - 1);
        s[size - 1] = '\0';
}

/* The longest of everything, in letters that JSON writes as two. */
static void test_largest(void)
{
        static struct report_bundle all[BUNDLES_MAX];
        static struct damage broken[STATE_DAMAGED_MAX];
        static struct report_job runs[JOBS_MAX]; /* of all bundles together, as are these */
        static const char *places[INSTANCES_MAX + 1];
        char name[NAME_SIZE], version[VERSION_SIZE], instance[INSTANCE_SIZE], digest[DIGEST_HEX_SIZE],
                error[FAULT_TEXT_MAX];
        struct report r = { .machine = digest,
                            .boot = digest,
                            .agent = version,
                            .channel = name,
                            .reason = "start",
                            .error = error,
                            .sequence = INT64_MAX,
                            .dropped = INT64_MAX,
                            .time_usec = 1,
                            .bundles = all,
                            .n_bundles = ELEMENTSOF(all) };
        _cleanup_free_ char *text = NULL;

        fill(name, sizeof(name), 'n');
        fill(version, sizeof(version), 'v');
        fill(instance, sizeof(instance), 'i');
        fill(digest, sizeof(digest), 'd');
        fill(error, sizeof(error), '"');
        for (size_t i = 0; i < ELEMENTSOF(all); i++)
                all[i] = (struct report_bundle){ .name = name,
                                                 .version = version,
                                                 .digest = digest,
                                                 .state = "withdrawn",
                                                 .since_usec = 1,
                                                 .error = error,
                                                 .trial_until_usec = UINT64_C(253402300799000000),
                                                 .trial_failures = 99,
                                                 .trial_max = 100,
                                                 .proven = version,
                                                 .epoch = UINT32_MAX,
                                                 .held = true,
                                                 .missing = true,
                                                 .damaged = broken,
                                                 .n_damaged = ELEMENTSOF(broken) };
        for (size_t i = 0; i < ELEMENTSOF(broken); i++)
                memcpy(broken[i].release.version, version, sizeof(version));
        for (size_t i = 0; i < INSTANCES_MAX; i++)
                places[i] = instance;
        all[0].instances = places;
        for (size_t i = 0; i < ELEMENTSOF(runs); i++)
                runs[i] = (struct report_job){ name, name,     name, "waiting", version, "start-limit-hit",
                                               255,  "STKFLT", 1,    1,         1 };
        all[0].jobs = runs;
        all[0].n_jobs = ELEMENTSOF(runs);
        tap_int(report_write(&r, &text), 0, "a report of all bundles there can be");
        tap_ok(text && strlen(text) <= OUTBOX_REPORT_BYTES_MAX, "is one that the outbox takes");
}

/* What makes a report news, and what does not. */
static void test_news(struct report r)
{
        struct report_last last = { .time_usec = r.time_usec };
        char sum[DIGEST_HEX_SIZE];

        tap_int(report_sum(&r, last.sum), 0, "a report has a sum");
        r.sequence++;
        r.dropped++;
        r.reason = "start";
        r.time_usec += REPORT_HEARTBEAT_USEC - 1;
        tap_int(report_sum(&r, sum), 0, "so has the next");
        tap_str(sum, last.sum, "which is the same where it says the same");
        tap_ok(!report_is_due(&last, sum, r.time_usec), "and no news");
        tap_ok(report_is_due(&last, sum, r.time_usec + 1), "but an hour later the machine is heard from");
        tap_ok(report_is_due(&last, sum, last.time_usec - 1), "as it is by a clock that was set back");
        tap_ok(report_is_due(&(struct report_last){}, sum, r.time_usec), "and at first");
        r.error = "no route";
        tap_int(report_sum(&r, sum), 0, "one with an error");
        tap_ok(report_is_due(&last, sum, last.time_usec), "is news");
        r.error = "not \xff UTF-8";
        tap_int(report_sum(&r, sum), -EINVAL, "text that is not UTF-8 has no sum");
}

int main(void)
{
        struct report r = {
                .machine = "m",
                .boot = "b",
                .agent = "0.1",
                .channel = "stable",
                .reason = "poll",
                .sequence = 7,
                .dropped = 2,
                .time_usec = UINT64_C(1700000001000000),
                .warnings = warnings,
                .bundles = bundles,
                .n_bundles = ELEMENTSOF(bundles),
        };
        _cleanup_free_ char *text = NULL, *untouched = NULL;

        tap_int(report_write(&r, &text), 0, "a report is written");
        tap_str(text,
                "{\"format\":1,\"machine\":\"m\",\"boot\":\"b\",\"agent\":\"0.1\",\"sequence\":7,"
                "\"dropped\":2,\"channel\":\"stable\","
                "\"reason\":\"poll\","
                "\"time\":\"2023-11-14T22:13:21Z\",\"error\":null,"
                "\"warnings\":[\"root.json version 1 expires in 9 days\",\"no newer "
                "timestamp\"],\"bundles\":["
                "{\"name\":\"web\",\"version\":\"1.0\",\"digest\":\"ab\",\"state\":\"running\","
                "\"since\":\"2023-11-14T22:13:20Z\",\"error\":null,\"proven\":\"0.9\","
                "\"epoch\":7,\"held\":true,\"listed\":false,\"damaged\":[\"0.9\"],\"trial\":{\"until\":"
                "\"2023-11-14T22:14:20Z\","
                "\"failures\":1,\"of\":3},\"instances\":[\"blue\",\"green\"],\"jobs\":["
                "{\"name\":\"nightly\",\"instance\":\"blue\",\"service\":\"dump\",\"state\":\"waiting\","
                "\"version\":\"0.9\",\"result\":\"exit-code\",\"exit_status\":3,\"signal\":null,"
                "\"started\":\"2023-11-14T22:13:20Z\",\"ended\":\"2023-11-14T22:13:21Z\","
                "\"next\":\"2023-11-14T22:13:22Z\"},"
                "{\"name\":\"new\",\"instance\":null,\"service\":\"new\",\"state\":\"running\","
                "\"version\":null,\"result\":null,\"exit_status\":null,\"signal\":\"KILL\","
                "\"started\":null,\"ended\":null,\"next\":null}]},"
                "{\"name\":\"new\",\"version\":null,\"digest\":null,\"state\":\"absent\",\"since\":null,"
                "\"error\":\"web.manifest:3: \\\"bad\\\"\\\\\",\"proven\":null,\"epoch\":0,\"held\":false,"
                "\"listed\":true,\"damaged\":[],\"trial\":null,\"instances\":[],\"jobs\":[]}]}",
                "and says what is known, null for what is not");
        test_news(r);
        r.error = "not \xff UTF-8";
        tap_int(report_write(&r, &untouched), -EINVAL, "text that is not UTF-8 is refused");
        tap_str(untouched, NULL, "and nothing is returned");
        test_largest();
        return tap_done();
}
