/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata from strangers. The first byte chooses the role, '0' to '3': through the parser and, as root,
 * through the update machine. */

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
        _cleanup_(trust_freep) struct trust *t = NULL;
        struct trust_step step;
        struct fault f;

        if (trust_new(data, size, INT64_MIN, &t, &f) < 0)
                return;
        check(trust_next(t, &step, &f) == 1 && step.kind == TRUST_FETCH && step.role == TUF_ROOT);
        check(trust_accept(t, data, size, &f) <= 0);
        while (trust_next(t, &step, &f) > 0) {
                if (step.kind == TRUST_RECALL && trust_recall(t, data, size, &f) < 0)
                        break;
                if (step.kind == TRUST_FETCH && trust_missing(t, &f) < 0)
                        break;
        }
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        if (data[0] >= '0' && data[0] < '0' + TUF_ROLES)
                fuzz_metadata((enum tuf_role)(data[0] - '0'), data + 1, size - 1);
        return 0;
}
