/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* New versions of roles, made in memory: numbered, dated, named by their parents, signed, and shown to the
 * verifier. What is on the disk is only looked at. */

#include "ctl/repository.h"

#include <inttypes.h>

#include "ctl/listing.h"
#include "ctl/preflight.h"
#include "ctl/repository_parts.h"
#include "facts/date.h"
#include "facts/tuf_verify.h"
#include "facts/tuf_write.h"

/* ---- One role ---- */

/* A version a second for 68 years: a higher one is a fast-forward attack's. */
#define VERSION_HONEST_MAX ((uint64_t)INT32_MAX)

/* The least that no file has. */
static int unused_version(const struct repository *r, const struct repository_role *role, uint64_t *ret,
                          struct fault *f)
{
        char path[REPOSITORY_PATH_SIZE];

        for (uint64_t n = 1; n <= VERSION_HONEST_MAX; n++) {
                (void)snprintf(path, sizeof(path), "metadata/%" PRIu64 ".%s", n, role->file);
                if (faccessat(r->fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                        continue;
                *ret = n;
                return errno == ENOENT ? 0 : fault_set_errno(f, -errno, "%s", path);
        }
        return fault_set(f, -EFBIG, "%s: there is no version number left", role->file);
}

/* Hosts forget timestamp and snapshot, and with it the versions of all that it lists, when keys of either
 * are rotated (spec 5.3.11): then, and only then, versions may go back. */
static bool hosts_forget(const struct repository *r)
{
        _cleanup_(listing_done) struct listing timestamp = {}, snapshot = {};

        return r->before && listing_find(r, repository_top(r, TUF_TIMESTAMP), &timestamp, NULL) >= 0 &&
               listing_find(r, repository_top(r, TUF_SNAPSHOT), &snapshot, NULL) >= 0 &&
               (tuf_signers_rotated(r->before->signers + TUF_TIMESTAMP, &timestamp.by) > 0 ||
                tuf_signers_rotated(r->before->signers + TUF_SNAPSHOT, &snapshot.by) > 0);
}

/* Past every number in use, the trusted one and any that an interrupted publisher left behind: a cache may
 * have seen that file, and would mix it with ours. */
static int next_version(const struct repository *r, const struct repository_role *role, uint64_t *ret,
                        struct fault *f)
{
        uint64_t min, max = 0;
        int k;

        if (role->role != TUF_TIMESTAMP) {
                k = repository_versions(r->fd, role->file, &min, &max);
                if (k < 0)
                        return fault_set_errno(f, k, "metadata");
        }
        if (role->version > max)
                max = role->version;
        if (role->role != TUF_ROOT && max > VERSION_HONEST_MAX && hosts_forget(r))
                return unused_version(r, role, ret, f);
        if (max >= INT64_MAX)
                return fault_set(f, -EFBIG,
                                 "%s: there is no next version number; rotate the keys of timestamp, and "
                                 "hosts forget the one they know",
                                 role->file);
        *ret = max + 1;
        return 0;
}

static int role_date(const struct repository *r, struct repository_role *role, struct fault *f)
{
        uint64_t version = 0;
        int k;

        k = next_version(r, role, &version, f);
        if (k < 0)
                return k;
        k = tuf_write_version(role->body, version, r->now + listing_period(r, role));
        if (k >= 0 && role->role == TUF_TIMESTAMP)
                k = tuf_write_promise(role->body, repository_top(r, TUF_ROOT)->body);
        return k < 0 ? fault_set_errno(f, k, "%s", role->file) : 0;
}

int repository_name_staged(struct repository_role *role, struct fault *f)
{
        struct repository_staged *s = &role->staged;
        const char *expires;
        int64_t version;
        int k;

        k = json_field_integer(role->body, role->file, "version", 1, INT64_MAX, &version, f);
        if (k >= 0)
                k = json_field_string(role->body, role->file, "expires", &expires, f);
        if (k < 0)
                return k;
        if (date_parse(expires, &s->expires) < 0)
                return fault_set(f, -EINVAL, "%s: \"expires\" is not a date", role->file);
        s->version = (uint64_t)version;
        if (role->role == TUF_TIMESTAMP)
                (void)snprintf(s->path, sizeof(s->path), "metadata/%s", role->file);
        else
                (void)snprintf(s->path, sizeof(s->path), "metadata/%" PRIu64 ".%s", s->version, role->file);
        return 0;
}

static int too_few(const struct signer_request *q, const struct tuf_signers *by, uint64_t good,
                   const char *lister, struct fault *f)
{
        return fault_set(f, -EKEYREJECTED,
                         "%s: %" PRIu64 " of the keys that %s lists for %s %s here, %" PRIu64
                         " must sign; is --keys the right folder?",
                         q->file, good, lister, q->role, good == 1 ? "is" : "are", by->threshold);
}

/* A new root needs the keys of the one before (spec 5.3.4). Others take those as well, where they are here
 * (programs are not asked): then hosts can follow whichever root they see first. */
static int sign_for_both(struct repository *r, struct repository_role *role, struct signer *signer,
                         const struct signer_request *q, const struct buffer *data, struct fault *f)
{
        struct signer_request old = *q;
        size_t n = signer->commands.n;
        int k;

        old.by = r->before->signers + role->role;
        signer->commands.n = 0;
        k = signer_collect(signer, &old, data->data, data->len, role->staged.signatures, f);
        signer->commands.n = n;
        if (k < 0)
                return k;
        if (signer_count(old.by, data->data, data->len, role->staged.signatures) < old.by->threshold)
                r->root_last = false;
        return 0;
}

static int sign_enough(struct repository *r, struct repository_role *role, struct signer *signer,
                       const struct buffer *data, bool few, struct fault *f)
{
        _cleanup_(listing_done) struct listing l = {};
        json_t *signatures = role->staged.signatures;
        struct signer_request q = { .role = role->name, .file = role->staged.path };
        char before[48] = "";
        uint64_t good;
        int k;

        k = listing_find(r, role, &l, f);
        if (k < 0)
                return k;
        q.by = &l.by;
        q.lister = l.lister;
        if (r->before && role->role == TUF_ROOT) {
                q.also = r->before->signers + TUF_ROOT;
                (void)snprintf(before, sizeof(before), "root version %" PRIu64, r->before->version);
        }
        k = signer_collect(signer, &q, data->data, data->len, signatures, f);
        if (k < 0 || few)
                return k;
        good = signer_count(q.by, data->data, data->len, signatures);
        if (good < q.by->threshold)
                return too_few(&q, q.by, good, q.lister, f);
        good = q.also ? signer_count(q.also, data->data, data->len, signatures) : 0;
        if (q.also && good < q.also->threshold)
                return too_few(&q, q.also, good, before, f);
        if (!r->before || role->delegated || role->role == TUF_ROOT)
                return 0;
        return sign_for_both(r, role, signer, &q, data, f);
}

static int stage_role(struct repository *r, struct repository_role *role, struct signer *signer, bool few,
                      struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(tuf_role_bytes_max(role->role)),
                                             data = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        struct repository_staged *s = &role->staged;
        int k = 0;

        if (!role->dated)
                k = role_date(r, role, f);
        if (k >= 0)
                k = repository_name_staged(role, f);
        if (k >= 0 && !s->signatures && !(s->signatures = json_array()))
                k = fault_set(f, -ENOMEM, "%s: out of memory", role->file);
        if (k >= 0)
                k = tuf_sign_bytes(role->body, &data, f);
        if (k >= 0)
                k = sign_enough(r, role, signer, &data, few, f);
        if (k >= 0)
                k = tuf_sign_envelope(role->body, s->signatures, &b, f);
        if (k < 0)
                return k;
        s->len = b.len;
        s->data = TAKE_PTR(b.data);
        return 0;
}

/* ---- All of them ---- */

/* A parent names its child's new version, and so is new itself. */
static int stage_name(struct repository *r, enum tuf_role parent, const struct repository_role *child,
                      struct fault *f)
{
        struct repository_role *role = repository_top(r, parent);
        const struct repository_staged *s = &child->staged;
        char name[REPOSITORY_FILE_SIZE + 8];

        (void)snprintf(name, sizeof(name), "%s.json", child->name);
        repository_change(role);
        if (tuf_write_meta(role->body, name, s->version, s->data, s->len) < 0)
                return fault_set(f, -ENOMEM, "%s: cannot name %s", role->file, s->path);
        return 0;
}

static int stage_named(struct repository *r, struct repository_role *role, struct signer *signer,
                       struct fault *f)
{
        int k;

        k = stage_role(r, role, signer, false, f);
        if (k >= 0 && role->role == TUF_TARGETS)
                k = stage_name(r, TUF_SNAPSHOT, role, f);
        if (k >= 0 && role->role == TUF_SNAPSHOT)
                k = stage_name(r, TUF_TIMESTAMP, role, f);
        return k;
}

int repository_begin_root(struct repository *r, struct fault *f)
{
        struct trust_role info;

        if (!r->trust)
                return 0;
        if (r->before)
                return fault_set(f, -EBUSY,
                                 "root version %" PRIu64 " was not finished; sealift refresh does that",
                                 r->unfinished_root);
        if (!trust_role(r->trust, TUF_ROOT, &info))
                return fault_set(f, -ENOENT, "root.json: missing");
        r->root_last = true;
        return tuf_metadata_parse(TUF_ROOT, info.bytes, info.len, &r->before, f);
}

static bool published(const struct repository *r, const struct repository_role *role, struct trust_role *ret)
{
        const char *file;

        if (!role->delegated)
                return trust_role(r->trust, role->role, ret);
        for (size_t i = 1; trust_targets_role(r->trust, i, &file, ret); i++)
                if (str_eq(file, role->file))
                        return true;
        return false;
}

int repository_still_signed(const struct repository *r, const struct repository_role *role, struct fault *f)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        _cleanup_(listing_done) struct listing l = {};
        struct trust_role info;
        int k;

        if (!published(r, role, &info))
                return 0;
        k = listing_find(r, role, &l, f);
        if (k >= 0)
                k = tuf_metadata_parse(role->role, info.bytes, info.len, &m, f);
        if (k >= 0)
                k = tuf_verify(m, &l.by, l.lister, f);
        return k == -EKEYREJECTED ? 0 : k < 0 ? k : 1;
}

static int change_unsigned(struct repository *r, struct fault *f)
{
        for (enum tuf_role i = TUF_TIMESTAMP; r->before && i < TUF_ROLES; i++) {
                struct repository_role *role = repository_top(r, i);
                int k = role->changed ? 1 : repository_still_signed(r, role, f);

                if (k < 0)
                        return k;
                if (k == 0)
                        repository_change(role);
        }
        return 0;
}

static int keep_first_root(struct repository *r, struct fault *f)
{
        const struct repository_staged *s = &repository_top(r, TUF_ROOT)->staged;

        if (r->first_root)
                return 0;
        r->first_root = strdup(s->data);
        r->first_root_len = s->len;
        return r->first_root ? 0 : fault_set(f, -ENOMEM, "root.json: out of memory");
}

int repository_stage(struct repository *r, struct signer *signer, struct fault *f)
{
        int k = 0;

        if (repository_top(r, TUF_ROOT)->changed)
                k = repository_begin_root(r, f);
        if (k >= 0)
                k = change_unsigned(r, f);
        for (size_t i = 0; k >= 0 && i < r->n_roles; i++)
                if (r->role[i]->changed)
                        k = stage_named(r, r->role[i], signer, f);
        if (k >= 0)
                k = keep_first_root(r, f);
        return k < 0 ? k : preflight(r, f);
}

int repository_draft(struct repository *r, struct repository_role *role, struct signer *signer,
                     struct fault *f)
{
        int k = 0;

        repository_change(role);
        if (role->role == TUF_ROOT)
                k = repository_begin_root(r, f);
        return k < 0 ? k : stage_role(r, role, signer, true, f);
}

int repository_count_root(const struct repository *r, struct repository_count *ret_before,
                          struct repository_count *ret_after, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer data = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        const struct repository_role *root = repository_top(r, TUF_ROOT);
        const struct tuf_signers *old = r->before ? r->before->signers + TUF_ROOT : NULL;
        _cleanup_(listing_done) struct listing l = {};
        int k;

        k = listing_find(r, root, &l, f);
        if (k >= 0)
                k = tuf_sign_bytes(root->body, &data, f);
        if (k < 0)
                return k;
        *ret_after =
                (struct repository_count){ signer_count(&l.by, data.data, data.len, root->staged.signatures),
                                           l.by.threshold };
        *ret_before = (struct repository_count){};
        if (old)
                *ret_before = (struct repository_count){
                        signer_count(old, data.data, data.len, root->staged.signatures), old->threshold
                };
        return 0;
}
