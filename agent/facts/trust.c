/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client workflow of TUF 1.0.34, section 5, top to bottom; the numbers in comments are the spec's. Its
 * input is whatever the network served and what an earlier run stored. It must never touch a file, a socket
 * or a clock, and never let unverified metadata replace verified metadata: each on_ function below first
 * checks everything, and changes the machine in its last lines only. */

#include "facts/trust.h"

#include <inttypes.h>

#include "facts/tuf_verify.h"
#include "ground/text.h"

enum {
        /* 5.3.3's Y: an endless chain of roots, each of them correctly signed by a stolen key. The next
         * update goes on where this one stopped. */
        TRUST_ROOTS_MAX = 256,
};

enum trust_phase { PHASE_ROOT, PHASE_ROOT_END, PHASE_TIMESTAMP, PHASE_SNAPSHOT, PHASE_TARGETS, PHASE_DONE };

struct trust {
        int64_t now;
        enum trust_phase phase;
        unsigned n_roots;                         /* taken in this update */
        struct tuf_metadata *trusted[TUF_ROLES];  /* owned; verified */
        struct tuf_metadata *stored[TUF_ROLES];   /* owned; from the cache, not verified yet */
        bool store[TUF_ROLES], forget[TUF_ROLES]; /* to be said by trust_next() */
        struct fault warning;
};

struct trust *trust_free(struct trust *t)
{
        if (!t)
                return NULL;
        for (size_t i = 0; i < TUF_ROLES; i++) {
                tuf_metadata_free(t->trusted[i]);
                tuf_metadata_free(t->stored[i]);
        }
        free(t);
        return NULL;
}

static void trust_take(struct trust *t, enum tuf_role role, struct tuf_metadata *m /* transferred */)
{
        tuf_metadata_trim(m);
        tuf_metadata_free(t->trusted[role]);
        t->trusted[role] = m;
}

/* Against the keys that the trusted root lists for the role. */
static int check_signatures(const struct trust *t, const struct tuf_metadata *m, struct fault *f)
{
        const struct tuf_metadata *root = t->trusted[TUF_ROOT];
        char whose[48];

        (void)snprintf(whose, sizeof(whose), "root version %" PRIu64, root->version);
        return tuf_verify(m, root->signers + m->role, whose, f);
}

/* ---- The cache ---- */

static void trust_warn(struct trust *t, const struct fault *why)
{
        (void)fault_set(&t->warning, why->error,
                        "stored metadata is not used, protection against rollback starts anew: %s",
                        why->text);
}

static void trust_load(struct trust *t, enum tuf_role role, const void *bytes, size_t len)
{
        struct fault why = {};

        if (bytes && tuf_metadata_parse(role, bytes, len, &t->stored[role], &why) < 0)
                trust_warn(t, &why);
}

int trust_new(const struct trust_cache *cache, int64_t now, struct trust **ret, struct fault *f)
{
        _cleanup_(trust_freep) struct trust *t = NULL;
        struct tuf_metadata *root;
        int r;

        if (!cache->role[TUF_ROOT].bytes)
                return fault_set(f, -ENOENT,
                                 "root.json: there is none to begin trust with; install the publisher's");
        t = calloc(1, sizeof(*t));
        if (!t)
                return fault_set(f, -ENOMEM, "trust: out of memory");
        t->now = now;
        /* 5.2: its expiry does not matter yet. The spec does not ask for this signature check; without it a
         * damaged first root would fail much later, and with a riddle. */
        r = tuf_metadata_parse(TUF_ROOT, cache->role[TUF_ROOT].bytes, cache->role[TUF_ROOT].len, &root, f);
        if (r < 0)
                return fault_prefix(f, "trusted root");
        t->trusted[TUF_ROOT] = root;
        r = check_signatures(t, root, f);
        if (r < 0)
                return fault_prefix(f, "trusted root");
        for (enum tuf_role i = TUF_TIMESTAMP; i < TUF_ROLES; i++)
                trust_load(t, i, cache->role[i].bytes, cache->role[i].len);
        *ret = TAKE_PTR(t);
        return 0;
}

/* Stored timestamp and snapshot serve the rollback checks if today's keys signed them; expiry does not
 * matter for that. Without a key rotation that a fast-forward attack was cured with (5.3.11), they do. */
static void trust_adopt(struct trust *t, enum tuf_role role)
{
        struct fault why = {};

        if (!t->stored[role])
                return;
        if (check_signatures(t, t->stored[role], &why) >= 0)
                trust_take(t, role, TAKE_PTR(t->stored[role]));
        else
                trust_warn(t, &why);
        t->stored[role] = tuf_metadata_free(t->stored[role]);
}

/* ---- 5.3 root ---- */

/* 5.3.11: after a fast-forward attack the publisher rotates keys, and clients must drop the versions the
 * attacker had driven up. Dropped before the new root is stored: a crash in between leaves the old root, and
 * the next update comes by here again. */
static void trust_forget_rotated(struct trust *t, const struct tuf_metadata *before,
                                 const struct tuf_metadata *after)
{
        if (!tuf_signers_rotated(before->signers + TUF_TIMESTAMP, after->signers + TUF_TIMESTAMP) &&
            !tuf_signers_rotated(before->signers + TUF_SNAPSHOT, after->signers + TUF_SNAPSHOT))
                return;
        for (enum tuf_role i = TUF_TIMESTAMP; i <= TUF_SNAPSHOT; i++) {
                t->stored[i] = tuf_metadata_free(t->stored[i]);
                t->forget[i] = true;
        }
}

static int check_root(const struct trust *t, const struct tuf_metadata *root, struct fault *f)
{
        uint64_t before = t->trusted[TUF_ROOT]->version;
        int r;

        r = check_signatures(t, root, f); /* 5.3.4 (1) */
        if (r >= 0)
                r = tuf_verify(root, root->signers + TUF_ROOT, "itself", f); /* 5.3.4 (2) */
        if (r < 0)
                return r;
        if (root->version < before) /* 5.3.5 */
                return fault_set(f, -ESTALE,
                                 "root.json: version %" PRIu64 " served as %" PRIu64
                                 ", which would go back behind the trusted %" PRIu64,
                                 root->version, before + 1, before);
        if (root->version > before + 1)
                return fault_set(f, -EBADMSG, "root.json: version %" PRIu64 " served as %" PRIu64,
                                 root->version, before + 1);
        return 0;
}

static int on_root(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *root = NULL;
        int r;

        r = tuf_metadata_parse(TUF_ROOT, bytes, len, &root, f);
        if (r >= 0)
                r = check_root(t, root, f);
        if (r < 0)
                return r;
        if (root->version == t->trusted[TUF_ROOT]->version) { /* 5.3.5: discard, and go on with the old */
                t->phase = PHASE_ROOT_END;
                return 0;
        }
        trust_forget_rotated(t, t->trusted[TUF_ROOT], root);
        trust_take(t, TUF_ROOT, TAKE_PTR(root)); /* 5.3.7 */
        t->store[TUF_ROOT] = true;               /* 5.3.8 */
        if (++t->n_roots >= TRUST_ROOTS_MAX)
                t->phase = PHASE_ROOT_END;
        return 0;
}

static int trust_end_root(struct trust *t, struct fault *f)
{
        int r;

        r = tuf_verify_expiry(t->trusted[TUF_ROOT], t->now, f); /* 5.3.10 */
        if (r < 0)
                return r;
        trust_adopt(t, TUF_TIMESTAMP);
        trust_adopt(t, TUF_SNAPSHOT);
        t->phase = PHASE_TIMESTAMP;
        return 0;
}

/* ---- 5.4 timestamp ---- */

static int on_timestamp_same(struct trust *t, struct fault *f)
{
        int r;

        r = tuf_verify_expiry(t->trusted[TUF_TIMESTAMP], t->now, f);
        if (r >= 0)
                t->phase = PHASE_SNAPSHOT;
        return r;
}

static int on_timestamp(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        const struct tuf_metadata *old = t->trusted[TUF_TIMESTAMP];
        int r;

        r = tuf_metadata_parse(TUF_TIMESTAMP, bytes, len, &m, f);
        if (r >= 0)
                r = check_signatures(t, m, f); /* 5.4.2 */
        if (r < 0)
                return r;
        if (old && old->version == m->version) /* 5.4.3.1: nothing new, and its content is not looked at */
                return on_timestamp_same(t, f);
        r = tuf_verify_timestamp_rollback(old, m, f); /* 5.4.3 */
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f); /* 5.4.4 */
        if (r < 0)
                return r;
        trust_take(t, TUF_TIMESTAMP, TAKE_PTR(m));
        t->store[TUF_TIMESTAMP] = true; /* 5.4.5 */
        t->phase = PHASE_SNAPSHOT;
        return 0;
}

/* ---- 5.5 snapshot ---- */

static const struct tuf_file *named_snapshot(const struct trust *t)
{
        return t->trusted[TUF_TIMESTAMP]->files; /* exactly one: tuf_metadata_parse() */
}

static const struct tuf_file *named_targets(const struct trust *t)
{
        return tuf_metadata_find(t->trusted[TUF_SNAPSHOT], "targets.json");
}

static int on_snapshot(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_check_bytes(named_snapshot(t), bytes, len, f); /* 5.5.2, before a parser sees it */
        if (r >= 0)
                r = tuf_metadata_parse(TUF_SNAPSHOT, bytes, len, &m, f);
        if (r >= 0)
                r = check_signatures(t, m, f); /* 5.5.3 */
        if (r >= 0)
                r = tuf_verify_version(m, named_snapshot(t), "timestamp.json", f); /* 5.5.4 */
        if (r >= 0)
                r = tuf_verify_snapshot_rollback(t->trusted[TUF_SNAPSHOT], m, f); /* 5.5.5 */
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f); /* 5.5.6 */
        if (r < 0)
                return r;
        trust_take(t, TUF_SNAPSHOT, TAKE_PTR(m));
        t->store[TUF_SNAPSHOT] = true; /* 5.5.7 */
        t->phase = PHASE_TARGETS;
        return 0;
}

/* ---- 5.6 targets ---- */

static int check_targets(const struct trust *t, const struct tuf_metadata *m, struct fault *f)
{
        int r;

        r = check_signatures(t, m, f); /* 5.6.3 */
        if (r >= 0)
                r = tuf_verify_version(m, named_targets(t), "snapshot.json", f); /* 5.6.4 */
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f); /* 5.6.5 */
        return r;
}

static int on_targets(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_check_bytes(named_targets(t), bytes, len, f); /* 5.6.2 */
        if (r >= 0)
                r = tuf_metadata_parse(TUF_TARGETS, bytes, len, &m, f);
        if (r >= 0)
                r = check_targets(t, m, f);
        if (r < 0)
                return r;
        trust_take(t, TUF_TARGETS, TAKE_PTR(m));
        t->store[TUF_TARGETS] = true; /* 5.6.6 */
        t->phase = PHASE_DONE;
        return 0;
}

/* What is stored already and still is what the parent names need not be fetched again: the normal case of
 * every poll. Anything less than a complete pass means fetching. */
static void trust_reuse_snapshot(struct trust *t)
{
        const struct tuf_metadata *m = t->trusted[TUF_SNAPSHOT];

        if (m && tuf_check_bytes(named_snapshot(t), m->bytes, m->len, NULL) >= 0 &&
            tuf_verify_version(m, named_snapshot(t), "", NULL) >= 0 &&
            tuf_verify_expiry(m, t->now, NULL) >= 0)
                t->phase = PHASE_TARGETS;
}

static void trust_reuse_targets(struct trust *t)
{
        const struct tuf_metadata *m = t->stored[TUF_TARGETS];

        if (m && tuf_check_bytes(named_targets(t), m->bytes, m->len, NULL) >= 0 &&
            check_targets(t, m, NULL) >= 0) {
                trust_take(t, TUF_TARGETS, TAKE_PTR(t->stored[TUF_TARGETS]));
                t->phase = PHASE_DONE;
        }
        t->stored[TUF_TARGETS] = tuf_metadata_free(t->stored[TUF_TARGETS]);
}

/* ---- The machine ---- */

static const struct phase_info {
        enum tuf_role role;
        int (*accept)(struct trust *, const void *, size_t, struct fault *);
        const char *missing;
} phases[] = {
        [PHASE_ROOT] = { TUF_ROOT, on_root },
        [PHASE_ROOT_END] = {},
        [PHASE_TIMESTAMP] = { TUF_TIMESTAMP, on_timestamp,
                              "is the source's URL right, and has anything been published there?" },
        [PHASE_SNAPSHOT] = { TUF_SNAPSHOT, on_snapshot,
                             "the timestamp names it, so the upload of the repository is incomplete" },
        [PHASE_TARGETS] = { TUF_TARGETS, on_targets,
                            "the snapshot names it, so the upload of the repository is incomplete" },
        [PHASE_DONE] = {},
};
_Static_assert(ELEMENTSOF(phases) == PHASE_DONE + 1, "a row for each phase");

static int trust_step_fetch(const struct trust *t, struct trust_step *ret, struct fault *f)
{
        enum tuf_role role = phases[t->phase].role;
        const struct tuf_file *named = NULL;
        struct trust_step step = { .kind = TRUST_FETCH,
                                   .role = role,
                                   .max_bytes = tuf_role_bytes_max(role) };
        uint64_t version = 0;

        if (role == TUF_ROOT)
                version = t->trusted[TUF_ROOT]->version + 1; /* 5.3.3: always by number */
        else if (role == TUF_TIMESTAMP)
                step.conditional = t->trusted[TUF_TIMESTAMP] != NULL; /* 5.4.1: never by number */
        else
                named = role == TUF_SNAPSHOT ? named_snapshot(t) : named_targets(t);
        if (named && t->trusted[TUF_ROOT]->consistent_snapshot) /* 5.5.1, 5.6.1 */
                version = named->version;
        if (named && named->has_length && named->length > step.max_bytes)
                return fault_set(f, -EFBIG, "%s: %" PRIu64 " bytes, more than the limit of %" PRIu64,
                                 named->name, named->length, step.max_bytes);
        if (named && named->has_length)
                step.max_bytes = named->length;
        if (version > 0)
                (void)snprintf(step.path, sizeof(step.path), "metadata/%" PRIu64 ".%s", version,
                               tuf_role_file(role));
        else
                (void)snprintf(step.path, sizeof(step.path), "metadata/%s", tuf_role_file(role));
        *ret = step;
        return 1;
}

/* What must reach the disk before anything else is fetched; old files go before the root that outdates them
 * comes. */
static bool trust_step_disk(struct trust *t, struct trust_step *ret)
{
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (t->forget[i]) {
                        t->forget[i] = false;
                        *ret = (struct trust_step){ .kind = TRUST_FORGET,
                                                    .role = i,
                                                    .file = tuf_role_file(i) };
                        return true;
                }
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (t->store[i]) {
                        t->store[i] = false;
                        *ret = (struct trust_step){ .kind = TRUST_STORE,
                                                    .role = i,
                                                    .file = tuf_role_file(i),
                                                    .bytes = t->trusted[i]->bytes,
                                                    .len = t->trusted[i]->len };
                        return true;
                }
        return false;
}

int trust_next(struct trust *t, struct trust_step *ret, struct fault *f)
{
        int r;

        if (trust_step_disk(t, ret))
                return 1;
        if (t->phase == PHASE_ROOT_END) {
                r = trust_end_root(t, f);
                if (r < 0)
                        return r;
        }
        if (t->phase == PHASE_SNAPSHOT)
                trust_reuse_snapshot(t);
        if (t->phase == PHASE_TARGETS)
                trust_reuse_targets(t);
        if (t->phase == PHASE_DONE)
                return 0;
        return trust_step_fetch(t, ret, f);
}

int trust_accept(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        if (!phases[t->phase].accept)
                return fault_set(f, -EPROTO, "trust: nothing was asked for");
        return phases[t->phase].accept(t, bytes, len, f);
}

int trust_missing(struct trust *t, struct fault *f)
{
        struct trust_step step;
        int r;

        if (t->phase == PHASE_ROOT) { /* 5.3.3: the trusted root is the latest */
                t->phase = PHASE_ROOT_END;
                return 0;
        }
        if (!phases[t->phase].accept)
                return fault_set(f, -EPROTO, "trust: nothing was asked for");
        r = trust_step_fetch(t, &step, f);
        if (r < 0)
                return r;
        return fault_set(f, -ENOENT, "%s: not there; %s", step.path, phases[t->phase].missing);
}

int trust_unchanged(struct trust *t, struct fault *f)
{
        if (t->phase != PHASE_TIMESTAMP || !t->trusted[TUF_TIMESTAMP])
                return fault_set(f, -EPROTO, "trust: \"not modified\" is no answer to what was asked");
        return on_timestamp_same(t, f);
}

/* ---- Looking up ---- */

const char *trust_warning(const struct trust *t)
{
        return t->warning.error < 0 ? t->warning.text : NULL;
}

bool trust_role(const struct trust *t, enum tuf_role role, struct trust_role *ret)
{
        const struct tuf_metadata *m = t->trusted[role];

        if (!m)
                return false;
        *ret = (struct trust_role){ m->version, m->expires, m->bytes, m->len };
        return true;
}

const struct tuf_file *trust_find_target(const struct trust *t, const char *name)
{
        return t->phase == PHASE_DONE ? tuf_metadata_find(t->trusted[TUF_TARGETS], name) : NULL;
}

const struct tuf_file *trust_next_target(const struct trust *t, const char *glob, size_t *i)
{
        const struct tuf_metadata *m = t->trusted[TUF_TARGETS];

        while (t->phase == PHASE_DONE && *i < m->n_files) {
                const struct tuf_file *file = m->files + (*i)++;

                if (text_glob(glob, file->name))
                        return file;
        }
        return NULL;
}

int trust_target_path(const struct trust *t, const struct tuf_file *target, char ret[static FETCH_PATH_SIZE],
                      struct fault *f)
{
        return tuf_file_path(target, t->trusted[TUF_ROOT]->consistent_snapshot, ret, f);
}
