/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The targets of a repository: bytes against metadata, manifests as the agent reads them, bundles against
 * their manifests. Bytes go to a file without a name, and to nobody before their sum is right. */

#include "ctl/verify.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "ctl/bundle_check.h"
#include "facts/plan.h"
#include "ground/io.h"
#include "ground/text.h"

struct arriving {
        struct tuf_check *check;
        int fd;
};

static int sink_arriving(void *userdata, const void *data, size_t len, struct fault *f)
{
        struct arriving *x = userdata;
        int r;

        r = tuf_check_add(x->check, data, len, f);
        if (r >= 0 && x->fd >= 0) {
                r = io_write_full(x->fd, data, len);
                if (r < 0) /* our disk is no verdict over the target, whatever errno it has */
                        return fault_set(f, -EIO, "cannot keep it meanwhile: %s", strerror(-r));
        }
        return r;
}

/* fd: where the bytes go, or negative. */
static int target_fetch(struct verify *v, const struct tuf_file *target, int fd, struct fault *f)
{
        _cleanup_(tuf_check_freep) struct tuf_check *check = NULL;
        char path[FETCH_PATH_SIZE];
        struct arriving x;
        int r;

        r = trust_target_path(v->trust, target, path, f);
        if (r >= 0)
                r = tuf_check_new(target, &check, f);
        if (r < 0)
                return r;
        x = (struct arriving){ check, fd };
        r = download_get(&v->download, path, target->length, sink_arriving, &x, f);
        if (r >= 0)
                r = tuf_check_end(check, f);
        if (r >= 0 && fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
                r = fault_set_errno(f, -errno, "%s", path);
        return r;
}

/* Gone with its descriptor. A bundle may be larger than memory. */
static int place_open(struct fault *f)
{
        const char *tmp = getenv("TMPDIR");
        int fd;

        fd = open(tmp && *tmp ? tmp : "/var/tmp", O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                fd = memfd_create("target", MFD_CLOEXEC);
        return fd < 0 ? fault_set_errno(f, -errno, "cannot keep a target meanwhile") : fd;
}

/* "stable/web.tar.zst": where stable/web.manifest and the like are. */
struct release_name {
        char channel[NAME_SIZE], bundle[NAME_SIZE];
};

static bool release_of(const char *target, const char *suffix, struct release_name *ret)
{
        char manifest[2 * NAME_SIZE + 16];
        const char *slash = strchr(target, '/');
        size_t n = strlen(target), cut = strlen(suffix);

        if (!slash || (size_t)(slash - target) >= NAME_SIZE || n >= 2 * NAME_SIZE ||
            !str_has_suffix(target, suffix))
                return false;
        (void)snprintf(ret->channel, NAME_SIZE, "%.*s", (int)(slash - target), target);
        (void)snprintf(manifest, sizeof(manifest), "%.*s.manifest", (int)(n - cut), target);
        return plan_target_bundle(manifest, ret->channel, ret->bundle);
}

static const struct tuf_file *release_target(const struct verify *v, const struct release_name *n,
                                             const char *suffix)
{
        char name[2 * NAME_SIZE + 16];

        (void)snprintf(name, sizeof(name), "%s/%s%s", n->channel, n->bundle, suffix);
        return trust_find_target(v->trust, name);
}

static int manifest_fetch(struct verify *v, const struct tuf_file *target, const struct release_name *n,
                          struct manifest **ret, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t len = 0;
        int r;

        if (target->length > MANIFEST_BYTES_MAX)
                return fault_set(f, -EFBIG, "signed with %" PRIu64 " bytes, a manifest has at most %" PRIu64,
                                 target->length, MANIFEST_BYTES_MAX);
        fd = place_open(f);
        if (fd < 0)
                return fd;
        r = target_fetch(v, target, fd, f);
        if (r < 0)
                return r;
        r = io_read_all(fd, MANIFEST_BYTES_MAX, &text, &len);
        if (r < 0)
                return fault_set_errno(f, r, "cannot read");
        r = manifest_parse(text, len, target->name, &m, f);
        if (r < 0)
                return r;
        if (!m->content.sealed && !m->withdrawn)
                return fault_set(f, -EINVAL, "has no content part; publish what `sealift pack` makes");
        if (!str_eq(m->name, n->bundle))
                return fault_set(f, -EINVAL, "is the manifest of bundle %s", m->name);
        *ret = TAKE_PTR(m);
        return 0;
}

static const char *suffix_of(const struct manifest *m)
{
        return m->content.compression == COMPRESSION_GZIP ? ".tar.gz" : ".tar.zst";
}

/* The manifest and its bundle are named by the same metadata, and name the same bytes. */
static int check_manifest(struct verify *v, const struct tuf_file *target, const struct release_name *n,
                          struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        char sha256[DIGEST_HEX_SIZE] = "";
        const struct tuf_file *bundle;
        int r;

        if (!target->has_sha256)
                return fault_set(f, -EINVAL, "signed without a SHA-256; publish it with `sealift publish`");
        r = manifest_fetch(v, target, n, &m, f);
        if (r < 0)
                return r;
        if (m->withdrawn)
                return 0;
        bundle = release_target(v, n, suffix_of(m));
        if (!bundle)
                return fault_set(f, -ENOENT,
                                 "its bundle is not in the signed metadata; publish the release again");
        if (bundle->has_sha256)
                text_hex(bundle->sha256, sizeof(bundle->sha256), sha256);
        if (bundle->length != m->content.size || !str_eq(sha256, m->content.sha256))
                return fault_set(
                        f, -EBADMSG,
                        "signed metadata and manifest name different bytes; publish the release again");
        v->n_releases++;
        return 0;
}

/* What is wrong with the manifest is said of the manifest. */
static int check_bundle(struct verify *v, const struct tuf_file *target, const struct release_name *n,
                        struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        const struct tuf_file *manifest = release_target(v, n, ".manifest");
        _cleanup_close_ int fd = -EBADF;
        int r;

        fd = place_open(f);
        if (fd < 0)
                return fd;
        r = target_fetch(v, target, fd, f);
        if (r < 0 || !manifest || manifest_fetch(v, manifest, n, &m, NULL) < 0 || m->withdrawn ||
            !str_has_suffix(target->name, suffix_of(m)))
                return r;
        return bundle_check(fd, m, f);
}

static int check_target(struct verify *v, const struct tuf_file *target, struct fault *f)
{
        struct release_name n;

        if (release_of(target->name, ".manifest", &n))
                return check_manifest(v, target, &n, f);
        if (release_of(target->name, ".tar.zst", &n) || release_of(target->name, ".tar.gz", &n))
                return check_bundle(v, target, &n, f);
        return target_fetch(v, target, -EBADF, f);
}

int verify_targets(struct verify *v, struct fault *first, struct fault *f)
{
        char glob[NAME_SIZE + 2] = "*";
        const struct tuf_file *target;
        size_t i = 0;
        int r;

        if (v->options->channel)
                (void)snprintf(glob, sizeof(glob), "%s/*", v->options->channel);
        while ((r = trust_next_target(v->trust, glob, &i, &target)) > 0) {
                struct fault why = {};

                if (v->options->on_target)
                        v->options->on_target(target);
                if (check_target(v, target, &why) >= 0) {
                        v->n_targets++;
                        v->n_bytes += target->length;
                        continue;
                }
                if (!strstr(why.text, target->name))
                        (void)fault_prefix(&why, "%s", target->name);
                if (!trust_is_verdict(why.error)) {
                        *f = why;
                        return why.error;
                }
                verify_problem(v, target->name, &why, first);
        }
        return r < 0 ? fault_set_errno(f, r, "targets") : 0;
}
