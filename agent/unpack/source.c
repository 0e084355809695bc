/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The decompressors' door. Input: a bundle whose length and SHA-256 were verified against signed metadata,
 * which says nothing about whether it is kind to a decompressor. zstd goes to libzstd directly, because that
 * is the only way to bound its window; gzip goes through libarchive's filter, alone and exactly once, below
 * its "raw" format, so that the tar reader above sees plain bytes in either case. Nothing is opened or
 * written here. */

#include "unpack/source.h"

#include <archive.h>
#include <sys/stat.h>
#include <zstd.h>
#include <zstd_errors.h>

/* One read and one decompressed chunk; libzstd recommends 128 KiB for both, and memory must not grow. */
enum { SOURCE_CHUNK = 128 * 1024 };

struct source {
        int fd; /* borrowed */
        enum compression compression;
        uint64_t size;   /* of the bundle */
        uint64_t offset; /* read from it so far */
        uint8_t *in;     /* owned; SOURCE_CHUNK */
        size_t in_len, in_used;
        ZSTD_DCtx *zstd;      /* owned; zstd only */
        uint8_t *out;         /* owned; SOURCE_CHUNK, zstd only */
        struct archive *gzip; /* owned; gzip only */
        struct fault fault;   /* what on_gzip_read() could not return */
        bool ended;
        uint64_t given, given_max, last_nonzero;
};

struct source *source_free(struct source *s)
{
        if (!s)
                return NULL;
        (void)ZSTD_freeDCtx(s->zstd);
        (void)archive_read_free(s->gzip);
        free(s->in);
        free(s->out);
        free(s);
        return NULL;
}

/* Fills the input buffer; 0 bytes only at the end of what was announced. */
static int source_fill(struct source *s, struct fault *f)
{
        size_t want = SOURCE_CHUNK;
        ssize_t n;

        s->in_used = s->in_len = 0;
        if (want > s->size - s->offset)
                want = (size_t)(s->size - s->offset);
        if (want == 0)
                return 0;
        do
                n = pread(s->fd, s->in, want, (off_t)s->offset);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return fault_set_errno(f, -errno, "bundle: cannot read");
        if (n == 0)
                return fault_set(f, -EINVAL, "bundle: shorter than announced");
        s->in_len = (size_t)n;
        s->offset += (uint64_t)n;
        return 0;
}

static bool source_exhausted(const struct source *s)
{
        return s->in_used == s->in_len && s->offset == s->size;
}

/* Debian's libzstd also decodes formats from before 2016; those decoders are not for hostile input. */
static int zstd_check_magic(const struct source *s, struct fault *f)
{
        static const uint8_t magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

        if (s->in_len < sizeof(magic) || memcmp(s->in, magic, sizeof(magic)) != 0)
                return fault_set(f, -EINVAL, "bundle: not a zstd frame");
        return 0;
}

static int zstd_open(struct source *s, struct fault *f)
{
        size_t n;

        s->zstd = ZSTD_createDCtx();
        s->out = malloc(SOURCE_CHUNK);
        if (!s->zstd || !s->out)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        n = ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
        if (ZSTD_isError(n))
                return fault_set(f, -EINVAL, "bundle: %s", ZSTD_getErrorName(n));
        return 0;
}

static int zstd_fault(size_t code, struct fault *f)
{
        if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
                return fault_set(f, -EFBIG,
                                 "bundle: needs a decompression window over %u MiB; pack it again with "
                                 "'sealift pack'",
                                 1u << (ZSTD_WINDOW_LOG_MAX - 20));
        if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        return fault_set(f, -EINVAL, "bundle: damaged zstd frame: %s", ZSTD_getErrorName(code));
}

/* The end of the first frame is the end: frames behind it could be anything to a reader that stops there. */
static int zstd_end(const struct source *s, struct fault *f)
{
        if (!source_exhausted(s))
                return fault_set(f, -EINVAL, "bundle: data after the zstd frame");
        return 0;
}

static int zstd_read(struct source *s, const void **ret, size_t *ret_len, struct fault *f)
{
        if (s->ended)
                return zstd_end(s, f);
        for (;;) {
                ZSTD_outBuffer out = { .dst = s->out, .size = SOURCE_CHUNK };
                ZSTD_inBuffer in;
                size_t n;
                int r;

                if (s->in_used == s->in_len) {
                        bool first = s->offset == 0;

                        r = source_fill(s, f);
                        if (r >= 0 && first)
                                r = zstd_check_magic(s, f);
                        if (r < 0)
                                return r;
                }
                in = (ZSTD_inBuffer){ .src = s->in, .size = s->in_len, .pos = s->in_used };
                n = ZSTD_decompressStream(s->zstd, &out, &in);
                if (ZSTD_isError(n))
                        return zstd_fault(n, f);
                s->in_used = in.pos;
                s->ended = n == 0;
                if (out.pos > 0) {
                        *ret = s->out;
                        *ret_len = out.pos;
                        return 1;
                }
                if (s->ended)
                        return zstd_end(s, f);
                if (source_exhausted(s))
                        return fault_set(f, -EINVAL, "bundle: truncated in the middle of a zstd frame");
        }
}

static la_ssize_t on_gzip_read(struct archive *a, void *userdata, const void **ret)
{
        struct source *s = userdata;

        if (source_fill(s, &s->fault) < 0)
                return ARCHIVE_FATAL;
        *ret = s->in;
        return (la_ssize_t)s->in_len;
}

static int gzip_fault(struct source *s, struct fault *f)
{
        const char *text = archive_error_string(s->gzip);

        if (s->fault.error < 0)
                return fault_set(f, s->fault.error, "%s", s->fault.text);
        if (archive_errno(s->gzip) == ENOMEM)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        return fault_set(f, -EINVAL, "bundle: damaged gzip stream: %s", text ? text : "no reason given");
}

static int gzip_open(struct source *s, struct fault *f)
{
        struct archive_entry *entry;

        s->gzip = archive_read_new();
        if (!s->gzip)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        /* Appended, not offered for bidding: a bidder would also unwrap gzip in gzip. */
        if (archive_read_append_filter(s->gzip, ARCHIVE_FILTER_GZIP) != ARCHIVE_OK ||
            archive_read_support_format_raw(s->gzip) != ARCHIVE_OK)
                return gzip_fault(s, f);
        if (archive_read_open(s->gzip, s, NULL, on_gzip_read, NULL) != ARCHIVE_OK ||
            archive_read_next_header(s->gzip, &entry) != ARCHIVE_OK)
                return s->fault.error < 0 ? gzip_fault(s, f)
                                          : fault_set(f, -EINVAL, "bundle: not a gzip stream, or cut short");
        return 0;
}

static int gzip_read(struct source *s, const void **ret, size_t *ret_len, struct fault *f)
{
        la_int64_t offset;
        int r;

        if (!s->gzip) {
                r = gzip_open(s, f);
                if (r < 0)
                        return r;
        }
        r = archive_read_data_block(s->gzip, ret, ret_len, &offset);
        if (r == ARCHIVE_OK)
                return 1;
        if (r != ARCHIVE_EOF)
                return gzip_fault(s, f);
        /* libarchive stops without a word at what is not another gzip member. */
        if ((uint64_t)archive_filter_bytes(s->gzip, -1) != s->size)
                return fault_set(f, -EINVAL, "bundle: data after the gzip stream");
        return 0;
}

int source_new(int fd, const struct unpack_start *start, uint64_t plain_max, struct source **ret,
               struct fault *f)
{
        _cleanup_(source_freep) struct source *s = NULL;
        struct stat st;
        int r;

        if (fstat(fd, &st) < 0)
                return fault_set_errno(f, -errno, "bundle: cannot stat");
        if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != start->bundle_size)
                return fault_set(f, -EINVAL, "bundle: not a file of the announced size");
        if (start->compression != COMPRESSION_ZSTD && start->compression != COMPRESSION_GZIP)
                return fault_set(f, -EINVAL, "bundle: unknown compression %u", start->compression);
        s = calloc(1, sizeof(*s));
        if (!s)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        s->fd = fd;
        s->compression = start->compression;
        s->size = start->bundle_size;
        s->given_max = plain_max;
        s->in = malloc(SOURCE_CHUNK);
        if (!s->in)
                return fault_set(f, -ENOMEM, "bundle: no memory for the decompressor");
        if (s->compression == COMPRESSION_ZSTD) {
                r = zstd_open(s, f);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

int source_read(struct source *s, const void **ret, size_t *ret_len, struct fault *f)
{
        const uint8_t *data;
        size_t len, n;
        const void *p;
        int r;

        r = s->compression == COMPRESSION_ZSTD ? zstd_read(s, &p, &len, f) : gzip_read(s, &p, &len, f);
        if (r <= 0)
                return r;
        if (len > s->given_max - s->given)
                return fault_set(f, -EFBIG, "bundle: decompresses to more than its signed content needs");
        data = p;
        for (n = len; n > 0 && data[n - 1] == 0;)
                n--;
        if (n > 0)
                s->last_nonzero = s->given + n;
        s->given += len;
        *ret = p;
        *ret_len = len;
        return 1;
}

uint64_t source_given(const struct source *s)
{
        return s->given;
}

uint64_t source_last_nonzero(const struct source *s)
{
        return s->last_nonzero;
}
