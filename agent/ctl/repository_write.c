/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is staged goes to the disk: the one place that changes a repository's metadata. It must never change
 * a file that a host may have been told of, except timestamp.json, and a kill between any two files must
 * leave what hosts can follow. */

#include "ctl/repository.h"

#include <sys/stat.h>

#include "ctl/preflight.h"
#include "ctl/repository_parts.h"
#include "ctl/target.h"
#include "ground/io.h"

/* A new root comes first: what is signed by its keys alone means nothing before. Where the keys of the root
 * before have signed as well it comes last, and hosts that look in between see the old state, whole. */
const struct repository_role *repository_staged(const struct repository *r, size_t i)
{
        const struct repository_role *root = repository_top(r, TUF_ROOT);

        for (size_t n = 0; n < r->n_roles; n++) {
                const struct repository_role *role = r->role[n];

                if (!role->staged.data || (role == root && r->root_last))
                        continue;
                if (i-- == 0)
                        return role;
        }
        return i == 0 && r->root_last && root->staged.data ? root : NULL;
}

/* The moment at which hosts look at it: now. But a new root is no worse for a timestamp that has expired,
 * which people with other keys will see to; so what is not signed anew is judged while it was valid. */
int64_t repository_judged_at(const struct repository *r)
{
        int64_t at = r->now;

        for (enum tuf_role i = TUF_TIMESTAMP; r->before && i < TUF_ROLES; i++) {
                const struct repository_role *role = repository_top(r, i);

                if (!role->staged.data && role->expires <= at)
                        at = role->expires - 1;
        }
        return at;
}

static int make_folder(struct repository *r, struct fault *f)
{
        uint64_t first, last = 0;
        int k = 0;

        if (mkdir(r->new_path, 0755) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the folder", r->new_path);
        if (r->fd < 0)
                k = repository_lock(r, r->new_path, true, f);
        if (k < 0)
                return k;
        k = target_make_directory(r->fd, "metadata");
        if (k >= 0)
                k = target_make_directory(r->fd, "targets");
        if (k >= 0)
                k = repository_versions(r->fd, tuf_role_file(TUF_ROOT), &first, &last);
        if (k < 0)
                return fault_set_errno(f, k, "%s: cannot make its folders", r->new_path);
        return last == 0 ? 0 : fault_set(f, -EEXIST, "%s: somebody else has made it meanwhile", r->new_path);
}

int repository_write(struct repository *r, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        const struct repository_role *role;
        int k = 0;

        if (r->new_path)
                k = make_folder(r, f);
        if (k >= 0 && (fd = openat(r->fd, "metadata", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                k = fault_set_errno(f, -errno, "metadata");
        for (size_t i = 0; k >= 0 && (role = repository_staged(r, i)); i++) {
                const struct repository_staged *s = &role->staged;

                k = io_replace_file_at(fd, s->path + STRLEN("metadata/"), s->data, s->len, 0644, f);
        }
        if (k < 0)
                return k;
        r->written = true;
        k = preflight(r, f);
        return k < 0 ? fault_prefix(f, "written, but not as it should be") : 0;
}
