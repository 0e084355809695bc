/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Asks the kernel for AppArmor's profiles, which it shows to everybody in securityfs. The file that lists
 * them all is for those with CAP_MAC_ADMIN only; the folder beside it is not. Reads only. */

#include "doors/apparmor.h"

#include <dirent.h>

#include "ground/io.h"

#define ENABLED_PATH  "/sys/module/apparmor/parameters/enabled"
#define PROFILES_PATH "/sys/kernel/security/apparmor/policy/profiles"

enum { WORD_MAX = 64 }; /* "enforce\n" */

static int word_read(int dirfd, const char *path, char ret[static WORD_MAX])
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = io_read_all(fd, WORD_MAX - 1, &text, &len);
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = '\0';
        (void)snprintf(ret, WORD_MAX, "%s", text);
        return 0;
}

/* "NAME.N", where N tells profiles of one name in different policies apart. */
static bool entry_is(const char *entry, const char *profile)
{
        size_t n = strlen(profile);

        return strncmp(entry, profile, n) == 0 && entry[n] == '.' && entry[n + 1] != '\0' &&
               entry[n + 1 + strspn(entry + n + 1, "0123456789")] == '\0';
}

/* -ENOENT: none. */
static int mode_read(DIR *dir, const char *profile, char ret[static WORD_MAX])
{
        for (;;) {
                char path[sizeof(((struct dirent *)0)->d_name) + STRLEN("/mode")];
                const struct dirent *e;

                errno = 0;
                e = readdir(dir);
                if (!e)
                        return errno ? -errno : -ENOENT;
                if (!entry_is(e->d_name, profile))
                        continue;
                (void)snprintf(path, sizeof(path), "%s/mode", e->d_name);
                return word_read(dirfd(dir), path, ret);
        }
}

int apparmor_look(const char *profile, enum profile_state *ret, struct fault *f)
{
        char word[WORD_MAX];
        DIR *dir;
        int r;

        *ret = PROFILE_OFF;
        r = word_read(AT_FDCWD, ENABLED_PATH, word);
        if (r == -ENOENT || (r >= 0 && !str_eq(word, "Y")))
                return 0;
        if (r < 0)
                return fault_set_errno(f, r, ENABLED_PATH);
        *ret = PROFILE_UNLOADED; /* as good as that, where securityfs is not shown to us, as in a container
                                  */
        dir = opendir(PROFILES_PATH);
        if (!dir)
                return 0;
        r = mode_read(dir, profile, word);
        (void)closedir(dir);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return fault_set_errno(f, r, "%s: mode of %s", PROFILES_PATH, profile);
        *ret = str_eq(word, "enforce") ? PROFILE_ENFORCE : PROFILE_COMPLAIN;
        return 0;
}

int apparmor_profile(const struct policy *p, const struct manifest *m, const struct service *s,
                     char ret[static PROMISE_PROFILE_SIZE], struct fault *f)
{
        char profile[PROMISE_PROFILE_SIZE];
        enum profile_state state;
        struct confinement c;
        int r;

        r = policy_confinement(p, m->name, &c, f);
        if (r < 0)
                return r;
        profile_choose(&s->sandbox, &c, profile);
        r = apparmor_look(profile, &state, f);
        if (r >= 0)
                r = profile_judge(m->name, &c, profile, state, f);
        if (r < 0)
                return r;
        if (r == 0)
                *profile = '\0';
        memcpy(ret, profile, sizeof(profile));
        return 0;
}

int apparmor_check(const struct policy *p, const struct manifest *m, struct fault *f)
{
        char ignored[PROMISE_PROFILE_SIZE];
        int r = 0;

        for (size_t i = 0; i < m->n_services && r >= 0; i++)
                r = apparmor_profile(p, m, m->services + i, ignored, f);
        return r;
}
