/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the one folder of grants. An unreadable or wrong file is an error and never a smaller policy: a
 * grant that silently does not apply is as confusing as one that silently does. */

#include "doors/policydir.h"

#include <dirent.h>

#include "ground/io.h"
#include "ground/limits.h"

enum { POLICY_FILES_MAX = 1024 }; /* written by hand, or by configuration management gone wrong */

static int is_policy_file(const struct dirent *e)
{
        return e->d_name[0] != '.' && str_has_suffix(e->d_name, ".conf");
}

static int policydir_add(int dirfd, const char *folder, const char *name, struct policy *p, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        char file[512];
        size_t len;
        int r;

        (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
        r = io_read_file_at(dirfd, name, CONFIG_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return fault_prefix(f, "%s", folder);
        return policy_parse(p, text, len, file, f);
}

int policydir_read(const char *path, struct policy **ret, struct fault *f)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_close_ int dirfd = -EBADF;
        struct dirent **names = NULL;
        int n, r;

        r = policy_new(&p);
        if (r < 0)
                return fault_set_errno(f, r, "%s", path);
        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0 && errno == ENOENT) {
                *ret = TAKE_PTR(p);
                return 0;
        }
        if (dirfd < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", path);
        n = scandirat(dirfd, ".", &names, is_policy_file, alphasort);
        if (n < 0)
                return fault_set_errno(f, -errno, "%s: cannot list", path);
        if (n > POLICY_FILES_MAX)
                r = fault_set(f, -EFBIG, "%s: more than %d files", path, POLICY_FILES_MAX);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = policydir_add(dirfd, path, names[i]->d_name, p, f);
                free(names[i]);
        }
        free(names);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}
