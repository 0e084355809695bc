/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* exposure-of FILE...: what facts/exposure.c makes of units, a line for each assessor and one for the
 * figure, in the form that tests/exposure.t brings systemd-analyze's tables into. */

#include "facts/exposure.h"

#include <err.h>

#include "ground/buffer.h"

static void print(const char *path, const struct exposure *e)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        char figure[EXPOSURE_TEXT_SIZE];
        unsigned weight, range;

        for (size_t i = 0; i < EXPOSURE_ASSESSORS; i++) {
                const char *assessor = exposure_assessor(i, &weight, &range);

                if (e->badness[i] == EXPOSURE_NOT_ASKED)
                        printf("%s %s %u - %u\n", name, assessor, weight, range);
                else
                        printf("%s %s %u %u %u\n", name, assessor, weight, e->badness[i], range);
        }
        printf("%s exposure %s\n", name, exposure_format(e->tenths, figure));
}

int main(int argc, char **argv)
{
        for (int i = 1; i < argc; i++) {
                _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(1 << 20);
                _cleanup_file_ FILE *file = fopen(argv[i], "re");
                struct exposure e;
                struct fault f = {};
                char chunk[4096];
                size_t n;

                if (!file)
                        err(EXIT_FAILURE, "%s", argv[i]);
                while ((n = fread(chunk, 1, sizeof(chunk), file)) > 0)
                        (void)buffer_append(&b, chunk, n);
                if (ferror(file) || b.error < 0)
                        errx(EXIT_FAILURE, "%s: cannot be read", argv[i]);
                if (exposure_compute(b.data ? b.data : "", b.len, argv[i], &e, &f) < 0)
                        errx(EXIT_FAILURE, "%s", f.text);
                print(argv[i], &e);
        }
        return EXIT_SUCCESS;
}
