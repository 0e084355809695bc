/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata from strangers. The first byte chooses: '0' to '3' a role's metadata, through the parser and, as
 * root, through the update machine; 'j' JSON, whose canonical form must be canonical and never longer than
 * its text; 'k' a key. */

#include "facts/date.h"
#include "facts/trust.h"
#include "facts/tuf_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
        if (!ok)
                abort();
}

static void fuzz_machine(const uint8_t *data, size_t size)
{
        struct trust_cache cache = { .role[TUF_ROOT] = { data, size } };
        _cleanup_(trust_freep) struct trust *t = NULL;
        struct trust_step step;
        struct fault f;

        for (enum tuf_role i = TUF_TIMESTAMP; i < TUF_ROLES; i++)
                cache.role[i] = cache.role[TUF_ROOT];
        if (trust_new(&cache, INT64_MIN, &t, &f) < 0)
                return;
        check(trust_next(t, &step, &f) == 1 && step.kind == TRUST_FETCH && step.role == TUF_ROOT);
        check(trust_accept(t, data, size, &f) <= 0);
        while (trust_next(t, &step, &f) > 0)
                if (trust_missing(t, &f) < 0)
                        break;
}

static void fuzz_metadata(enum tuf_role role, const uint8_t *data, size_t size)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        char path[FETCH_PATH_SIZE], date[DATE_SIZE];
        struct fault f;
        int64_t back;

        if (tuf_metadata_parse(role, data, size, &m, &f) < 0)
                return;
        check(m->version > 0 && m->canonical.len <= size && m->canonical.len > 0);
        date_format(m->expires, date);
        check(date_parse(date, &back) == 0 && back == m->expires);
        for (size_t i = 0; i < m->n_files; i++) {
                check(tuf_metadata_find(m, m->files[i].name) == m->files + i);
                if (tuf_file_path(m->files + i, true, path, &f) >= 0)
                        check(!strstr(path, "//") && !strstr(path, "/../"));
        }
        if (role != TUF_ROOT)
                return;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (tuf_verify(m, m->signers + i, "fuzz", &f) == 0)
                        check(m->signers[i].threshold <= m->n_signatures);
        check(!tuf_signers_rotated(m->signers + TUF_ROOT, m->signers + TUF_ROOT));
        fuzz_machine(data, size);
}

static void fuzz_json(const uint8_t *data, size_t size)
{
        static const struct json_limits limits = { .bytes = 1 << 20, .values = 1 << 16, .depth = 24 };
        _cleanup_(buffer_done) struct buffer once = BUFFER_INIT(size), twice = BUFFER_INIT(size);
        _cleanup_json_ json_t *j = NULL, *again = NULL;
        struct fault f;

        if (json_parse("fuzz", data, size, &limits, &j, &f) < 0)
                return;
        check(json_write_canonical(j, &once) == 0);
        /* Canonical JSON has raw control characters in its strings, which JSON has not. */
        for (size_t i = 0; i < once.len; i++)
                if ((unsigned char)once.data[i] < 0x20)
                        return;
        check(json_parse("fuzz", once.data, once.len, &limits, &again, &f) == 0 && json_equal(j, again));
        check(json_write_canonical(again, &twice) == 0 && twice.len == once.len &&
              memcmp(once.data, twice.data, once.len) == 0);
}

static void fuzz_key(const uint8_t *data, size_t size)
{
        static const struct json_limits limits = { .bytes = 1 << 16, .values = 256, .depth = 8 };
        static const uint8_t signature[64];
        _cleanup_json_ json_t *j = NULL;
        struct tuf_key k;
        struct fault f;

        if (json_parse("fuzz", data, size, &limits, &j, &f) < 0 ||
            tuf_key_parse("id", j, "fuzz", &k, &f) < 0)
                return;
        check(!tuf_key_verify(&k, data, size, signature, sizeof(signature)) || !k.pkey || k.scheme);
        check(tuf_key_equal(&k, &k) == (k.pkey != NULL));
        tuf_key_done(&k);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        if (data[0] >= '0' && data[0] < '0' + TUF_ROLES)
                fuzz_metadata((enum tuf_role)(data[0] - '0'), data + 1, size - 1);
        else if (data[0] == 'j')
                fuzz_json(data + 1, size - 1);
        else if (data[0] == 'k')
                fuzz_key(data + 1, size - 1);
        return 0;
}
