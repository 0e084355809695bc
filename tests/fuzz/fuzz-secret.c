/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which kind of file, how it comes in pieces, how much stands before it (the scan's window has an edge), and
 * the file: what is found must not depend on the pieces, must be in the file, and on the line it is said to
 * be on. */

#include "facts/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 4, FUZZ_SIZE_MAX = 4096, EDGE = 65536, FILLER_MAX = EDGE + 256 };

static const char *const paths[] = { "x",    ".env", ".npmrc", ".netrc", ".git-credentials", ".kube/config",
                                     "x.p12" };

static size_t scan_file(struct secret_scan *s, const char *path, const char *file, size_t len, size_t piece,
                        struct secret_hit hits[static SECRET_HITS_MAX])
{
        const struct secret_hit *found;
        bool binary;
        size_t n;

        secret_scan_begin(s, path);
        for (size_t i = 0; i < len; i += piece)
                secret_scan_add(s, file + i, len - i < piece ? len - i : piece);
        n = secret_scan_end(s, &found, &binary);
        memcpy(hits, found, n * sizeof(*hits));
        if (binary != (memchr(file, 0, len) != NULL))
                abort();
        return n;
}

static void check_place(const struct secret_hit *h, const char *file, size_t len)
{
        uint64_t line = 1;

        if (h->offset == 0) /* by name, or a line of passwords */
                return;
        if (h->offset >= len)
                abort();
        for (size_t i = 0; i < h->offset; i++)
                line += file[i] == '\n';
        if (h->line != line)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static char file[FILLER_MAX + FUZZ_SIZE_MAX];
        struct secret_hit whole[SECRET_HITS_MAX], pieces[SECRET_HITS_MAX];
        struct secret_scan *s;
        size_t filler, len, n;
        const char *path;

        if (size < HEAD || size > HEAD + FUZZ_SIZE_MAX || secret_scan_new(&s) < 0)
                return 0;
        path = paths[data[0] % ELEMENTSOF(paths)];
        filler = data[2] + (data[3] & 1 ? EDGE - 128 : 0);
        memset(file, '\n', filler);
        memcpy(file + filler, data + HEAD, size - HEAD);
        len = filler + size - HEAD;
        n = scan_file(s, path, file, len, sizeof(file), whole);
        if (scan_file(s, path, file, len, (size_t)data[1] + 1, pieces) != n)
                abort();
        for (size_t i = 0; i < n; i++) {
                if (whole[i].what != pieces[i].what || whole[i].line != pieces[i].line ||
                    whole[i].offset != pieces[i].offset)
                        abort();
                check_place(whole + i, file, len);
        }
        s = secret_scan_free(s);
        return 0;
}
