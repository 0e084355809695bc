/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Each mount that a service sees must be one that its drop-in or its walls bring. The kernel wrote the text,
 * but names in it come from the host, so they are read as strictly as anything else. Pure: who reads the
 * files is unitd/inforce.c. */

#include "facts/walls.h"

#include <limits.h>

#include "facts/dropin.h"

enum { TYPE_SIZE = 64 }; /* "fuse.lxcfs" */

struct mount {
        char root[PATH_MAX], point[PATH_MAX], type[TYPE_SIZE];
        bool read_only;
        const char *options; /* of the file system; up to the end of the line */
};

/* The word at *s, and *s behind it; -EINVAL: there is none, or it is too long. */
static int word_take(const char **s, const char *end, size_t size, char *ret)
{
        size_t n = strcspn(*s, " \n");

        if (n == 0 || n >= size || *s + n >= end || (*s)[n] != ' ')
                return -EINVAL;
        memcpy(ret, *s, n);
        ret[n] = '\0';
        *s += n + 1;
        return 0;
}

/* "36 35 98:0 /root /point ro,noatime shared:1 - tmpfs source rw,mode=755" */
static int mount_parse(const char *line, size_t len, struct mount *ret)
{
        const char *s = line, *end = line + len, *dash;
        char word[PATH_MAX];
        int r = 0;

        for (int field = 0; r >= 0 && field < 3; field++)
                r = word_take(&s, end, sizeof(word), word);
        if (r >= 0)
                r = word_take(&s, end, sizeof(ret->root), ret->root);
        if (r >= 0)
                r = word_take(&s, end, sizeof(ret->point), ret->point);
        if (r >= 0)
                r = word_take(&s, end, sizeof(word), word);
        if (r < 0)
                return r;
        ret->read_only = str_eq(word, "ro") || str_has_prefix(word, "ro,");
        dash = memmem(s - 1, (size_t)(end - s) + 1, " - ", STRLEN(" - "));
        if (!dash)
                return -EINVAL;
        s = dash + STRLEN(" - ");
        r = word_take(&s, end, sizeof(ret->type), ret->type);
        if (r < 0)
                return r;
        s = memchr(s, ' ', (size_t)(end - s)); /* the source may be empty */
        if (!s)
                return -EINVAL;
        ret->options = s + 1;
        return 0;
}

static bool option_is_set(const struct mount *m, const char *option)
{
        size_t n = strlen(option);

        for (const char *s = m->options; *s && *s != '\n'; s += strspn(s, ",")) {
                size_t len = strcspn(s, ",\n");

                if (len == n && strncmp(s, option, n) == 0)
                        return true;
                s += len;
        }
        return false;
}

/* ---- what the drop-in binds */

struct bind {
        char point[PATH_MAX];
        bool own_place; /* where it is on the host, too */
        bool writable;
};

/* "-/etc/hosts", "/srv/tree:/bundle", "/run:mode=0755": '-' where it may be missing. */
static bool bind_parse(const char *line, struct bind *ret)
{
        static const struct {
                const char *key;
                bool source, writable;
        } keys[] = {
                { "BindReadOnlyPaths=", true, false },
                { "BindPaths=", true, true },
                { "TemporaryFileSystem=", false, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                size_t n, skip;

                if (!str_has_prefix(line, keys[i].key))
                        continue;
                line += strlen(keys[i].key);
                line += *line == '-';
                n = strcspn(line, ":\n");
                skip = keys[i].source && line[n] == ':' ? n + 1 : 0;
                ret->own_place = keys[i].source && skip == 0;
                ret->writable = keys[i].writable;
                n = strcspn(line + skip, ":\n");
                (void)snprintf(ret->point, sizeof(ret->point), "%.*s", (int)n, line + skip);
                return true;
        }
        return false;
}

static bool is_below(const char *point, const char *folder)
{
        size_t n = strlen(folder);

        return strncmp(point, folder, n) == 0 && point[n] == '/';
}

static bool host_has_mount(const struct walls *w, const char *point)
{
        struct mount m;

        for (const char *line = w->host_mounts; *line;) {
                size_t len = strcspn(line, "\n");

                if (mount_parse(line, len, &m) >= 0 && str_eq(m.point, point))
                        return true;
                line += len + (line[len] == '\n');
        }
        return false;
}

/* At a place that a line of the drop-in names. */
static bool mount_is_bound(const struct walls *w, const char *point, bool writable)
{
        struct bind b;

        for (const char *line = w->dropin; line && *line;
             line = strchr(line, '\n'), line = line ? line + 1 : NULL)
                if (bind_parse(line, &b) && (b.writable || !writable) && str_eq(point, b.point))
                        return true;
        return false;
}

/* Below one that is where it is on the host, where the host has a mount too. */
static bool mount_came_along(const struct walls *w, const char *point)
{
        struct bind b;

        for (const char *line = w->dropin; line && *line;
             line = strchr(line, '\n'), line = line ? line + 1 : NULL)
                if (bind_parse(line, &b) && b.own_place && is_below(point, b.point) &&
                    host_has_mount(w, point))
                        return true;
        return false;
}

/* ---- what the walls themselves bring */

static bool is_one_of(const char *s, const char *const *all)
{
        for (; *all; all++)
                if (str_eq(s, *all))
                        return true;
        return false;
}

/* File systems through which the kernel is asked, and what containers lay over some of their files. */
static bool type_is_api(const char *type)
{
        static const char *const types[] = {
                "autofs",    "binfmt_misc", "bpf",     "cgroup", "cgroup2", "configfs", "debugfs",
                "efivarfs",  "fuse.lxcfs",  "fusectl", "proc",   "pstore",  "resctrl",  "securityfs",
                "selinuxfs", "smackfs",     "sysfs",   "tmpfs",  "tracefs", "xenfs",    NULL,
        };

        return is_one_of(type, types);
}

static bool is_own_directory(const struct walls *w, const char *point)
{
        static const char *const directories[] = { "/run/sealift-", "/var/lib/sealift-",
                                                   "/var/cache/sealift-", "/var/log/sealift-" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++)
                if (str_has_prefix(point, directories[i]) &&
                    str_eq(point + strlen(directories[i]), w->place))
                        return true;
        return false;
}

static bool is_own_credentials(const struct walls *w, const char *point)
{
        return is_below(point, "/run/credentials") && str_eq(point + STRLEN("/run/credentials/"), w->unit);
}

/* Where no device may be made, in a container, systemd binds the container's. */
static bool is_device(const struct mount *m)
{
        static const char *const points[] = {
                "/dev/full", "/dev/null",    "/dev/ptmx", "/dev/random",
                "/dev/tty",  "/dev/urandom", "/dev/zero", NULL,
        };

        return is_one_of(m->point, points) && str_has_suffix(m->root, strrchr(m->point, '/'));
}

/* What a host mounts while the service runs goes on to what it has of the host's tree, and is as writable
 * there as on the host: the kernel's own file systems, or a disk below /usr. Other walls guard them. */
static bool is_hosts_own(const struct walls *w, const struct mount *m)
{
        if (is_below(m->point, "/sys") && type_is_api(m->type))
                return host_has_mount(w, m->point);
        return mount_came_along(w, m->point);
}

/* As of systemd 252 to 257 (its src/core/namespace.c). What it hides from the service is an empty thing of
 * its own in that place, which nobody may open. */
static bool mount_is_known(const struct walls *w, const struct mount *m)
{
        static const char *const points[] = {
                "/",
                "/dev",
                "/dev/hugepages",
                "/dev/mqueue",
                "/dev/pts",
                "/proc",
                "/run/credentials",
                "/run/host/.os-release-stage",
                "/run/systemd/incoming",
                "/run/systemd/notify",
                "/sys",
                "/tmp",
                "/var/tmp",
                NULL,
        };

        if (is_one_of(m->point, points) || is_own_directory(w, m->point) ||
            is_own_credentials(w, m->point) || is_device(m))
                return true;
        if (m->read_only && str_eq(m->type, "tmpfs") && strstr(m->root, "/inaccessible/"))
                return true;
        return (is_below(m->point, "/proc") || is_below(m->point, "/sys")) && type_is_api(m->type);
}

/* Private to the service (its own tmpfs), its own directories, or an API file system whose contents are
 * guarded by other walls: systemd leaves SELinux's as it is, whose answers programs ask for, and automounts
 * such as binfmt_misc, which is root's. */
static bool mount_may_be_written(const struct walls *w, const struct mount *m)
{
        static const char *const places[] = {
                "/proc",
                "/tmp",
                "/var/tmp",
                "/dev",
                "/dev/hugepages",
                "/dev/mqueue",
                "/dev/pts",
                "/sys/fs/selinux",
                "/proc/sys/fs/binfmt_misc",
                NULL,
        };

        return is_one_of(m->point, places) || is_own_directory(w, m->point) || is_device(m) ||
               mount_is_bound(w, m->point, true) || is_hosts_own(w, m);
}

/* ---- all of them */

struct seen {
        bool root, bundle, usr, proc;
};

/* Any whole /proc: one beside the one that was promised would show what that one hides. */
static int check_proc(const struct walls *w, const struct mount *m, struct fault *f)
{
        if (!str_eq(m->type, "proc") || !str_eq(m->root, "/"))
                return 0;
        if (!option_is_set(m, "hidepid=invisible"))
                return fault_set(f, -EOPNOTSUPP, "%s shows it the processes of others (hidepid, proc(5))",
                                 m->point);
        if (!w->promise->user_namespaces && !option_is_set(m, "subset=pid"))
                return fault_set(f, -EOPNOTSUPP, "%s shows it more than processes (subset, proc(5))",
                                 m->point);
        return 0;
}

static int check_mount(const struct walls *w, const struct mount *m, struct seen *seen, struct fault *f)
{
        const struct {
                const char *point;
                bool *seen;
        } needed[] = { { "/", &seen->root },
                       { DROPIN_BUNDLE, &seen->bundle },
                       { "/usr", &seen->usr },
                       { "/proc", &seen->proc } };

        for (size_t i = 0; i < ELEMENTSOF(needed); i++)
                if (str_eq(m->point, needed[i].point))
                        *needed[i].seen = true;
        if (!m->read_only && !mount_may_be_written(w, m))
                return fault_set(f, -EOPNOTSUPP, "%s is mounted writable for it", m->point);
        if (!mount_is_known(w, m) && !mount_is_bound(w, m->point, false) && !mount_came_along(w, m->point))
                return fault_set(f, -EOPNOTSUPP, "%s is mounted for it, which nobody promised", m->point);
        return check_proc(w, m, f);
}

int walls_check_mounts(const struct walls *w, const char *text, struct fault *f)
{
        struct seen seen = {};
        struct mount m;
        int r;

        for (const char *line = text; *line;) {
                size_t len = strcspn(line, "\n");

                r = mount_parse(line, len, &m);
                if (r < 0)
                        return fault_set(f, -EOPNOTSUPP, "mountinfo has a line that proc(5) does not know");
                r = check_mount(w, &m, &seen, f);
                if (r < 0)
                        return r;
                line += len + (line[len] == '\n');
        }
        if (!seen.root || !seen.bundle || !seen.proc)
                return fault_set(f, -EOPNOTSUPP, "%s is not mounted for it",
                                 !seen.root     ? "/"
                                 : !seen.bundle ? DROPIN_BUNDLE
                                                : "/proc");
        if (seen.usr != (w->promise->root == ROOT_HOST_USR))
                return fault_set(f, -EOPNOTSUPP, "the host's /usr is %s", seen.usr ? "there" : "not there");
        return 0;
}
