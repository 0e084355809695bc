/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What lies in a repository's folder without anything signed that leads to it: no danger to hosts, which
 * never ask for it, but nobody's, or an earlier release's. Only names are looked at. */

#include "ctl/verify.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "ground/text.h"

enum { FOLDER_DEPTH_MAX = 32 };

struct walk {
        struct verify *v;
        json_t *known; /* paths as keys */
};

/* "N.<file>" up to the version that is current: hosts come from any root, and may be on their way. */
static bool version_known(const char *name, const char *file, uint64_t current)
{
        size_t digits = strspn(name, "0123456789");
        char number[24] = "";
        uint64_t n;

        if (digits == 0 || digits >= sizeof(number) || name[digits] != '.' ||
            !str_eq(name + digits + 1, file))
                return false;
        memcpy(number, name, digits);
        return text_parse_u64(number, UINT64_MAX, &n) >= 0 && n <= current;
}

static bool metadata_known(const struct verify *v, const char *name)
{
        struct trust_role info;
        const char *file;

        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                if (trust_role(v->trust, i, &info) &&
                    (str_eq(name, tuf_role_file(i)) || version_known(name, tuf_role_file(i), info.version)))
                        return true;
        for (size_t i = 1; trust_targets_role(v->trust, i, &file, &info); i++)
                if (str_eq(name, file) || version_known(name, file, info.version))
                        return true;
        return false;
}

static int known_targets(struct walk *w, struct fault *f)
{
        const struct tuf_file *target;
        size_t i = 0;
        int r;

        w->known = json_object();
        while ((r = trust_next_target(w->v->trust, "*", &i, &target)) > 0) {
                char path[FETCH_PATH_SIZE], plain[FETCH_PATH_SIZE];

                if (trust_target_path(w->v->trust, target, path, NULL) < 0 ||
                    verify_decode(path, plain, sizeof(plain)) < 0)
                        continue; /* no host can ask for it: verify_targets() says so */
                if (json_object_set_new(w->known, plain, json_true()) < 0)
                        return fault_set(f, -ENOMEM, "out of memory");
        }
        return r < 0 ? fault_set_errno(f, r, "targets") : 0;
}

static void walk_file(const struct walk *w, const char *path)
{
        char printable[PATH_MAX];

        if (str_has_prefix(path, "metadata/") ? metadata_known(w->v, path + STRLEN("metadata/"))
                                              : json_object_get(w->known, path) != NULL)
                return;
        (void)snprintf(printable, sizeof(printable), "%s", path);
        text_make_printable(printable);
        (void)json_array_append_new(w->v->notes, json_sprintf("%s: nothing signed names it", printable));
}

static void walk_folder(const struct walk *w, int dirfd, const char *path, unsigned depth)
{
        int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        const struct dirent *e;
        DIR *d;

        if (fd < 0 || depth > FOLDER_DEPTH_MAX || !(d = fdopendir(fd))) {
                (void)fd_close(fd);
                return;
        }
        while ((e = readdir(d))) {
                char child[PATH_MAX];
                struct stat st;

                if (str_eq(e->d_name, ".") || str_eq(e->d_name, "..") ||
                    snprintf(child, sizeof(child), "%s/%s", path, e->d_name) >= (int)sizeof(child))
                        continue;
                if (fstatat(dirfd, child, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                if (S_ISDIR(st.st_mode))
                        walk_folder(w, dirfd, child, depth + 1);
                else
                        walk_file(w, child);
        }
        (void)closedir(d);
}

int verify_folder(struct verify *v, struct fault *f)
{
        struct walk w = { .v = v };
        int r;

        r = known_targets(&w, f);
        if (r >= 0) {
                walk_folder(&w, v->folder, "metadata", 0);
                walk_folder(&w, v->folder, "targets", 0);
        }
        json_decref(w.known);
        return r;
}
