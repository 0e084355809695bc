/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The folder of keys. What it holds is worth more than the rest of the repository together, so
 * nothing here follows a link, replaces a file, or reads a key that other users could read too. */

#include "ctl/keys.h"

#include <dirent.h>
#include <limits.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "ground/io.h"

#define KEY_FILE_MAX                                                                                        \
        ((size_t)16 << 10) /* a folder of something else; RSA with 8,192 bits has 6,400 bytes               \
                            */

void keys_done(struct keys *keys)
{
        for (size_t i = 0; i < keys->n; i++)
                tuf_signing_key_done(keys->key + i);
        keys->n = 0;
}

static int key_read(int dirfd, const char *name, bool private, char **ret, size_t *ret_len, struct fault *f)
{
        struct stat st;

        if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return fault_set_errno(f, -errno, "%s", name);
        if (private && (st.st_mode & 077))
                return fault_set(f, -EPERM, "%s: others may read or change this private key; chmod 600 it",
                                 name);
        return io_read_file_at(dirfd, name, KEY_FILE_MAX, ret, ret_len, f);
}

static int key_load(int dirfd, const char *name, struct keys *keys, struct fault *f)
{
        struct tuf_signing_key *k = keys->key + keys->n;
        bool private = str_has_suffix(name, ".pem");
        size_t len;
        char *pem;
        int r;

        if (keys->n >= KEYS_MAX)
                return fault_set(f, -EFBIG, "more than %u keys", (unsigned)KEYS_MAX);
        r = key_read(dirfd, name, private, &pem, &len, f);
        if (r < 0)
                return r;
        r = private ? tuf_sign_parse_pem(name, pem, len, NULL, k, f)
                    : tuf_sign_parse_public_pem(name, pem, len, k, f);
        explicit_bzero(pem, len);
        free(pem);
        if (r >= 0)
                keys->n++;
        return r;
}

static int is_key(const struct dirent *d)
{
        return d->d_name[0] != '.' &&
               (str_has_suffix(d->d_name, ".pem") || str_has_suffix(d->d_name, ".pub"));
}

/* NAME.pub beside NAME.pem is its public half, and says nothing new. */
static bool is_half(int dirfd, const char *name)
{
        size_t stem = strlen(name) - STRLEN(".pub");
        char pem[NAME_MAX + 1];

        if (!str_has_suffix(name, ".pub"))
                return false;
        (void)snprintf(pem, sizeof(pem), "%.*s.pem", (int)stem, name);
        return faccessat(dirfd, pem, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int keys_load(const char *path, struct keys *ret, struct fault *f)
{
        _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent **names = NULL;
        struct keys keys = {};
        int n, r = 0;

        if (fd < 0)
                return fault_set_errno(f, -errno, "%s", path);
        n = scandirat(fd, ".", &names, is_key, alphasort);
        if (n < 0)
                return fault_set_errno(f, -errno, "%s", path);
        for (int i = 0; i < n; i++) {
                if (r >= 0 && !is_half(fd, names[i]->d_name))
                        r = key_load(fd, names[i]->d_name, &keys, f);
                free(names[i]);
        }
        free(names);
        if (r < 0) {
                keys_done(&keys);
                return fault_prefix(f, "%s", path);
        }
        *ret = keys;
        return 0;
}

static int key_write(int dirfd, const char *name, EVP_PKEY *pkey, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        BIO *bio = BIO_new(BIO_s_secmem());
        char *pem;
        long n = 0;
        int r = -ENOMEM;

        if (bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1)
                n = BIO_get_mem_data(bio, &pem);
        if (n > 0) {
                fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
                r = fd < 0 ? -errno : io_write_full(fd, pem, (size_t)n);
        }
        if (r >= 0 && (fsync(fd) < 0 || fsync(dirfd) < 0))
                r = -errno;
        BIO_free(bio);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot write the key", name) : 0;
}

int keys_create(int dirfd, const char *name, struct keys *keys, struct fault *f)
{
        EVP_PKEY *pkey;
        int r;

        if (keys->n >= KEYS_MAX)
                return fault_set(f, -EFBIG, "more than %u keys", (unsigned)KEYS_MAX);
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        if (!pkey)
                return fault_set(f, -EIO, "%s: cannot make a key", name);
        r = key_write(dirfd, name, pkey, f);
        if (r < 0) {
                EVP_PKEY_free(pkey);
                return r;
        }
        r = tuf_sign_adopt(name, pkey, keys->key + keys->n, f);
        if (r >= 0)
                keys->n++;
        return r;
}
