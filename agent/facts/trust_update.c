/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The client workflow of TUF 1.0.34 for the four top-level roles, top to bottom; the numbers in comments are
 * the spec's. Input is whatever the network served and what an earlier run stored. Unverified metadata must
 * never replace verified metadata: each function first checks everything, and changes the machine in its
 * last lines only. */

#include <inttypes.h>

#include "facts/trust_machine.h"
#include "facts/tuf_verify.h"

enum {
        /* 5.3.3's Y: an endless chain of roots, each of them correctly signed by a stolen key. The next
         * update goes on where this one stopped. */
        TRUST_ROOTS_MAX = 256,
};

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

/* ---- 5.3 root ---- */

/* 5.3.11: after a fast-forward attack the publisher rotates keys, and clients must drop the versions the
 * attacker had driven up. Dropped before the new root is stored: a crash in between leaves the old root, and
 * the next update comes by here again. */
static int trust_forget_rotated(struct trust *t, const struct tuf_metadata *before,
                                const struct tuf_metadata *after, struct fault *f)
{
        int r;

        r = tuf_signers_rotated(before->signers + TUF_TIMESTAMP, after->signers + TUF_TIMESTAMP);
        if (r == 0)
                r = tuf_signers_rotated(before->signers + TUF_SNAPSHOT, after->signers + TUF_SNAPSHOT);
        if (r < 0)
                return fault_set_errno(f, r, "root.json: cannot compare its keys");
        if (r > 0)
                t->forget[TUF_TIMESTAMP] = t->forget[TUF_SNAPSHOT] = t->forgotten = true;
        return 0;
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
        if (root->version == before + 1) /* 5.3.5 */
                return 0;
        return fault_set(f, root->version > before ? -EBADMSG : -ESTALE,
                         "root.json: version %" PRIu64 " served as %" PRIu64
                         ", which alone may follow the trusted %" PRIu64,
                         root->version, before + 1, before);
}

int trust_on_root(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *root = NULL;
        int r;

        r = tuf_metadata_parse(TUF_ROOT, bytes, len, &root, f);
        if (r >= 0)
                r = check_root(t, root, f);
        if (r >= 0)
                r = trust_forget_rotated(t, t->trusted[TUF_ROOT], root, f);
        if (r < 0)
                return r;
        trust_take(t, TUF_ROOT, TAKE_PTR(root)); /* 5.3.7 */
        t->store[TUF_ROOT] = true;               /* 5.3.8 */
        if (++t->n_roots >= TRUST_ROOTS_MAX)
                t->phase = PHASE_ROOT_END;
        return 0;
}

int trust_end_root(struct trust *t, struct fault *f)
{
        int r;

        r = tuf_verify_expiry(t->trusted[TUF_ROOT], t->now, f); /* 5.3.10 */
        if (r >= 0)
                t->phase = t->forgotten ? PHASE_TIMESTAMP : PHASE_RECALL_TIMESTAMP;
        return r;
}

/* ---- What an earlier update stored ---- */

/* Stored timestamp and snapshot serve the rollback checks if today's keys signed them; expiry does not
 * matter for that. Without a key rotation that a fast-forward attack was cured with (5.3.11), they do. */
static int trust_adopt(struct trust *t, enum tuf_role role, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        struct fault why = {};
        int r;

        if (!bytes)
                return 0;
        r = tuf_metadata_parse(role, bytes, len, &m, &why);
        if (r >= 0)
                r = check_signatures(t, m, &why);
        if (r >= 0)
                trust_take(t, role, TAKE_PTR(m));
        else if (r == -ENOMEM)
                return fault_set(f, r, "%s", why.text);
        else
                (void)fault_set(&t->warning, r,
                                "stored metadata is not used, protection against rollback starts anew: %s",
                                why.text);
        return 0;
}

int trust_on_recalled_timestamp(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        t->phase = PHASE_RECALL_SNAPSHOT;
        return trust_adopt(t, TUF_TIMESTAMP, bytes, len, f);
}

int trust_on_recalled_snapshot(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        t->phase = PHASE_TIMESTAMP;
        return trust_adopt(t, TUF_SNAPSHOT, bytes, len, f);
}

/* ---- 5.4 timestamp ---- */

int trust_on_timestamp_same(struct trust *t, struct fault *f)
{
        int r;

        r = tuf_verify_expiry(t->trusted[TUF_TIMESTAMP], t->now, f);
        if (r >= 0)
                t->phase = PHASE_SNAPSHOT;
        return r;
}

int trust_on_timestamp(struct trust *t, const void *bytes, size_t len, struct fault *f)
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
                return trust_on_timestamp_same(t, f);
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

const struct tuf_file *trust_named_snapshot(const struct trust *t)
{
        return t->trusted[TUF_TIMESTAMP]->files; /* exactly one: tuf_metadata_parse() */
}

const struct tuf_file *trust_named_targets(const struct trust *t)
{
        return tuf_metadata_find(t->trusted[TUF_SNAPSHOT], "targets.json");
}

int trust_on_snapshot(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_check_bytes(trust_named_snapshot(t), bytes, len, f); /* 5.5.2, before a parser sees it */
        if (r >= 0)
                r = tuf_metadata_parse(TUF_SNAPSHOT, bytes, len, &m, f);
        if (r >= 0)
                r = check_signatures(t, m, f); /* 5.5.3 */
        if (r >= 0)
                r = tuf_verify_version(m, trust_named_snapshot(t), "timestamp.json", f); /* 5.5.4 */
        if (r >= 0)
                r = tuf_verify_snapshot_rollback(t->trusted[TUF_SNAPSHOT], m, f); /* 5.5.5 */
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f); /* 5.5.6 */
        if (r < 0)
                return r;
        trust_take(t, TUF_SNAPSHOT, TAKE_PTR(m));
        t->store[TUF_SNAPSHOT] = true; /* 5.5.7 */
        t->phase = PHASE_RECALL_TARGETS;
        return 0;
}

/* ---- 5.6 targets ---- */

static int check_targets(const struct trust *t, const struct tuf_metadata *m, struct fault *f)
{
        int r;

        r = check_signatures(t, m, f); /* 5.6.3 */
        if (r >= 0)
                r = tuf_verify_version(m, trust_named_targets(t), "snapshot.json", f); /* 5.6.4 */
        if (r >= 0)
                r = tuf_verify_expiry(m, t->now, f); /* 5.6.5 */
        return r;
}

int trust_on_targets(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        int r;

        r = tuf_check_bytes(trust_named_targets(t), bytes, len, f); /* 5.6.2 */
        if (r >= 0)
                r = tuf_metadata_parse(TUF_TARGETS, bytes, len, &m, f);
        if (r >= 0)
                r = check_targets(t, m, f);
        if (r < 0)
                return r;
        trust_take(t, TUF_TARGETS, TAKE_PTR(m));
        t->store[TUF_TARGETS] = true; /* 5.6.6 */
        return trust_begin_search(t, f);
}

/* What is stored already and still is what the parent names need not be fetched again: the normal case of
 * every poll. Anything less than a complete pass means fetching. */
void trust_reuse_snapshot(struct trust *t)
{
        const struct tuf_metadata *m = t->trusted[TUF_SNAPSHOT];

        if (m && tuf_check_bytes(trust_named_snapshot(t), m->bytes, m->len, NULL) >= 0 &&
            tuf_verify_version(m, trust_named_snapshot(t), "", NULL) >= 0 &&
            tuf_verify_expiry(m, t->now, NULL) >= 0)
                t->phase = PHASE_RECALL_TARGETS;
}

int trust_on_recalled_targets(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;

        t->phase = PHASE_TARGETS;
        if (!bytes || tuf_check_bytes(trust_named_targets(t), bytes, len, NULL) < 0 ||
            tuf_metadata_parse(TUF_TARGETS, bytes, len, &m, NULL) < 0 || check_targets(t, m, NULL) < 0)
                return 0;
        trust_take(t, TUF_TARGETS, TAKE_PTR(m));
        return trust_begin_search(t, f);
}
