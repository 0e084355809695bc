/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks at what of the host a service is to be handed: granted by root's policy, named by a publisher, and
 * perhaps within reach of the service itself. PID 1 follows symbolic links in what it binds, so that a
 * service that could replace any part of such a path would have the next start bind what it likes. Reads
 * only. */

#include "unitd/host.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "facts/directives.h"
#include "facts/group.h"
#include "ground/beneath.h"
#include "ground/text.h"

#define HOST_ROOT "/proc/1/root"

enum { USER_GROUPS_MAX = 256 }; /* an account for a service is in a handful */

/* Only root can put something else in its place, or in that of anything in it. */
static bool is_settled(const struct stat *st)
{
        return st->st_uid == 0 && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

static int look(int root_fd, const char *path, struct stat *ret)
{
        _cleanup_close_ int fd = -EBADF;

        fd = beneath_open(root_fd, path, O_PATH, 0);
        if (fd < 0)
                return fd;
        return fstat(fd, ret) < 0 ? -errno : 0;
}

/* path is checked text: absolute, no "..". Every directory on the way, then what is there. */
static int check_path(const char *path, struct fault *f)
{
        _cleanup_close_ int root_fd = -EBADF;
        char part[ENTRY_PATH_SIZE + 1];
        struct stat st;
        int r;

        root_fd = open(HOST_ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (root_fd < 0)
                return fault_set_errno(f, -errno, HOST_ROOT);
        for (const char *end = path; *end;) {
                end += 1 + strcspn(end + 1, "/");
                (void)snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
                r = look(root_fd, part + 1, &st);
                if (r == -ENOENT || r == -ENOTDIR)
                        return fault_set(f, -ENOENT, "%s is not there on this host", part);
                if (r < 0)
                        return fault_set_errno(f, r, "%s", part);
                if (S_ISLNK(st.st_mode))
                        return fault_set(f, -EPERM, "%s is a symbolic link; name what it points to", part);
                if (*end && !is_settled(&st))
                        return fault_set(
                                f, -EPERM,
                                "%s can be changed by others than root, so that a service could have "
                                "another part of the host in its place",
                                part);
        }
        return S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)
                       ? 0
                       : fault_set(f, -EPERM, "%s is no file, directory or socket", path);
}

/* Links below /dev are udev's, and lead to nodes. */
static int check_device(const char *path, struct fault *f)
{
        char seen[sizeof(HOST_ROOT) + ENTRY_PATH_SIZE];
        struct stat st;

        (void)snprintf(seen, sizeof(seen), "%s%s", HOST_ROOT, path);
        if (stat(seen, &st) < 0)
                return fault_set(f, errno == ENOENT ? -ENOENT : -errno, "%s is not there on this host: %s",
                                 path, strerror(errno));
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
                return fault_set(f, -EPERM, "%s is no device node", path);
        return 0;
}

/* Ids that systemd gives out itself, and its own accounts (its docs/UIDS-GIDS.md): files of theirs are those
 * of whoever has the id next, or of the system. */
static bool uid_is_systemds(uid_t uid)
{
        static const struct {
                uid_t first, last;
        } ranges[] = {
                { 0, 0 },
                { PROMISE_DYNAMIC_UID_MIN, 65535 }, /* dynamic users, nobody, none */
                { 60001, 60705 },                   /* homed, greeters */
                { 524288, UINT32_MAX },             /* containers, foreign, none */
        };

        for (size_t i = 0; i < ELEMENTSOF(ranges); i++)
                if (uid >= ranges[i].first && uid <= ranges[i].last)
                        return true;
        return false;
}

static bool name_is_taken(const char *name)
{
        return str_has_prefix(name, "systemd-") || str_eq(name, "messagebus") || str_eq(name, "sealift");
}

/* systemd gives a user all groups it is in, and has no setting that takes one away. */
static int check_groups(const char *user, gid_t primary, struct fault *f)
{
        gid_t groups[USER_GROUPS_MAX];
        int n = ELEMENTSOF(groups);

        if (getgrouplist(user, primary, groups, &n) < 0)
                return fault_set(f, -EFBIG, "user %s is in more than %d groups", user, USER_GROUPS_MAX);
        for (int i = 0; i < n; i++) {
                const struct group *g = getgrgid(groups[i]);

                if (groups[i] == 0 || group_is_powerful(g ? g->gr_name : ""))
                        return fault_set(f, -EPERM,
                                         "user %s is in group %s, which is root by another name: no service "
                                         "runs as it",
                                         user, g ? g->gr_name : "0");
        }
        return 0;
}

static int check_user(const char *name, uid_t *ret, struct fault *f)
{
        const struct passwd *agent, *user;
        uid_t agent_uid;

        agent = getpwnam("sealift");
        agent_uid = agent ? agent->pw_uid : 0;
        user = getpwnam(name);
        if (!user)
                return fault_set(f, -ENOENT, "user %s is not there on this host", name);
        if (uid_is_systemds(user->pw_uid) || user->pw_gid == 0 || user->pw_uid == agent_uid ||
            name_is_taken(name))
                return fault_set(f, -EPERM, "user %s (uid %u) belongs to the system: no service runs as it",
                                 name, user->pw_uid);
        *ret = user->pw_uid;
        return check_groups(name, user->pw_gid, f);
}

static int check_setting(const struct manifest_setting *s, struct promise *p, struct fault *f)
{
        uid_t uid = 0;
        int r;

        switch (s->directive->type) {
        case VALUE_HOST_PATH:
                return check_path(s->value, f);
        case VALUE_DEVICE:
                return check_device(s->value, f);
        case VALUE_USER:
                r = check_user(s->value, &uid, f);
                if (r >= 0)
                        p->uid = uid;
                return r;
        default:
                return 0;
        }
}

int host_check(const struct service *s, struct promise *p, struct fault *f)
{
        const struct sandbox *x = &s->sandbox;

        for (size_t i = 0; i < x->n_settings; i++)
                if (check_setting(x->settings + i, p, f) < 0)
                        return fault_prefix(f, "[Sandbox %s] %s=", s->name, x->settings[i].directive->key);
        return 0;
}

bool host_forbids_exec(const char *path)
{
        char seen[sizeof(HOST_ROOT) + ENTRY_PATH_SIZE];
        struct statvfs st;

        (void)snprintf(seen, sizeof(seen), "%s%s", HOST_ROOT, path);
        return statvfs(seen, &st) >= 0 && (st.f_flag & ST_NOEXEC);
}
