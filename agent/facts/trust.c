/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The crank of the client: which step is next, and whose rules what came is given to. It must never touch a
 * file, a socket or a clock. */

#include "facts/trust.h"

#include <inttypes.h>

#include "facts/trust_machine.h"
#include "facts/tuf_verify.h"
#include "ground/text.h"

struct trust *trust_free(struct trust *t)
{
        if (!t)
                return NULL;
        trust_tree_free(t->tree);
        for (size_t i = 0; i < TUF_ROLES; i++)
                tuf_metadata_free(t->trusted[i]);
        for (size_t i = 0; i < t->n_wants; i++)
                free(t->wants[i].text);
        free(t);
        return NULL;
}

int trust_new(const void *root, size_t len, int64_t now, struct trust **ret, struct fault *f)
{
        _cleanup_(trust_freep) struct trust *t = NULL;
        struct tuf_metadata *m;
        int r;

        if (!root)
                return fault_set(f, -ENOENT,
                                 "root.json: there is none to begin trust with; install the publisher's");
        t = calloc(1, sizeof(*t));
        if (!t)
                return fault_set(f, -ENOMEM, "trust: out of memory");
        t->now = now;
        /* 5.2: its expiry does not matter yet. The spec does not ask for this signature check; without it a
         * damaged first root would fail much later, and with a riddle. */
        r = tuf_metadata_parse(TUF_ROOT, root, len, &m, f);
        if (r < 0)
                return fault_prefix(f, "trusted root");
        t->trusted[TUF_ROOT] = m;
        r = tuf_verify(m, m->signers + TUF_ROOT, "itself", f);
        if (r < 0)
                return fault_prefix(f, "trusted root");
        *ret = TAKE_PTR(t);
        return 0;
}

int trust_want(struct trust *t, enum trust_want_kind kind, const char *text, struct fault *f)
{
        if (t->n_wants >= TRUST_WANTS_MAX)
                return fault_set(f, -E2BIG, "more than %u wishes at once", (unsigned)TRUST_WANTS_MAX);
        t->wants[t->n_wants].kind = kind;
        t->wants[t->n_wants].text = strdup(text);
        if (!t->wants[t->n_wants].text)
                return fault_set(f, -ENOMEM, "trust: out of memory");
        t->n_wants++;
        if (t->phase == PHASE_DONE)
                t->phase = PHASE_SEARCH;
        return 0;
}

/* ---- Steps ---- */

typedef int (*trust_taker)(struct trust *, const void *, size_t, struct fault *);

static const struct phase_info {
        enum trust_kind kind; /* what the phase asks for; 0: nothing */
        enum tuf_role role;
        trust_taker take;
        const char *missing;
} phases[] = {
        [PHASE_ROOT] = { TRUST_FETCH, TUF_ROOT, trust_on_root },
        [PHASE_RECALL_TIMESTAMP] = { TRUST_RECALL, TUF_TIMESTAMP, trust_on_recalled_timestamp },
        [PHASE_RECALL_SNAPSHOT] = { TRUST_RECALL, TUF_SNAPSHOT, trust_on_recalled_snapshot },
        [PHASE_TIMESTAMP] = { TRUST_FETCH, TUF_TIMESTAMP, trust_on_timestamp,
                              "is the source's URL right, and has anything been published there?" },
        [PHASE_SNAPSHOT] = { TRUST_FETCH, TUF_SNAPSHOT, trust_on_snapshot,
                             "the timestamp names it, so the upload of the repository is incomplete" },
        [PHASE_RECALL_TARGETS] = { TRUST_RECALL, TUF_TARGETS, trust_on_recalled_targets },
        [PHASE_TARGETS] = { TRUST_FETCH, TUF_TARGETS, trust_on_targets,
                            "the snapshot names it, so the upload of the repository is incomplete" },
        [PHASE_RECALL_ROLE] = { TRUST_RECALL, TUF_TARGETS, trust_on_recalled_role },
        [PHASE_ROLE] = { TRUST_FETCH, TUF_TARGETS, trust_on_role,
                         "the snapshot names it, so the upload of the repository is incomplete" },
        [PHASE_DONE] = {},
};
_Static_assert(ELEMENTSOF(phases) == PHASE_DONE + 1, "a row for each phase");

/* What the parent says of the file that the phase fetches; NULL for root and timestamp, which have none. */
static const struct tuf_file *trust_named(const struct trust *t)
{
        switch (t->phase) {
        case PHASE_SNAPSHOT:
                return trust_named_snapshot(t);
        case PHASE_TARGETS:
                return trust_named_targets(t);
        case PHASE_ROLE:
                return trust_named_role(t);
        default:
                return NULL;
        }
}

static bool is_delegated(const struct trust *t)
{
        return t->phase == PHASE_ROLE || t->phase == PHASE_RECALL_ROLE;
}

static int trust_step_recall(const struct trust *t, struct trust_step *ret)
{
        enum tuf_role role = phases[t->phase].role;

        *ret = (struct trust_step){ .kind = TRUST_RECALL,
                                    .role = role,
                                    .delegated = is_delegated(t),
                                    .file = is_delegated(t) ? t->file : tuf_role_file(role),
                                    .max_bytes = tuf_role_bytes_max(role) };
        return 1;
}

static int trust_step_fetch(const struct trust *t, struct trust_step *ret, struct fault *f)
{
        enum tuf_role role = phases[t->phase].role;
        const struct tuf_file *named = trust_named(t);
        struct trust_step step = { .kind = TRUST_FETCH,
                                   .role = role,
                                   .delegated = is_delegated(t),
                                   .file = is_delegated(t) ? t->file : tuf_role_file(role),
                                   .max_bytes = tuf_role_bytes_max(role),
                                   .conditional = t->phase == PHASE_TIMESTAMP && t->trusted[role] };
        const char *file = is_delegated(t) ? trust_tree_delegation(t->tree, t->edge)->file : step.file;
        uint64_t version = 0; /* 5.4.1: a timestamp is never fetched by number */

        if (role == TUF_ROOT) /* 5.3.3: always by number */
                version = t->trusted[TUF_ROOT]->version + 1;
        else if (named && t->trusted[TUF_ROOT]->consistent_snapshot) /* 5.5.1, 5.6.1 */
                version = named->version;
        if (named && named->has_length && named->length > step.max_bytes)
                return fault_set(f, -EFBIG, "%s: %" PRIu64 " bytes, more than the limit of %" PRIu64, file,
                                 named->length, step.max_bytes);
        if (named && named->has_length)
                step.max_bytes = named->length;
        if (version > 0)
                (void)snprintf(step.path, sizeof(step.path), "metadata/%" PRIu64 ".%s", version, file);
        else
                (void)snprintf(step.path, sizeof(step.path), "metadata/%s", file);
        *ret = step;
        return 1;
}

static void trust_step_store(struct trust_step *ret, const struct tuf_metadata *m, bool delegated,
                             const char *file)
{
        *ret = (struct trust_step){ .kind = TRUST_STORE,
                                    .role = m->role,
                                    .delegated = delegated,
                                    .file = file,
                                    .bytes = m->bytes,
                                    .len = m->len };
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
                        trust_step_store(ret, t->trusted[i], false, tuf_role_file(i));
                        return true;
                }
        if (!t->store_role)
                return false;
        trust_step_store(ret, t->store_role, true, t->file);
        t->store_role = NULL;
        return true;
}

int trust_next(struct trust *t, struct trust_step *ret, struct fault *f)
{
        int r = 0;

        if (trust_step_disk(t, ret))
                return 1;
        if (t->phase == PHASE_ROOT_END)
                r = trust_end_root(t, f);
        if (t->phase == PHASE_SNAPSHOT)
                trust_reuse_snapshot(t);
        if (t->phase == PHASE_SEARCH)
                r = trust_search_on(t, f);
        if (r < 0 || t->phase == PHASE_DONE)
                return r;
        return phases[t->phase].kind == TRUST_RECALL ? trust_step_recall(t, ret)
                                                     : trust_step_fetch(t, ret, f);
}

/* ---- Answers ---- */

static int trust_answer(struct trust *t, enum trust_kind kind, const void *bytes, size_t len,
                        struct fault *f)
{
        if (phases[t->phase].kind != kind)
                return fault_set(f, -EPROTO, "trust: this was not asked for");
        return phases[t->phase].take(t, bytes, len, f);
}

int trust_accept(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        return trust_answer(t, TRUST_FETCH, bytes, len, f);
}

int trust_recall(struct trust *t, const void *bytes, size_t len, struct fault *f)
{
        return trust_answer(t, TRUST_RECALL, bytes, len, f);
}

int trust_missing(struct trust *t, struct fault *f)
{
        struct trust_step step;
        int r;

        if (t->phase == PHASE_ROOT) { /* 5.3.3: the trusted root is the latest */
                t->phase = PHASE_ROOT_END;
                return 0;
        }
        if (phases[t->phase].kind != TRUST_FETCH)
                return fault_set(f, -EPROTO, "trust: this was not asked for");
        r = trust_step_fetch(t, &step, f);
        if (r < 0)
                return r;
        return fault_set(f, -ENOENT, "%s: not there; %s", step.path, phases[t->phase].missing);
}

int trust_unchanged(struct trust *t, struct fault *f)
{
        if (t->phase != PHASE_TIMESTAMP || !t->trusted[TUF_TIMESTAMP])
                return fault_set(f, -EPROTO, "trust: \"not modified\" is no answer to what was asked");
        return trust_on_timestamp_same(t, f);
}

bool trust_skip(struct trust *t)
{
        if (!t->edge_open)
                return false;
        trust_tree_bad(t->tree, t->edge);
        t->edge_open = false;
        t->phase = PHASE_SEARCH;
        return true;
}

bool trust_is_verdict(int error)
{
        static const int verdicts[] = { -EINVAL, -EBADMSG, -EKEYREJECTED, -ESTALE, -ETIME, -EFBIG, -ENOENT };

        for (size_t i = 0; i < ELEMENTSOF(verdicts); i++)
                if (error == verdicts[i])
                        return true;
        return false;
}

/* ---- Looking up ---- */

const char *trust_warning(const struct trust *t)
{
        return t->warning.error < 0 ? t->warning.text : NULL;
}

static struct trust_role role_info(const struct tuf_metadata *m)
{
        return (struct trust_role){ m->version, m->expires, m->bytes, m->len };
}

bool trust_role(const struct trust *t, enum tuf_role role, struct trust_role *ret)
{
        if (!t->trusted[role])
                return false;
        *ret = role_info(t->trusted[role]);
        return true;
}

bool trust_targets_role(const struct trust *t, size_t i, const char **ret_file, struct trust_role *ret)
{
        const struct tuf_metadata *m = t->tree ? trust_tree_nth(t->tree, i) : NULL;

        if (!m)
                return false;
        *ret_file = m->file;
        *ret = role_info(m);
        return true;
}

int trust_search_target(const struct trust *t, const char *name, const struct tuf_file **ret)
{
        struct tuf_target_name target;
        struct trust_edge edge;
        int r;

        if (t->phase != PHASE_DONE)
                return 0;
        r = tuf_target_name(name, &target);
        return r < 0 ? r : trust_tree_search(t->tree, &target, ret, &edge) == TRUST_FOUND;
}

const struct tuf_file *trust_find_target(const struct trust *t, const char *name)
{
        const struct tuf_file *file;

        return trust_search_target(t, name, &file) > 0 ? file : NULL;
}

/* The files of all roles in one row; NULL past the last. */
static const struct tuf_file *nth_file(const struct trust *t, size_t i)
{
        const struct tuf_metadata *m;

        for (size_t k = 0; (m = trust_tree_nth(t->tree, k)); k++) {
                if (i < m->n_files)
                        return m->files + i;
                i -= m->n_files;
        }
        return NULL;
}

int trust_next_target(const struct trust *t, const char *glob, size_t *i, const struct tuf_file **ret)
{
        const struct tuf_file *file, *found = NULL;
        int r = 0;

        while (r >= 0 && t->phase == PHASE_DONE && (file = nth_file(t, *i))) {
                (*i)++;
                if (!text_glob(glob, file->name))
                        continue;
                r = trust_search_target(t, file->name, &found);
                if (r > 0 && found == file) {
                        *ret = file;
                        return 1;
                }
        }
        return r < 0 ? r : 0;
}

int trust_target_path(const struct trust *t, const struct tuf_file *target, char ret[static FETCH_PATH_SIZE],
                      struct fault *f)
{
        return tuf_file_path(target, t->trusted[TUF_ROOT]->consistent_snapshot, ret, f);
}
