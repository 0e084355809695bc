/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads files that an administrator wrote, or is about to install, by the very parsers of the agent. What a
 * file is about says its name, as in bundles.d; so a copy to be looked at keeps it. */

#include "ctl/lint_site.h"

#include <dirent.h>

#include "facts/name.h"
#include "facts/policy.h"
#include "facts/site.h"
#include "ground/io.h"
#include "ground/limits.h"

enum { LINT_FILES_MAX = 4096 }; /* what sealift-unitd reads of a folder at most */

static const char *file_name(const char *file)
{
        const char *slash = strrchr(file, '/');

        return slash ? slash + 1 : file;
}

/* The bundle that a file is about. */
static int file_bundle(const char *file, char ret[static NAME_SIZE], struct fault *f)
{
        const char *name = file_name(file);
        size_t n = strcspn(name, "@.");

        if (str_has_suffix(name, ".conf") && n < NAME_SIZE) {
                memcpy(ret, name, n);
                ret[n] = '\0';
                if (name_valid(ret) && (name[n] == '@' || str_eq(name + n, ".conf")))
                        return 0;
        }
        return fault_set(
                f, -EINVAL,
                "%s: is no name for a file of bundles.d, which says what the file is about: rename it "
                "to NAME.conf or NAME@INSTANCE.conf, NAME being the bundle's",
                file);
}

static int add_site(struct site *s, const char *file, const char *bundle, struct fault *f)
{
        _cleanup_free_ char *text = NULL, *instance = NULL;
        size_t len;
        int r;

        r = site_match(file_name(file), bundle, &instance);
        if (r < 0)
                return fault_set_errno(f, r, "%s", file);
        if (!*instance && strchr(file_name(file), '@'))
                return fault_set(f, -EINVAL, "%s: has no name of an instance; rename the file", file);
        r = io_read_file_at(AT_FDCWD, file, CONFIG_BYTES_MAX, &text, &len, f);
        return r < 0 ? r : site_parse(s, instance, text, len, file, f);
}

int lint_site_check(const char *file, struct fault *f)
{
        _cleanup_(site_freep) struct site *s = NULL;
        char bundle[NAME_SIZE];
        int r;

        r = file_bundle(file, bundle, f);
        if (r < 0)
                return r;
        r = site_new(&s);
        return r < 0 ? fault_set_errno(f, r, "%s", file) : add_site(s, file, bundle, f);
}

int lint_site_policy(const char *file, struct fault *f)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = policy_new(&p);
        if (r < 0)
                return fault_set_errno(f, r, "%s", file);
        r = io_read_file_at(AT_FDCWD, file, CONFIG_BYTES_MAX, &text, &len, f);
        return r < 0 ? r : policy_parse(p, text, len, file, f);
}

/* One of two files of one name would lay over the other, which no folder can have. */
static int check_twice(const char *const *files, size_t i, struct fault *f)
{
        for (size_t k = 0; k < i; k++)
                if (str_eq(file_name(files[k]), file_name(files[i])))
                        return fault_set(
                                f, -EINVAL,
                                "%s: %s has the same name, and one folder has to hold them; look at "
                                "one of them",
                                files[i], files[k]);
        return 0;
}

int lint_site_apply(const char *const *files, size_t n, const struct manifest *m, size_t *ret_instances,
                    struct fault *f)
{
        _cleanup_(effective_done) struct effective e = {};
        _cleanup_(site_freep) struct site *s = NULL;
        size_t about = 0;
        int r;

        r = site_new(&s);
        if (r < 0)
                return fault_set_errno(f, r, "bundle %s", m->name);
        for (size_t i = 0; i < n; i++) {
                struct fault ignored;
                char bundle[NAME_SIZE];

                if (file_bundle(files[i], bundle, &ignored) < 0 || !str_eq(bundle, m->name))
                        continue;
                r = check_twice(files, i, f);
                if (r >= 0)
                        r = add_site(s, files[i], bundle, f);
                if (r < 0)
                        return r;
                about++;
        }
        r = site_apply(s, m, &e, f);
        if (r < 0)
                return r;
        *ret_instances = about > 0 ? e.n : 0;
        return 0;
}

void lint_site_list_free(char **files, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(files[i]);
        free(files);
}

static int is_file(const struct dirent *e)
{
        return e->d_name[0] != '.' && str_has_suffix(e->d_name, ".conf");
}

int lint_site_list(const char *folder, char ***ret, size_t *ret_n, struct fault *f)
{
        struct dirent **names = NULL;
        char **files;
        int n, r = 0;

        n = scandir(folder, &names, is_file, alphasort);
        if (n < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "%s: cannot list", folder);
        files = n > LINT_FILES_MAX ? NULL : calloc(n > 0 ? (size_t)n : 1, sizeof(*files));
        for (int i = 0; i < n; i++) {
                if (files && asprintf(files + i, "%s/%s", folder, names[i]->d_name) < 0) {
                        files[i] = NULL; /* asprintf(3) leaves it undefined */
                        r = -ENOMEM;
                }
                free(names[i]);
        }
        free(names);
        if (n > LINT_FILES_MAX)
                return fault_set(f, -EFBIG, "%s: more than %d files", folder, LINT_FILES_MAX);
        if (!files || r < 0) {
                lint_site_list_free(files, files ? (size_t)n : 0);
                return fault_set_errno(f, -ENOMEM, "%s", folder);
        }
        *ret = files;
        *ret_n = n > 0 ? (size_t)n : 0;
        return 0;
}
