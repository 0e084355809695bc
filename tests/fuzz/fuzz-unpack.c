/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What must hold whatever a bundle is: only files, directories and links come out, with names that stay
 * inside, densely, within what was signed. The first byte says whether the rest is a zstd or gzip stream, or
 * a plain archive that is packed first so that the fuzzer gets to the tar reader. */

#include <locale.h>
#include <zstd.h>

#include "facts/name.h"
#include "ground/io.h"
#include "ground/message.h"
#include "unpack/tarball.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FUZZ_SIZE_MAX = 1 << 20, FUZZ_ENTRIES_MAX = 16, FUZZ_BYTES_MAX = 64 * 1024 };

struct seen {
        uint64_t entries, bytes, remaining;
};

static void must(bool condition)
{
        if (!condition)
                abort();
}

static int on_entry(void *userdata, const struct unpack_entry *e, struct fault *f)
{
        struct seen *s = userdata;

        must(s->remaining == 0);
        must(++s->entries <= FUZZ_ENTRIES_MAX);
        must(MESSAGE_TEXT_VALID(e->path) && name_entry_valid(e->path));
        must(e->type == ENTRY_FILE || e->type == ENTRY_DIRECTORY || e->type == ENTRY_SYMLINK);
        must((e->type == ENTRY_SYMLINK) == (e->target[0] != '\0'));
        must(e->type != ENTRY_SYMLINK || name_target_valid(e->path, e->target));
        must(e->type == ENTRY_FILE || e->size == 0);
        must((e->mode & ~0777u) == 0);
        s->bytes += e->size;
        must(s->bytes <= FUZZ_BYTES_MAX);
        s->remaining = e->size;
        return 0;
}

static int on_data(void *userdata, const void *data, size_t len, struct fault *f)
{
        struct seen *s = userdata;

        must(len > 0 && len <= MESSAGE_PAYLOAD_MAX && len <= s->remaining);
        s->remaining -= len;
        return 0;
}

static void fuzz_bundle(enum compression compression, const void *data, size_t size)
{
        struct seen seen = {};
        const struct tarball_sink sink = { on_entry, on_data, &seen };
        const struct unpack_start start = {
                .compression = compression,
                .bundle_size = size,
                .entries_max = FUZZ_ENTRIES_MAX,
                .bytes_max = FUZZ_BYTES_MAX,
        };
        struct fault f = {};
        int fd = io_memfd_sealed("bundle", data, size), r;

        must(fd >= 0);
        r = tarball_unpack(fd, &start, &sink, &f);
        must(r == 0 ? seen.remaining == 0 : r == -EINVAL || r == -EFBIG || r == -ENOMEM);
        must(r == 0 || (f.error == r && f.text[0] != '\0'));
        (void)fd_close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static uint8_t packed[ZSTD_COMPRESSBOUND(FUZZ_SIZE_MAX)];
        size_t n;

        if (size == 0 || size > FUZZ_SIZE_MAX || !setlocale(LC_CTYPE, "C.UTF-8"))
                return 0;
        if (data[0] == 'z')
                fuzz_bundle(COMPRESSION_ZSTD, data + 1, size - 1);
        else if (data[0] == 'g')
                fuzz_bundle(COMPRESSION_GZIP, data + 1, size - 1);
        else {
                n = ZSTD_compress(packed, sizeof(packed), data + 1, size - 1, 1);
                must(!ZSTD_isError(n));
                fuzz_bundle(COMPRESSION_ZSTD, packed, n);
        }
        return 0;
}
