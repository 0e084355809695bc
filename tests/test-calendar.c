/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* OnCalendar= against a table, and then against systemd itself: where systemd-analyze(1) is installed, it is
 * asked about every value of the table and about thousands that are made here. */

#include "facts/calendar.h"

#include <spawn.h>
#include <sys/wait.h>

#include "ground/io.h"
#include "tap.h"

enum { GENERATED = 4000, BATCH = 500, VALUE_SIZE = 128, ANSWER_MAX = 1024 * 1024 };

static const char *const good[] = {
        /* systemd.time(7)'s own */
        "Sat,Thu,Mon..Wed,Sat..Sun",
        "Mon,Sun 12-*-* 2,1:23",
        "Wed *-1",
        "Wed..Wed,Wed *-1",
        "Wed, 17:48",
        "Wed..Sat,Tue 12-10-15 1:2:3",
        "*-*-7 0:0:0",
        "10-15",
        "monday *-12-* 17:00",
        "Mon,Fri *-*-3,1,2 *:30:45",
        "12,14,13,12:20,10,30",
        "12..14:10,20,30",
        "mon,fri *-1/2-1,3 *:30:45",
        "03-05 08:05:40",
        "08:05:40",
        "05:40",
        "Sat,Sun 12-05 08:05:40",
        "Sat,Sun 08:05:40",
        "2003-03-05 05:40",
        "05:40:23.4200004/3.1700005",
        "2003-02..04-05",
        "2003-03-05 05:40 UTC",
        "2003-03-05",
        "03-05",
        "hourly",
        "daily",
        "daily UTC",
        "monthly",
        "weekly",
        "weekly Pacific/Auckland",
        "yearly",
        "annually",
        "*:2/3",
        "quarterly",
        "minutely",
        "bi-annually",
        "semi-annually",
        "Mon..Fri 08:00",
        "Mon-Fri 08:00",
        "*-*~07/1",
        "*-*~3",
        "*-02~03",
        "Mon *-05~07/1",
        "SUNDAY",
        "Daily",
        "00:00:59.999999",
        "70-1-1",
        "69-1-1",
        "2000..2010/2-*-*",
        "*:*:*",
        "*:0/15",
        "0/23:00",
        "*:*:0/0.5",
        "0..23:0..59:0..59",
        "Mon,",
        "Mon ",
        "*-02-31",
        "10:00 Etc/GMT+1",
        "10:00 America/Argentina/Buenos_Aires",
        "*-*-1..31/30",
        "*-*~1..28/27",
        "12-31 ",
        "01:02 utc",
        "00000012:00",
        "*:3..60/17",
        "*-*~10..20/31",
        "*-*~25,1",
        "*:*:28..28/5",
};

static const char *const bad[] = {
        "",
        " ",
        "UTC",
        " UTC",
        "soon",
        "5",
        "*",
        "24:00",
        "23:60",
        "23:59:60",
        "23:59:59.9999999",
        "00:00 ",
        " daily",
        "daily daily",
        "Fri..Mon",
        "Mon..",
        "Mon.Fri",
        "Mon..Wed..Fri",
        "Mond",
        "Mon Tue",
        "13-01",
        "00-01",
        "1-32",
        "1-0",
        "1969-1-1",
        "2200-1-1",
        "*-*~29",
        "2003~1-1",
        "1~2-3",
        "*-*-*-*",
        "5..1:00",
        "*/2:00",
        "0/24:00",
        "0/0:00",
        "1,:00",
        ",1:00",
        "1,*:00",
        "1..:00",
        "10:00:00:00",
        "10",
        "10:0.5",
        "10:00:0.",
        "*:*:28..28",
        "*:*:0..0.5",
        "*-*~24,26",
        "-1:00",
        "+1:00",
        "0x1:00",
        "99999999999:00",
        "18446744073709551617:00",
        "10:00:4295",
        "10:00:99999999999999999999",
        "*-*-1/31",
        "*-*~1/1",
        "08:00 Europe/",
        "08:00 Europe//Berlin",
        "08:00 Europe",
        "%H:00",
        "10:00\t",
        "10:00\\",
        "08:00;",
        "daily Europe/../Berlin",
        "1-1T10:00",
        "Mon..Fri, , 1:00",
        "*-*-* 0:00:00/60.5",
        "4-1~1~1",
};

/* What systemd takes and a manifest may not say (calendar.h). */
static const char *const stricter[] = { "@0", "@1700000000", "daily CET", "daily EST5EDT", "daily Japan" };

static void test_table(void)
{
        char list[8192] = "00";
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                if (!tap_int(calendar_check(good[i], &f), 0, "'%s' is one", good[i]))
                        printf("# %s\n", f.text);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(calendar_check(bad[i], &f), -EINVAL, "'%s' is none", bad[i]);
        for (size_t i = 0; i < ELEMENTSOF(stricter); i++)
                tap_int(calendar_check(stricter[i], &f), -EINVAL, "'%s' is not for manifests", stricter[i]);
        tap_int(calendar_check("Mon..Fri 25:00", &f), -EINVAL, "an hour too many");
        tap_like(f.text, "hour", "is said to be one");
        for (size_t n = 2; n + 4 < sizeof(list); n += 3)
                memcpy(list + n, ",00", 4);
        tap_int(calendar_check(list, &f), -EINVAL, "a list without end is refused");
}

static void test_second(void)
{
        static const struct {
                const char *value;
                int64_t second; /* -1: several */
        } cases[] = {
                { "minutely", 0 },
                { "daily UTC", 0 },
                { "Mon..Fri", 0 },
                { "2003-03-05", 0 },
                { "*:*", 0 },
                { "*:0/1 Europe/Berlin", 0 },
                { "*:*:00", 0 },
                { "*:*:59.999999", 59999999 },
                { "05:40:23.4200004", 23420000 },
                { "*:*:28..28/5", 28000000 },
                { "*:*:*", -1 },
                { "05:40:*", -1 },
                { "*:*:0,30", -1 },
                { "*:*:30,30", -1 },
                { "*:*:0/30", -1 },
                { "*:*:0/0.5", -1 },
                { "*:*:1..2", -1 },
                { "Mon 05:40:1..3/2 UTC", -1 },
        };
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                int64_t second = -2;
                int r = calendar_second(cases[i].value, &second, &f);

                if (cases[i].second < 0) {
                        tap_ok(r == -EINVAL && second == -2, "'%s' comes too often", cases[i].value);
                        tap_like(f.text, "less than 60 s", "which is said");
                } else
                        tap_ok(r >= 0 && second == cases[i].second, "'%s' comes once a minute at most",
                               cases[i].value);
        }
        tap_int(calendar_second("soon", &(int64_t){ 0 }, &f), -EINVAL, "what is none has no second");
}

/* ---- values of every shape, most of them nearly right */

static uint64_t seed = 1;

static unsigned any(unsigned n)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned)(seed >> 33) % n;
}

#define ANY(list) ((list)[any(ELEMENTSOF(list))])

static void append(char *s, const char *what)
{
        if (strlen(s) + strlen(what) < VALUE_SIZE)
                strcat(s, what);
}

static void append_component(char *s, unsigned about)
{
        static const char *const fractions[] = { ".5", ".9999995", ".", ".000001" };
        char number[16];

        for (unsigned part = 0; part < 3; part++) {
                static const char *const before[] = { "", "..", "/" };

                if (part > 0 && any(4) > 0)
                        continue;
                append(s, before[part]);
                (void)snprintf(number, sizeof(number), any(2) ? "%u" : "%02u", any(about + about / 8 + 1));
                append(s, number);
                if (any(30) == 0)
                        append(s, ANY(fractions));
        }
}

static void append_chain(char *s, unsigned about)
{
        if (any(3) == 0) {
                append(s, "*");
                return;
        }
        do {
                append_component(s, about);
        } while (any(5) == 0 && (append(s, ","), true));
}

static void append_weekdays(char *s)
{
        static const char *const days[] = {
                "Mon", "tue", "WED", "Thursday", "Fri", "Saturday", "Sun", "Sund"
        };
        static const char *const between[] = { "..", "-", ",", ",", ".", "" };

        do {
                append(s, ANY(days));
        } while (any(2) && (append(s, ANY(between)), true));
        if (any(20) == 0)
                append(s, ANY(between));
}

static void generate(char s[static VALUE_SIZE])
{
        static const char *const zones[] = { " UTC", " Europe/Berlin", " Asia/Tokyo", " utc", " " };
        static const char *const odd[] = { "..", "/", "~", "-", ":", ",", "*", " ", "0", "." };
        unsigned shape = 1 + any(7);

        *s = '\0';
        if (shape & 1)
                append_weekdays(s);
        if (shape & 2) {
                append(s, *s ? " " : "");
                if (any(2)) {
                        append_chain(s, 2199);
                        append(s, "-");
                }
                append_chain(s, 12);
                append(s, any(4) ? "-" : "~");
                append_chain(s, 30);
        }
        if (shape & 4) {
                append(s, *s ? " " : "");
                append_chain(s, 23);
                append(s, ":");
                append_chain(s, 58);
                if (any(2)) {
                        append(s, ":");
                        append_chain(s, 58);
                }
        }
        if (any(8) == 0 && *s) { /* one character of it is another */
                s[any((unsigned)strlen(s))] = *ANY(odd);
        }
        if (any(4) == 0)
                append(s, ANY(zones));
}

/* ---- systemd's own verdicts */

static bool systemd_is_here(void)
{
        return access("/usr/bin/systemd-analyze", X_OK) == 0 &&
               access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0;
}

/* What systemd-analyze says on stderr: one line for each that it does not take. */
static char *systemd_ask(const char *const *values, size_t n)
{
        static char language[] = "LC_ALL=C", zone[] = "TZ=UTC", *env[] = { language, zone, NULL };
        static char tool[] = "systemd-analyze", verb[] = "calendar", end[] = "--";
        char *argv[BATCH + 4] = { tool, verb, end }, *said = NULL;
        posix_spawn_file_actions_t actions;
        size_t len;
        int fds[2], r;
        pid_t pid;

        memcpy(argv + 3, values, n * sizeof(*values));
        if (pipe2(fds, O_CLOEXEC) < 0)
                return NULL;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, fds[1], STDERR_FILENO);
        r = posix_spawn(&pid, "/usr/bin/systemd-analyze", &actions, NULL, argv, env);
        posix_spawn_file_actions_destroy(&actions);
        close(fds[1]);
        if (r == 0) {
                (void)!io_read_all(fds[0], ANSWER_MAX, &said, &len);
                (void)waitpid(pid, NULL, 0);
        }
        close(fds[0]);
        return said;
}

static bool systemd_takes(const char *said, const char *value)
{
        char line[VALUE_SIZE + 64];

        (void)snprintf(line, sizeof(line), "calendar specification '%s':", value);
        return !strstr(said, line);
}

static void compare(const char *what, const char *const *values, size_t n, bool same)
{
        _cleanup_free_ char *said = systemd_ask(values, n);
        size_t laxer = 0, differ = 0, taken = 0;

        if (!tap_ok(said, "systemd-analyze speaks"))
                return;
        for (size_t i = 0; i < n; i++) {
                struct fault f = {};
                bool list = strchr(values[i], '~') && strchr(values[i], ','); /* of days, maybe */
                bool ours = calendar_check(values[i], &f) == 0, theirs = systemd_takes(said, values[i]);

                taken += ours;
                laxer += ours && !theirs;
                differ += ours != theirs && !list;
                if ((ours && !theirs) || (same && ours != theirs && !list))
                        printf("# '%s': systemd %s it; we: %s\n", values[i], theirs ? "takes" : "refuses",
                               ours ? "fine" : f.text);
        }
        tap_int((long long)laxer, 0, "%s: systemd takes each of the %zu that we take", what, taken);
        if (same)
                tap_int((long long)differ, 0,
                        "%s: and the other way round, of %zu (but for lists of last days)", what, n);
}

static void test_systemd(void)
{
        static char made[BATCH][VALUE_SIZE];
        const char *values[BATCH];

        if (!systemd_is_here()) {
                tap_skip("the same verdicts as systemd's", "no systemd-analyze, or no tzdata");
                return;
        }
        compare("those in the table that are events", good, ELEMENTSOF(good), true);
        compare("those that are none", bad, ELEMENTSOF(bad), true);
        compare("those not for manifests", stricter, ELEMENTSOF(stricter), false);
        for (size_t n = 0; n < GENERATED; n += BATCH) {
                for (size_t i = 0; i < BATCH; i++) {
                        generate(made[i]);
                        values[i] = made[i];
                }
                compare("made here", values, BATCH, true);
        }
}

int main(void)
{
        test_table();
        test_second();
        test_systemd();
        return tap_done();
}
