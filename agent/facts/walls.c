/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Judges texts from /proc about one process. Pure: who reads the files is unitd/inforce.c; mounts are in
 * walls_mounts.c, limits in walls_limit.c. */

#include "facts/walls.h"

#include <ctype.h>
#include <inttypes.h>
#include <limits.h>

#include "facts/capability.h"
#include "facts/dropin.h"
#include "ground/text.h"

size_t walls_namespaces(const struct walls *w, const char *ret[static WALLS_NAMESPACES_MAX])
{
        size_t n = 0;

        ret[n++] = "mnt";
        ret[n++] = "ipc";
        ret[n++] = "uts";
        if (promise_private_users(w->promise))
                ret[n++] = "user";
        if (w->promise->network < NETWORK_OUTBOUND)
                ret[n++] = "net";
        return n;
}

/* Each setting of ours that filters system calls installs a filter for each ABI of the processor that it
 * says something about: on x86-64 (three ABIs) they come to 34 with systemd 252 and 31 with 257 (measured,
 * each by itself: tests/README.md), since 257 leaves MemoryDenyWriteExecute= to the kernel
 * (prctl(PR_SET_MDWE)) where it can. Network settings and users make no difference. Versions between and
 * behind get two less, for what they may do otherwise. Elsewhere: one a setting. It is a least: a program
 * may add filters of its own at any time, so that more, or fewer than another time, says nothing. */
#if defined(__x86_64__)
enum { FILTERS_252 = 34, FILTERS_257 = 31, FILTERS_OTHER = 29, FILTERS_OF_ONE = 3 };
#else
enum { FILTERS_252 = 12, FILTERS_257 = 11, FILTERS_OTHER = 11, FILTERS_OF_ONE = 1 };
#endif

static unsigned walls_filters_min(const struct walls *w)
{
        unsigned version = w->systemd_version, n = FILTERS_OTHER, down;

        if (version <= 252)
                n = FILTERS_252;
        else if (version == 257)
                n = FILTERS_257;
        down = (unsigned)capability_sets_clock(w->promise->capabilities) +
               (unsigned)capability_reads_log(w->promise->capabilities) +
               (unsigned)w->promise->user_namespaces +
               (unsigned)(w->promise->user_namespaces && *w->promise->user) +
               (unsigned)(w->promise->write_execute && version <= 252);
        return w->inherited + n - down * FILTERS_OF_ONE;
}

/* The value behind "key:", blanks skipped, or NULL. */
static const char *status_find(const char *text, const char *key)
{
        size_t n = strlen(key);

        for (const char *p = text; p && *p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
                if (strncmp(p, key, n) == 0 && p[n] == ':')
                        return p + n + 1 + strspn(p + n + 1, " \t");
        return NULL;
}

static int status_number(const char *text, const char *key, unsigned *ret)
{
        const char *s = status_find(text, key);
        char *end;
        unsigned long v;

        if (!s || !isdigit((unsigned char)*s))
                return -EINVAL;
        errno = 0;
        v = strtoul(s, &end, 10);
        if (errno || *end != '\n' || v > 65536)
                return -EINVAL;
        *ret = (unsigned)v;
        return 0;
}

/* Four ids: real, effective, saved, file system. */
static bool status_ids_are(const char *text, const char *key, uid_t min, uid_t max)
{
        const char *s = status_find(text, key);

        for (int i = 0; i < 4; i++) {
                unsigned long v;
                char *end;

                if (!s)
                        return false;
                v = strtoul(s, &end, 10);
                if (end == s || v < min || v > max)
                        return false;
                s = end;
        }
        return true;
}

/* All groups that it is in beside its own: "Groups:\t62062 ". */
static bool status_groups_are(const char *text, gid_t min, gid_t max)
{
        const char *s = status_find(text, "Groups");

        while (s && *s && *s != '\n') {
                unsigned long v;
                char *end;

                v = strtoul(s, &end, 10);
                if (end == s || v < min || v > max)
                        return false;
                s = end + strspn(end, " \t");
        }
        return s != NULL;
}

/* Who was granted to change an id has perhaps done so; never to root's. */
static int check_ids(const struct promise *p, const char *text, struct fault *f)
{
        bool dynamic = !*p->user, any_uid = capability_sets_uid(p->capabilities),
             any_gid = capability_sets_gid(p->capabilities);

        if (!status_ids_are(text, "Uid", 1, UINT32_MAX) || !status_ids_are(text, "Gid", 1, UINT32_MAX))
                return fault_set(f, -EOPNOTSUPP, "it runs as root");
        if (dynamic &&
            ((!any_uid && !status_ids_are(text, "Uid", PROMISE_DYNAMIC_UID_MIN, PROMISE_DYNAMIC_UID_MAX)) ||
             (!any_gid && !status_ids_are(text, "Gid", PROMISE_DYNAMIC_UID_MIN, PROMISE_DYNAMIC_UID_MAX))))
                return fault_set(f, -EOPNOTSUPP, "it does not run as a dynamic user");
        if (!any_gid && !status_groups_are(text, dynamic ? PROMISE_DYNAMIC_UID_MIN : 1,
                                           dynamic ? PROMISE_DYNAMIC_UID_MAX : UINT32_MAX))
                return fault_set(f, -EOPNOTSUPP, "it is in a group that it was not granted (Groups)");
        if (!dynamic && !any_uid && !status_ids_are(text, "Uid", p->uid, p->uid))
                return fault_set(f, -EOPNOTSUPP, "it does not run as user %s (uid %u)", p->user, p->uid);
        return 0;
}

static int status_mask(const char *text, const char *key, uint64_t *ret)
{
        const char *s = status_find(text, key);
        char *end;

        if (!s || !isxdigit((unsigned char)*s))
                return -EINVAL;
        errno = 0;
        *ret = strtoull(s, &end, 16);
        return errno || *end != '\n' ? -EINVAL : 0;
}

/* A program may give up what it has; its bounding set it cannot change (that takes CAP_SETPCAP), so that one
 * shows whether systemd and this host gave it what was promised. */
static int check_capabilities(const struct promise *p, const char *text, struct fault *f)
{
        static const char *const sets[] = { "CapBnd", "CapInh", "CapPrm", "CapEff", "CapAmb" };
        uint64_t mask;

        for (size_t i = 0; i < ELEMENTSOF(sets); i++) {
                if (status_mask(text, sets[i], &mask) < 0 || (mask & ~p->capabilities))
                        return fault_set(f, -EOPNOTSUPP, "it has %scapabilities (%s)",
                                         p->capabilities ? "other " : "", sets[i]);
                if (i == 0 && mask != p->capabilities)
                        return fault_set(f, -EOPNOTSUPP,
                                         "this host does not give it the capabilities it was granted (%s)",
                                         sets[i]);
        }
        return 0;
}

static int check_filters(const struct walls *w, unsigned filters, struct fault *f)
{
        if (filters < walls_filters_min(w))
                return fault_set(f, -EOPNOTSUPP, "it has %u seccomp filters, and should have %u at least",
                                 filters, walls_filters_min(w));
        return 0;
}

int walls_count_filters(const char *text, unsigned *ret)
{
        return status_number(text, "Seccomp_filters", ret);
}

int walls_check_status(const struct walls *w, const char *text, struct fault *f)
{
        unsigned no_new_privileges, seccomp, filters;
        int r;

        r = check_ids(w->promise, text, f);
        if (r >= 0 && !w->nested)
                r = check_capabilities(w->promise, text, f);
        if (r < 0)
                return r;
        if (status_number(text, "NoNewPrivs", &no_new_privileges) < 0 || no_new_privileges != 1)
                return fault_set(f, -EOPNOTSUPP, "it may gain privileges (NoNewPrivs)");
        if (status_number(text, "Seccomp", &seccomp) < 0 || seccomp != 2)
                return fault_set(f, -EOPNOTSUPP, "its system calls are not filtered (Seccomp)");
        if (walls_count_filters(text, &filters) < 0)
                return fault_set(f, -EOPNOTSUPP,
                                 "the kernel does not count its filters (Linux 5.9 is needed)");
        return check_filters(w, filters, f);
}

int walls_check_label(const struct walls *w, const char *text, struct fault *f)
{
        const char *profile = w->promise->profile;
        size_t n = strlen(profile);

        if (strncmp(text, profile, n) == 0 && str_eq(text + n, " (enforce)\n"))
                return 0;
        return fault_set(f, -EOPNOTSUPP, "AppArmor confines it by %.*s, and should by %s (enforce)",
                         (int)strcspn(text, "\n"), text, profile);
}
