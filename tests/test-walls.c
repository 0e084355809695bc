/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each wall taken away, one at a time, from what the kernel said about a service behind all of them (Debian
 * 12, systemd 252, in a container: five filters are PID 1's own). */

#include "facts/walls.h"

#include <inttypes.h>

#include "tap.h"
#include "walled.h"

#define GROUPS "62062 "
#define STATUS(uid, gid, bnd, nnp, seccomp, filters)                                                        \
        "Name:\tsleep\nUid:\t" uid "\nGid:\t" gid "\nGroups:\t" GROUPS                                      \
        "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"               \
        "CapBnd:\t" bnd "\nCapAmb:\t0000000000000000\nNoNewPrivs:\t" nnp "\nSeccomp:\t" seccomp             \
        "\nSeccomp_filters:\t" filters "\nCpus_allowed:\t3\n"
#define IDS             "62062\t62062\t62062\t62062"
#define NO_CAPABILITIES "0000000000000000"

static void status_is(const char *text, int want, const char *word, const char *what)
{
        struct fault f = {};

        tap_int(walls_check_status(&walls, text, &f), want, "%s", what);
        if (want < 0)
                tap_like(f.text, word, "%s: it says so", what);
}

static void test_status(void)
{
        status_is(STATUS(IDS, IDS, NO_CAPABILITIES, "1", "2", "39"), 0, "", "all walls");
        status_is(STATUS("0\t0\t0\t0", IDS, NO_CAPABILITIES, "1", "2", "39"), -EOPNOTSUPP, "root", "root");
        status_is(STATUS("62062\t62062\t0\t62062", IDS, NO_CAPABILITIES, "1", "2", "39"), -EOPNOTSUPP,
                  "root", "a saved uid of 0");
        status_is(STATUS(IDS, "0\t0\t0\t0", NO_CAPABILITIES, "1", "2", "39"), -EOPNOTSUPP, "root",
                  "root's group");
        status_is(STATUS(IDS, IDS, "00000000a80425fb", "1", "2", "39"), -EOPNOTSUPP, "CapBnd",
                  "a bounding set");
        status_is(STATUS(IDS, IDS, NO_CAPABILITIES, "0", "2", "39"), -EOPNOTSUPP, "NoNewPrivs",
                  "new privileges");
        status_is(STATUS(IDS, IDS, NO_CAPABILITIES, "1", "0", "0"), -EOPNOTSUPP, "Seccomp", "no filters");
        status_is(STATUS(IDS, IDS, NO_CAPABILITIES, "1", "2", "36"), -EOPNOTSUPP, "36 seccomp filters",
                  "RestrictNamespaces lost before the first start");
        status_is("Uid:\t" IDS "\n", -EOPNOTSUPP, "", "a status that says nothing");
        status_is(STATUS(IDS, IDS, NO_CAPABILITIES, "1", "2", "45"), 0, "", "filters of the program's own");
}

/* A status whose capability sets are these. */
#define SETS(inh, prm, eff, bnd, amb)                                                                       \
        "Uid:\t" IDS "\nGid:\t" IDS "\nGroups:\t\nCapInh:\t" inh "\nCapPrm:\t" prm "\nCapEff:\t" eff        \
        "\nCapBnd:\t" bnd "\nCapAmb:\t" amb "\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t39\n"
#define NONE "0000000000000000"
#define RAW  "0000000000002000"
#define MORE "0000000000003000"
#define FULL "000001ffffffffff"

static void test_capabilities(void)
{
        promise.capabilities = 1 << 13;
        status_is(SETS(RAW, RAW, RAW, RAW, RAW), 0, "", "the capability that was granted");
        status_is(SETS(NONE, NONE, NONE, RAW, NONE), 0, "", "one that was given up");
        status_is(SETS(NONE, NONE, NONE, NONE, NONE), -EOPNOTSUPP, "does not give it",
                  "one that is not there");
        status_is(SETS(RAW, RAW, RAW, MORE, RAW), -EOPNOTSUPP, "other capabilities (CapBnd)",
                  "another one in the bounding set");
        status_is(SETS(MORE, RAW, RAW, RAW, RAW), -EOPNOTSUPP, "other capabilities (CapInh)",
                  "another one to inherit");
        status_is(SETS(RAW, MORE, RAW, RAW, RAW), -EOPNOTSUPP, "other capabilities (CapPrm)",
                  "another one permitted");
        status_is(SETS(RAW, RAW, MORE, RAW, RAW), -EOPNOTSUPP, "other capabilities (CapEff)",
                  "another one in effect");
        status_is(SETS(RAW, RAW, RAW, RAW, MORE), -EOPNOTSUPP, "other capabilities (CapAmb)",
                  "another ambient one");
        status_is(SETS(RAW, RAW, RAW, "x", RAW), -EOPNOTSUPP, "CapBnd", "a set that is no number");
        promise.capabilities = 0;
        status_is(SETS(NONE, FULL, FULL, FULL, NONE), -EOPNOTSUPP, "it has capabilities", "all of them");
        walls.nested = true;
        status_is(SETS(NONE, FULL, FULL, FULL, NONE), 0, "", "all of them in a namespace of its own making");
        walls.nested = false;
}

#define IN_GROUPS(groups) "Uid:\t" IDS "\nGid:\t" IDS "\nGroups:\t" groups "\nCapInh:\t0\n"

static void test_groups(void)
{
        status_is(IN_GROUPS("62062 4 "), -EOPNOTSUPP, "in a group", "somebody else's group beside its own");
        status_is(IN_GROUPS("0 "), -EOPNOTSUPP, "in a group", "root's group beside its own");
        status_is(IN_GROUPS("x"), -EOPNOTSUPP, "in a group", "a group that is no number");
        status_is("Uid:\t" IDS "\nGid:\t" IDS "\n", -EOPNOTSUPP, "in a group", "groups that are not told");
        status_is(IN_GROUPS("62062 62063 "), -EOPNOTSUPP, "capabilities", "dynamic groups: it goes on");
        (void)snprintf(promise.user, sizeof(promise.user), "shared");
        promise.uid = 62062;
        status_is(IN_GROUPS("4 1000 "), -EOPNOTSUPP, "capabilities", "a user of the host's in its groups");
        status_is(IN_GROUPS("4 0 "), -EOPNOTSUPP, "in a group", "and in root's");
        *promise.user = '\0';
}

static void test_users(void)
{
        status_is(STATUS("1000\t1000\t1000\t1000", IDS, NO_CAPABILITIES, "1", "2", "39"), -EOPNOTSUPP,
                  "dynamic user", "somebody else's uid");
        status_is(STATUS(IDS, "62062\t62062\t4\t62062", NO_CAPABILITIES, "1", "2", "39"), -EOPNOTSUPP,
                  "dynamic user", "somebody else's gid");
        (void)snprintf(promise.user, sizeof(promise.user), "shared");
        promise.uid = 1000;
        status_is(STATUS("1000\t1000\t1000\t1000", "7\t7\t7\t7", NO_CAPABILITIES, "1", "2", "39"), 0, "",
                  "the user that was asked for");
        status_is(STATUS("1001\t1001\t1001\t1001", "7\t7\t7\t7", NO_CAPABILITIES, "1", "2", "39"),
                  -EOPNOTSUPP, "user shared (uid 1000)", "another user");
        status_is(STATUS("1000\t1000\t1000\t1000", "0\t0\t0\t0", NO_CAPABILITIES, "1", "2", "39"),
                  -EOPNOTSUPP, "root", "that user in root's group");
        *promise.user = '\0';
}

/* As a server that drops to an account of its own, looked at again after a reload. */
static void test_changed_users(void)
{
        static const char *const other = STATUS("1001\t1001\t1001\t1001", IDS, "0000000000000080", "1", "2",
                                                "39"),
                                 *const other_group =
                                         STATUS(IDS, "7\t7\t7\t7", "0000000000000040", "1", "2", "39");

        promise.capabilities = UINT64_C(1) << 7;
        status_is(other, 0, "", "CAP_SETUID, used");
        status_is(STATUS("0\t0\t0\t0", IDS, "0000000000000080", "1", "2", "39"), -EOPNOTSUPP, "root",
                  "CAP_SETUID, used to become root");
        status_is(STATUS(IDS, "7\t7\t7\t7", "0000000000000080", "1", "2", "39"), -EOPNOTSUPP, "dynamic user",
                  "CAP_SETUID changes no group");
        (void)snprintf(promise.user, sizeof(promise.user), "shared");
        promise.uid = 1000;
        status_is(other, 0, "", "CAP_SETUID of a user of the host's, used");
        *promise.user = '\0';
        promise.capabilities = UINT64_C(1) << 6;
        status_is(other_group, 0, "", "CAP_SETGID, used");
        promise.capabilities = 0;
}

/* How many filters are enough, and that one less is not. */
static void filters_are(unsigned version, unsigned least, const char *what)
{
        char text[sizeof(STATUS(IDS, IDS, "ffffffffffffffff", "1", "2", "1000"))];
        struct fault f = {};

        walls.systemd_version = version;
        for (unsigned n = least - 1; n <= least; n++) {
                (void)snprintf(text, sizeof(text), STATUS(IDS, IDS, "%016" PRIx64, "1", "2", "%u"),
                               promise.capabilities, n);
                tap_int(walls_check_status(&walls, text, &f), n < least ? -EOPNOTSUPP : 0,
                        "systemd %u, %s: %u filters are %s", version, what, n,
                        n < least ? "too few" : "enough");
        }
        walls.systemd_version = 252;
}

/* As measured on both (tests/README.md), with five of PID 1's own. */
static void test_filters(void)
{
#if defined(__x86_64__)
        filters_are(252, 39, "strictest");
        filters_are(257, 36, "strictest");
        filters_are(256, 34, "strictest");
        filters_are(258, 34, "strictest");
        promise.write_execute = true;
        filters_are(252, 36, "memory to write and execute");
        filters_are(257, 36, "memory to write and execute");
        promise.write_execute = false;
        promise.user_namespaces = true;
        filters_are(252, 36, "namespaces of its own");
        filters_are(257, 33, "namespaces of its own");
        promise.write_execute = true;
        filters_are(252, 33, "both");
        promise.write_execute = false;
        (void)snprintf(promise.user, sizeof(promise.user), "shared");
        promise.uid = 62062;
        filters_are(257, 30, "and openat2(2) of a user of the host's");
        *promise.user = '\0';
        promise.user_namespaces = false;
#endif
}
static bool has_namespace_with(const struct promise *promised, const char *name)
{
        const struct walls w = { .promise = promised };
        const char *names[WALLS_NAMESPACES_MAX];
        size_t n = walls_namespaces(&w, names);

        for (size_t i = 0; i < n; i++)
                if (str_eq(names[i], name))
                        return true;
        return false;
}

static bool has_namespace(enum network network, const char *name)
{
        return has_namespace_with(&(struct promise){ .network = network }, name);
}

static void test_namespaces(void)
{
        const struct promise capable = { .capabilities = 1 << 13 };

        tap_ok(has_namespace(NETWORK_NONE, "net") && has_namespace(NETWORK_SOCKET, "net"),
               "without a network of the host's, the network namespace counts");
        tap_ok(!has_namespace(NETWORK_BIND, "net") && !has_namespace(NETWORK_OUTBOUND, "net"),
               "with one it does not");
        tap_ok(has_namespace(NETWORK_BIND, "user") && has_namespace(NETWORK_BIND, "mnt") &&
                       has_namespace(NETWORK_BIND, "ipc") && has_namespace(NETWORK_BIND, "uts"),
               "the others always do");
        tap_ok(!has_namespace_with(&capable, "user") && has_namespace_with(&capable, "mnt"),
               "with a capability that of users does not");
}

static void label_is(const char *text, int want)
{
        struct fault f = {};

        tap_int(walls_check_label(&walls, text, &f), want, "the label %s", text);
        if (want < 0)
                tap_like(f.text, "should by sealift-usr (enforce)", "it says which it should be");
}

static void test_label(void)
{
        (void)snprintf(promise.profile, sizeof(promise.profile), "sealift-usr");
        label_is("sealift-usr (enforce)\n", 0);
        label_is("sealift-usr (complain)\n", -EOPNOTSUPP);
        label_is("unconfined\n", -EOPNOTSUPP);
        label_is("sealift-usr-network (enforce)\n", -EOPNOTSUPP);
        label_is("sealift-usr//x (enforce)\n", -EOPNOTSUPP);
        label_is("sealift-xyz (enforce)\n", -EOPNOTSUPP);
        label_is("sealift-us (enforce)\n", -EOPNOTSUPP);
        label_is("sealift-usr\n", -EOPNOTSUPP);
        label_is("", -EOPNOTSUPP);
        *promise.profile = '\0';
}

/* What the kernel may say, and what it may not, where this was promised. */
static void limit_is(enum limit limit, uint64_t promised, const char *name, const char *const *good,
                     const char *const *bad)
{
        struct walls_limit l[LIMIT_MAX];
        struct fault f = {};

        promise.limits[limit] = promised;
        tap_int(walls_limits(&walls, l), 1, "%s: asked for where it was promised", name);
        tap_str(l[0].name, name, "and it alone");
        for (size_t i = 0; good[i]; i++)
                tap_int(walls_check_limit(l, good[i], &f), 0, "%s: good text %zu", name, i);
        for (size_t i = 0; bad[i]; i++) {
                tap_int(walls_check_limit(l, bad[i], &f), -EOPNOTSUPP, "%s: bad text %zu", name, i);
                tap_like(f.text, name, "it says which");
        }
        promise.limits[limit] = PROMISE_NO_LIMIT;
}
#define TEXTS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define LIMITS(files, core)                                                                                 \
        "Limit                     Soft Limit           Hard Limit           Units     \n"                  \
        "Max core file size        " core "                    bytes     \n"                                \
        "Max open files            " files "               files     \n"                                    \
        "Max msgqueue size         819200               819200               bytes     \n"

static void test_limits(void)
{
        struct walls_limit l[LIMIT_MAX];

        tap_int(walls_limits(&walls, l), 0, "nothing was promised, nothing is asked for");
        limit_is(LIMIT_MEMORY_MAX, 1000000, "memory.max", TEXTS("999424", "1000000"),
                 TEXTS("1000001", "max", ""));
        limit_is(LIMIT_MEMORY_HIGH, 1000000, "memory.high", TEXTS("999424"), TEXTS("1003520", "max"));
        limit_is(LIMIT_MEMORY_SWAP_MAX, 0, "memory.swap.max", TEXTS("0"), TEXTS("4096", "max"));
        limit_is(LIMIT_TASKS_MAX, 7, "pids.max", TEXTS("7"), TEXTS("8", "max"));
        limit_is(LIMIT_CPU_QUOTA, 150, "cpu.max", TEXTS("150000 100000", "1500 1000", "10 100000"),
                 TEXTS("150001 100000", "20000 10000", "max 100000", "150000", "150000 ", " 100000", "1 x",
                       ""));
        limit_is(LIMIT_CPU_WEIGHT, 50, "cpu.weight", TEXTS("50"), TEXTS("100", "49", ""));
        limit_is(LIMIT_IO_WEIGHT, 50, "io.weight", TEXTS("default 50"), TEXTS("default 100", "50", ""));
        limit_is(LIMIT_NOFILE, 512, "Max open files",
                 TEXTS(LIMITS("512                 512", "0  0"), LIMITS("20                  511", "0  0")),
                 TEXTS(LIMITS("512                 513", "0  0"), LIMITS("512         unlimited", "0  0"),
                       "Max open files", "Max open files 1", "Max open files 1 1", ""));
        limit_is(LIMIT_CORE, 0, "Max core file size", TEXTS(LIMITS("9 9", "0                    0")),
                 TEXTS(LIMITS("0 0", "0            unlimited"), LIMITS("0 0", "0            1")));
        tap_int(walls_limits(&walls, l), 0, "and each for itself");
        promise.limits[LIMIT_CPU_WEIGHT] = promise.limits[LIMIT_IO_WEIGHT] = 50;
        promise.limits[LIMIT_TASKS_MAX] = 9;
        tap_int(walls_limits(&walls, l), 3, "shares are looked at when a unit comes up");
        walls.stood = true;
        tap_int(walls_limits(&walls, l), 1, "but not later");
        tap_str(l[0].name, "pids.max", "when limits are");
        walls.stood = false;
        promise_nothing();
        promise.limits[LIMIT_NOFILE] = promise.limits[LIMIT_MEMORY_MAX] = 9;
        promise.capabilities = UINT64_C(1) << 24;
        tap_int(walls_limits(&walls, l), 1, "CAP_SYS_RESOURCE sets limits of its own");
        tap_str(l[0].name, "memory.max", "but none of its cgroup");
        promise.capabilities = 0;
        promise.limits[LIMIT_NOFILE] = promise.limits[LIMIT_MEMORY_MAX] = PROMISE_NO_LIMIT;
}

int main(void)
{
        promise_nothing();
        test_status();
        test_capabilities();
        test_groups();
        test_users();
        test_changed_users();
        test_filters();
        test_namespaces();
        test_label();
        test_limits();
        return tap_done();
}
