/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each wall taken away, one at a time, from what the kernel said about a service behind all of them (Debian
 * 12, systemd 252, in a container: five filters are PID 1's own). */

#include "facts/walls.h"

#include <inttypes.h>

#include "tap.h"

#define GROUPS "62062 "
#define STATUS(uid, gid, bnd, nnp, seccomp, filters)                                                        \
        "Name:\tsleep\nUid:\t" uid "\nGid:\t" gid "\nGroups:\t" GROUPS                                      \
        "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"               \
        "CapBnd:\t" bnd "\nCapAmb:\t0000000000000000\nNoNewPrivs:\t" nnp "\nSeccomp:\t" seccomp             \
        "\nSeccomp_filters:\t" filters "\nCpus_allowed:\t3\n"
#define IDS             "62062\t62062\t62062\t62062"
#define NO_CAPABILITIES "0000000000000000"

static struct promise promise;
static struct walls walls = {
        .place = "web",
        .unit = "sealift-web.main@1-1.service",
        .promise = &promise,
        .systemd_version = 252,
        .inherited = 5,
        .dropin = "[Service]\nRootDirectory=/run/sealift/root/x\nBindReadOnlyPaths=/releases/web/x/tree:/"
                  "bundle\n"
                  "BindReadOnlyPaths=/usr\nTemporaryFileSystem=/dev/shm:mode=1777\n"
                  "TemporaryFileSystem=/run:mode=0755,noexec\nBindReadOnlyPaths=-/etc/hosts\n"
                  "DeviceAllow=/dev/net/tun rw\nBindPaths=/dev/net/tun\nBindReadOnlyPaths=/srv/data\n",
        .host_mounts = "27 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                       "28 27 8:2 / /srv/data/disk rw shared:2 - ext4 /dev/sda2 rw\n"
                       "29 27 8:2 / /bundle/disk rw shared:2 - ext4 /dev/sda2 rw\n"
                       "31 27 8:3 / /var/lib/private/sealift-web/wal rw shared:4 - xfs /dev/sda3 rw\n"
                       "32 27 8:4 / /var/cache/private/sealift-web rw shared:5 - xfs /dev/sda4 rw\n"
                       "33 27 8:5 / /var/log/sealift-web rw shared:6 - xfs /dev/sda5 rw\n"
                       "30 27 0:9 / /sys/fs/fuse/connections rw shared:3 - fusectl fusectl rw\n",
};

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

/* As measured on both (HACKING.md), with five of PID 1's own. */
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

/* As mountinfo had them, apart from the numbers. */
#define MOUNT(root, point, options, rest) "101 86 0:58 " root " " point " " options " shared:151 " rest "\n"
#define ROOT_MOUNT                        MOUNT("/sealift/root/x", "/", "ro,nosuid,nodev", "master:90 - tmpfs tmpfs rw,mode=755")
#define BUNDLE_MOUNT                      MOUNT("/releases/web/x/tree", "/bundle", "ro,nosuid,relatime", "- tmpfs t rw")
#define USR_MOUNT                         MOUNT("/usr", "/usr", "ro,nosuid,relatime", "master:67 - overlay o rw")
#define HOLD                              "/usr/libexec/sealift/sealift-hold"
#define HOLD_MOUNT                        MOUNT(HOLD, HOLD, "ro,nosuid,relatime", "master:67 - overlay o rw")
#define PROC_MOUNT                        MOUNT("/", "/proc", "rw,nosuid", "- proc proc rw,hidepid=invisible,subset=pid")
#define NEEDED                            ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT PROC_MOUNT
#define UNIT                              "sealift-web.main@1-1.service"
#define TMP_ROOT(unit)                    "/tmp/systemd-private-a85a5a28fd5c4e5fb7dcde58d1a3031a-" unit "-HJpntg/tmp"
#define OWN_TMP                           MOUNT(TMP_ROOT(UNIT), "/tmp", "rw", "- ext4 /dev/sda1 rw")
#define DISK_OF(root, point)              MOUNT(root, point, "rw", "- ext4 /dev/sda1 rw")
#define DISK(point)                       MOUNT("/x", point, "ro,relatime", "master:1 - ext4 /dev/sda1 rw")
#define DISK_RW(point)                    MOUNT("/x", point, "rw,relatime", "master:1 - ext4 /dev/sda1 rw")

static void mounts_are(const char *text, int want, const char *word, const char *what)
{
        struct fault f = {};

        tap_int(walls_check_mounts(&walls, text, &f), want, "%s", what);
        if (want < 0)
                tap_like(f.text, word, "%s: it says so", what);
}

static void test_mounts(void)
{
        const char *dropin = walls.dropin;

        mounts_are(NEEDED OWN_TMP DISK_OF("/var/lib/private/sealift-web", "/var/lib/sealift-web"), 0, "",
                   "all mounts");
        mounts_are("101 86 0:58 / / rw,nosuid - tmpfs tmpfs rw\n" BUNDLE_MOUNT USR_MOUNT, -EOPNOTSUPP,
                   "/ is mounted writable", "a writable root");
        mounts_are(ROOT_MOUNT DISK_RW("/bundle"), -EOPNOTSUPP, "/bundle is mounted writable",
                   "a writable bundle");
        mounts_are(NEEDED DISK_RW("/usr"), -EOPNOTSUPP, "/usr is mounted writable", "a writable /usr");
        mounts_are(NEEDED DISK_RW("/home"), -EOPNOTSUPP, "/home is mounted writable",
                   "any other writable mount");
        mounts_are(NEEDED DISK_RW("/var/lib/sealift-other"), -EOPNOTSUPP, "sealift-other",
                   "another bundle's directory");
        mounts_are(NEEDED MOUNT("/", "/sys/fs/selinux", "rw", "- selinuxfs s rw"), 0, "",
                   "a host with SELinux");
        mounts_are(NEEDED MOUNT("/", "/run/credentials", "ro", "- tmpfs t rw")
                           MOUNT("/", "/run/credentials/" UNIT, "ro", "- ramfs r rw"),
                   0, "", "credentials that cannot be changed");
        mounts_are(NEEDED MOUNT("/", "/run/credentials/" UNIT, "rw", "- ramfs r rw"), -EOPNOTSUPP,
                   "/run/credentials/sealift-web.main@1-1.service is mounted writable",
                   "credentials that can");
        mounts_are(NEEDED MOUNT("/", "/run/credentials/sealift-web.main@1-2.service", "ro", "- ramfs r rw"),
                   -EOPNOTSUPP, "nobody promised", "another unit's credentials");
        mounts_are(NEEDED MOUNT("/", "/proc/sys/fs/binfmt_misc", "rw", "- autofs systemd-1 rw"), 0, "",
                   "all of /proc, with its automount");
        mounts_are(NEEDED MOUNT("/sys", "/proc/sys", "rw", "- proc proc rw"), -EOPNOTSUPP,
                   "/proc/sys is mounted writable", "what a kernel is set up by");
        mounts_are(ROOT_MOUNT USR_MOUNT PROC_MOUNT, -EOPNOTSUPP, "/bundle is not mounted", "no bundle");
        mounts_are(BUNDLE_MOUNT USR_MOUNT PROC_MOUNT, -EOPNOTSUPP, "/ is not mounted", "no root");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT, -EOPNOTSUPP, "/proc is not mounted", "no /proc");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT PROC_MOUNT, -EOPNOTSUPP, "/usr is not there", "no /usr");
        mounts_are("", -EOPNOTSUPP, "not mounted", "no mounts at all");
        promise.root = ROOT_BUNDLE;
        mounts_are(NEEDED, -EOPNOTSUPP, "/usr is there", "a /usr not asked for");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT PROC_MOUNT, 0, "", "Root=bundle");
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT PROC_MOUNT HOLD_MOUNT, -EOPNOTSUPP, "nobody promised",
                   "what a job waits in, for what is none");
        walls.dropin = "BindReadOnlyPaths=/x:/bundle\nBindReadOnlyPaths=" HOLD "\n";
        mounts_are(ROOT_MOUNT BUNDLE_MOUNT PROC_MOUNT HOLD_MOUNT, 0, "", "for a job");
        walls.dropin = dropin;
        promise.root = ROOT_HOST_USR;
}

/* What is read-only, and still nobody promised. */
static void test_bound_mounts(void)
{
        mounts_are(NEEDED DISK("/etc/hosts") DISK("/srv/data"), 0, "", "what the drop-in binds");
        mounts_are(NEEDED DISK("/etc/shadow"), -EOPNOTSUPP, "/etc/shadow is mounted for it, which nobody",
                   "a file that it does not");
        mounts_are(NEEDED DISK("/etc/host") DISK("/srv"), -EOPNOTSUPP, "/etc/host is mounted for it",
                   "part of a name is another name");
        mounts_are(NEEDED MOUNT("/", "/srv/data/disk", "ro", "- ext4 x rw"), 0, "",
                   "a mount below, as the host has it");
        mounts_are(NEEDED MOUNT("/", "/srv/data/disk", "rw", "- ext4 x rw"), 0, "",
                   "also one that came while it ran, as writable");
        mounts_are(NEEDED DISK("/srv/data/disk"), -EOPNOTSUPP, "nobody promised",
                   "but not another in its place");
        mounts_are(NEEDED MOUNT("/", "/srv/data/disk", "ro", "- xfs x rw"), -EOPNOTSUPP, "nobody promised",
                   "nor another file system");
        mounts_are(NEEDED MOUNT("/", "/bundle/disk", "rw", "- ext4 x rw"), -EOPNOTSUPP,
                   "/bundle/disk is mounted writable", "but not in the bundle");
        mounts_are(NEEDED MOUNT("/", "/sys/fs/fuse/connections", "rw", "- fusectl fusectl rw"), 0, "",
                   "what the kernel shows since a module is there");
        mounts_are(NEEDED MOUNT("/", "/sys/kernel/config", "rw", "- configfs configfs rw"), -EOPNOTSUPP,
                   "mounted writable", "what the host has not");
        mounts_are(NEEDED MOUNT("/null", "/dev/null", "rw", "- devtmpfs udev rw"), 0, "",
                   "a device of a container's");
        mounts_are(NEEDED MOUNT("/sda", "/dev/null", "rw", "- devtmpfs udev rw"), -EOPNOTSUPP, "mounted",
                   "but no other in its place");
        mounts_are(NEEDED DISK("/srv/data/other"), -EOPNOTSUPP, "nobody promised", "one that it has not");
        mounts_are(NEEDED DISK("/bundle/disk"), -EOPNOTSUPP, "nobody promised", "one in the bundle");
        mounts_are(NEEDED DISK_RW("/srv/data"), -EOPNOTSUPP, "/srv/data is mounted writable",
                   "what is bound read-only, writable");
        mounts_are(NEEDED DISK_RW("/dev/net/tun") MOUNT("/", "/dev/shm", "rw", "- tmpfs t rw"), 0, "",
                   "a device, shared memory");
        mounts_are(NEEDED DISK("/dev/shadow"), -EOPNOTSUPP, "nobody promised", "any other thing in /dev");
        mounts_are(NEEDED DISK_RW("/dev/sda"), -EOPNOTSUPP, "mounted writable", "any other device");
        mounts_are(NEEDED MOUNT("/systemd/inaccessible/dir", "/root", "ro", "- tmpfs tmpfs rw"), 0, "",
                   "what systemd hides");
        mounts_are(NEEDED MOUNT("/root", "/root", "ro", "- tmpfs tmpfs rw"), -EOPNOTSUPP, "nobody promised",
                   "what it does not");
        mounts_are(NEEDED MOUNT("/", "/sys/kernel/security", "ro", "- securityfs s rw"), 0, "",
                   "what the kernel is asked through");
        mounts_are(NEEDED DISK("/sys/kernel/security"), -EOPNOTSUPP, "nobody promised",
                   "a disk in such a place");
        mounts_are(NEEDED MOUNT("/", "/mnt", "ro", "- sysfs s rw"), -EOPNOTSUPP, "nobody promised",
                   "a way to ask in any other place");
}

/* At each place where the walls bring something, something else. */
static void test_brought_mounts(void)
{
        static const struct {
                const char *good, *bad;
        } all[] = {
                { OWN_TMP, DISK_RW("/tmp") },
                { MOUNT(TMP_ROOT(UNIT), "/var/tmp", "rw", "- ext4 x rw"),
                  MOUNT(TMP_ROOT("sealift-web.main@1-1"), "/var/tmp", "rw", "- ext4 x rw") },
                { OWN_TMP, MOUNT(TMP_ROOT(UNIT "x"), "/tmp", "rw", "- ext4 x rw") },
                { MOUNT("/", "/run", "rw", "- tmpfs t rw"), DISK_OF("/", "/run") },
                { MOUNT("/systemd/empty", "/tmp", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/empty", "/tmp", "rw", "- tmpfs t rw") },
                { MOUNT("/", "/dev", "ro", "- tmpfs t rw"), MOUNT("/", "/dev", "ro", "- devtmpfs udev rw") },
                { MOUNT("/", "/dev/hugepages", "rw", "- hugetlbfs h rw"), DISK_RW("/dev/hugepages") },
                { MOUNT("/hugepages", "/dev/hugepages", "rw", "- devtmpfs h rw"),
                  MOUNT("/", "/dev/hugepages", "rw", "- devtmpfs h rw") },
                { MOUNT("/", "/dev/mqueue", "rw", "- mqueue m rw"),
                  MOUNT("/", "/dev/mqueue", "rw", "- tmpfs m rw") },
                { MOUNT("/", "/dev/pts", "rw", "- devpts p rw"), DISK_RW("/dev/pts") },
                { MOUNT("/", "/dev/shm", "rw", "- tmpfs t rw"),
                  MOUNT("/shm", "/dev/shm", "rw", "- tmpfs t rw") },
                { MOUNT("/", "/run", "rw", "- tmpfs t rw"), DISK_RW("/run") },
                { MOUNT("/null", "/dev/null", "rw", "- devtmpfs u rw"), DISK_OF("/null", "/dev/null") },
                { MOUNT("/", "/sys", "ro", "- sysfs s rw"), MOUNT("/", "/sys", "ro", "- ext4 s rw") },
                { MOUNT("/", "/sys/fs/selinux", "rw", "- selinuxfs s rw"),
                  MOUNT("/", "/sys/fs/selinux", "rw", "- tmpfs s rw") },
                { MOUNT("/", "/proc/sys/fs/binfmt_misc", "rw", "- binfmt_misc b rw"),
                  MOUNT("/", "/proc/sys/fs/binfmt_misc", "rw", "- tmpfs s rw") },
                { MOUNT("/systemd/notify", "/run/systemd/notify", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/private", "/run/systemd/notify", "ro", "- tmpfs t rw") },
                { MOUNT("/systemd/propagate/.os-release-stage", "/run/host/.os-release-stage", "ro",
                        "- tmpfs t rw"),
                  MOUNT("/etc", "/run/host/.os-release-stage", "ro", "- tmpfs t rw") },
                { MOUNT("/systemd/propagate/" UNIT, "/run/systemd/incoming", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/propagate/sshd.service", "/run/systemd/incoming", "ro", "- tmpfs t rw") },
                { MOUNT("/", "/run/credentials/" UNIT, "ro", "- ramfs r rw"),
                  DISK("/run/credentials/" UNIT) },
                { MOUNT("/", "/run/credentials", "ro", "- tmpfs t rw"),
                  MOUNT("/credentials", "/run/credentials", "ro", "- tmpfs t rw") },
                { MOUNT("/systemd/journal.web", "/run/systemd/journal", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/journal", "/run/systemd/journal", "ro", "- tmpfs t rw") },
                { MOUNT("/systemd/journal.web", "/run/systemd/journal", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/journal.web/x", "/run/systemd/journal", "ro", "- tmpfs t rw") },
                { MOUNT("/systemd/journal.web", "/run/systemd/journal", "ro", "- tmpfs t rw"),
                  MOUNT("/systemd/journal.web", "/run/systemd/journal", "rw", "- tmpfs t rw") },
                { MOUNT("/", "/var/lib/sealift-web/wal", "rw", "- xfs x rw"),
                  MOUNT("/", "/var/lib/sealift-web/other", "rw", "- xfs x rw") },
                { MOUNT("/", "/var/cache/sealift-web", "rw", "- xfs x rw"),
                  MOUNT("/", "/var/cache/sealift-web", "rw", "- ext4 x rw") },
                { MOUNT("/", "/var/log/sealift-web", "rw", "- xfs x rw"),
                  MOUNT("/x", "/var/log/sealift-web", "rw", "- xfs x rw") },
                { DISK_OF("/var/lib/private/sealift-web", "/var/lib/sealift-web"),
                  DISK_OF("/var/lib/private/sealift-other", "/var/lib/sealift-web") },
                { MOUNT("/sealift-web", "/run/sealift-web", "rw", "- tmpfs t rw"),
                  MOUNT("/", "/run/sealift-web", "rw", "- tmpfs t rw") },
        };

        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                char text[4096], what[128];

                (void)snprintf(what, sizeof(what), "what the walls bring, row %zu", i);
                (void)snprintf(text, sizeof(text), NEEDED "%s", all[i].good);
                mounts_are(text, 0, "", what);
                (void)snprintf(what, sizeof(what), "something else in that place, row %zu", i);
                (void)snprintf(text, sizeof(text), NEEDED "%s", all[i].bad);
                mounts_are(text, -EOPNOTSUPP, "is mounted", what);
        }
}

static void test_proc(void)
{
        static const char *const rest = ROOT_MOUNT BUNDLE_MOUNT USR_MOUNT;
        static const struct {
                const char *options, *word;
        } all[] = {
                { "rw,hidepid=noaccess,subset=pid", "hidepid" },
                { "rw,hidepid=invisible_x,subset=pid", "hidepid" },
                { "rw,subset=pid", "hidepid" },
                { "rw", "hidepid" },
                { "rw,hidepid=invisible", "subset" },
        };
        char text[1024];

        for (size_t i = 0; i < ELEMENTSOF(all); i++) {
                (void)snprintf(text, sizeof(text), "%s" MOUNT("/", "/proc", "rw", "- proc proc %s"), rest,
                               all[i].options);
                mounts_are(text, -EOPNOTSUPP, all[i].word, all[i].options);
        }
        promise.user_namespaces = true;
        mounts_are(text, 0, "", "ProcSubset=all, which namespaces of its own need");
        promise.user_namespaces = false;
        mounts_are(NEEDED MOUNT("/", "/proc/x", "ro", "- proc proc rw"), -EOPNOTSUPP,
                   "/proc/x shows it the processes", "a second /proc");
        mounts_are(NEEDED MOUNT("/acpi", "/proc/acpi", "ro", "- proc proc rw"), 0, "",
                   "a part of one, made read-only");
}

static void test_lines(void)
{
        mounts_are("101 86 0:58\n", -EOPNOTSUPP, "proc(5)", "a line that is too short");
        mounts_are("101 86 0:58 / /", -EOPNOTSUPP, "proc(5)", "a line that ends early");
        mounts_are("101 86 0:58 / / ro\n", -EOPNOTSUPP, "proc(5)", "a line without a file system");
        mounts_are("101 86 0:58 / / ro shared:1 tmpfs tmpfs rw\n", -EOPNOTSUPP, "proc(5)",
                   "a line without its dash");
        mounts_are("101 86 0:58 / / ro - tmpfs\n101 86 0:58 / / ro - tmpfs t rw\n", -EOPNOTSUPP, "proc(5)",
                   "a line that ends in its file system");
        mounts_are(NEEDED "101 86 0:58 / /dev rw - tmpfs tmpfs rw", 0, "", "a last line without an end");
        mounts_are(NEEDED "101 86 0:58 / /dev rw - tmpfs  rw\n", 0, "", "a mount without a source");
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
        for (size_t i = 0; i < LIMIT_MAX; i++)
                promise.limits[i] = PROMISE_NO_LIMIT;
        promise.limits[LIMIT_NOFILE] = promise.limits[LIMIT_MEMORY_MAX] = 9;
        promise.capabilities = UINT64_C(1) << 24;
        tap_int(walls_limits(&walls, l), 1, "CAP_SYS_RESOURCE sets limits of its own");
        tap_str(l[0].name, "memory.max", "but none of its cgroup");
        promise.capabilities = 0;
        promise.limits[LIMIT_NOFILE] = promise.limits[LIMIT_MEMORY_MAX] = PROMISE_NO_LIMIT;
}

int main(void)
{
        for (size_t i = 0; i < LIMIT_MAX; i++)
                promise.limits[i] = PROMISE_NO_LIMIT;
        test_status();
        test_capabilities();
        test_groups();
        test_users();
        test_changed_users();
        test_filters();
        test_mounts();
        test_bound_mounts();
        test_brought_mounts();
        test_proc();
        test_lines();
        test_namespaces();
        test_label();
        test_limits();
        return tap_done();
}
