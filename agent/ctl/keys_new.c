/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Keys that come into the folder. A key is made and looked at in memory first; what is then written is for
 * its owner alone and never takes the place of another file. */

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "ctl/keys.h"
#include "facts/name.h"
#include "facts/tuf_key.h"
#include "ground/io.h"

/* Guessing a passphrase. libcrypto reads no key that needs more than 32 MiB, so scrypt's N is at its end,
 * and p adds the time that N cannot (OWASP's figures for this N). */
enum {
        SCRYPT_N = 1 << 14,
        SCRYPT_R = 8,
        SCRYPT_P = 5,
        SCRYPT_SALT = 16,
        RSA_BITS = 3072,
        IMPORT_FILE_MAX = 64 << 10,
        IMPORT_DEPTH_MAX = 8,
        IMPORT_VALUES_MAX = 256,
};

static int check_room(const struct keys *keys, struct fault *f)
{
        return keys->n < KEYS_MAX ? 0 : fault_set(f, -EFBIG, "more than %u keys", (unsigned)KEYS_MAX);
}

static int check_stem(const char *stem, struct fault *f)
{
        return name_valid(stem) ? 0
                                : fault_set(f, -EINVAL,
                                            "%s: a key's name has a-z, 0-9 and '-' only; use --name", stem);
}

int keys_generate(const char *type, const char *stem, struct keys *keys, struct fault *f)
{
        char name[NAME_MAX + 1];
        EVP_PKEY *pkey;
        int r;

        r = check_room(keys, f);
        if (r >= 0)
                r = check_stem(stem, f);
        if (r < 0)
                return r;
        if (str_eq(type, "ed25519"))
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        else if (str_eq(type, "ecdsa"))
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        else if (str_eq(type, "rsa"))
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS);
        else
                return fault_set(f, -EINVAL, "%s: not a type of key; ed25519, ecdsa and rsa are", type);
        (void)snprintf(name, sizeof(name), "%s.pem", stem);
        if (!pkey)
                return fault_set(f, -EIO, "%s: cannot make a key", name);
        r = tuf_sign_adopt(name, pkey, keys->key + keys->n, f);
        if (r >= 0)
                keys->encrypted[keys->n++] = false;
        return r;
}

/* ---- From elsewhere ---- */

static int import_json(const char *file, const char *text, size_t len, struct tuf_signing_key *ret,
                       struct fault *f)
{
        static const struct json_limits limits = { .bytes = IMPORT_FILE_MAX,
                                                   .values = IMPORT_VALUES_MAX,
                                                   .depth = IMPORT_DEPTH_MAX };
        _cleanup_json_ json_t *json = NULL;
        struct tuf_key k = {};
        int r;

        r = json_parse(file, text, len, &limits, &json, f);
        if (r >= 0)
                r = tuf_key_parse("imported", json, file, &k, f);
        if (r < 0)
                return r;
        if (k.pkey)
                r = tuf_sign_adopt_public(file, TAKE_PTR(k.pkey), ret, f);
        else
                r = fault_set(f, -EINVAL, "%s: a key of a type or scheme that is not known here, or broken",
                              file);
        tuf_key_done(&k);
        return r;
}

static int import_text(const char *file, const char *text, size_t len, struct passphrase *p,
                       struct tuf_signing_key *ret, bool *ret_encrypted, struct fault *f)
{
        struct stat st;

        if (text[strspn(text, " \t\r\n")] == '{')
                return import_json(file, text, len, ret, f);
        if (tuf_sign_parse_public_pem(file, text, len, ret, NULL) >= 0)
                return 0;
        if (stat(file, &st) >= 0 && strstr(text, "PRIVATE KEY-----") && (st.st_mode & 077))
                return fault_set(f, -EPERM, "%s: others may read or change this private key; chmod 600 it",
                                 file);
        *ret_encrypted = tuf_sign_parse_pem(file, text, len, NULL, ret, f) == -ENOKEY;
        tuf_signing_key_done(ret);
        return keys_parse(file, text, len, p, ret, f);
}

/* The file's own name, without folder and suffix, where none is given. */
static int import_stem(const char *file, const char *stem, char ret[static NAME_MAX + 1], struct fault *f)
{
        const char *base = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
        size_t n = stem ? strlen(stem) : strcspn(base, ".");

        (void)snprintf(ret, NAME_MAX + 1, "%.*s", n > NAME_MAX ? NAME_MAX : (int)n, stem ?: base);
        return check_stem(ret, f);
}

int keys_import(const char *file, const char *stem, struct passphrase *p, struct keys *keys, struct fault *f)
{
        struct tuf_signing_key *k = keys->key + keys->n;
        char name[NAME_MAX + 1], *text;
        bool encrypted = false;
        size_t len;
        int r;

        r = check_room(keys, f);
        if (r >= 0)
                r = import_stem(file, stem, name, f);
        if (r < 0)
                return r;
        r = io_read_file_at(AT_FDCWD, file, IMPORT_FILE_MAX, &text, &len, f);
        if (r < 0)
                return r;
        r = import_text(file, text, len, p, k, &encrypted, f);
        explicit_bzero(text, len);
        free(text);
        if (r < 0)
                return r;
        (void)snprintf(k->name, sizeof(k->name), "%.48s.%s", name, k->private ? "pem" : "pub");
        keys->encrypted[keys->n++] = encrypted;
        return 0;
}

/* ---- Writing ---- */

static int write_encrypted(BIO *bio, EVP_PKEY *pkey, const char *passphrase)
{
        PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
        X509_ALGOR *scheme = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, SCRYPT_SALT, NULL, SCRYPT_N,
                                                   SCRYPT_R, SCRYPT_P);
        X509_SIG *sealed =
                info && scheme ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), info, scheme) : NULL;
        int done = sealed ? PEM_write_bio_PKCS8(bio, sealed) : 0;

        if (!sealed)
                X509_ALGOR_free(scheme);
        X509_SIG_free(sealed);
        PKCS8_PRIV_KEY_INFO_free(info);
        return done;
}

static int write_file(int dirfd, const char *name, const BIO *bio, mode_t mode, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        char *text = NULL;
        long n = BIO_get_mem_data((BIO *)(uintptr_t)bio, &text);
        int r;

        fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd < 0)
                return errno == EEXIST
                               ? fault_set(f, -EEXIST, "%s: is there already; nothing was changed", name)
                               : fault_set_errno(f, -errno, "%s: cannot write the key", name);
        r = n > 0 ? io_write_full(fd, text, (size_t)n) : -ENOMEM;
        if (r >= 0 && (fsync(fd) < 0 || fsync(dirfd) < 0))
                r = -errno;
        if (r >= 0)
                return 0;
        (void)unlinkat(dirfd, name, 0); /* half a key is none */
        return fault_set_errno(f, r, "%s: cannot write the key", name);
}

static void file_names(const struct tuf_signing_key *k, char pem[static NAME_MAX + 1],
                       char pub[static NAME_MAX + 1])
{
        int stem = (int)(strlen(k->name) - STRLEN(".pem"));

        (void)snprintf(pem, NAME_MAX + 1, "%.*s.pem", stem, k->name);
        (void)snprintf(pub, NAME_MAX + 1, "%.*s.pub", stem, k->name);
}

bool keys_taken(int dirfd, const struct tuf_signing_key *k)
{
        char pem[NAME_MAX + 1], pub[NAME_MAX + 1];

        file_names(k, pem, pub);
        return faccessat(dirfd, pem, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
               faccessat(dirfd, pub, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int write_private(int dirfd, const char *name, const struct tuf_signing_key *k,
                         const struct passphrase *p, struct fault *f)
{
        BIO *bio = BIO_new(BIO_s_secmem());
        int done = 0, r;

        if (bio && p)
                done = write_encrypted(bio, k->pkey, p->text);
        else if (bio)
                done = PEM_write_bio_PKCS8PrivateKey(bio, k->pkey, NULL, NULL, 0, NULL, NULL);
        r = done == 1 ? write_file(dirfd, name, bio, 0600, f)
                      : fault_set(f, -ENOMEM, "%s: cannot encode the key", name);
        BIO_free(bio);
        return r;
}

int keys_write(int dirfd, const struct tuf_signing_key *k, const struct passphrase *p, struct fault *f)
{
        char pem[NAME_MAX + 1], pub[NAME_MAX + 1];
        BIO *bio = BIO_new(BIO_s_mem());
        int r = 0;

        file_names(k, pem, pub);
        if (keys_taken(dirfd, k))
                r = fault_set(f, -EEXIST, "%s: is there already; nothing was changed", k->name);
        else if (!bio || PEM_write_bio_PUBKEY(bio, k->pkey) != 1)
                r = fault_set(f, -ENOMEM, "%s: cannot encode the key", pub);
        if (r >= 0 && k->private)
                r = write_private(dirfd, pem, k, p, f);
        if (r >= 0)
                r = write_file(dirfd, pub, bio, 0644, f);
        BIO_free(bio);
        ERR_clear_error();
        return r;
}
