/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signatures for a document by whoever is at hand. Its input is the bytes to sign and the list of those who
 * may; a signature is handed out only after it has been verified as the client will verify it. */

#include "ctl/signer.h"

#include <inttypes.h>
#include <openssl/ecdsa.h>

#include "ctl/signer_command.h"
#include "ground/text.h"

/* A program that hangs; long enough to find the token, its PIN and its button. */
#define SIGNER_TIMEOUT_USEC (UINT64_C(300) * 1000000)

enum {
        P256_RAW_SIZE = 64,
        ENVIRONMENT_MAX = 64 * 1024, /* half of what the kernel takes for one string */
};

void signer_done(struct signer *s)
{
        keys_done(&s->keys);
        passphrase_done(&s->passphrase);
}

int signer_prepare(const struct signer_args *a, struct signer *s, struct fault *f)
{
        uint64_t timeout = SIGNER_TIMEOUT_USEC;

        s->commands = a->commands;
        s->passphrase.file = a->passphrase_file;
        if (a->timeout && (text_parse_span(a->timeout, &timeout) < 0 || timeout < 1000))
                return fault_set(f, -EINVAL, "--signer-timeout=%s: not a time span like 30s or 5min",
                                 a->timeout);
        s->timeout_ms = timeout / 1000;
        return 0;
}

int signer_open(const struct signer_args *a, struct signer *s, struct fault *f)
{
        int r;

        r = signer_prepare(a, s, f);
        if (r < 0)
                return r;
        if (a->keys)
                return keys_load(a->keys, &s->passphrase, &s->keys, f);
        return a->commands.n > 0 ? 0 : fault_set(f, -EINVAL, "--keys or --signer is needed");
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

uint64_t signer_count(const struct tuf_signers *by, const void *data, size_t len, const json_t *signatures)
{
        const struct tuf_key *counted[TUF_KEYS_MAX]; /* a key that is listed twice counts once */
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

static bool enough(const struct signer_request *q, const void *data, size_t len, const json_t *signatures)
{
        return signer_count(q->by, data, len, signatures) >= q->by->threshold &&
               (!q->also || signer_count(q->also, data, len, signatures) >= q->also->threshold);
}

/* ---- Keys of the folder ---- */

static const struct tuf_key *listed_as(const struct tuf_signers *by, const struct tuf_signing_key *k)
{
        const struct tuf_key mine = { .pkey = k->pkey };

        for (size_t i = 0; by && i < by->n_keys; i++)
                if (tuf_key_equal(by->keys + i, &mine))
                        return by->keys + i;
        return NULL;
}

static int add_signature(const struct tuf_key *listed, const uint8_t *sig, size_t n, json_t *signatures,
                         struct fault *f)
{
        int r = tuf_sign_add(signatures, listed->id, sig, n);

        return r < 0 ? fault_set_errno(f, r, "key %.16s...", listed->id) : 0;
}

/* 1: signed. 0: not this one's to sign. Root before and root after may know one key by two ids. */
static int sign_with_key(const struct tuf_signing_key *k, const struct signer_request *q, const void *data,
                         size_t len, json_t *signatures, struct fault *f)
{
        const struct tuf_key *listed[] = { listed_as(q->by, k), listed_as(q->also, k) };
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        size_t n;
        int r;

        if (!k->private || (!listed[0] && !listed[1]))
                return 0;
        r = tuf_sign_make(k, data, len, sig, &n, f);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(listed); i++) {
                if (!listed[i])
                        continue;
                r = tuf_key_verify(listed[i], data, len, sig, n)
                            ? add_signature(listed[i], sig, n, signatures, f)
                            : fault_set(f, -EKEYREJECTED, "%s: is listed with a scheme we do not sign by",
                                        k->name);
        }
        return r < 0 ? r : 1;
}

/* A locked key that counts: only now is it worth a question. */
static bool is_wanted(const struct signer *s, size_t i, const struct signer_request *q)
{
        const struct tuf_signing_key *k = s->keys.key + i;

        return keys_locked(&s->keys, i) && (listed_as(q->by, k) || listed_as(q->also, k));
}

/* ---- Commands ---- */

/* PKCS#11 has P-256 signatures as r and s, 32 bytes each; TUF has DER. */
static void der_from_raw(uint8_t *sig, size_t *n)
{
        ECDSA_SIG *pair = ECDSA_SIG_new();
        BIGNUM *r = BN_bin2bn(sig, P256_RAW_SIZE / 2, NULL),
               *s = BN_bin2bn(sig + P256_RAW_SIZE / 2, P256_RAW_SIZE / 2, NULL);
        uint8_t *out = sig;
        int len;

        if (pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1) {
                len = i2d_ECDSA_SIG(pair, &out); /* 72 bytes at most */
                *n = len > 0 ? (size_t)len : 0;
        } else {
                BN_free(r);
                BN_free(s);
        }
        ECDSA_SIG_free(pair);
}

/* Adds the signature for every listed key that verifies it. 0 when none does. */
static int add_by_any(const struct signer_request *q, const void *data, size_t len, const uint8_t *sig,
                      size_t n, json_t *signatures, struct fault *f)
{
        const struct tuf_signers *lists[] = { q->by, q->also };
        int found = 0, r = 0;

        for (size_t l = 0; l < ELEMENTSOF(lists); l++)
                for (size_t i = 0; r >= 0 && lists[l] && i < lists[l]->n_keys; i++)
                        if (tuf_key_verify(lists[l]->keys + i, data, len, sig, n)) {
                                r = add_signature(lists[l]->keys + i, sig, n, signatures, f);
                                found = 1;
                        }
        return r < 0 ? r : found;
}

static void list_missing(const struct tuf_signers *by, const void *data, size_t len,
                         const json_t *signatures, struct buffer *ids)
{
        for (size_t i = 0; by && i < by->n_keys; i++)
                if (!signature_good(by->keys + i, data, len, signatures) &&
                    (!ids->data || !strstr(ids->data, by->keys[i].id)))
                        (void)buffer_printf(ids, "%s%s", ids->len > 0 ? " " : "", by->keys[i].id);
}

/* What a command may want to know, to choose its key or to show what it is about to sign. */
static int tell_command(const struct signer_request *q, const void *data, size_t len,
                        const json_t *signatures, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer ids = BUFFER_INIT(ENVIRONMENT_MAX);

        list_missing(q->by, data, len, signatures, &ids);
        list_missing(q->also, data, len, signatures, &ids);
        if (ids.error < 0 || setenv("SEALIFT_ROLE", q->role, 1) < 0 ||
            setenv("SEALIFT_FILE", q->file, 1) < 0 || setenv("SEALIFT_KEYIDS", ids.data ?: "", 1) < 0)
                return fault_set(f, -ENOMEM, "--signer: out of memory");
        return 0;
}

/* 1: it has signed. 0: with a key that is not listed. */
static int sign_with_command(struct signer *s, const char *command, const struct signer_request *q,
                             const void *data, size_t len, json_t *signatures, struct fault *f)
{
        uint8_t sig[TUF_SIGNATURE_SIZE_MAX];
        size_t n;
        int r;

        r = tell_command(q, data, len, signatures, f);
        if (r >= 0)
                r = signer_command_run(command, s->timeout_ms, data, len, sig, &n, f);
        if (r >= 0)
                r = add_by_any(q, data, len, sig, n, signatures, f);
        if (r == 0 && n == P256_RAW_SIZE) {
                der_from_raw(sig, &n);
                r = add_by_any(q, data, len, sig, n, signatures, f);
        }
        return r;
}

int signer_collect(struct signer *s, const struct signer_request *q, const void *data, size_t len,
                   json_t *signatures, struct fault *f)
{
        const char *stranger = NULL;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < s->keys.n; i++) {
                r = sign_with_key(s->keys.key + i, q, data, len, signatures, f);
                s->made += r > 0;
        }
        for (size_t i = 0; r >= 0 && i < s->keys.n; i++)
                if (is_wanted(s, i, q) && (q->every || !enough(q, data, len, signatures))) {
                        r = keys_unlock(&s->keys, i, &s->passphrase, f);
                        if (r >= 0)
                                r = sign_with_key(s->keys.key + i, q, data, len, signatures, f);
                        s->made += r > 0;
                }
        for (size_t i = 0; r >= 0 && i < s->commands.n; i++) {
                if (!q->every && enough(q, data, len, signatures))
                        break;
                r = sign_with_command(s, s->commands.text[i], q, data, len, signatures, f);
                s->made += r > 0;
                if (r == 0)
                        stranger = s->commands.text[i];
        }
        if (r < 0)
                return r;
        if (stranger && (q->every || !enough(q, data, len, signatures)))
                return fault_set(
                        f, -EKEYREJECTED,
                        "--signer %.*s: none of the keys that %s lists for %s verifies what it wrote; "
                        "is it the right key, and does it sign the bytes (SHA-256 within) as they "
                        "are?",
                        (int)strcspn(stranger, " \t"), stranger, q->lister, q->role);
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
                r = signer_collect(s, q, canonical.data, canonical.len, signatures, f);
        if (r < 0)
                return r;
        good = signer_count(q->by, canonical.data, canonical.len, signatures);
        if (good < q->by->threshold)
                return fault_set(f, -EKEYREJECTED,
                                 "%" PRIu64 " of the keys that %s lists for %s %s here, %" PRIu64
                                 " must sign; is --keys the right folder?",
                                 good, q->lister, q->role, good == 1 ? "is" : "are", q->by->threshold);
        return tuf_sign_envelope(body, signatures, out, f);
}
