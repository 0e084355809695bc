/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Damaged releases. The bundle comes as one for a new release does, whole and of the sum that was signed,
 * and is unpacked into a copy; only what has been checked there takes the place of what is damaged. Killed
 * at any point, this leaves a tree that is damaged no more than it was, and the next scrub begins anew. */

#include "sealiftd/repair.h"

#include <syslog.h>

#include "doors/journal.h"
#include "facts/digest.h"
#include "sealiftd/attempt.h"
#include "sealiftd/meanwhile.h"
#include "store/incoming.h"

/* The channel must still have the very same release. */
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
                                 "the channel no longer has release %s: publish it again, or another",
                                 t->release.version);
        return manifest_parse(t->manifest_text, t->manifest_len, "manifest", &t->manifest, f);
}

static int repair_tree(struct attempt *t, size_t *ret_replaced, struct fault *f)
{
        int r;

        r = store_space_check(store_incoming_fd(t->agent->store), store_space_needed(&t->manifest->content),
                              (struct space){}, f);
        if (r >= 0)
                r = units_prepare(t->agent->units, t->bundle->name, &t->release, t->id, t->manifest_text,
                                  t->manifest_len, &t->tree_fd, f);
        if (r >= 0)
                r = attempt_fetch_bundle(t, f);
        return r < 0 ? r : attempt_mend(t, ret_replaced, f);
}

void repair_forget(struct bundle *b)
{
        *b->damage = '\0';
        if (b->health != BUNDLE_FAILED)
                *b->error = '\0';
}

static int repair_release(struct agent *a, struct refresh *trust, struct bundle *b, struct fault *f)
{
        _cleanup_(attempt_done) struct attempt t = { .agent = a,
                                                     .trust = trust,
                                                     .bundle = b,
                                                     .id = agent_now_usec(),
                                                     .release = b->state.current,
                                                     .repairs = true,
                                                     .bundle_fd = -EBADF,
                                                     .tree_fd = -EBADF };
        struct journal_subject s = attempt_subject(&t);
        size_t replaced = 0;
        int r;

        a->attempt = &t;
        r = repair_fetch_manifest(&t, f);
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
                return fault_prefix(f, "%s: release %s is damaged on disk, and cannot be put right", b->name,
                                    t.release.version);
        }
        incoming_remove(store_incoming_fd(a->store), t.manifest->content.sha256);
        repair_forget(b);
        if (b->health == BUNDLE_FAILED)
                b->restore_due = a->check_due = true;
        a->report_due = true;
        journal_send(JOURNAL_RELEASE_REPAIRED, LOG_NOTICE, &s,
                     "%s: release %s is as signed again, %zu files were replaced; what runs may still have "
                     "what they were: sealift restart %s",
                     b->name, t.release.version, replaced, b->name);
        return 0;
}

int repair_releases(struct agent *a, struct refresh *trust, struct fault *f)
{
        int result = 0;

        for (size_t i = 0; i < a->n_bundles && !a->await.stopping; i++) {
                struct bundle *b = a->bundles + i;
                struct fault mine = {};

                if (!*b->damage || b->damaged || repair_release(a, trust, b, &mine) >= 0)
                        continue;
                (void)meanwhile_go(a);
                if (mine.error == -EBUSY)
                        continue;
                if (mine.error == -ECANCELED)
                        return fault_set(f, -ECANCELED, "%s", mine.text);
                if (!str_eq(b->error, mine.text)) {
                        struct journal_subject s = { .bundle = b->name };

                        (void)snprintf(b->error, sizeof(b->error), "%s", mine.text);
                        journal_send(JOURNAL_RELEASE_DAMAGED, LOG_CRIT, &s, "%s", mine.text);
                }
                if (result == 0) {
                        *f = mine;
                        result = mine.error;
                }
        }
        return result;
}
