/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Damaged releases. The bundle comes as one for a new release does, whole and of the sum that was signed,
 * and is unpacked into a copy; only what has been checked there takes the place of what is damaged. Killed
 * at any point, this leaves a tree that is damaged no more than it was, and the next scrub begins anew. */

#include "sealiftd/repair.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/digest.h"
#include "facts/name.h"
#include "sealiftd/attempt.h"
#include "sealiftd/damage.h"
#include "sealiftd/meanwhile.h"
#include "store/incoming.h"

/* By which an error is known to be of damage: one of an attempt that failed stays what status shows. */
#define DAMAGED_WORDS "is damaged on disk"

static int repair_fetch_manifest(struct attempt *t, struct fault *f)
{
        char digest[DIGEST_HEX_SIZE];
        int r;

        r = refresh_fetch_manifest(t->trust, t->bundle->name, &t->manifest_text, &t->manifest_len, f);
        if (r < 0)
                return r;
        r = digest_hex(t->manifest_text, t->manifest_len, digest);
        if (r < 0)
                return fault_set_errno(f, r, "cannot sum the manifest");
        if (!str_eq(digest, t->release.digest))
                return fault_set(f, -ENOENT,
                                 "its manifest is damaged as well, and the channel no longer has release "
                                 "%s: publish it again, or another",
                                 t->release.version);
        return 0;
}

/* What was signed, as it is on disk: its sum is known from when it was installed. Where that is damaged too,
 * the channel must still have the very same release. */
static int repair_read_manifest(struct attempt *t, struct fault *f)
{
        struct fault ignored = {};
        int r;

        r = store_manifest_read(t->agent->store, t->bundle->name, &t->release, &t->manifest_text,
                                &t->manifest_len, &ignored);
        if (r < 0)
                r = repair_fetch_manifest(t, f);
        return r < 0 ? r : manifest_parse(t->manifest_text, t->manifest_len, "manifest", &t->manifest, f);
}

static int repair_tree(struct attempt *t, size_t *ret_replaced, struct fault *f)
{
        int r;

        r = attempt_check_space(t, f);
        if (r >= 0)
                r = units_prepare(t->agent->units, t->bundle->name, &t->release, t->id, t->manifest_text,
                                  t->manifest_len, &t->tree_fd, f);
        if (r >= 0)
                r = attempt_fetch_bundle(t, f);
        return r < 0 ? r : attempt_mend(t, ret_replaced, f);
}

static void repair_tell(struct agent *a, struct bundle *b, const struct attempt *t, size_t replaced)
{
        struct journal_subject s = attempt_subject(t);

        if (release_ref_equal(&t->release, &b->state.current))
                journal_send(JOURNAL_RELEASE_REPAIRED, LOG_NOTICE, &s,
                             "%s: release %s is as signed again, %zu files were replaced; what runs may "
                             "still have what they were: sealift restart %s",
                             b->name, t->release.version, replaced, b->name);
        else
                journal_send(JOURNAL_RELEASE_REPAIRED, LOG_NOTICE, &s,
                             "%s: release %s is as signed again, %zu files were replaced, and may be gone "
                             "back to",
                             b->name, t->release.version, replaced);
        a->report_due = true;
}

static int repair_release(struct agent *a, struct refresh *trust, struct bundle *b,
                          const struct release_ref *release, struct fault *f)
{
        _cleanup_(attempt_done) struct attempt t = { .agent = a,
                                                     .trust = trust,
                                                     .bundle = b,
                                                     .id = agent_now_usec(),
                                                     .release = *release,
                                                     .repairs = true,
                                                     .bundle_fd = -EBADF,
                                                     .tree_fd = -EBADF };
        size_t replaced = 0;
        int r;

        a->attempt = &t;
        r = repair_read_manifest(&t, f);
        if (r >= 0)
                r = repair_tree(&t, &replaced, f);
        a->attempt = NULL;
        a->trial_due = true;
        if (*t.overtaken) /* which may come to nothing; or another release is damaged no less */
                a->check_due = true;
        if (r == -ECANCELED || *t.overtaken) /* the next poll goes on with it */
                return r;
        if (r < 0) {
                attempt_drop_download(&t, f);
                return r;
        }
        incoming_remove(store_incoming_fd(a->store), t.manifest->content.sha256);
        damage_forget(a, b, &t.release);
        if (b->health == BUNDLE_FAILED && release_ref_equal(&t.release, &b->state.current))
                b->restore_due = a->check_due = true;
        repair_tell(a, b, &t, replaced);
        return 0;
}

/* Said once: of a source that is away for now where nothing else is the matter with what runs, of all else
 * for as long as it is so. It is the poll's own failure where it is what runs, or should. Returns that. */
static int repair_fail(struct agent *a, struct bundle *b, const struct release_ref *r, struct fault *f)
{
        struct journal_subject s = { .bundle = b->name, .version = r->version, .digest = r->digest };
        bool current = release_ref_equal(r, &b->state.current);
        bool shown = current && (!*b->error || strstr(b->error, DAMAGED_WORDS));
        bool transient = fault_transient(f->error), news;

        news = !transient && damage_note_unrepaired(a, b, r, f->text);
        (void)fault_prefix(f, "%s: release %s " DAMAGED_WORDS ", and cannot be put right", b->name,
                           r->version);
        if (shown && transient)
                news = !str_eq(b->error, f->text);
        if (shown)
                (void)snprintf(b->error, sizeof(b->error), "%s", f->text);
        if (news)
                journal_send(JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &s, "%s", f->text);
        a->report_due |= news;
        return current ? f->error : 0;
}

static int repair_one(struct agent *a, struct refresh *trust, struct bundle *b, const struct release_ref *r,
                      struct fault *f)
{
        int k;

        k = repair_release(a, trust, b, r, f);
        if (k >= 0)
                return 0;
        (void)meanwhile_go(a);
        if (k == -ECANCELED)
                return k;
        return k == -EBUSY ? 0 : repair_fail(a, b, r, f);
}

/* Those that are to stay, whether they run or not. */
static size_t bundle_list_damaged(const struct agent *a, const struct bundle *b, bool current,
                                  struct release_ref ret[static STATE_DAMAGED_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < b->state.n_damaged; i++) {
                const struct release_ref *r = &b->state.damaged[i].release;
                char place[NAME_RELEASE_SIZE];

                name_release(r->version, r->digest, place);
                if (release_ref_equal(r, &b->state.current) == current &&
                    state_keeps(&b->state, a->config->keep, place))
                        ret[n++] = *r;
        }
        return n;
}

static int repair_bundle(struct agent *a, struct refresh *trust, struct bundle *b, bool current,
                         struct fault *f)
{
        struct release_ref damaged[STATE_DAMAGED_MAX];
        size_t n = bundle_list_damaged(a, b, current, damaged);
        int result = 0;

        for (size_t i = 0; i < n && !a->await.stopping; i++) {
                struct fault mine = {};
                int r;

                /* Gone back to, rolled back to, or removed meanwhile: the next poll has it. */
                if (!state_find_damage(&b->state, damaged[i].digest))
                        continue;
                r = repair_one(a, trust, b, damaged + i, &mine);
                if (r < 0 && result == 0) {
                        *f = mine;
                        result = r;
                }
                if (r == -ECANCELED)
                        break;
        }
        return result;
}

static bool release_has_bundle(struct agent *a, const char *bundle, const struct release_ref *r,
                               const char *sha256)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        struct fault ignored = {};
        size_t len;

        return store_manifest_read(a->store, bundle, r, &text, &len, &ignored) >= 0 &&
               manifest_parse(text, len, "manifest", &m, &ignored) >= 0 && str_eq(m->content.sha256, sha256);
}

bool repair_expects(struct agent *a, const char *sha256)
{
        for (size_t i = 0; i < a->n_bundles; i++) {
                const struct bundle *b = a->bundles + i;

                for (size_t k = 0; k < b->state.n_damaged; k++)
                        if (release_has_bundle(a, b->name, &b->state.damaged[k].release, sha256))
                                return true;
        }
        return false;
}

int repair_releases(struct agent *a, struct refresh *trust, struct fault *f)
{
        static const bool current[] = { true, false };
        struct fault kept = {};

        for (size_t k = 0; k < ELEMENTSOF(current); k++)
                for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                        struct fault mine = {};
                        int r;

                        r = repair_bundle(a, trust, a->bundles + i, current[k], &mine);
                        if (r == -ECANCELED)
                                return fault_set(f, r, "%s", mine.text);
                        if (r < 0)
                                (void)fault_keep(&kept, &mine);
                }
        if (kept.error < 0)
                *f = kept;
        return kept.error;
}
