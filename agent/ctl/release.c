/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is to be published, read and checked: from files that sealift pack made, from the folder of the
 * repository, or made here. Writes nothing. */

#include "ctl/release.h"

#include <dirent.h>
#include <inttypes.h>

#include "ctl/target.h"
#include "ctl/verbs.h"
#include "facts/name.h"
#include "ground/io.h"
#include "ground/text.h"

void release_done(struct release *r)
{
        free(r->text);
        r->manifest = manifest_free(r->manifest);
        r->bundle_fd = fd_close(r->bundle_fd);
}

static const char *bundle_suffix(const struct release *r)
{
        return r->manifest->content.compression == COMPRESSION_GZIP ? ".tar.gz" : ".tar.zst";
}

static void name_targets(struct release *r)
{
        (void)snprintf(r->manifest_target, sizeof(r->manifest_target), "%s/%s.manifest", r->channel,
                       r->manifest->name);
        (void)snprintf(r->bundle_target, sizeof(r->bundle_target), "%s/%s%s", r->channel, r->manifest->name,
                       bundle_suffix(r));
}

/* ---- as sealift pack left it */

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

int release_read(const char *path, const char *channel, struct release *r, struct fault *f)
{
        int k;

        r->path = path;
        r->channel = channel;
        k = release_read_manifest(r, f);
        if (k >= 0)
                k = release_open_bundle(r, f);
        if (k >= 0)
                name_targets(r);
        return k;
}

/* ---- what was published before */

/* One after the other, the manifests of a bundle that were ever published in a channel, parsed by today's
 * rules; files that do not parse today are history, not an obstacle. */
typedef int (*each_manifest)(void *userdata, const char *channel, const char *name, const struct manifest *m,
                             struct fault *f);

struct each {
        const char *bundle;
        each_manifest call;
        void *userdata;
};

static int each_file(const struct each *e, int dirfd, const char *channel, const char *name, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        const char *dot = strchr(name, '.');
        char want[NAME_SIZE + 16];
        size_t len;

        (void)snprintf(want, sizeof(want), "%s.manifest", e->bundle);
        if (!dot || !str_eq(dot + 1, want) ||
            io_read_file_at(dirfd, name, MANIFEST_BYTES_MAX, &text, &len, NULL) < 0 ||
            manifest_parse(text, len, name, &m, NULL) < 0)
                return 0;
        return e->call(e->userdata, channel, name, m, f);
}

static int each_in_channel(const struct each *e, int dirfd, const char *channel, struct fault *f)
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
                k = each_file(e, fd, channel, d->d_name, f);
        (void)closedir(dir);
        return k;
}

static int each_in_repository(const struct each *e, const struct repository *repository, struct fault *f)
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
                        k = each_in_channel(e, fd, d->d_name, f);
        (void)closedir(dir);
        return k;
}

/* One version, one content. What takes a bundle away has the version of what it takes. */
static int check_version(void *userdata, const char *channel, const char *name, const struct manifest *m,
                         struct fault *f)
{
        const struct release *r = userdata;

        if (m->withdrawn || str_has_prefix(name, r->digest) || !str_eq(m->version, r->manifest->version))
                return 0;
        return fault_set(f, -EEXIST,
                         "%s %s was published before with other content (targets/%s/%s); "
                         "give the new content a new version",
                         m->name, m->version, channel, name);
}

int release_check_history(const struct release *r, const struct repository *repository, struct fault *f)
{
        union {
                const struct release *release;
                void *userdata;
        } x = { .release = r };

        if (r->manifest->withdrawn)
                return 0;
        return each_in_repository(&(struct each){ r->manifest->name, check_version, x.userdata }, repository,
                                  f);
}

struct recalled {
        const char *channel, *version;
        char file[TUF_ROLE_FILE_SIZE]; /* "<sha256>.<bundle>.manifest", or "" */
};

static int recall_version(void *userdata, const char *channel, const char *name, const struct manifest *m,
                          struct fault *f)
{
        struct recalled *x = userdata;

        if (!str_eq(channel, x->channel) || m->withdrawn || !str_eq(m->version, x->version))
                return 0;
        if (*x->file)
                return fault_set(f, -EEXIST, "targets/%s has two manifests of %s %s, %s and %s", channel,
                                 m->name, m->version, x->file, name);
        return text_copy(x->file, sizeof(x->file), name);
}

/* "targets/stable/<sha256>.web.manifest" to r, whose text is checked against nothing but its own name. */
static int take_manifest(const struct repository *repository, const char *channel, const char *file,
                         struct release *r, struct fault *f)
{
        char path[PATH_MAX];
        int k;

        (void)snprintf(path, sizeof(path), "targets/%s/%s", channel, file);
        k = io_read_file_at(repository_dirfd(repository), path, MANIFEST_BYTES_MAX, &r->text, &r->len, f);
        if (k >= 0)
                k = manifest_parse(r->text, r->len, path, &r->manifest, f);
        if (k >= 0)
                k = digest_hex(r->text, r->len, r->digest) < 0 ? fault_set(f, -ENOMEM, "%s", path) : 0;
        if (k >= 0 && !str_has_prefix(file, r->digest))
                k = fault_set(f, -EBADMSG, "%s: its SHA-256 is %s; the repository is damaged", path,
                              r->digest);
        return k;
}

int release_recall(const struct repository *repository, const char *channel, const char *bundle,
                   const char *version, struct release *r, struct fault *f)
{
        struct recalled x = { .channel = channel, .version = version };
        int k;

        r->channel = r->path = channel;
        k = each_in_repository(&(struct each){ bundle, recall_version, &x }, repository, f);
        if (k < 0)
                return k;
        if (!*x.file)
                return fault_set(f, -ENOENT,
                                 "%s %s was never published in channel %s, or is not in targets/%s any more",
                                 bundle, version, channel, channel);
        k = take_manifest(repository, channel, x.file, r, f);
        if (k < 0)
                return k;
        name_targets(r);
        (void)snprintf(r->bundle_path, sizeof(r->bundle_path), "targets/%s/%s.%s%s", channel,
                       r->manifest->content.sha256, bundle, bundle_suffix(r));
        r->bundle_fd = openat(repository_dirfd(repository), r->bundle_path,
                              O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
        return r->bundle_fd < 0 ? fault_set_errno(f, -errno, "%s", r->bundle_path) : 0;
}

/* ---- what the role lists now */

/* NULL: the role lists no such manifest. */
static const char *listed_sha256(const struct repository_role *role, const char *target)
{
        const json_t *listed = json_object_get(json_object_get(role->body, "targets"), target);
        const char *sha256 = json_string_value(json_object_get(json_object_get(listed, "hashes"), "sha256"));

        return sha256 && name_digest_valid(sha256) ? sha256 : NULL;
}

/* The manifest that hosts have now, of whatever kind: as the role has it, or else another one, which may be
 * overruled by the role; -ENOENT: none. */
static int take_listed(const struct repository *repository, const struct repository_role *role,
                       const char *channel, const char *bundle, struct release *r, struct fault *f)
{
        char target[RELEASE_TARGET_SIZE], file[TUF_ROLE_FILE_SIZE];
        const struct repository_role *other;
        const char *sha256;

        (void)snprintf(target, sizeof(target), "%s/%s.manifest", channel, bundle);
        sha256 = listed_sha256(role, target);
        for (size_t i = 0; !sha256 && (other = repository_nth(repository, i)); i++)
                sha256 = listed_sha256(other, target);
        if (!sha256)
                return fault_set(f, -ENOENT, "channel %s has no bundle %s", channel, bundle);
        (void)snprintf(file, sizeof(file), "%s.%s.manifest", sha256, bundle);
        return take_manifest(repository, channel, file, r, f);
}

int release_withdraw(const struct repository *repository, const struct repository_role *role,
                     const char *channel, const char *bundle, const char *reason, struct release *r,
                     struct fault *f)
{
        _cleanup_(release_done) struct release now = RELEASE_INIT;
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(MANIFEST_BYTES_MAX);
        int k;

        k = take_listed(repository, role, channel, bundle, &now, f);
        if (k < 0)
                return k;
        if (now.manifest->withdrawn)
                return fault_set(f, -EALREADY, "%s is withdrawn from channel %s already", bundle, channel);
        buffer_printf(&b, "[Bundle]\nName=%s\nVersion=%s\nWithdrawn=yes\n", bundle, now.manifest->version);
        if (reason)
                buffer_printf(&b, "Reason=%s\n", reason);
        if (b.error < 0)
                return fault_set_errno(f, b.error, "cannot make a manifest");
        r->channel = r->path = channel;
        r->len = b.len;
        r->text = TAKE_PTR(b.data);
        k = manifest_parse(r->text, r->len, "--reason", &r->manifest, f);
        if (k >= 0 && reason && !str_eq(manifest_get_bundle(r->manifest, "Reason"), reason))
                k = fault_set(f, -EINVAL, "--reason: not one line of text");
        if (k >= 0)
                k = digest_hex(r->text, r->len, r->digest) < 0 ? fault_set(f, -ENOMEM, "out of memory") : 0;
        if (k >= 0)
                name_targets(r);
        return k;
}

int release_check_epoch(const struct release *r, const struct repository *repository,
                        const struct repository_role *role, struct fault *f)
{
        _cleanup_(release_done) struct release now = RELEASE_INIT;
        struct fault ignored;
        uint64_t epoch;

        if (r->manifest->withdrawn ||
            take_listed(repository, role, r->channel, r->manifest->name, &now, &ignored) < 0)
                return 0;
        epoch = manifest_epoch(now.manifest);
        if (manifest_epoch(r->manifest) >= epoch)
                return 0;
        return fault_set(f, -EPERM,
                         "%s %s has Epoch=%" PRIu64
                         ", below that of %s, which is published now: hosts where "
                         "that proved itself refuse it; say Epoch=%" PRIu64 " or more",
                         r->manifest->name, r->manifest->version, manifest_epoch(r->manifest),
                         now.manifest->version, epoch);
}
