/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each wall taken away, one at a time, from what the kernel said about a service behind all of them (Debian
 * 12, systemd 252, in a container: five filters are PID 1's own). */

#include "facts/walls.h"

#include "tap.h"

#define STATUS(uid, gid, bnd, nnp, seccomp, filters)                                                        \
        "Name:\tsleep\nUid:\t" uid "\nGid:\t" gid                                                           \
        "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"               \
        "CapBnd:\t" bnd "\nCapAmb:\t0000000000000000\nNoNewPrivs:\t" nnp "\nSeccomp:\t" seccomp             \
        "\nSeccomp_filters:\t" filters "\nCpus_allowed:\t3\n"
#define IDS             "62062\t62062\t62062\t62062"
#define NO_CAPABILITIES "0000000000000000"

static struct promise promise;
static struct walls walls = { .place = "web", .promise = &promise, .systemd_version = 252, .inherited = 5 };

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

#define ROOT_MOUNT   "101 86 0:58 /sealift/root/x / ro,nosuid,nodev shared:151 master:90 - tmpfs tmpfs rw\n"
#define BUNDLE_MOUNT "102 101 0:44 /releases/web/x/tree /bundle ro,nosuid,relatime shared:1 - tmpfs t rw\n"
#define USR_MOUNT    "103 101 0:50 /usr /usr ro,nosuid,relatime shared:213 master:67 - overlay o rw\n"
#define TMP_MOUNT    "104 101 0:51 /p /tmp rw,nosuid,nodev shared:212 master:86 - tmpfs tmpfs rw\n"
#define STATE_MOUNT  "105 101 0:51 /p /var/lib/sealift-web rw,nosuid,nodev shared:212 - tmpfs tmpfs rw\n"

static void mounts_are(const char *text, int want, const char *word, const char *what)
{
        struct fault f = {};

        tap_int(walls_check_mounts(&walls, text, &f), want, "%s", what);
        if (want < 0)
                tap_like(f.text, word, "%s: it says so", what);
}

static void test_mounts(void)
{
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT TMP_MOUNT STATE_MOUNT, 0, "", "all mounts");
        mounts_are("101 86 0:58 / / rw,nosuid - tmpfs tmpfs rw\n" BUNDLE_MOUNT USR_MOUNT, -EOPNOTSUPP,
                   "/ is mounted writable", "a writable root");
        mounts_are(ROOT_MOUNT "102 101 0:44 /x /bundle rw - tmpfs t rw\n" USR_MOUNT, -EOPNOTSUPP,
                   "/bundle is mounted writable", "a writable bundle");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT "103 101 0:50 /usr /usr rw,relatime - overlay o rw\n",
                   -EOPNOTSUPP, "/usr is mounted writable", "a writable /usr");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT "104 101 0:1 / /home rw - ext4 d rw\n", -EOPNOTSUPP,
                   "/home is mounted writable", "any other writable mount");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT "104 101 0:1 / /var/lib/sealift-other rw - ext4 d rw\n",
                   -EOPNOTSUPP, "sealift-other", "another bundle's directory");
        mounts_are(ROOT_MOUNT USR_MOUNT, -EOPNOTSUPP, "/bundle is not mounted", "no bundle");
        mounts_are(BUNDLE_MOUNT USR_MOUNT, -EOPNOTSUPP, "/ is not mounted", "no root");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT, -EOPNOTSUPP, "/usr is not there", "no /usr");
        mounts_are("", -EOPNOTSUPP, "not mounted", "no mounts at all");
        mounts_are("101 86 0:58\n", -EOPNOTSUPP, "proc(5)", "a line that is too short");
        mounts_are("101 86 0:58 / /", -EOPNOTSUPP, "proc(5)", "a line that ends early");
        promise.root = ROOT_BUNDLE;
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT, -EOPNOTSUPP, "/usr is there", "a /usr not asked for");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT, 0, "", "Root=bundle");
        promise.root = ROOT_HOST_USR;
}

static bool has_namespace(enum network network, const char *name)
{
        const struct promise p = { .network = network };
        const struct walls w = { .promise = &p };
        const char *names[WALLS_NAMESPACES_MAX];
        size_t n = walls_namespaces(&w, names);

        for (size_t i = 0; i < n; i++)
                if (str_eq(names[i], name))
                        return true;
        return false;
}

static void test_namespaces(void)
{
        tap_ok(has_namespace(NETWORK_NONE, "net") && has_namespace(NETWORK_SOCKET, "net"),
               "without a network of the host's, the network namespace counts");
        tap_ok(!has_namespace(NETWORK_BIND, "net") && !has_namespace(NETWORK_OUTBOUND, "net"),
               "with one it does not");
        tap_ok(has_namespace(NETWORK_BIND, "user") && has_namespace(NETWORK_BIND, "mnt") &&
                       has_namespace(NETWORK_BIND, "ipc") && has_namespace(NETWORK_BIND, "uts"),
               "the others always do");
}

int main(void)
{
        test_status();
        test_mounts();
        test_namespaces();
        return tap_done();
}
