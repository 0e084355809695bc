/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Collects /proc/PID of a service and has facts/walls judge it. All is read through one descriptor of
 * /proc/PID, or of one of its threads, which goes stale with it, so that a recycled PID cannot answer for
 * it. Reads only. */

#include "unitd/inforce.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "doors/cgroup.h"
#include "facts/dropin.h"
#include "ground/io.h"

enum {
        PROC_BYTES_MAX = 16 * 1024 * 1024, /* mountinfo of a host of a thousand containers */
        LINK_SIZE = 64,                    /* "net:[4026532333]" */
};

/* A process that ends while it is looked at answers ESRCH, ENOENT or (mountinfo) EINVAL. */
static int gone(int error)
{
        return error == -ENOENT || error == -EINVAL ? -ESRCH : error;
}

static int proc_read(int proc_fd, const char *name, char **ret)
{
        _cleanup_close_ int fd = -EBADF;
        size_t len;
        int r;

        fd = openat(proc_fd, name, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return gone(-errno);
        r = io_read_all(fd, PROC_BYTES_MAX, ret, &len);
        if (r < 0)
                return gone(r);
        return len > 0 ? 0 : -ESRCH; /* a zombie's mountinfo is empty */
}

static int namespace_read(int proc_fd, const char *name, char ret[static LINK_SIZE])
{
        char path[32];
        ssize_t n;

        (void)snprintf(path, sizeof(path), "ns/%s", name);
        n = readlinkat(proc_fd, path, ret, LINK_SIZE - 1);
        if (n < 0)
                return gone(-errno);
        ret[n] = '\0';
        return 0;
}

static int check_namespaces(int proc_fd, const struct walls *w, struct fault *f)
{
        const char *names[WALLS_NAMESPACES_MAX];
        _cleanup_close_ int init_fd = -EBADF;
        char ours[LINK_SIZE], init[LINK_SIZE];
        size_t n = walls_namespaces(w, names);
        int r;

        init_fd = open("/proc/1", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (init_fd < 0)
                return fault_set_errno(f, -errno, "/proc/1: cannot open");
        for (size_t i = 0; i < n; i++) {
                if (namespace_read(init_fd, names[i], init) < 0)
                        return fault_set(f, -EOPNOTSUPP, "/proc/1/ns/%s: cannot read", names[i]);
                r = namespace_read(proc_fd, names[i], ours);
                if (r < 0)
                        return fault_set_errno(f, r, "cannot read its %s namespace", names[i]);
                if (str_eq(ours, init))
                        return fault_set(f, -EOPNOTSUPP, "it is in the host's %s namespace", names[i]);
        }
        return 0;
}

static int check_same(int proc_fd, const char *inside, const char *outside, struct fault *f)
{
        struct stat in, out;

        if (fstatat(proc_fd, inside, &in, 0) < 0)
                return fault_set_errno(f, gone(-errno), "cannot look at its %s", inside);
        if (stat(outside, &out) < 0)
                return fault_set(f, -EOPNOTSUPP, "%s: cannot look at it: %s", outside, strerror(errno));
        if (in.st_dev != out.st_dev || in.st_ino != out.st_ino)
                return fault_set(f, -EOPNOTSUPP, "its %s is not %s", inside, outside);
        return 0;
}

/* Memory shared with the host's processes, and so with other services. */
static int check_shared_memory(int proc_fd, struct fault *f)
{
        struct stat in, out;

        if (fstatat(proc_fd, "root/dev/shm", &in, 0) < 0)
                return fault_set_errno(f, gone(-errno), "cannot look at its /dev/shm");
        if (stat("/proc/1/root/dev/shm", &out) >= 0 && in.st_dev == out.st_dev)
                return fault_set(f, -EOPNOTSUPP, "its /dev/shm is the host's");
        return 0;
}

/* Whether its user namespace is one below the unit's. A program that was let make namespaces has every
 * capability in its own, and mounts what it likes in another of them; both are worth nothing outside, and
 * what the unit's own were like can no longer be seen of this process. */
static int nested_read(int proc_fd, const struct walls *w, bool *ret, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF, parent = -EBADF;
        struct stat ours, init;

        *ret = false;
        if (!w->promise->user_namespaces)
                return 0;
        fd = openat(proc_fd, "ns/user", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, gone(-errno), "cannot open its user namespace");
        if (stat("/proc/1/ns/user", &init) < 0)
                return fault_set(f, -EOPNOTSUPP, "/proc/1/ns/user: cannot look at it");
        if (promise_private_users(w->promise)) {
                parent = ioctl(fd, NS_GET_PARENT);
                if (parent < 0)
                        return fault_set_errno(f, -errno, "it has no user namespace of its own");
        }
        if (fstat(parent >= 0 ? parent : fd, &ours) < 0)
                return fault_set(f, -EOPNOTSUPP, "cannot look at its user namespace");
        *ret = ours.st_ino != init.st_ino;
        return 0;
}

static int host_read(const char *path, size_t max, char **ret, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        size_t len;
        int r;

        fd = open(path, O_RDONLY | O_CLOEXEC);
        r = fd < 0 ? -errno : io_read_all(fd, max, ret, &len);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot read it", path) : 0;
}

static int inherited_read(unsigned *ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = host_read("/proc/1/status", PROC_BYTES_MAX, &text, f);
        if (r >= 0 && walls_count_filters(text, ret) < 0)
                r = fault_set(f, -EOPNOTSUPP, "/proc/1/status: no count of seccomp filters in it");
        return r;
}

static int check_status(int proc_fd, const struct walls *expected, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        struct walls w = *expected;
        int r;

        r = inherited_read(&w.inherited, f);
        if (r < 0)
                return r;
        r = proc_read(proc_fd, "status", &text);
        return r < 0 ? fault_set_errno(f, r, "cannot read its status") : walls_check_status(&w, text, f);
}

static int check_mounts(int proc_fd, const struct walls *expected, const struct inforce_place *p,
                        struct fault *f)
{
        _cleanup_free_ char *text = NULL, *host = NULL, *dropin = NULL;
        struct walls w = *expected;
        int r;

        r = host_read("/proc/1/mountinfo", PROC_BYTES_MAX, &host, f);
        if (r >= 0)
                r = host_read(p->dropin, DROPIN_BYTES_MAX, &dropin, f);
        if (r < 0)
                return r;
        r = proc_read(proc_fd, "mountinfo", &text);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read its mounts");
        w.unit = p->unit;
        w.host_mounts = host;
        w.dropin = dropin;
        return walls_check_mounts(&w, text, f);
}

/* The first is AppArmor's own; the second is of that security module which speaks for all. */
static int check_label(int proc_fd, const struct walls *w, struct fault *f)
{
        static const char *const names[] = { "attr/apparmor/current", "attr/current" };
        _cleanup_free_ char *text = NULL;
        int r = -ESRCH;

        if (!*w->promise->profile)
                return 0;
        for (size_t i = 0; i < ELEMENTSOF(names) && r < 0; i++)
                r = proc_read(proc_fd, names[i], &text);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read its AppArmor label");
        return walls_check_label(w, text, f);
}

/* A limit of a kind that this host cannot set is not counted on. */
static int check_cgroup_limit(int proc_fd, const struct walls_limit *l, struct fault *f)
{
        _cleanup_free_ char *membership = NULL;
        char text[CGROUP_LIMIT_SIZE];
        int r;

        if (!cgroup_has(l->controller))
                return 0;
        r = proc_read(proc_fd, "cgroup", &membership);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read its cgroup");
        r = cgroup_read(membership, l->controller, l->name, text);
        if (r == -ENODATA)
                return 0;
        if (r == -EOPNOTSUPP)
                return fault_set(f, r, "its cgroup has no %s", l->name);
        if (r < 0)
                return fault_set_errno(f, gone(r), "cannot read its %s", l->name);
        return walls_check_limit(l, text, f);
}

static int check_resource_limit(int proc_fd, const struct walls_limit *l, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        int r;

        r = proc_read(proc_fd, "limits", &text);
        return r < 0 ? fault_set_errno(f, r, "cannot read its limits") : walls_check_limit(l, text, f);
}

static int check_limits(int proc_fd, const struct walls *w, struct fault *f)
{
        struct walls_limit limits[LIMIT_MAX];
        size_t n = walls_limits(w, limits);
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = limits[i].controller ? check_cgroup_limit(proc_fd, limits + i, f)
                                         : check_resource_limit(proc_fd, limits + i, f);
        return r;
}

/* The line of systemd's own hierarchy ends in the unit's name. A process that systemd took for the main one
 * but that is elsewhere is none of ours; one that has just ended has left its cgroup too, and is told from
 * it by having no mounts any more. */
static int check_cgroup(int proc_fd, const char *unit, struct fault *f)
{
        _cleanup_free_ char *text = NULL, *mounts = NULL;
        char end[UNIT_NAME_SIZE + 2];
        int r;

        r = proc_read(proc_fd, "cgroup", &text);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read its cgroup");
        (void)snprintf(end, sizeof(end), "/%s\n", unit);
        if (strstr(text, end))
                return 0;
        r = proc_read(proc_fd, "mountinfo", &mounts);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read its mounts");
        return fault_set(f, -EOPNOTSUPP, "process is not in the cgroup of %s", unit);
}

static int check_root(int proc_fd, const struct walls *w, const struct inforce_place *p, struct fault *f)
{
        int r;

        r = check_same(proc_fd, "root", p->root, f);
        if (r >= 0)
                r = check_same(proc_fd, "root" DROPIN_BUNDLE, p->tree, f);
        if (r >= 0 && w->promise->root == ROOT_HOST_USR)
                r = check_same(proc_fd, "root/usr", "/proc/1/root/usr", f);
        return r < 0 ? r : check_shared_memory(proc_fd, f);
}

static void close_directory(DIR **d)
{
        if (*d)
                closedir(*d);
}

static bool is_looked_at(int proc_fd)
{
        char link[LINK_SIZE];

        return namespace_read(proc_fd, "mnt", link) >= 0;
}

/* A program whose first thread has ended (pthread_exit(3)) goes on, and of that thread only the zombie is
 * left, which has neither namespaces nor mounts. Each of its threads was made behind the same walls, and
 * none can take down what the first could not. */
static int thread_open(int proc_fd, int *ret)
{
        _cleanup_(close_directory) DIR *d = NULL;
        int fd;

        fd = openat(proc_fd, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return gone(-errno);
        d = fdopendir(fd);
        if (!d) {
                close(fd);
                return -ENOMEM;
        }
        for (const struct dirent *e; (e = readdir(d));) {
                _cleanup_close_ int task_fd = -EBADF;

                if (!isdigit((unsigned char)e->d_name[0]))
                        continue;
                task_fd = openat(dirfd(d), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (task_fd >= 0 && is_looked_at(task_fd)) {
                        *ret = TAKE_FD(task_fd);
                        return 0;
                }
        }
        return -ESRCH;
}

static int process_open(pid_t pid, const char *unit, int *ret, struct fault *f)
{
        _cleanup_close_ int proc_fd = -EBADF, thread_fd = -EBADF;
        char path[32];
        int r;

        (void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
        proc_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (pid <= 1 || (proc_fd < 0 && gone(-errno) == -ESRCH))
                return fault_set(f, -ESRCH, "process %d is gone", (int)pid);
        if (proc_fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", path);
        if (!is_looked_at(proc_fd)) {
                r = thread_open(proc_fd, &thread_fd);
                if (r < 0)
                        return fault_set_errno(f, r, "%s has no thread to look at", path);
        }
        r = check_cgroup(thread_fd >= 0 ? thread_fd : proc_fd, unit, f);
        if (r < 0)
                return r;
        *ret = thread_fd >= 0 ? TAKE_FD(thread_fd) : TAKE_FD(proc_fd);
        return 0;
}

/* Of what keeps us from looking only what passes by itself is left as it is. Anything else is as good as a
 * wall that is missing, or a service could hide behind it. */
static int judge(int r, struct fault *f)
{
        static const int passing[] = { -ESRCH, -ENOMEM, -EMFILE, -ENFILE, -EINTR, -EAGAIN };

        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (r == passing[i])
                        return r;
        if (r >= 0)
                return r;
        f->error = -EOPNOTSUPP;
        return -EOPNOTSUPP;
}

static int network_read(pid_t pid, const char *unit, struct inforce_network *ret, struct fault *f)
{
        _cleanup_close_ int proc_fd = -EBADF;
        struct stat st;
        int r;

        r = process_open(pid, unit, &proc_fd, f);
        if (r < 0)
                return r;
        if (fstatat(proc_fd, "ns/net", &st, 0) < 0)
                return fault_set_errno(f, gone(-errno), "cannot look at its net namespace");
        *ret = (struct inforce_network){ st.st_dev, st.st_ino };
        return 0;
}

int inforce_network(pid_t pid, const char *unit, struct inforce_network *ret, struct fault *f)
{
        return judge(network_read(pid, unit, ret, f), f);
}

static int check_all(pid_t pid, const struct walls *expected, const struct inforce_place *p, struct fault *f)
{
        _cleanup_close_ int proc_fd = -EBADF;
        struct walls w = *expected;
        int r;

        r = process_open(pid, p->unit, &proc_fd, f);
        if (r >= 0)
                r = check_namespaces(proc_fd, &w, f);
        if (r >= 0)
                r = nested_read(proc_fd, &w, &w.nested, f);
        if (r >= 0 && !w.nested)
                r = check_root(proc_fd, &w, p, f);
        if (r >= 0 && !w.nested)
                r = check_mounts(proc_fd, &w, p, f);
        if (r >= 0)
                r = check_label(proc_fd, &w, f);
        if (r >= 0)
                r = check_limits(proc_fd, &w, f);
        return r < 0 ? r : check_status(proc_fd, &w, f);
}

int inforce_check(pid_t pid, const struct walls *w, const struct inforce_place *p, struct fault *f)
{
        return judge(check_all(pid, w, p, f), f);
}
