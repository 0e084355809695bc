/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a service behind all walls has mounted, with one thing more, one less, or one that is another. */

#include "tap.h"
#include "walled.h"

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

int main(void)
{
        promise_nothing();
        test_mounts();
        test_bound_mounts();
        test_brought_mounts();
        test_proc();
        test_lines();
        return tap_done();
}
