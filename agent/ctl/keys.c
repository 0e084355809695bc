/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The folder of keys. What it holds is worth more than the rest of the repository together, so nothing here
 * follows a link, writes, or reads a key that other users could read too. A passphrase is asked for when the
 * key is to sign, not before: the folder may hold keys that today's work does not need. */

#include "ctl/keys.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

#include "ground/io.h"

/* A folder of something else; RSA with 8,192 bits has 6,400 bytes. */
#define KEY_FILE_MAX ((size_t)16 << 10)

void keys_done(struct keys *keys)
{
        for (size_t i = 0; i < keys->n; i++)
                tuf_signing_key_done(keys->key + i);
        keys->n = 0;
        free(keys->folder);
        keys->folder = NULL;
}

static int key_read(int dirfd, const char *name, char **ret, size_t *ret_len, struct fault *f)
{
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_set_errno(f, -errno, "%s", name);
        if (str_has_suffix(name, ".pem") && (st.st_mode & 077))
                return fault_set(f, -EPERM, "%s: others may read or change this private key; chmod 600 it",
                                 name);
        return io_read_file_at(dirfd, name, KEY_FILE_MAX, ret, ret_len, f);
}

int keys_parse(const char *what, const char *pem, size_t len, struct passphrase *p,
               struct tuf_signing_key *ret, struct fault *f)
{
        int r;

        r = tuf_sign_parse_pem(what, pem, len, p && p->known ? p->text : NULL, ret, f);
        if (r != -ENOKEY && r != -EKEYREJECTED)
                return r;
        for (unsigned tries = 0; p && (r == -ENOKEY || r == -EKEYREJECTED) && passphrase_may_try(p, tries);
             tries++) {
                r = passphrase_take(p, what, f);
                if (r < 0)
                        return r;
                r = tuf_sign_parse_pem(what, pem, len, p->text, ret, f);
        }
        return r;
}

/* "NAME.pub" of "NAME.pem", or the other way round. */
static void half_name(const char *name, const char *suffix, char ret[static NAME_MAX + 1])
{
        (void)snprintf(ret, NAME_MAX + 1, "%.*s%s", (int)(strlen(name) - STRLEN(".pem")), name, suffix);
}

static int public_load(int dirfd, const char *name, struct tuf_signing_key *ret, struct fault *f)
{
        _cleanup_free_ char *pem = NULL;
        size_t len;
        int r;

        r = key_read(dirfd, name, &pem, &len, f);
        return r < 0 ? r : tuf_sign_parse_public_pem(name, pem, len, ret, f);
}

static int private_load(int dirfd, const char *name, struct passphrase *p, struct tuf_signing_key *ret,
                        bool *ret_encrypted, struct fault *f)
{
        char half[NAME_MAX + 1], *pem;
        size_t len;
        int r;

        r = key_read(dirfd, name, &pem, &len, f);
        if (r < 0)
                return r;
        r = tuf_sign_parse_pem(name, pem, len, NULL, ret, f);
        *ret_encrypted = r == -ENOKEY;
        if (r == -ENOKEY) {
                half_name(name, ".pub", half);
                r = public_load(dirfd, half, ret, f);
                if (r >= 0)
                        (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
                else if (r == -ENOENT)
                        r = keys_parse(name, pem, len, p, ret, f);
        }
        explicit_bzero(pem, len);
        free(pem);
        return r;
}

static int key_load(int dirfd, const char *name, struct passphrase *p, struct keys *keys, struct fault *f)
{
        struct tuf_signing_key *k = keys->key + keys->n;
        int r;

        if (keys->n >= KEYS_MAX)
                return fault_set(f, -EFBIG, "more than %u keys", (unsigned)KEYS_MAX);
        if (str_has_suffix(name, ".pem"))
                r = private_load(dirfd, name, p, k, keys->encrypted + keys->n, f);
        else
                r = public_load(dirfd, name, k, f);
        if (r >= 0)
                keys->n++;
        return r;
}

static int is_key(const struct dirent *d)
{
        return d->d_name[0] != '.' &&
               (str_has_suffix(d->d_name, ".pem") || str_has_suffix(d->d_name, ".pub"));
}

/* NAME.pub beside NAME.pem is not another key. */
static bool is_half(int dirfd, const char *name)
{
        char half[NAME_MAX + 1];

        if (!str_has_suffix(name, ".pub"))
                return false;
        half_name(name, ".pem", half);
        return faccessat(dirfd, half, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int keys_load(const char *path, struct passphrase *p, struct keys *ret, struct fault *f)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct keys keys = { .folder = strdup(path) };
        struct dirent **names = NULL;
        int n, r = keys.folder ? 0 : -ENOMEM;

        n = fd < 0 ? -1 : scandirat(fd, ".", &names, is_key, alphasort);
        if (n < 0)
                r = fault_set_errno(f, -errno, "%s", path);
        for (int i = 0; i < n; i++) {
                if (r >= 0 && !is_half(fd, names[i]->d_name)) {
                        r = key_load(fd, names[i]->d_name, p, &keys, f);
                        if (r < 0)
                                r = fault_prefix(f, "%s", path);
                }
                free(names[i]);
        }
        free(names);
        if (r < 0) {
                keys_done(&keys);
                return r;
        }
        *ret = keys;
        return 0;
}

const struct tuf_signing_key *keys_find(const struct keys *keys, const char *name)
{
        size_t len = strlen(name);

        for (size_t i = 0; i < keys->n; i++) {
                const char *its = keys->key[i].name;

                if (str_eq(its, name) ||
                    (str_has_prefix(its, name) && (str_eq(its + len, ".pem") || str_eq(its + len, ".pub"))))
                        return keys->key + i;
        }
        return NULL;
}

bool keys_locked(const struct keys *keys, size_t i)
{
        return keys->encrypted[i] && !keys->key[i].private;
}

int keys_unlock(struct keys *keys, size_t i, struct passphrase *p, struct fault *f)
{
        _cleanup_close_ int fd = open(keys->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct tuf_signing_key k = {};
        size_t len;
        char *pem;
        int r;

        if (fd < 0)
                return fault_set_errno(f, -errno, "%s", keys->folder);
        r = key_read(fd, keys->key[i].name, &pem, &len, f);
        if (r < 0)
                return r;
        r = keys_parse(keys->key[i].name, pem, len, p, &k, f);
        explicit_bzero(pem, len);
        free(pem);
        if (r < 0)
                return r;
        if (EVP_PKEY_eq(k.pkey, keys->key[i].pkey) != 1) {
                tuf_signing_key_done(&k);
                return fault_set(f, -EINVAL, "%s: the .pub beside it is of another key; remove that",
                                 keys->key[i].name);
        }
        tuf_signing_key_done(keys->key + i);
        keys->key[i] = k;
        return 0;
}
