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
        bool fresh; /* empty memory of its own */
};

/* "-/etc/hosts", "/srv/tree:/bundle", "/run:mode=0755": '-' where it may be missing. */
static bool bind_parse(const char *line, struct bind *ret)
{
        static const struct {
                const char *key;
                bool writable, fresh;
        } keys[] = {
                { "BindReadOnlyPaths=", false, false },
                { "BindPaths=", true, false },
                { "TemporaryFileSystem=", true, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                size_t n, skip;

                if (!str_has_prefix(line, keys[i].key))
                        continue;
                line += strlen(keys[i].key);
                line += *line == '-';
                n = strcspn(line, ":\n");
                skip = !keys[i].fresh && line[n] == ':' ? n + 1 : 0;
                ret->own_place = !keys[i].fresh && skip == 0;
                ret->writable = keys[i].writable;
                ret->fresh = keys[i].fresh;
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

/* The host has this very mount at that point. */
static bool host_has(const struct walls *w, const struct mount *m, const char *point)
{
        struct mount theirs;

        for (const char *line = w->host_mounts; *line;) {
                size_t len = strcspn(line, "\n");

                if (mount_parse(line, len, &theirs) >= 0 && str_eq(theirs.point, point) &&
                    str_eq(theirs.type, m->type) && str_eq(theirs.root, m->root))
                        return true;
                line += len + (line[len] == '\n');
        }
        return false;
}

/* At a place that a line of the drop-in names. */
static bool mount_is_bound(const struct walls *w, const struct mount *m, bool writable)
{
        struct bind b;

        for (const char *line = w->dropin; line && *line;
             line = strchr(line, '\n'), line = line ? line + 1 : NULL)
                if (bind_parse(line, &b) && (b.writable || !writable) && str_eq(m->point, b.point) &&
                    (!b.fresh || (str_eq(m->type, "tmpfs") && str_eq(m->root, "/"))))
                        return true;
        return false;
}

/* Below one that is where it is on the host, where the host has it too. */
static bool mount_came_along(const struct walls *w, const struct mount *m)
{
        struct bind b;

        for (const char *line = w->dropin; line && *line;
             line = strchr(line, '\n'), line = line ? line + 1 : NULL)
                if (bind_parse(line, &b) && b.own_place && is_below(m->point, b.point) &&
                    host_has(w, m, m->point))
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

/* Its own directories, and whatever disk the host has mounted there or below. A dynamic user's are below
 * "private" on the host. */
static bool is_own_directory(const struct walls *w, const struct mount *m)
{
        static const char *const bases[] = { "/run", "/var/lib", "/var/cache", "/var/log" };
        static const char *const folders[] = { "/private", "" };
        char name[PLACE_SIZE + STRLEN("/sealift-")], own[PATH_MAX], host[2 * PATH_MAX];

        (void)snprintf(name, sizeof(name), "/sealift-%s", w->place);
        for (size_t i = 0; i < ELEMENTSOF(bases); i++) {
                (void)snprintf(own, sizeof(own), "%s%s", bases[i], name);
                if (str_eq(m->point, own) && str_has_suffix(m->root, name))
                        return true;
                if (!str_eq(m->point, own) && !is_below(m->point, own))
                        continue;
                for (size_t k = 0; k < ELEMENTSOF(folders); k++) {
                        (void)snprintf(host, sizeof(host), "%s%s%s%s", bases[i], folders[k], name,
                                       m->point + strlen(own));
                        if (host_has(w, m, host))
                                return true;
                }
        }
        return false;
}

static bool is_own_credentials(const struct walls *w, const struct mount *m)
{
        return is_below(m->point, "/run/credentials") &&
               str_eq(m->point + STRLEN("/run/credentials/"), w->unit) &&
               (str_eq(m->type, "ramfs") || str_eq(m->type, "tmpfs"));
}

/* PrivateTmp=, of this unit alone: "/tmp/systemd-private-BOOT-UNIT-XXXXXX/tmp". Where the host's /tmp cannot
 * be written, an empty directory. */
static bool is_own_tmp(const struct walls *w, const struct mount *m)
{
        const char *folder = strstr(m->root, "/systemd-private-");
        const char *unit = folder ? strstr(folder, w->unit) : NULL;

        if (!str_eq(m->point, "/tmp") && !str_eq(m->point, "/var/tmp"))
                return false;
        if (m->read_only && str_eq(m->type, "tmpfs") && str_has_suffix(m->root, "/systemd/empty"))
                return true;
        return unit && unit[-1] == '-' && unit[strlen(w->unit)] == '-' && str_has_suffix(m->root, "/tmp");
}

/* What systemd hands in while it runs (`systemctl bind`), from a directory that is this unit's. */
static bool is_own_incoming(const struct walls *w, const struct mount *m)
{
        static const char folder[] = "/systemd/propagate/";
        const char *own = strstr(m->root, folder);

        return str_eq(m->point, "/run/systemd/incoming") && own && str_eq(own + strlen(folder), w->unit);
}

/* LogNamespace=, which a host may choose for its services: where they log to. */
static bool is_log_namespace(const struct mount *m)
{
        static const char folder[] = "/systemd/journal.";
        const char *name = strstr(m->root, folder);

        return str_eq(m->point, "/run/systemd/journal") && m->read_only && str_eq(m->type, "tmpfs") &&
               name && name[strlen(folder)] && !strchr(name + strlen(folder), '/');
}

/* Where no device may be made, in a container, systemd binds the container's. */
static bool is_device(const struct mount *m)
{
        static const char *const points[] = {
                "/dev/full", "/dev/null",    "/dev/ptmx", "/dev/random",
                "/dev/tty",  "/dev/urandom", "/dev/zero", NULL,
        };
        static const char *const types[] = { "devpts", "devtmpfs", "tmpfs", NULL };

        return is_one_of(m->point, points) && is_one_of(m->type, types) &&
               str_has_suffix(m->root, strrchr(m->point, '/'));
}

/* What a host mounts while the service runs goes on to what it has of the host's tree, and is as writable
 * there as on the host: the kernel's own file systems, or a disk below /usr. Other walls guard them. */
static bool is_hosts_own(const struct walls *w, const struct mount *m)
{
        if (is_below(m->point, "/sys") && type_is_api(m->type))
                return host_has(w, m, m->point);
        return mount_came_along(w, m);
}

/* As of systemd 252 to 257 (its src/core/namespace.c): where, of which type, what of it ("*": what stands
 * before it is the host's choice). Writable are those that are private to the service, and API file systems
 * whose contents are guarded by other walls: systemd leaves SELinux's as it is, whose answers programs ask
 * for, and automounts such as binfmt_misc, which is root's. A /dev of the host's own may have plain
 * directories where others have file systems. The root, the bundle and /usr are held against the host's by
 * inforce_check(). */
static const struct {
        const char *point, *type, *root;
        bool writable;
} brought[] = {
        { "/", NULL, NULL, false },
        { "/dev", "tmpfs", "/", true },
        { "/dev/hugepages", "devtmpfs", "/hugepages", true },
        { "/dev/hugepages", "hugetlbfs", "/", true },
        { "/dev/hugepages", "tmpfs", "/hugepages", true },
        { "/dev/mqueue", "mqueue", "/", true },
        { "/dev/pts", "devpts", "/", true },
        { "/proc", "proc", "/", true },
        { "/proc/sys/fs/binfmt_misc", "autofs", "/", true },
        { "/proc/sys/fs/binfmt_misc", "binfmt_misc", "/", true },
        { "/run/credentials", "ramfs", "/", false },
        { "/run/credentials", "tmpfs", "/", false },
        { "/run/host/.os-release-stage", "tmpfs", "*/systemd/propagate/.os-release-stage", false },
        { "/run/systemd/notify", "tmpfs", "*/systemd/notify", false },
        { "/sys", "sysfs", "/", false },
        { "/sys", "tmpfs", "/", false }, /* a container's */
        { "/sys/fs/selinux", "selinuxfs", "/", true },
};

static bool root_is(const char *root, const char *want)
{
        if (!want)
                return true;
        return *want == '*' ? str_has_suffix(root, want + 1) : str_eq(root, want);
}

static bool mount_is_brought(const struct mount *m, bool writable)
{
        for (size_t i = 0; i < ELEMENTSOF(brought); i++)
                if (str_eq(m->point, brought[i].point) && (brought[i].writable || !writable) &&
                    (!brought[i].type || str_eq(m->type, brought[i].type)) &&
                    root_is(m->root, brought[i].root))
                        return true;
        return false;
}

/* What it hides from the service is an empty thing of its own in that place, which nobody may open. */
static bool mount_is_known(const struct walls *w, const struct mount *m)
{
        if (mount_is_brought(m, false) || is_own_directory(w, m) || is_own_credentials(w, m) ||
            is_own_tmp(w, m) || is_own_incoming(w, m) || is_log_namespace(m) || is_device(m))
                return true;
        if (m->read_only && str_eq(m->type, "tmpfs") && strstr(m->root, "/inaccessible/"))
                return true;
        return (is_below(m->point, "/proc") || is_below(m->point, "/sys")) && type_is_api(m->type);
}

static bool mount_may_be_written(const struct walls *w, const struct mount *m)
{
        return mount_is_brought(m, true) || is_own_directory(w, m) || is_own_tmp(w, m) || is_device(m) ||
               mount_is_bound(w, m, true) || is_hosts_own(w, m);
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
        if (!mount_is_known(w, m) && !mount_is_bound(w, m, false) && !mount_came_along(w, m))
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
