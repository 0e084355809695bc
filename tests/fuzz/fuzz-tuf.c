/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata from strangers, through the parser. The first byte chooses the role, '0' to '3', '4' for a
 * delegated one. */

#include "facts/date.h"
#include "facts/tuf_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
        if (!ok)
                abort();
}

/* Whoever is trusted with a name may have names that begin as it does. */
static void check_delegation(const struct tuf_delegation *d)
{
        static const char *const names[] = { "a", "stable/web.manifest", "*", "a/b/c" };
        char file[TUF_ROLE_FILE_SIZE];

        check(*d->name && tuf_role_file_of(d->name, file, NULL) == 0 && str_eq(file, d->file));
        check(d->signers.threshold > 0 && d->signers.n_keys <= TUF_KEYS_MAX);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                struct tuf_target_name name;

                check(tuf_target_name(names[i], &name) == 0);
                for (size_t n = 0; tuf_delegation_matches(d, &name) && n <= strlen(names[i]); n++)
                        check(tuf_delegation_overlaps(d, names[i], n));
        }
}

static int metadata_parse(unsigned role, const uint8_t *data, size_t size, struct tuf_metadata **ret)
{
        struct fault f = {};
        int r;

        if (role < TUF_ROLES)
                r = tuf_metadata_parse((enum tuf_role)role, data, size, ret, &f);
        else
                r = tuf_metadata_parse_delegated("a%2Fb.json", data, size, ret, &f);
        check(r >= 0 || (f.error == r && *f.text));
        return r;
}

static void fuzz_metadata(unsigned role, const uint8_t *data, size_t size)
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *m = NULL;
        char path[FETCH_PATH_SIZE], date[DATE_SIZE];
        struct fault f;
        int64_t back;

        if (metadata_parse(role, data, size, &m) < 0)
                return;
        check(m->version > 0 && m->canonical.len <= size && m->canonical.len > 0);
        date_format(m->expires, date);
        check(date_parse(date, &back) == 0 && back == m->expires);
        for (size_t i = 0; i < m->n_files; i++) {
                check(tuf_metadata_find(m, m->files[i].name) == m->files + i);
                if (tuf_file_path(m->files + i, true, path, &f) >= 0)
                        check(!strstr(path, "//") && !strstr(path, "/../"));
        }
        check(role >= TUF_TARGETS || m->n_delegations == 0);
        for (size_t i = 0; i < m->n_delegations; i++) {
                check_delegation(m->delegations + i);
                for (size_t k = 0; k < i; k++)
                        check(!str_eq(m->delegations[k].name, m->delegations[i].name));
        }
        if (role != TUF_ROOT)
                return;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (tuf_verify(m, m->signers + i, "fuzz", &f) == 0)
                        check(m->signers[i].threshold <= m->n_signatures);
        check(!tuf_signers_rotated(m->signers + TUF_ROOT, m->signers + TUF_ROOT));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        if (data[0] >= '0' && data[0] <= '0' + TUF_ROLES)
                fuzz_metadata((unsigned)(data[0] - '0'), data + 1, size - 1);
        return 0;
}
