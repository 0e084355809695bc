/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One check a function, each against one attack. When counting signatures, the attack to think of is one key
 * that counts twice: under two ids in root, or as two signatures; so what is counted is public keys that
 * have verified, compared with each other. */

#include "facts/tuf_verify.h"

#include <inttypes.h>

#include "facts/clock.h"
#include "facts/date.h"

static const struct tuf_key *signer_find(const struct tuf_signers *by, const char *id)
{
        for (size_t i = 0; i < by->n_keys; i++)
                if (str_eq(by->keys[i].id, id))
                        return by->keys + i;
        return NULL;
}

static int key_counted(const struct tuf_key *const *counted, size_t n, const struct tuf_key *k)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < n; i++)
                r = tuf_key_compare(counted[i], k);
        return r;
}

/* Stops at enough, as more would change nothing. -ENOMEM: some could not be checked, and it may be more. */
static int count_good(const struct tuf_metadata *m, const struct tuf_signers *by, uint64_t enough,
                      size_t *ret)
{
        const struct tuf_key *counted[TUF_SIGNATURES_MAX];
        size_t n = 0;
        int result = 0;

        for (size_t i = 0; i < m->n_signatures && n < enough; i++) {
                const struct tuf_signature *s = m->signatures + i;
                const struct tuf_key *k = s->sig ? signer_find(by, s->keyid) : NULL;
                int r;

                if (!k)
                        continue;
                r = key_counted(counted, n, k);
                if (r == 0) {
                        r = tuf_key_check(k, m->canonical.data, m->canonical.len, s->sig, s->len);
                        if (r > 0)
                                counted[n++] = k;
                }
                if (r < 0)
                        result = r;
        }
        *ret = n;
        return n < enough ? result : 0;
}

size_t tuf_verify_count(const struct tuf_metadata *m, const struct tuf_signers *by)
{
        size_t n;

        (void)!count_good(m, by, UINT64_MAX, &n);
        return n;
}

int tuf_verify(const struct tuf_metadata *m, const struct tuf_signers *by, const char *whose,
               struct fault *f)
{
        size_t n;
        int r;

        r = count_good(m, by, by->threshold, &n);
        if (r < 0)
                return fault_set_errno(f, r, "%s version %" PRIu64 ": cannot check who signed it", m->file,
                                       m->version);
        if (n >= by->threshold)
                return 0;
        return fault_set(f, -EKEYREJECTED,
                         "%s version %" PRIu64 ": %zu good signature%s by the keys of %s, %" PRIu64
                         " needed; the source serves something the publisher did not sign, or not enough",
                         m->file, m->version, n, n == 1 ? "" : "s", whose, by->threshold);
}

int tuf_verify_expiry(const struct tuf_metadata *m, int64_t now, struct fault *f)
{
        char expires[DATE_SIZE], ago[CLOCK_SPAN_SIZE];

        if (m->expires > now)
                return 0;
        /* Not what time it is: a fault that is the same as at the poll before is said once. */
        date_format(m->expires, expires);
        clock_span_format(now - m->expires, ago);
        return fault_set(f, -ETIME,
                         "%s version %" PRIu64
                         " expired at %s, %s ago by this machine's clock: the publisher must sign a "
                         "new one, unless that clock is wrong or this machine is kept from newer files",
                         m->file, m->version, expires, ago);
}

int tuf_verify_version(const struct tuf_metadata *m, const struct tuf_file *named, const char *by,
                       struct fault *f)
{
        if (m->version == named->version)
                return 0;
        return fault_set(f, -EBADMSG,
                         "%s: is version %" PRIu64 ", %s names %" PRIu64
                         ": files of different releases are mixed; upload the repository again",
                         m->file, m->version, by, named->version);
}

int tuf_verify_timestamp_rollback(const struct tuf_metadata *old, const struct tuf_metadata *new,
                                  struct fault *f)
{
        uint64_t before, after;

        if (!old)
                return 0;
        if (new->version < old->version)
                return fault_set(f, -ESTALE,
                                 "timestamp.json: version %" PRIu64 " is older than the trusted %" PRIu64
                                 ": the source serves an old copy, or the publisher lost count",
                                 new->version, old->version);
        before = old->files[0].version;
        after = new->files[0].version;
        if (after < before)
                return fault_set(f, -ESTALE,
                                 "timestamp.json version %" PRIu64 ": names snapshot %" PRIu64
                                 ", older than the trusted %" PRIu64,
                                 new->version, after, before);
        return 0;
}

int tuf_verify_snapshot_rollback(const struct tuf_metadata *old, const struct tuf_metadata *new,
                                 struct fault *f)
{
        for (size_t i = 0; old && i < old->n_files; i++) {
                const struct tuf_file *before = old->files + i,
                                      *after = tuf_metadata_find(new, before->name);

                if (!after)
                        return fault_set(f, -ESTALE, "snapshot.json version %" PRIu64 ": no longer lists %s",
                                         new->version, before->name);
                if (after->version < before->version)
                        return fault_set(f, -ESTALE,
                                         "snapshot.json version %" PRIu64 ": lists %s version %" PRIu64
                                         ", older than the trusted %" PRIu64,
                                         new->version, before->name, after->version, before->version);
        }
        return 0;
}
