/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Holds a unit that runs against what was promised: what the kernel shows of its main process, its network
 * against those of all others, and its drop-ins, which are what its next restart would be made of. Only what
 * was seen to be missing ends a unit at once. Touches no files but to read drop-ins. */

#include "unitd/watch_walls.h"

#include <limits.h>

#include "facts/digest.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "ground/io.h"
#include "ground/text.h"
#include "unitd/inforce.h"

#define DROPIN_PATH_SIZE (sizeof(UNITS_DROPINS_PATH) + UNIT_NAME_SIZE + 2 + sizeof(DROPIN_NAME))

enum { DROPIN_SITE_BYTES_MAX = 1024 * 1024 }; /* a site's own drop-in: written by hand */

/* systemd says within milliseconds that a main process has ended. One that still is the main process of the
 * same invocation after so many looks, and has nothing to look at, is a program that hides: the zombie of
 * another one, that its parent does not wait for. */
enum { GONE_LOOKS_MAX = 5 };
#define GONE_AGAIN_USEC (UINT64_C(1) * 1000000)

static int site_add(struct digest *sum, const char *path, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        size_t len = 0;
        int r;

        /* A file that cannot be read counts as empty: what matters is whether it changes. */
        if (io_read_file_at(AT_FDCWD, path, DROPIN_SITE_BYTES_MAX, &text, &len, &ignored) < 0)
                len = 0;
        r = digest_add(sum, path, strlen(path) + 1);
        if (r >= 0)
                r = digest_add(sum, text, len);
        return r < 0 ? fault_set_errno(f, r, "cannot compute a sum") : 0;
}

static void own_path(const struct record *record, char ret[static DROPIN_PATH_SIZE])
{
        (void)snprintf(ret, DROPIN_PATH_SIZE, "%s/%s.d/%s", UNITS_DROPINS_PATH, record->unit, DROPIN_NAME);
}

static int own_check(const struct unit *u, const char *path, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char sum[DIGEST_HEX_SIZE];
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, path, DROPIN_BYTES_MAX, &text, &len, f);
        if (r == -ENOENT)
                return fault_set(f, -EOPNOTSUPP, "its drop-in %s is gone", path);
        if (r < 0 && r != -EFBIG)
                return r; /* ours, and no reason to doubt the release */
        if (r < 0 || digest_hex(text, len, sum) < 0 || !str_eq(sum, u->record.dropin))
                return fault_set(f, -EOPNOTSUPP, "its drop-in %s was changed", path);
        return 0;
}

static int dropins_read(struct unit *u, char **paths, struct digest *sum, struct fault *f)
{
        char own[DROPIN_PATH_SIZE];
        bool seen = false;
        int r;

        own_path(&u->record, own);
        for (char **p = paths; *p; p++) {
                if (str_eq(*p, own)) {
                        seen = true;
                        r = own_check(u, own, f);
                } else
                        r = site_add(sum, *p, f);
                if (r < 0)
                        return r;
        }
        return seen ? 0 : fault_set(f, -EOPNOTSUPP, "systemd does not know its drop-in %s", own);
}

/* What the next restart would use: our drop-in byte for byte, or the unit is stopped. Drop-ins of the host's
 * own are its administrator's right, but a change is told. */
static int dropins_check(struct unit *u, struct fault *f)
{
        _cleanup_(digest_freep) struct digest *sum = NULL;
        _cleanup_(strv_freep) char **paths = NULL;
        uint8_t bytes[SHA256_SIZE];
        char sites[DIGEST_HEX_SIZE];
        int r;

        r = manager_dropins(u->units->bus, u->record.unit, &paths, f);
        if (r < 0)
                return r;
        r = digest_new(&sum);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        r = dropins_read(u, paths, sum, f);
        if (r < 0)
                return r;
        r = digest_take(sum, bytes);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        text_hex(bytes, sizeof(bytes), sites);
        if (*u->sites && !str_eq(sites, u->sites))
                watch_note(u, JOURNAL_DROPINS_CHANGED,
                           "drop-ins of this host that apply to it have changed; the next restart uses them",
                           "");
        memcpy(u->sites, sites, sizeof(sites));
        return 0;
}

static void fail_wall(struct unit *u, struct fault *f)
{
        (void)fault_prefix(f, "%s", u->record.unit);
        u->wall = true;
        unit_fail(u, f);
}

static int process_look(struct unit *u, const struct manager_status *s, struct fault *f)
{
        char tree[RELEASE_PATH_SIZE], root[sizeof(UNITS_ROOTS_PATH) + UNIT_NAME_SIZE];
        char dropin[DROPIN_PATH_SIZE];
        const struct record *record = &u->record;
        char place_name[PLACE_SIZE];
        const struct walls w = { .place = place_name,
                                 .promise = &record->promise,
                                 .systemd_version = u->units->systemd_version,
                                 .stood = u->stood };
        const struct inforce_place place = {
                .unit = record->unit, .root = root, .tree = tree, .dropin = dropin
        };
        struct unitd_request release = {};

        memcpy(release.bundle, record->bundle, sizeof(release.bundle));
        memcpy(release.version, record->version, sizeof(release.version));
        memcpy(release.digest, record->digest, sizeof(release.digest));
        release_tree_path(&release, tree);
        name_place(record->bundle, record->instance, place_name);
        (void)snprintf(root, sizeof(root), "%s/%s", UNITS_ROOTS_PATH, record->unit);
        own_path(record, dropin);
        return inforce_check((pid_t)s->main_pid, &w, &place, f);
}

static bool shares_network(const struct record *a, const struct record *b)
{
        return a->promise.network == NETWORK_BUNDLE && b->promise.network == NETWORK_BUNDLE &&
               str_eq(a->bundle, b->bundle) && str_eq(a->instance, b->instance) &&
               str_eq(a->digest, b->digest);
}

/* Services of one release that share a network do share it, and nobody else is in it. Each service is held
 * against those whose walls were found standing before; of one that ends meanwhile nothing is known. */
static int networks_look(const struct unit *u, const struct manager_status *s, struct fault *f)
{
        struct inforce_network ours, theirs;
        struct fault ignored;
        int r;

        if (u->record.promise.network >= NETWORK_OUTBOUND)
                return 0;
        r = inforce_network((pid_t)s->main_pid, u->record.unit, &ours, f);
        if (r < 0)
                return r;
        for (const struct unit *other = u->units->first; other; other = other->next) {
                bool same, share = shares_network(&u->record, &other->record);

                if (other == u || other->ended || other->pid <= 0 ||
                    inforce_network(other->pid, other->record.unit, &theirs, &ignored) < 0)
                        continue;
                same = ours.device == theirs.device && ours.inode == theirs.inode;
                if (same != share)
                        return fault_set(f, -EOPNOTSUPP, "it is %sin the network of %s", same ? "" : "not ",
                                         other->record.unit);
        }
        return 0;
}

/* The list of addresses is a BPF program on the unit's cgroup. The kernel shows it to CAP_NET_ADMIN alone,
 * and systemd goes on without one; but where it could not make it, it has no count of bytes either. */
static int addresses_look(struct unit *u, const struct manager_status *s, struct fault *f)
{
        char invocation[RECORD_INVOCATION_SIZE];

        /* Once an invocation: a reload does not take from a cgroup what is attached to it, but systemd 257
         * knows no count after one. Written down, since a unitd that starts anew then cannot see it either.
         */
        text_hex(s->invocation, sizeof(s->invocation), invocation);
        if (!u->record.promise.confined || str_eq(u->record.listed, invocation))
                return 0;
        if (s->ip_bytes == UINT64_MAX)
                return fault_set(f, -EOPNOTSUPP,
                                 "it can reach every address, not only those of Outbound=: systemd cannot "
                                 "filter them "
                                 "here (BPF, and cgroups version 2 alone, are needed)");
        memcpy(u->record.listed, invocation, sizeof(invocation));
        return unit_save(u, f);
}

static int walls_look(struct unit *u, const struct manager_status *s, struct fault *f)
{
        int r;

        r = process_look(u, s, f);
        if (r >= 0)
                r = networks_look(u, s, f);
        if (r >= 0)
                r = addresses_look(u, s, f);
        return r < 0 ? r : dropins_check(u, f);
}

static bool invocation_is_same(const uint8_t *invocation, const struct manager_status *s)
{
        return s->invocation_len == MANAGER_INVOCATION_SIZE &&
               memcmp(invocation, s->invocation, MANAGER_INVOCATION_SIZE) == 0;
}

/* Neither that they stand was seen, nor that one is missing: the process has just ended, or it is we who
 * cannot look (no memory, no answer from the bus). An invocation whose walls were seen may run on meanwhile;
 * one that nobody has seen may not for long. */
static void walls_unseen(struct unit *u, const struct manager_status *s, struct fault *f)
{
        bool gone = f->error == -ESRCH, known = invocation_is_same(u->invocation, s), goes_on;

        if (memcmp(u->missed, s->invocation, sizeof(u->missed)) != 0 || u->missed_pid != s->main_pid ||
            u->missed_gone != gone) {
                u->misses = 0;
                memcpy(u->missed, s->invocation, sizeof(u->missed));
                u->missed_pid = s->main_pid;
                u->missed_gone = gone;
        }
        if (gone)
                goes_on = watch_again(u, NULL, GONE_LOOKS_MAX, GONE_AGAIN_USEC);
        else
                goes_on = watch_again(u, f, known ? UINT_MAX : WATCH_LOOKS_MAX, WATCH_AGAIN_USEC);
        if (goes_on)
                return;
        (void)fault_prefix(f, "it runs (process %u), and nobody can see whether behind its walls",
                           (unsigned)s->main_pid);
        f->error = -EOPNOTSUPP;
        fail_wall(u, f);
}

bool watch_walls_hold(struct unit *u, const struct manager_status *s)
{
        struct fault f = {};
        int r;

        r = walls_look(u, s, &f);
        if (r == -EOPNOTSUPP) {
                fail_wall(u, &f);
                return false;
        }
        if (r < 0) {
                walls_unseen(u, s, &f);
                return false;
        }
        memcpy(u->invocation, s->invocation, sizeof(u->invocation));
        u->recheck = false;
        u->stood = true;
        u->misses = 0;
        if (u->record.job) /* what waits in sealift-hold; to others SIGCONT means nothing */
                manager_continue(u->units->bus, u->record.unit);
        u->pid = (pid_t)s->main_pid;
        return true;
}

bool watch_walls_reloaded(struct unit *u)
{
        struct fault f = {};

        if (dropins_check(u, &f) != -EOPNOTSUPP)
                return true;
        fail_wall(u, &f);
        return false;
}
