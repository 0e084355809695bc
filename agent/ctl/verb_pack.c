/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift pack: a tree and an intent become a bundle and a sealed manifest, the same bytes for the same
 * input. Whatever the agent would refuse later is refused here first, by the agent's own parser. Writes two
 * files beside their final names and renames them when all is well; the tree is only read, each file once.
 */

#include "ctl/verbs.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <sys/stat.h>

#include "ctl/pack_archive.h"
#include "ctl/pack_tree.h"
#include "ctl/pack_warn.h"
#include "facts/name.h"
#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/text.h"

enum {
        PACK_CHUNK = 64 * 1024,
        /* ".<name>-<version>.manifest.new": the parts have their own limits, this has room for them */
        PACK_NAME_SIZE = NAME_SIZE + VERSION_SIZE + 32,
};

static const char *arg_manifest, *arg_output, *arg_compression, *arg_level;
static struct args_list arg_public;
static bool arg_json, arg_strict;

static const struct args_option options[] = {
        ARGS_TEXT('m', "manifest", "FILE", &arg_manifest, "the release's intent (required)"),
        ARGS_TEXT('o', "output", "DIR", &arg_output, "where the release goes, made if need be; default ."),
        ARGS_TEXT('c', "compression", "zstd|gzip", &arg_compression, "default zstd"),
        ARGS_TEXT('l', "level", "N", &arg_level, "1 to 19 (zstd, default 12) or 9 (gzip, default 9)"),
        ARGS_LIST('p', "public", "PATH", &arg_public, "what looks like a secret there is none; may hold *"),
        ARGS_FLAG(0, "strict", &arg_strict, "a warning is an error, and nothing is made"),
        ARGS_FLAG(0, "json", &arg_json, "say as JSON what was made"),
};

static const struct args_command command = {
        .name = "sealift pack",
        .operands = "DIR",
        .help = "Makes NAME-VERSION.tar.zst and NAME-VERSION.manifest of the tree DIR. The same tree gives "
                "the\n"
                "same bytes; every time stamp is SOURCE_DATE_EPOCH, or 0.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

struct pack {
        struct manifest *m; /* owned: the intent; its content is filled here */
        char *intent;       /* owned */
        size_t intent_len;
        int tree, output;       /* owned */
        struct pack_warn *warn; /* owned */
        unsigned level;
        uint64_t mtime;
        char bundle_name[PACK_NAME_SIZE], manifest_name[PACK_NAME_SIZE];
        char temporary[PACK_NAME_SIZE + 8]; /* in output; "" when there is none */
};

static void pack_done(struct pack *p)
{
        if (*p->temporary)
                (void)unlinkat(p->output, p->temporary, 0);
        (void)manifest_free(p->m);
        (void)pack_warn_free(p->warn);
        free(p->intent);
        (void)fd_close(p->tree);
        (void)fd_close(p->output);
}

/* ---- before anything is written */

static int pack_read_options(struct pack *p, struct fault *f)
{
        const char *epoch = getenv("SOURCE_DATE_EPOCH");
        struct content *c = &p->m->content;
        uint64_t level = 0;

        c->compression = COMPRESSION_ZSTD;
        if (arg_compression && str_eq(arg_compression, "gzip"))
                c->compression = COMPRESSION_GZIP;
        else if (arg_compression && !str_eq(arg_compression, "zstd"))
                return fault_set(f, -EINVAL, "--compression=%s: must be zstd or gzip", arg_compression);
        if (arg_level &&
            (text_parse_u64(arg_level,
                            c->compression == COMPRESSION_ZSTD ? PACK_LEVEL_MAX : PACK_GZIP_LEVEL_MAX,
                            &level) < 0 ||
             level == 0))
                return fault_set(f, -EINVAL, "--level=%s: must be 1 to %d for zstd, 1 to %d for gzip",
                                 arg_level, PACK_LEVEL_MAX, PACK_GZIP_LEVEL_MAX);
        p->level = (unsigned)level;
        if (epoch && text_parse_u64(epoch, UINT32_MAX, &p->mtime) < 0)
                return fault_set(f, -EINVAL, "SOURCE_DATE_EPOCH=%s: must be seconds since 1970", epoch);
        return 0;
}

static int open_directory(const char *path, int *ret, struct stat *ret_st, struct fault *f)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0 || fstat(fd, ret_st) < 0)
                return fault_set_errno(f, -errno, "%s: cannot open the directory", path);
        *ret = TAKE_FD(fd);
        return 0;
}

/* What the manifest will be: the intent byte for byte, then the content. Parsed as the agent will. */
static int pack_seal(const struct pack *p, struct buffer *out, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *sealed = NULL;
        int r;

        (void)buffer_append(out, p->intent, p->intent_len);
        (void)buffer_append_text(out, p->intent[p->intent_len - 1] == '\n' ? "\n" : "\n\n");
        r = manifest_write_content(&p->m->content, out);
        if (r == -EFBIG)
                return fault_set(f, r, "the manifest would be larger than 32M; pack small files together");
        if (r < 0)
                return r;
        return manifest_parse(out->data, out->len, arg_manifest, &sealed, f);
}

/* A trial with sums of zero: names that collide or a program that is missing are found before minutes are
 * spent on compressing. */
static int pack_rehearse(struct pack *p, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(MANIFEST_BYTES_MAX);

        memset(p->m->content.sha256, '0', DIGEST_HEX_SIZE - 1);
        return pack_seal(p, &text, f);
}

static int pack_prepare(struct pack *p, const char *tree, struct fault *f)
{
        const char *output = arg_output ? arg_output : ".";
        struct stat st;
        int r;

        r = ctl_read_manifest(arg_manifest, &p->m, &p->intent, &p->intent_len, f);
        if (r < 0)
                return r;
        if (p->m->content.sealed)
                return fault_set(f, -EINVAL, "%s: has a [Content] already; pack the intent it was made from",
                                 arg_manifest);
        if (p->m->withdrawn)
                return fault_set(f, -EINVAL, "%s: Withdrawn= is for sealift withdraw to write",
                                 arg_manifest);
        r = pack_read_options(p, f);
        if (r < 0)
                return r;
        (void)snprintf(p->bundle_name, sizeof(p->bundle_name), "%s-%s.tar.%s", p->m->name, p->m->version,
                       p->m->content.compression == COMPRESSION_ZSTD ? "zst" : "gz");
        (void)snprintf(p->manifest_name, sizeof(p->manifest_name), "%s-%s.manifest", p->m->name,
                       p->m->version);
        r = open_directory(tree, &p->tree, &st, f);
        if (r < 0)
                return r;
        if (mkdir(output, 0777) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the directory", output);
        r = open_directory(output, &p->output, &st, f);
        if (r < 0)
                return r;
        r = pack_tree_list(p->tree, &st, &p->m->content, f);
        if (r < 0)
                return fault_prefix(f, "%s", tree);
        r = pack_rehearse(p, f);
        return r < 0 ? r : pack_warn_intent(p->warn, arg_manifest, p->m);
}

/* ---- the bundle */

static int fault_changed(const char *path, struct fault *f)
{
        return fault_set(f, -EBUSY, "%s: changed while it was packed; pack again when nothing writes there",
                         path);
}

static bool stat_same(const struct stat *a, const struct stat *b)
{
        return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
               a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
               a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Exactly e->size bytes from fd to the archive, the sum and those who look for secrets. */
static int pack_copy(struct pack *p, struct pack_archive *a, int fd, const struct entry *e,
                     struct digest *sum, struct fault *f)
{
        char chunk[PACK_CHUNK];
        uint64_t left = e->size;
        size_t n;
        int r;

        pack_warn_file_begin(p->warn, e->path);
        do {
                r = io_read_full(fd, chunk, left < sizeof(chunk) ? left + 1 : sizeof(chunk), &n);
                if (r < 0)
                        return fault_set_errno(f, r, "%s: cannot read", e->path);
                if (n > left)
                        return fault_changed(e->path, f);
                r = digest_add(sum, chunk, n);
                if (r < 0)
                        return r;
                pack_warn_file_add(p->warn, chunk, n);
                r = n > 0 ? pack_archive_write(a, chunk, n, f) : 0;
                if (r < 0)
                        return r;
                left -= n;
        } while (n > 0);
        return left == 0 ? pack_warn_file_end(p->warn, e->path) : fault_changed(e->path, f);
}

static int pack_file(struct pack *p, struct pack_archive *a, struct entry *e, struct digest *sum,
                     struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat before, after;
        int r;

        fd = pack_tree_open(p->tree, e->path, f);
        if (fd < 0)
                return fd;
        if (fstat(fd, &before) < 0)
                return fault_set_errno(f, -errno, "%s: cannot stat", e->path);
        if (!S_ISREG(before.st_mode) || (uint64_t)before.st_size != e->size)
                return fault_changed(e->path, f);
        r = pack_copy(p, a, fd, e, sum, f);
        if (r < 0)
                return r;
        if (fstat(fd, &after) < 0 || !stat_same(&before, &after))
                return fault_changed(e->path, f);
        return digest_take(sum, e->sha256);
}

static int pack_entries(struct pack *p, int fd, struct fault *f)
{
        _cleanup_(pack_archive_freep) struct pack_archive *a = NULL;
        _cleanup_(digest_freep) struct digest *sum = NULL;
        struct content *c = &p->m->content;
        int r;

        r = digest_new(&sum);
        if (r < 0)
                return r;
        r = pack_archive_open(fd, c->compression, p->level, p->mtime, &a, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < c->n_entries; i++) {
                r = pack_archive_add(a, c->entries + i, f);
                if (r < 0)
                        return r;
                r = c->entries[i].type == ENTRY_FILE ? pack_file(p, a, c->entries + i, sum, f) : 0;
                if (r < 0)
                        return r;
        }
        return pack_archive_close(a, c->sha256, &c->size, f);
}

static int pack_write_bundle(struct pack *p, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        char name[PACK_NAME_SIZE + 8];
        int r;

        (void)snprintf(name, sizeof(name), ".%s.new", p->bundle_name);
        if (unlinkat(p->output, name, 0) < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "%s: cannot remove what an earlier run left", name);
        fd = openat(p->output, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot create", name);
        memcpy(p->temporary, name, sizeof(name));
        r = pack_entries(p, fd, f);
        if (r < 0)
                return r;
        return fsync(fd) < 0 ? fault_set_errno(f, -errno, "%s: cannot write", p->bundle_name) : 0;
}

/* ---- the release */

static int pack_judge(struct pack *p, struct fault *f)
{
        size_t n;
        int r;

        r = pack_warn_finish(p->warn, p->bundle_name, &p->m->content);
        n = pack_warn_count(p->warn);
        if (r >= 0 && arg_strict && n > 0)
                return fault_set(f, -EINVAL, "%zu warning%s, and --strict: nothing was made", n,
                                 n == 1 ? "" : "s");
        return r;
}

/* The bundle first: a manifest never stands there without it. */
static int pack_publish(struct pack *p, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer text = BUFFER_INIT(MANIFEST_BYTES_MAX);
        int r;

        r = pack_seal(p, &text, f);
        if (r < 0)
                return r;
        if (renameat(p->output, p->temporary, p->output, p->bundle_name) < 0)
                return fault_set_errno(f, -errno, "%s: cannot rename to it", p->bundle_name);
        *p->temporary = '\0';
        r = io_replace_file_at(p->output, p->manifest_name, text.data, text.len, 0644, f);
        if (r < 0)
                (void)unlinkat(p->output, p->bundle_name, 0);
        return r;
}

static int pack_print(const struct pack *p)
{
        const struct content *c = &p->m->content;
        const char *directory = arg_output ? arg_output : "", *slash = arg_output ? "/" : "";
        char bundle[PATH_MAX], manifest[PATH_MAX];
        json_t *j;

        (void)snprintf(bundle, sizeof(bundle), "%s%s%s", directory, slash, p->bundle_name);
        (void)snprintf(manifest, sizeof(manifest), "%s%s%s", directory, slash, p->manifest_name);
        if (!arg_json) {
                printf("%s: %" PRIu64 " bytes, %zu entries of %" PRIu64 " bytes\n%s: sealed\n", bundle,
                       c->size, c->n_entries, c->unpacked_size, manifest);
                return 0;
        }
        j = json_pack("{ss ss ss ss ss sI sI sI sO}", "name", p->m->name, "version", p->m->version, "bundle",
                      bundle, "manifest", manifest, "sha256", c->sha256, "size", (json_int_t)c->size,
                      "unpackedSize", (json_int_t)c->unpacked_size, "entries", (json_int_t)c->n_entries,
                      "warnings", pack_warn_json(p->warn));
        if (!j)
                return -ENOMEM;
        (void)json_dumpf(j, stdout, JSON_INDENT(2));
        printf("\n");
        json_decref(j);
        return 0;
}

int verb_pack(int argc, char **argv)
{
        _cleanup_(pack_done) struct pack p = { .tree = -EBADF, .output = -EBADF };
        struct fault f = {};
        char **operands;
        int n, r, status;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        if (!arg_manifest) {
                (void)fault_set(&f, -EINVAL, "which release is this? Say so with --manifest=FILE");
                return ctl_fail(&command, -EINVAL, &f);
        }
        r = pack_warn_new(command.name, &arg_public, &p.warn);
        if (r >= 0)
                r = pack_prepare(&p, operands[0], &f);
        if (r >= 0)
                r = pack_write_bundle(&p, &f);
        if (r >= 0)
                r = pack_judge(&p, &f);
        if (r >= 0)
                r = pack_publish(&p, &f);
        if (r >= 0)
                r = pack_print(&p);
        return r < 0 ? ctl_fail(&command, r, &f) : EXIT_STATUS_OK;
}
