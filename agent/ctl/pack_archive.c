/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The door to libarchive's writer. Its input is the publisher's own tree, already judged; what matters here
 * is that nothing of this machine (time, users, inode numbers, thread count) gets into the bytes. It never
 * opens a file. */

#include "ctl/pack_archive.h"

#include <archive.h>
#include <archive_entry.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/text.h"

struct pack_archive {
        struct archive *archive; /* owned */
        struct digest *digest;   /* owned */
        int fd;
        uint64_t size, mtime;
        int error; /* of the write callback; -EOVERFLOW past BUNDLE_BYTES_MAX, since write(2) may say -EFBIG
                    */
};

struct pack_archive *pack_archive_free(struct pack_archive *p)
{
        if (p) {
                (void)archive_write_free(p->archive);
                (void)digest_free(p->digest);
        }
        free(p);
        return NULL;
}

static int pack_fault(struct pack_archive *p, struct fault *f)
{
        if (p->error == -EOVERFLOW)
                return fault_set(f, -EFBIG, "the bundle is larger than 64G");
        if (p->error < 0)
                return fault_set_errno(f, p->error, "cannot write the bundle");
        return fault_set(f, -EIO, "cannot write the bundle: %s", archive_error_string(p->archive));
}

/* Also called by archive_write_free() for what is left; after an error nothing more reaches the file. */
static la_ssize_t on_write(struct archive *a, void *data, const void *bytes, size_t len)
{
        struct pack_archive *p = data;

        if (p->error == 0 && len > BUNDLE_BYTES_MAX - p->size)
                p->error = -EOVERFLOW;
        if (p->error == 0)
                p->error = io_write_full(p->fd, bytes, len);
        if (p->error == 0)
                p->error = digest_add(p->digest, bytes, len);
        if (p->error < 0) {
                archive_set_error(a, -p->error, "%s", strerror(-p->error));
                return -1;
        }
        p->size += len;
        return (la_ssize_t)len;
}

/* gzip's own time stamp and zstd's threads would change the bytes from run to run, or machine to machine. */
static int set_filter(struct archive *a, enum compression compression, unsigned level)
{
        char text[16];

        if (level == 0)
                level = compression == COMPRESSION_ZSTD ? PACK_LEVEL_DEFAULT : PACK_GZIP_LEVEL_MAX;
        (void)snprintf(text, sizeof(text), "%u", level);
        if (compression == COMPRESSION_GZIP)
                return archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
                                       archive_write_set_filter_option(a, "gzip", "timestamp", NULL) ==
                                               ARCHIVE_OK &&
                                       archive_write_set_filter_option(a, "gzip", "compression-level",
                                                                       text) == ARCHIVE_OK
                               ? 0
                               : -EIO;
        return archive_write_add_filter_zstd(a) == ARCHIVE_OK &&
                               archive_write_set_filter_option(a, "zstd", "compression-level", text) ==
                                       ARCHIVE_OK
                       ? 0
                       : -EIO;
}

int pack_archive_open(int fd, enum compression compression, unsigned level, uint64_t mtime,
                      struct pack_archive **ret, struct fault *f)
{
        _cleanup_(pack_archive_freep) struct pack_archive *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        p->fd = fd;
        p->mtime = mtime;
        r = digest_new(&p->digest);
        if (r < 0)
                return r;
        p->archive = archive_write_new();
        if (!p->archive)
                return -ENOMEM;
        /* GNU's format, which holds names as bytes: what pax says is UTF-8, libarchive composes (NFC) when
         * it reads, and the entry would no longer be the one that was signed */
        if (archive_write_set_format_gnutar(p->archive) != ARCHIVE_OK ||
            set_filter(p->archive, compression, level) < 0 ||
            /* no padding behind the compressed stream: the agent takes bytes behind the end for an attack */
            archive_write_set_bytes_in_last_block(p->archive, 1) != ARCHIVE_OK ||
            archive_write_open(p->archive, p, NULL, on_write, NULL) != ARCHIVE_OK)
                return pack_fault(p, f);
        *ret = TAKE_PTR(p);
        return 0;
}

static void free_entry(struct archive_entry **e)
{
        archive_entry_free(*e);
}

int pack_archive_add(struct pack_archive *p, const struct entry *e, struct fault *f)
{
        static const unsigned types[] = {
                [ENTRY_FILE] = AE_IFREG,
                [ENTRY_DIRECTORY] = AE_IFDIR,
                [ENTRY_SYMLINK] = AE_IFLNK,
        };
        _cleanup_(free_entry) struct archive_entry *a = archive_entry_new();

        if (!a)
                return -ENOMEM;
        archive_entry_set_pathname(a, e->path);
        archive_entry_set_filetype(a, types[e->type]);
        archive_entry_set_perm(a, e->mode);
        archive_entry_set_uid(a, 0);
        archive_entry_set_gid(a, 0);
        archive_entry_set_mtime(a, (time_t)p->mtime, 0);
        archive_entry_set_size(a, (la_int64_t)e->size);
        if (e->target)
                archive_entry_set_symlink(a, e->target);
        /* ARCHIVE_WARN is a name libarchive could not write as it stands: not the same tree any more */
        if (archive_write_header(p->archive, a) != ARCHIVE_OK) {
                (void)pack_fault(p, f);
                return fault_prefix(f, "%s", e->path);
        }
        return 0;
}

int pack_archive_write(struct pack_archive *p, const void *data, size_t len, struct fault *f)
{
        if (archive_write_data(p->archive, data, len) != (la_ssize_t)len)
                return pack_fault(p, f);
        return 0;
}

int pack_archive_close(struct pack_archive *p, char ret_sum[static DIGEST_HEX_SIZE], uint64_t *ret_size,
                       struct fault *f)
{
        uint8_t sum[SHA256_SIZE];
        int r;

        if (archive_write_close(p->archive) != ARCHIVE_OK)
                return pack_fault(p, f);
        r = digest_take(p->digest, sum);
        if (r < 0)
                return r;
        text_hex(sum, sizeof(sum), ret_sum);
        *ret_size = p->size;
        return 0;
}
