/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes, reads and removes places in the store. Its input are names and a manifest from sealiftd, which may
 * be an attacker by now; what counts is the manifest's sum, which signed metadata named, and this host's
 * policy. It never writes below tree, and follows no link anywhere. */

#include "unitd/release.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include "doors/credstore.h"
#include "doors/policydir.h"
#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/digest.h"
#include "facts/name.h"
#include "ground/io.h"

void release_tree_path(const struct unitd_request *q, char ret[static RELEASE_PATH_SIZE])
{
        char name[NAME_RELEASE_SIZE];

        name_release(q->version, q->digest, name);
        (void)snprintf(ret, RELEASE_PATH_SIZE, "%s/%s/%s/tree", RELEASES_PATH, q->bundle, name);
}

/* A folder of root's that nobody else can change. */
static int folder_open(int dirfd, const char *name, int *ret)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)))
                return -EPERM;
        *ret = TAKE_FD(fd);
        return 0;
}

static int folder_make(int dirfd, const char *name, int *ret)
{
        bool made = mkdirat(dirfd, name, 0755) >= 0;

        if (!made && errno != EEXIST)
                return -errno;
        /* Names, not files, are what a power cut could lose here. */
        if (made && fsync(dirfd) < 0)
                return -errno;
        return folder_open(dirfd, name, ret);
}

static int release_open(const struct releases *s, const struct unitd_request *q,
                        int (*step)(int dirfd, const char *name, int *ret), int *ret, struct fault *f)
{
        _cleanup_close_ int bundle_fd = -EBADF;
        char name[NAME_RELEASE_SIZE];
        int r;

        name_release(q->version, q->digest, name);
        r = step(s->fd, q->bundle, &bundle_fd);
        if (r >= 0)
                r = step(bundle_fd, name, ret);
        if (r < 0)
                return fault_set_errno(f, r, "%s/%s/%s", RELEASES_PATH, q->bundle, name);
        return 0;
}

/* systemd shows a service no credentials but its own, and us no /home: what counts is what PID 1 sees. */
#define HOST_ROOT "/proc/1/root"

/* What a manifest is on this host, as far as the host lets it. */
static int manifest_apply(const struct manifest *m, struct effective *ret, struct fault *f)
{
        _cleanup_(effective_done) struct effective e = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r;

        r = policydir_read(CONFIG_POLICY_PATH, &p, f);
        if (r >= 0)
                r = sitedir_apply(CONFIG_BUNDLES_PATH, m, &e, f);
        for (size_t i = 0; r >= 0 && i < e.n; i++)
                r = policy_check(p, e.items[i], f);
        for (size_t i = 0; r >= 0 && i < e.n; i++)
                r = credstore_resolve(HOST_ROOT, e.items[i], f);
        if (r < 0)
                return r;
        *ret = e;
        e = (struct effective){};
        return 0;
}

static int manifest_check(const struct unitd_request *q, const char *text, size_t len, struct effective *ret,
                          struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        char digest[DIGEST_HEX_SIZE], file[NAME_SIZE + 16];
        int r;

        r = digest_hex(text, len, digest);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        if (!str_eq(digest, q->digest))
                return fault_set(f, -EBADMSG, "%s %s: the manifest is not the one that was signed",
                                 q->bundle, q->version);
        (void)snprintf(file, sizeof(file), "%s.manifest", q->bundle);
        r = manifest_parse(text, len, file, &m, f);
        if (r < 0)
                return r;
        if (!str_eq(m->name, q->bundle) || !str_eq(m->version, q->version) || !m->content.sealed)
                return fault_set(f, -EBADMSG, "%s %s: the manifest is of %s %s%s", q->bundle, q->version,
                                 m->name, m->version, m->content.sealed ? "" : ", not sealed");
        return manifest_apply(m, ret, f);
}

/* Seals make it memory: a pipe, or a file on a slow file system, could make us wait for ever. */
static int manifest_receive(int fd, char **ret, size_t *ret_len, struct fault *f)
{
        const int needed = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW;
        int seals, r;

        seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & needed) != needed || lseek(fd, 0, SEEK_SET) < 0)
                return fault_set(f, -EPROTO, "the manifest is not in a sealed memfd");
        r = io_read_all(fd, MANIFEST_BYTES_MAX, ret, ret_len);
        return r < 0 ? fault_set_errno(f, r, "cannot read the manifest") : 0;
}

/* tree belongs to sealiftd, and its name to us. */
static int tree_make(const struct releases *s, int release_fd, int *ret)
{
        _cleanup_close_ int fd = -EBADF;

        if (mkdirat(release_fd, "tree", 0755) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(release_fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, s->uid, s->gid) < 0 || fsync(release_fd) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

int release_prepare(const struct releases *s, const struct unitd_request *q, int manifest_fd,
                    int *ret_tree_fd, struct fault *f)
{
        _cleanup_(effective_done) struct effective e = {};
        _cleanup_close_ int release_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = manifest_receive(manifest_fd, &text, &len, f);
        if (r >= 0)
                r = manifest_check(q, text, len, &e, f);
        if (r >= 0)
                r = release_open(s, q, folder_make, &release_fd, f);
        if (r >= 0)
                r = io_replace_file_at(release_fd, "manifest", text, len, 0644, f);
        if (r < 0)
                return r;
        r = tree_make(s, release_fd, ret_tree_fd);
        return r < 0 ? fault_set_errno(f, r, "%s %s: cannot make its tree", q->bundle, q->version) : 0;
}

int release_load(const struct releases *s, const struct unitd_request *q, struct effective *ret,
                 struct fault *f)
{
        _cleanup_close_ int release_fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = release_open(s, q, folder_open, &release_fd, f);
        if (r >= 0)
                r = io_read_file_at(release_fd, "manifest", MANIFEST_BYTES_MAX, &text, &len, f);
        if (r >= 0)
                r = manifest_check(q, text, len, ret, f);
        return r;
}

/* tree first: where it is not empty, nothing has been touched. Repeated after a power cut, each step may
 * find its work done. */
static int release_unlink(int release_fd)
{
        static const struct {
                const char *name;
                int flags;
        } parts[] = { { "tree", AT_REMOVEDIR }, { ".manifest.new", 0 }, { "manifest", 0 } };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (unlinkat(release_fd, parts[i].name, parts[i].flags) < 0 && errno != ENOENT)
                        return -errno;
        return 0;
}

int release_remove(const struct releases *s, const struct unitd_request *q, struct fault *f)
{
        _cleanup_close_ int bundle_fd = -EBADF, release_fd = -EBADF;
        char name[NAME_RELEASE_SIZE];
        int r;

        name_release(q->version, q->digest, name);
        r = folder_open(s->fd, q->bundle, &bundle_fd);
        if (r >= 0)
                r = folder_open(bundle_fd, name, &release_fd);
        if (r >= 0)
                r = release_unlink(release_fd);
        if (r >= 0 && (unlinkat(bundle_fd, name, AT_REMOVEDIR) < 0 || fsync(bundle_fd) < 0))
                r = -errno;
        if (r < 0)
                return fault_set_errno(f, r, "%s/%s/%s: cannot remove it", RELEASES_PATH, q->bundle, name);
        (void)unlinkat(s->fd, q->bundle, AT_REMOVEDIR); /* fails while there is another release: good */
        return 0;
}
