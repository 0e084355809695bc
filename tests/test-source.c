/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-unpack as it is installed: what a bundle may be compressed with, and where it must end. */

#include <archive.h>
#include <archive_entry.h>

#include "unpacking.h"

static void expect_packed(const struct buffer *packed, enum compression compression, uint64_t size,
                          int error, const char *words, const char *what)
{
        struct unpack_start start = generous;
        _cleanup_(result_done) struct result r;

        start.compression = compression;
        start.bundle_size = size;
        unpack_packed(packed, start, &r);
        tap_int(r.error, error, "%s: %s", what, error == 0 ? "accepted" : "refused");
        tap_like(r.text, words, "%s: named", what);
        tap_int(r.status, 0, "%s: without a crash", what);
}

static void test_zstd(void)
{
        static const uint8_t skippable[] = { 0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x' };
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT, p = TAPE_INIT, twice = TAPE_INIT,
                                             skip = TAPE_INIT, window = TAPE_INIT, wide = TAPE_INIT;
        struct buffer cut;

        tape_honest(&t);
        tape_zstd(t.data, t.len, 23, &window);
        expect_packed(&window, COMPRESSION_ZSTD, 0, 0, "", "a window of 8 MiB");
        tape_zstd(t.data, t.len, 24, &wide);
        expect_packed(&wide, COMPRESSION_ZSTD, 0, -EFBIG, "window over 8 MiB", "a window of 16 MiB");
        buffer_done(&wide);
        tape_zstd(t.data, t.len, 27, &wide);
        expect_packed(&wide, COMPRESSION_ZSTD, 0, -EFBIG, "window over 8 MiB", "a window of 128 MiB");
        tape_zstd(t.data, t.len, 0, &p);
        cut = p;
        cut.len -= 5;
        expect_packed(&cut, COMPRESSION_ZSTD, 0, -EINVAL, "truncated", "a frame cut short");
        expect_packed(&p, COMPRESSION_ZSTD, p.len + 1, -EINVAL, "announced size", "a size that lies");
        expect_packed(&p, COMPRESSION_GZIP, 0, -EINVAL, "gzip", "zstd called gzip");
        p.data[p.len / 2] ^= 0x10;
        expect_packed(&p, COMPRESSION_ZSTD, 0, -EINVAL, "damaged zstd frame", "a flipped bit");
        p.data[p.len / 2] ^= 0x10;
        tape_bytes(&twice, p.data, p.len);
        tape_zstd("", 0, 0, &twice);
        expect_packed(&twice, COMPRESSION_ZSTD, 0, -EINVAL, "data after the zstd frame", "a second frame");
        tape_bytes(&skip, p.data, p.len);
        tape_bytes(&skip, skippable, sizeof(skippable));
        expect_packed(&skip, COMPRESSION_ZSTD, 0, -EINVAL, "data after the zstd frame", "a skippable frame");
        buffer_done(&skip);
        tape_bytes(&skip, skippable, sizeof(skippable));
        tape_bytes(&skip, p.data, p.len);
        expect_packed(&skip, COMPRESSION_ZSTD, 0, -EINVAL, "not a zstd frame", "a skippable frame in front");
        p.data[0] = 0x27; /* zstd 0.7 */
        expect_packed(&p, COMPRESSION_ZSTD, 0, -EINVAL, "not a zstd frame", "a frame of zstd 0.7");
}

static void tape_gzip(const struct buffer *in, struct buffer *out)
{
        struct archive *a = archive_write_new();
        struct archive_entry *e = archive_entry_new();
        size_t size = in->len + (1 << 20), used = 0;
        _cleanup_free_ char *packed = malloc(size);

        if (!a || !e || !packed)
                abort();
        archive_entry_set_filetype(e, AE_IFREG);
        if (archive_write_add_filter_gzip(a) != ARCHIVE_OK ||
            archive_write_set_format_raw(a) != ARCHIVE_OK ||
            archive_write_set_bytes_in_last_block(a, 1) != ARCHIVE_OK ||
            archive_write_open_memory(a, packed, size, &used) != ARCHIVE_OK ||
            archive_write_header(a, e) != ARCHIVE_OK ||
            archive_write_data(a, in->data, in->len) != (la_ssize_t)in->len ||
            archive_write_close(a) != ARCHIVE_OK)
                abort();
        archive_entry_free(e);
        (void)archive_write_free(a);
        tape_bytes(out, packed, used);
}

static void test_gzip(void)
{
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT, p = TAPE_INIT, twice = TAPE_INIT,
                                             garbage = TAPE_INIT, end = TAPE_INIT;
        _cleanup_(result_done) struct result r;
        struct unpack_start start = generous;
        struct buffer cut;

        tape_honest(&t);
        tape_gzip(&t, &p);
        start.compression = COMPRESSION_GZIP;
        unpack_packed(&p, start, &r);
        tap_int(r.error, 0, "an honest gzip bundle unpacks (%s)", r.text);
        tap_str(r.listing.data, honest_listing, "with everything in it");
        tape_gzip(&p, &twice);
        expect_packed(&twice, COMPRESSION_GZIP, 0, -EINVAL, "Unrecognized archive format", "gzip in gzip");
        tape_bytes(&garbage, p.data, p.len);
        tape_bytes(&garbage, "#", 1);
        expect_packed(&garbage, COMPRESSION_GZIP, 0, -EINVAL, "data after the gzip stream",
                      "a byte behind the gzip stream");
        tape_bytes(&end, p.data, p.len);
        tape_bytes(&end, p.data, p.len);
        expect_packed(&end, COMPRESSION_GZIP, 0, -EINVAL, "data after the end of the archive",
                      "a second gzip member with another archive");
        cut = p;
        cut.len -= 12;
        expect_packed(&cut, COMPRESSION_GZIP, 0, -EINVAL, "cut short", "a gzip stream cut short");
        expect_packed(&p, COMPRESSION_ZSTD, 0, -EINVAL, "not a zstd frame", "gzip called zstd");
}

static void test_other_formats(void)
{
        _cleanup_(buffer_done) struct buffer zip = TAPE_INIT, cpio = TAPE_INIT;

        tape_bytes(&zip, "PK\003\004\024\0\0\0\0\0", 10);
        tape_zeros(&zip, 2048);
        expect_refused(&zip, NULL, -EINVAL, "Unrecognized archive format", "a zip archive");
        tape_bytes(&cpio, "070701", 6);
        for (size_t i = 0; i < 2048; i++)
                tape_bytes(&cpio, "0", 1);
        expect_refused(&cpio, NULL, -EINVAL, "Unrecognized archive format", "a cpio archive");
}

int main(void)
{
        test_zstd();
        test_gzip();
        test_other_formats();
        return tap_done();
}
