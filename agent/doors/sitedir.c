/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the files of bundles.d that are about one bundle. A wrong one is an error and never a missing
 * instance: a database that does not run is as bad as one that runs with another's limits. */

#include "doors/sitedir.h"

#include <dirent.h>

#include "facts/digest.h"
#include "ground/io.h"
#include "ground/limits.h"
#include "ground/text.h"

enum { SITE_FILES_MAX = 4096 }; /* of all bundles: configuration management gone wrong */

static int is_site_file(const struct dirent *e)
{
        return e->d_name[0] != '.' && str_has_suffix(e->d_name, ".conf");
}

static int sitedir_add(int dirfd, const char *folder, const char *name, const char *bundle, struct site *s,
                       struct fault *f)
{
        _cleanup_free_ char *text = NULL, *instance = NULL;
        char file[512];
        size_t len;
        int r;

        r = site_match(name, bundle, &instance);
        if (r < 0)
                return fault_set_errno(f, r, "%s/%s", folder, name);
        if (!instance)
                return 0;
        if (!*instance && strchr(name, '@'))
                return fault_set(f, -EINVAL, "%s/%s: has no name of an instance; rename the file", folder,
                                 name);
        (void)snprintf(file, sizeof(file), "%s/%s", folder, name);
        r = io_read_file_at(dirfd, name, CONFIG_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return fault_prefix(f, "%s", folder);
        return site_parse(s, instance, text, len, file, f);
}

static int sitedir_walk(int dirfd, const char *path, const char *bundle, struct site *s, struct fault *f)
{
        struct dirent **names = NULL;
        int n, r = 0;

        n = scandirat(dirfd, ".", &names, is_site_file, alphasort);
        if (n < 0)
                return fault_set_errno(f, -errno, "%s: cannot list", path);
        if (n > SITE_FILES_MAX)
                r = fault_set(f, -EFBIG, "%s: more than %d files", path, SITE_FILES_MAX);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = sitedir_add(dirfd, path, names[i]->d_name, bundle, s, f);
                free(names[i]);
        }
        free(names);
        return r;
}

int sitedir_read(const char *path, const char *bundle, struct site **ret, struct fault *f)
{
        _cleanup_(site_freep) struct site *s = NULL;
        _cleanup_close_ int dirfd = -EBADF;
        int r;

        r = site_new(&s);
        if (r < 0)
                return fault_set_errno(f, r, "%s", path);
        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "%s: cannot open", path);
        if (dirfd >= 0) {
                r = sitedir_walk(dirfd, path, bundle, s, f);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(s);
        return 0;
}

int sitedir_apply(const char *path, const struct manifest *m, struct effective *ret, struct fault *f)
{
        _cleanup_(site_freep) struct site *s = NULL;
        int r;

        r = sitedir_read(path, m->name, &s, f);
        return r < 0 ? r : site_apply(s, m, ret, f);
}

/* ---- what has changed */

/* Name and text, each with the NUL behind it. */
static int digest_file(struct digest *d, int dirfd, const char *name)
{
        _cleanup_free_ char *text = NULL;
        struct fault ignored;
        size_t len;
        int r;

        r = digest_add(d, name, strlen(name) + 1);
        if (r >= 0 && io_read_file_at(dirfd, name, CONFIG_BYTES_MAX, &text, &len, &ignored) >= 0)
                r = digest_add(d, text, len);
        return r < 0 ? r : digest_add(d, "", 1);
}

static int digest_folder(struct digest *d, const char *path)
{
        _cleanup_close_ int dirfd = -EBADF;
        struct dirent **names = NULL;
        int n = 0, r;

        r = digest_add(d, path, strlen(path) + 1);
        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd >= 0)
                n = scandirat(dirfd, ".", &names, is_site_file, alphasort);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = digest_file(d, dirfd, names[i]->d_name);
                free(names[i]);
        }
        free(names);
        return r;
}

int sitedir_digest(const char *const *paths, size_t n, char ret[static DIGEST_HEX_SIZE])
{
        _cleanup_(digest_freep) struct digest *d = NULL;
        uint8_t sum[SHA256_SIZE];
        int r;

        r = digest_new(&d);
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = digest_folder(d, paths[i]);
        if (r >= 0)
                r = digest_take(d, sum);
        if (r < 0)
                return r;
        text_hex(sum, sizeof(sum), ret);
        return 0;
}
