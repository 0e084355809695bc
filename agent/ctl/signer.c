/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures for a document by whoever is at hand. Its input is the bytes to sign and the list of those who
 * may; a signature is handed out only after it has been verified as the client will verify it. */

#include "ctl/signer.h"

#include <inttypes.h>

#include "ground/text.h"

void signer_done(struct signer *s)
{
        keys_done(&s->keys);
}

int signer_open(const struct signer_args *a, struct signer *ret, struct fault *f)
{
        _cleanup_(signer_done) struct signer s = {};
        int r;

        if (!a->keys)
                return fault_set(f, -EINVAL, "--keys is needed");
        r = keys_load(a->keys, &s.keys, f);
        if (r < 0)
                return r;
        *ret = s;
        s = (struct signer){};
        return 0;
}

/* ---- Who has signed ---- */

static bool signature_good(const struct tuf_key *k, const void *data, size_t len, const json_t *signatures)
{
        for (size_t i = 0; i < json_array_size(signatures); i++) {
                const json_t *s = json_array_get(signatures, i);
                const char *id = json_string_value(json_object_get(s, "keyid")),
                           *hex = json_string_value(json_object_get(s, "sig"));
                uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
                size_t n = hex ? strlen(hex) / 2 : 0;

                if (id && str_eq(id, k->id) && n > 0 && n <= sizeof(sig) && text_unhex(hex, sig, n) >= 0 &&
                    tuf_key_verify(k, data, len, sig, n))
                        return true;
        }
        return false;
}

/* Distinct keys, as the client counts them: a key that is listed twice counts once. */
static uint64_t count_good(const struct tuf_signers *by, const void *data, size_t len,
                           const json_t *signatures)
{
        const struct tuf_key *counted[TUF_KEYS_MAX];
        uint64_t n = 0;

        for (size_t i = 0; i < by->n_keys && n < ELEMENTSOF(counted); i++) {
                bool known = false;

                for (size_t k = 0; k < n; k++)
                        known = known || tuf_key_equal(counted[k], by->keys + i);
                if (!known && signature_good(by->keys + i, data, len, signatures))
                        counted[n++] = by->keys + i;
        }
        return n;
}

/* ---- Signing ---- */

static const struct tuf_key *listed_as(const struct tuf_signers *by, const struct tuf_signing_key *k)
{
        const struct tuf_key mine = { .pkey = k->pkey };

        for (size_t i = 0; i < by->n_keys; i++)
                if (tuf_key_equal(by->keys + i, &mine))
                        return by->keys + i;
        return NULL;
}

static int sign_with_key(const struct tuf_signing_key *k, const struct tuf_key *listed, const void *data,
                         size_t len, json_t *signatures, struct fault *f)
{
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        size_t n;
        int r;

        r = tuf_sign_make(k, data, len, sig, &n, f);
        if (r < 0)
                return r;
        if (!tuf_key_verify(listed, data, len, sig, n))
                return fault_set(f, -EKEYREJECTED, "%s: is listed with a scheme that we do not sign by",
                                 k->name);
        r = tuf_sign_add(signatures, listed->id, sig, n);
        return r < 0 ? fault_set_errno(f, r, "%s", k->name) : 0;
}

int signer_collect(struct signer *s, const struct signer_request *q, const void *data, size_t len,
                   json_t *signatures, uint64_t *ret_good, struct fault *f)
{
        for (size_t i = 0; i < s->keys.n; i++) {
                const struct tuf_signing_key *k = s->keys.key + i;
                const struct tuf_key *listed = listed_as(q->by, k);
                int r;

                if (!listed || !k->private)
                        continue;
                r = sign_with_key(k, listed, data, len, signatures, f);
                if (r < 0)
                        return r;
        }
        *ret_good = count_good(q->by, data, len, signatures);
        return 0;
}

int signer_document(struct signer *s, const struct signer_request *q, const json_t *body, struct buffer *out,
                    struct fault *f)
{
        _cleanup_(buffer_done) struct buffer canonical = BUFFER_INIT(TUF_SIGN_BYTES_MAX);
        _cleanup_json_ json_t *signatures = json_array();
        uint64_t good;
        int r;

        r = signatures ? tuf_sign_bytes(body, &canonical, f) : fault_set(f, -ENOMEM, "out of memory");
        if (r >= 0)
                r = signer_collect(s, q, canonical.data, canonical.len, signatures, &good, f);
        if (r < 0)
                return r;
        if (good < q->by->threshold)
                return fault_set(f, -EKEYREJECTED,
                                 "%" PRIu64 " of the keys that %s lists for %s %s here, %" PRIu64
                                 " must sign; is --keys the right folder?",
                                 good, q->lister, q->role, good == 1 ? "is" : "are", q->by->threshold);
        return tuf_sign_envelope(body, signatures, out, f);
}
