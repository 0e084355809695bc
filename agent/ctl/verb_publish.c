/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift publish`: a sealed manifest and its bundle become targets of a channel. All reasons to refuse are
 * looked for before the first byte is written, and the last question is put to the verifier that hosts use.
 */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include <dirent.h>
#include <limits.h>

#include "ctl/publisher.h"
#include "ctl/target.h"
#include "facts/manifest.h"
#include "facts/name.h"
#include "facts/tuf_write.h"
#include "ground/io.h"
#include "ground/text.h"

static const char *arg_repository, *arg_channel, *arg_role;
static struct signer_args arg_signer;
static bool arg_json, arg_dry_run;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg_signer),
        ARGS_TEXT('c', "channel", "NAME", &arg_channel, "the channel whose hosts get it"),
        ARGS_TEXT(0, "role", "ROLE", &arg_role, "the role that lists and signs it (targets)"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift publish",
        .operands = "MANIFEST",
        .help = "Adds a release packed by sealift pack to a channel. The bundle lies beside its manifest.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

enum { TARGET_NAME_SIZE = 2 * NAME_SIZE + 16 };

struct release {
        const char *path; /* of the manifest */
        char *text;       /* owned */
        size_t len;
        char digest[DIGEST_HEX_SIZE];
        struct manifest *manifest; /* owned */
        char bundle_path[PATH_MAX];
        int bundle_fd;
        char manifest_target[TARGET_NAME_SIZE], bundle_target[TARGET_NAME_SIZE];
};

static void release_done(struct release *r)
{
        free(r->text);
        r->manifest = manifest_free(r->manifest);
        r->bundle_fd = fd_close(r->bundle_fd);
}

/* ---- What is published, read and checked ---- */

static const char *bundle_suffix(const struct release *r)
{
        return r->manifest->content.compression == COMPRESSION_GZIP ? ".tar.gz" : ".tar.zst";
}

static int release_read_manifest(struct release *r, struct fault *f)
{
        int k;

        if (!str_has_suffix(r->path, ".manifest"))
                return fault_set(f, -EINVAL, "%s: the name of a manifest ends in .manifest", r->path);
        k = ctl_read_manifest(r->path, &r->manifest, &r->text, &r->len, f);
        if (k < 0)
                return k;
        if (!r->manifest->content.sealed)
                return fault_set(f, -EINVAL, "%s: not sealed yet; run sealift pack first", r->path);
        k = digest_hex(r->text, r->len, r->digest);
        return k < 0 ? fault_set_errno(f, k, "%s: cannot compute its hash", r->path) : 0;
}

static int release_open_bundle(struct release *r, struct fault *f)
{
        size_t stem = strlen(r->path) - STRLEN(".manifest");
        const struct content *c = &r->manifest->content;
        struct tuf_file file = { .name = r->bundle_path };
        int n, k;

        n = snprintf(r->bundle_path, sizeof(r->bundle_path), "%.*s%s", (int)stem, r->path, bundle_suffix(r));
        if (n < 0 || (size_t)n >= sizeof(r->bundle_path))
                return fault_set(f, -ENAMETOOLONG, "%s: name too long", r->path);
        r->bundle_fd = open(r->bundle_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (r->bundle_fd < 0)
                return fault_set_errno(f, -errno, "%s: the bundle that belongs to %s", r->bundle_path,
                                       r->path);
        file.length = c->size;
        file.has_length = file.has_hashes = true;
        file.has_sha256 = text_unhex(c->sha256, file.sha256, SHA256_SIZE) >= 0;
        k = target_check(&file, r->bundle_fd, f);
        if (k == -EBADMSG)
                return fault_prefix(f, "%s describes another bundle; pack it again", r->path);
        return k;
}

static int release_read(const char *path, struct release *r, struct fault *f)
{
        int k;

        r->path = path;
        k = release_read_manifest(r, f);
        if (k >= 0)
                k = release_open_bundle(r, f);
        if (k < 0)
                return k;
        (void)snprintf(r->manifest_target, sizeof(r->manifest_target), "%s/%s.manifest", arg_channel,
                       r->manifest->name);
        (void)snprintf(r->bundle_target, sizeof(r->bundle_target), "%s/%s%s", arg_channel, r->manifest->name,
                       bundle_suffix(r));
        return 0;
}

/* ---- One version, one content ---- */

/* A file of an earlier release, "<sha256>.<bundle>.manifest": the same version with another digest? Files
 * that do not parse today are history, not an obstacle. */
static int history_check(const struct release *r, int dirfd, const char *channel, const char *name,
                         struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        const char *dot = strchr(name, '.');
        char want[NAME_SIZE + 16];
        size_t len;

        (void)snprintf(want, sizeof(want), "%s.manifest", r->manifest->name);
        if (!dot || !str_eq(dot + 1, want) || str_has_prefix(name, r->digest) ||
            io_read_file_at(dirfd, name, MANIFEST_BYTES_MAX, &text, &len, NULL) < 0 ||
            manifest_parse(text, len, name, &m, NULL) < 0 || !str_eq(m->version, r->manifest->version))
                return 0;
        return fault_set(f, -EEXIST,
                         "%s %s was published before with other content (targets/%s/%s); "
                         "give the new content a new version",
                         m->name, m->version, channel, name);
}

static int history_check_channel(const struct release *r, int dirfd, const char *channel, struct fault *f)
{
        int fd = openat(dirfd, channel, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *d;
        int k = 0;

        if (!dir) {
                (void)fd_close(fd);
                return 0; /* not a folder */
        }
        while (k >= 0 && (d = readdir(dir)))
                k = history_check(r, fd, channel, d->d_name, f);
        (void)closedir(dir);
        return k;
}

static int history_check_all(const struct release *r, const struct repository *repository, struct fault *f)
{
        int fd = openat(repository_dirfd(repository), "targets", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *dir = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *d;
        int k = 0;

        if (!dir) {
                (void)fd_close(fd);
                return 0; /* nothing published yet */
        }
        while (k >= 0 && (d = readdir(dir)))
                if (d->d_name[0] != '.')
                        k = history_check_channel(r, fd, d->d_name, f);
        (void)closedir(dir);
        return k;
}

/* ---- Publishing ---- */

static int find_role(struct repository *repository, struct repository_role **ret, struct fault *f)
{
        struct repository_role *role = repository_find(repository, arg_role ?: "targets");

        if (!role || role->role != TUF_TARGETS)
                return fault_set(f, role ? -EINVAL : -ENOENT, "--role=%s: %s", arg_role,
                                 role ? "lists no targets" : "there is no such role; see sealift delegate");
        *ret = role;
        return 0;
}

/* The channel's bundle with the other compression, if it had one, is not offered any more. */
static int stage_targets(const struct release *r, struct repository_role *role, struct fault *f)
{
        const struct content *c = &r->manifest->content;
        char other[TARGET_NAME_SIZE];
        int k;

        repository_change(role);
        (void)snprintf(other, sizeof(other), "%s/%s%s", arg_channel, r->manifest->name,
                       c->compression == COMPRESSION_GZIP ? ".tar.zst" : ".tar.gz");
        (void)json_object_del(json_object_get(role->body, "targets"), other);
        k = tuf_write_target(role->body, r->bundle_target, c->size, c->sha256);
        if (k >= 0)
                k = tuf_write_target(role->body, r->manifest_target, r->len, r->digest);
        return k < 0 ? fault_set_errno(f, k, "%s", role->file) : 0;
}

/* Hosts believe the first role that lists a name, on a way there by delegations that have it (spec 5.6.7).
 */
static int look_up(const struct repository *repository, const char *target, uint64_t length,
                   const char *sha256, struct fault *f)
{
        const char *role = arg_role ?: "targets";
        struct fault why = {};
        int k;

        k = repository_look_up(repository, target, length, sha256, &why);
        if (k == -ENOENT)
                return fault_set(
                        f, -EPERM,
                        "%s: %s is not trusted with it, or a role that is asked before ends the search or "
                        "has expired",
                        target, role);
        if (k == -EBADMSG)
                return fault_set(f, -EPERM, "%s: a role that is trusted more than %s has another one",
                                 target, role);
        return k < 0 ? fault_set(f, k, "%s", why.text) : 0;
}

static int look_up_both(const struct release *r, const struct repository *repository, struct fault *f)
{
        const struct content *c = &r->manifest->content;
        int k;

        k = look_up(repository, r->manifest_target, r->len, r->digest, f);
        return k < 0 ? k : look_up(repository, r->bundle_target, c->size, c->sha256, f);
}

static int put_targets(const struct release *r, struct repository *repository, struct fault *f)
{
        const struct content *c = &r->manifest->content;
        _cleanup_close_ int fd = -EBADF;
        int k;

        k = target_put(repository_dirfd(repository), r->bundle_target, r->bundle_fd, c->size, c->sha256, f);
        if (k < 0)
                return k;
        fd = io_memfd_sealed("manifest", r->text, r->len);
        if (fd < 0)
                return fault_set_errno(f, fd, "%s", r->manifest_target);
        return target_put(repository_dirfd(repository), r->manifest_target, fd, r->len, r->digest, f);
}

static void target_file(char *path, size_t size, const char *target, const char *sha256)
{
        (void)snprintf(path, size, "targets/%s/%s.%s", arg_channel, sha256,
                       target + strlen(arg_channel) + 1);
}

/* The whole of it in the order to upload it. */
static void add_targets(const struct release *r, json_t *files)
{
        char bundle[PATH_MAX], manifest[PATH_MAX];

        target_file(bundle, sizeof(bundle), r->bundle_target, r->manifest->content.sha256);
        target_file(manifest, sizeof(manifest), r->manifest_target, r->digest);
        (void)json_array_insert_new(files, 0, json_pack("{s:s}", "path", manifest));
        (void)json_array_insert_new(files, 0, json_pack("{s:s}", "path", bundle));
}

static int report_json(const struct release *r, json_t *files)
{
        _cleanup_json_ json_t *top =
                json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:O}", "bundle", r->manifest->name, "version",
                          r->manifest->version, "digest", r->digest, "channel", arg_channel, "role",
                          arg_role ?: "targets", "written", !arg_dry_run, "files", files);

        return publisher_print_json(top);
}

static void report(const struct release *r, const json_t *files)
{
        printf("%s %s %s to channel %s; files in the order to upload them:\n",
               arg_dry_run ? "Would publish" : "Published", r->manifest->name, r->manifest->version,
               arg_channel);
        publisher_print_files(files);
}

static int publish_locked(const struct release *r, struct repository *repository, struct fault *f)
{
        _cleanup_(signer_done) struct signer signer = {};
        _cleanup_json_ json_t *files = NULL;
        struct repository_role *role = NULL;
        int k;

        k = signer_open(&arg_signer, &signer, f);
        if (k >= 0)
                k = history_check_all(r, repository, f);
        if (k >= 0)
                k = find_role(repository, &role, f);
        if (k >= 0)
                k = stage_targets(r, role, f);
        if (k >= 0)
                k = repository_stage(repository, &signer, f);
        if (k >= 0)
                k = look_up_both(r, repository, f);
        if (k < 0)
                return k;
        files = publisher_files_json(repository, &signer.keys);
        add_targets(r, files);
        if (!arg_dry_run) {
                k = put_targets(r, repository, f);
                if (k >= 0)
                        k = repository_write(repository, f);
                if (k < 0)
                        return k;
        }
        if (arg_json)
                return report_json(r, files);
        report(r, files);
        return 0;
}

static int publish(const char *path, struct fault *f)
{
        _cleanup_(release_done) struct release r = { .bundle_fd = -EBADF };
        _cleanup_(repository_freep) struct repository *repository = NULL;
        int64_t now;
        int k;

        if (!arg_repository || !arg_channel)
                return fault_set(f, -EINVAL, "--repository and --channel are needed");
        if (!name_valid(arg_channel))
                return fault_set(f, -EINVAL, "--channel=%s: not a name of [a-z0-9-]", arg_channel);
        k = publisher_now(&now, f);
        if (k >= 0)
                k = release_read(path, &r, f);
        if (k >= 0)
                k = repository_open(arg_repository, now, &repository, f);
        if (k < 0)
                return k;
        return publish_locked(&r, repository, f);
}

int verb_publish(int argc, char **argv)
{
        struct fault f = {};
        char **operands;
        int n, status, r;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        r = publish(operands[0], &f);
        return r < 0 ? ctl_fail(&command, r, &f) : EXIT_STATUS_OK;
}
