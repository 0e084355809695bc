/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tar reader's door: libarchive with the tar format and no filter, fed with plain bytes. libarchive's
 * own SECURE flags are for its disk writer, which is not used here; what an entry may be is decided below,
 * and anything libarchive is not entirely happy with (ARCHIVE_WARN, ARCHIVE_RETRY) ends the work, since a
 * reader that guesses can guess differently from the one who packed. Nothing is opened or written here. */

#include "unpack/tarball.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include "facts/name.h"
#include "ground/message.h"
#include "unpack/source.h"

enum {
        /* A tarball may be larger than the files in it: a header and padding an entry, pax records for long
         * names, and the zeros at its end (GNU tar's record is 10 KiB). Endless padding is refused. */
        TARBALL_ENTRY_OVERHEAD = 8 * 1024,
        TARBALL_TAIL_MAX = 1024 * 1024,
        /* Two blocks of zeros end an archive (POSIX pax). */
        TARBALL_END = 1024,
};

struct tarball {
        struct archive *archive; /* owned */
        struct source *source;   /* owned */
        struct fault fault;      /* what on_read() could not return */
        const struct unpack_start *start;
        const struct tarball_sink *sink;
        uint64_t entries, bytes;
        struct unpack_entry entry;
};

static void tarball_done(struct tarball *t)
{
        (void)archive_read_free(t->archive);
        t->source = source_free(t->source);
}

static la_ssize_t on_read(struct archive *a, void *userdata, const void **ret)
{
        struct tarball *t = userdata;
        size_t len;
        int r;

        r = source_read(t->source, ret, &len, &t->fault);
        if (r < 0) {
                archive_set_error(a, -r, "%s", t->fault.text);
                return ARCHIVE_FATAL;
        }
        return r == 0 ? 0 : (la_ssize_t)len;
}

/* where: "" when it is name that is wrong, "after " when it is what comes behind it. */
static int archive_fault(struct tarball *t, const char *where, const char *name, struct fault *f)
{
        const char *text = archive_error_string(t->archive);

        if (t->fault.error < 0)
                return fault_set(f, t->fault.error, "%s", t->fault.text);
        if (archive_errno(t->archive) == ENOMEM)
                return fault_set(f, -ENOMEM, "%s%.200s: no memory for it", where, name);
        return fault_set(f, -EINVAL, "%s%.200s: damaged archive: %s", where, name,
                         text ? text : "no reason given");
}

static int tarball_open(struct tarball *t, int fd, struct fault *f)
{
        const struct unpack_start *start = t->start;
        uint64_t plain_max;
        int r;

        if (start->bytes_max > BUNDLE_BYTES_MAX || start->entries_max > BUNDLE_ENTRIES_MAX)
                return fault_set(f, -EFBIG, "bundle: announced larger than any bundle may be");
        plain_max = start->bytes_max + start->entries_max * TARBALL_ENTRY_OVERHEAD + TARBALL_TAIL_MAX;
        r = source_new(fd, start, plain_max, &t->source, f);
        if (r < 0)
                return r;
        t->archive = archive_read_new();
        if (!t->archive)
                return fault_set(f, -ENOMEM, "bundle: no memory for the archive reader");
        if (archive_read_support_format_tar(t->archive) != ARCHIVE_OK ||
            archive_read_open(t->archive, t, NULL, on_read, NULL) != ARCHIVE_OK)
                return archive_fault(t, "", "bundle", f);
        return 0;
}

static bool has_hardlink(struct archive_entry *e)
{
        return archive_entry_hardlink(e) != NULL;
}

static bool has_sparse(struct archive_entry *e)
{
        return archive_entry_sparse_count(e) > 0;
}

static bool has_xattr(struct archive_entry *e)
{
        return archive_entry_xattr_count(e) > 0;
}

static bool has_acl(struct archive_entry *e)
{
        return archive_entry_acl_types(e) != 0;
}

static bool has_fflags(struct archive_entry *e)
{
        unsigned long set, clear;

        archive_entry_fflags(e, &set, &clear);
        return set != 0 || clear != 0 || archive_entry_fflags_text(e) != NULL;
}

static bool has_mac_metadata(struct archive_entry *e)
{
        size_t n;

        return archive_entry_mac_metadata(e, &n) != NULL;
}

static bool has_special_bits(struct archive_entry *e)
{
        return (archive_entry_perm(e) & (S_ISUID | S_ISGID | S_ISVTX)) != 0;
}

/* What no entry may be or carry, first match wins. A hard link could reach an entry that was checked as
 * something else; the rest is power that the manifest does not sign. */
static const struct refusal {
        bool (*test)(struct archive_entry *e);
        const char *why;
} refusals[] = {
        { has_hardlink, "is a hard link" },
        { has_special_bits, "is setuid, setgid or sticky" },
        { has_sparse, "is a sparse file" },
        { has_xattr, "carries extended attributes" },
        { has_acl, "carries an ACL" },
        { has_fflags, "carries file flags" },
        { has_mac_metadata, "carries resource forks" },
};

static const struct kind {
        mode_t filetype;
        enum entry_type type; /* 0: refused */
        const char *why;
} kinds[] = {
        { AE_IFREG, ENTRY_FILE, NULL },           { AE_IFDIR, ENTRY_DIRECTORY, NULL },
        { AE_IFLNK, ENTRY_SYMLINK, NULL },        { AE_IFBLK, 0, "is a block device" },
        { AE_IFCHR, 0, "is a character device" }, { AE_IFIFO, 0, "is a FIFO" },
        { AE_IFSOCK, 0, "is a socket" },
};

static int entry_check_kind(struct archive_entry *e, const char *name, enum entry_type *ret, struct fault *f)
{
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++)
                if (refusals[i].test(e))
                        return fault_set(f, -EINVAL, "%.200s: %s, which a bundle may not hold", name,
                                         refusals[i].why);
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                if (kinds[i].filetype != archive_entry_filetype(e))
                        continue;
                if (kinds[i].type == 0)
                        return fault_set(f, -EINVAL, "%.200s: %s, which a bundle may not hold", name,
                                         kinds[i].why);
                *ret = kinds[i].type;
                return 0;
        }
        return fault_set(f, -EINVAL, "%.200s: of an unknown type, which a bundle may not hold", name);
}

static bool path_climbs(const char *path)
{
        for (;;) {
                size_t n = strcspn(path, "/");

                if (n == 2 && path[0] == '.' && path[1] == '.')
                        return true;
                if (path[n] == '\0')
                        return false;
                path += n + 1;
        }
}

static const char *path_problem(const char *path)
{
        if (path[0] == '\0')
                return "has an empty name";
        if (path[0] == '/')
                return "is an absolute path";
        if (path_climbs(path))
                return "climbs with '..'";
        return "is not a name for a bundle (empty or '.' components, control characters, not UTF-8, too "
               "long or too deep)";
}

/* "./name" and "directory/" are how tar programs write "name" and "directory". */
static int entry_set_path(struct unpack_entry *e, const char *name, struct fault *f)
{
        size_t len;

        if (str_has_prefix(name, "./"))
                name += 2;
        len = strlen(name);
        if (e->type == ENTRY_DIRECTORY && len > 0 && name[len - 1] == '/')
                len--;
        if (len >= sizeof(e->path))
                return fault_set(f, -EINVAL, "%.200s...: longer than %zu bytes", name, sizeof(e->path) - 1);
        memcpy(e->path, name, len);
        e->path[len] = '\0';
        if (!name_entry_valid(e->path))
                return fault_set(f, -EINVAL, "%.200s: %s", name, path_problem(e->path));
        return 0;
}

static int entry_set_target(struct unpack_entry *e, const char *target, struct fault *f)
{
        if (!target || strlen(target) >= sizeof(e->target) || !name_target_valid(e->path, target))
                return fault_set(f, -EINVAL, "%.200s: a symbolic link out of the bundle, to '%.200s'",
                                 e->path, target ? target : "");
        memcpy(e->target, target, strlen(target) + 1);
        return 0;
}

static int entry_convert(struct archive_entry *from, struct unpack_entry *e, struct fault *f)
{
        const char *name = archive_entry_pathname(from);
        enum entry_type type = 0;
        int r;

        *e = (struct unpack_entry){};
        if (!name)
                return fault_set(f, -EINVAL, "an entry's name is not UTF-8");
        r = entry_check_kind(from, name, &type, f);
        if (r < 0)
                return r;
        e->type = type;
        /* Linux knows no mode of a symbolic link, and tar programs write several. */
        e->mode = type == ENTRY_SYMLINK ? 0777 : archive_entry_perm(from);
        r = entry_set_path(e, name, f);
        if (r < 0)
                return r;
        if (archive_entry_size(from) < 0 || (type != ENTRY_FILE && archive_entry_size(from) != 0))
                return fault_set(f, -EINVAL, "%.200s: has a size it cannot have", e->path);
        e->size = (uint64_t)archive_entry_size(from);
        return type == ENTRY_SYMLINK ? entry_set_target(e, archive_entry_symlink(from), f) : 0;
}

static int tarball_count(struct tarball *t, const struct unpack_entry *e, struct fault *f)
{
        if (++t->entries > t->start->entries_max)
                return fault_set(f, -EFBIG, "%.200s: the bundle holds more entries than signed", e->path);
        if (e->size > t->start->bytes_max - t->bytes)
                return fault_set(f, -EFBIG, "%.200s: the bundle unpacks to more bytes than signed", e->path);
        t->bytes += e->size;
        return 0;
}

static int data_emit(const struct tarball_sink *sink, const uint8_t *data, size_t len, struct fault *f)
{
        while (len > 0) {
                size_t n = len < MESSAGE_PAYLOAD_MAX ? len : MESSAGE_PAYLOAD_MAX;
                int r = sink->on_data(sink->userdata, data, n, f);

                if (r < 0)
                        return r;
                data += n;
                len -= n;
        }
        return 0;
}

static int tarball_unpack_data(struct tarball *t, struct fault *f)
{
        const struct unpack_entry *e = &t->entry;
        uint64_t done = 0;

        for (;;) {
                la_int64_t offset;
                const void *data;
                size_t len;
                int r;

                r = archive_read_data_block(t->archive, &data, &len, &offset);
                if (r == ARCHIVE_EOF)
                        break;
                if (r != ARCHIVE_OK)
                        return archive_fault(t, "", e->path, f);
                if (len == 0)
                        continue;
                if ((uint64_t)offset != done || len > e->size - done)
                        return fault_set(f, -EINVAL, "%.200s: its data is not what its header says",
                                         e->path);
                r = data_emit(t->sink, data, len, f);
                if (r < 0)
                        return r;
                done += len;
        }
        if (done != e->size)
                return fault_set(f, -EINVAL, "%.200s: ends early", e->path);
        return 0;
}

/* Reads what libarchive left, so that the whole bundle has been looked at: behind the last entry stand zeros
 * and nothing else, or another reader could find another archive there. */
static int tarball_end(struct tarball *t, struct fault *f)
{
        uint64_t end = (uint64_t)archive_read_header_position(t->archive);
        const void *data;
        size_t len;
        int r;

        do
                r = source_read(t->source, &data, &len, f);
        while (r > 0);
        if (r < 0)
                return r;
        if (source_last_nonzero(t->source) > end)
                return fault_set(f, -EINVAL, "bundle: data after the end of the archive");
        if (source_given(t->source) < end + TARBALL_END)
                return fault_set(f, -EINVAL, "bundle: the archive has no end; it is truncated");
        return 0;
}

static int header_fault(struct tarball *t, int error, struct archive_entry *e, struct fault *f)
{
        const char *name = error == ARCHIVE_WARN ? archive_entry_pathname(e) : NULL;

        if (name)
                return archive_fault(t, "", name, f);
        return t->entries > 0 ? archive_fault(t, "after ", t->entry.path, f)
                              : archive_fault(t, "", "bundle", f);
}

static int tarball_run(struct tarball *t, struct fault *f)
{
        for (;;) {
                struct archive_entry *e;
                int r;

                r = archive_read_next_header(t->archive, &e);
                if (r == ARCHIVE_EOF)
                        return tarball_end(t, f);
                if (r != ARCHIVE_OK)
                        return header_fault(t, r, e, f);
                r = entry_convert(e, &t->entry, f);
                if (r >= 0)
                        r = tarball_count(t, &t->entry, f);
                if (r >= 0)
                        r = t->sink->on_entry(t->sink->userdata, &t->entry, f);
                if (r >= 0 && t->entry.type == ENTRY_FILE)
                        r = tarball_unpack_data(t, f);
                if (r < 0)
                        return r;
        }
}

int tarball_unpack(int fd, const struct unpack_start *start, const struct tarball_sink *sink,
                   struct fault *f)
{
        _cleanup_(tarball_done) struct tarball t = { .start = start, .sink = sink };
        int r;

        r = tarball_open(&t, fd, f);
        if (r < 0)
                return r;
        return tarball_run(&t, f);
}
