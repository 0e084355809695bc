/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files as metadata describes them, and the check of bytes against the description. The description is
 * hostile until its metadata has been verified; the bytes are hostile always. */

#include "facts/tuf_file.h"

#include <inttypes.h>
#include <openssl/evp.h>

#include "ground/text.h"

struct tuf_check {
        const struct tuf_file *file;
        EVP_MD_CTX *sha256, *sha512; /* owned; NULL where the file gives no such hash */
        uint64_t len;
};

void tuf_file_done(struct tuf_file *file)
{
        free(file->name);
        free(file->custom);
        *file = (struct tuf_file){};
}

static int hash_parse(const json_t *hashes, const char *algorithm, const char *what, uint8_t *out, size_t n,
                      bool *ret, struct fault *f)
{
        const char *hex;
        int r;

        if (!json_object_get(hashes, algorithm))
                return 0;
        r = json_field_string(hashes, what, algorithm, &hex, f);
        if (r < 0)
                return r;
        if (text_unhex(hex, out, n) < 0)
                return fault_set(f, -EINVAL, "%s: \"%s\" is not %zu hexadecimal digits", what, algorithm,
                                 2 * n);
        *ret = true;
        return 0;
}

/* One algorithm at least; those we do not know are somebody else's business, unless they are all there is
 * (then tuf_check_new refuses). */
static int hashes_parse(const json_t *json, const char *what, struct tuf_file *file, struct fault *f)
{
        json_t *hashes;
        int r;

        r = json_field_object(json, what, "hashes", &hashes, f);
        if (r < 0)
                return r;
        if (json_object_size(hashes) == 0)
                return fault_set(f, -EINVAL, "%s: \"hashes\" is empty", what);
        r = hash_parse(hashes, "sha256", what, file->sha256, SHA256_SIZE, &file->has_sha256, f);
        if (r >= 0)
                r = hash_parse(hashes, "sha512", what, file->sha512, SHA512_SIZE, &file->has_sha512, f);
        file->has_hashes = true;
        return r;
}

static int custom_parse(const json_t *json, const char *what, struct tuf_file *file, struct fault *f)
{
        json_t *custom;
        int r;

        r = json_field_object(json, what, "custom", &custom, f);
        if (r < 0)
                return r;
        file->custom = json_dumps(custom, JSON_COMPACT);
        return file->custom ? 0 : fault_set(f, -ENOMEM, "%s: out of memory", what);
}

static int fields_parse(enum tuf_file_kind kind, const json_t *json, const char *what, struct tuf_file *file,
                        struct fault *f)
{
        bool target = kind == TUF_FILE_TARGET;
        int64_t n;
        int r = 0;

        if (!target) {
                r = json_field_integer(json, what, "version", 1, INT64_MAX, &n, f);
                if (r < 0)
                        return r;
                file->version = (uint64_t)n;
        }
        if (target || json_object_get(json, "length")) {
                r = json_field_integer(json, what, "length", 0, INT64_MAX, &n, f);
                if (r < 0)
                        return r;
                file->length = (uint64_t)n;
                file->has_length = true;
        }
        if (target || json_object_get(json, "hashes"))
                r = hashes_parse(json, what, file, f);
        if (r >= 0 && target && json_object_get(json, "custom"))
                r = custom_parse(json, what, file, f);
        return r;
}

int tuf_file_parse(enum tuf_file_kind kind, const char *name, const json_t *json, const char *what,
                   struct tuf_file *ret, struct fault *f)
{
        struct tuf_file file = {};
        char place[256];
        int r;

        (void)snprintf(place, sizeof(place), "%s: %s", what, name);
        if (!json_is_object(json))
                return fault_set(f, -EINVAL, "%s is not an object", place);
        r = fields_parse(kind, json, place, &file, f);
        if (r >= 0) {
                file.name = strdup(name);
                if (!file.name)
                        r = fault_set(f, -ENOMEM, "%s: out of memory", place);
        }
        if (r < 0) {
                tuf_file_done(&file);
                return r;
        }
        *ret = file;
        return 0;
}

struct tuf_check *tuf_check_free(struct tuf_check *c)
{
        if (c) {
                EVP_MD_CTX_free(c->sha256);
                EVP_MD_CTX_free(c->sha512);
        }
        free(c);
        return NULL;
}

static int sum_start(bool wanted, const EVP_MD *md, EVP_MD_CTX **ret)
{
        if (!wanted)
                return 0;
        *ret = EVP_MD_CTX_new();
        return *ret && EVP_DigestInit_ex(*ret, md, NULL) == 1 ? 0 : -ENOMEM;
}

int tuf_check_new(const struct tuf_file *file, struct tuf_check **ret, struct fault *f)
{
        _cleanup_(tuf_check_freep) struct tuf_check *c = NULL;

        if (file->has_hashes && !file->has_sha256 && !file->has_sha512)
                return fault_set(
                        f, -EBADMSG,
                        "%s: signed with hashes of unknown kinds only; the publisher must give sha256",
                        file->name);
        c = calloc(1, sizeof(*c));
        if (!c)
                return fault_set(f, -ENOMEM, "%s: out of memory", file->name);
        c->file = file;
        if (sum_start(file->has_sha256, EVP_sha256(), &c->sha256) < 0 ||
            sum_start(file->has_sha512, EVP_sha512(), &c->sha512) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", file->name);
        *ret = TAKE_PTR(c);
        return 0;
}

int tuf_check_add(struct tuf_check *c, const void *data, size_t len, struct fault *f)
{
        c->len += len;
        if (c->file->has_length && c->len > c->file->length)
                return fault_set(f, -EBADMSG, "%s: longer than the signed %" PRIu64 " bytes", c->file->name,
                                 c->file->length);
        if ((c->sha256 && EVP_DigestUpdate(c->sha256, data, len) != 1) ||
            (c->sha512 && EVP_DigestUpdate(c->sha512, data, len) != 1))
                return fault_set(f, -ENOMEM, "%s: cannot compute its hash", c->file->name);
        return 0;
}

static bool sum_good(EVP_MD_CTX *ctx, const uint8_t *want, size_t n)
{
        uint8_t sum[EVP_MAX_MD_SIZE];

        return !ctx || (EVP_DigestFinal_ex(ctx, sum, NULL) == 1 && memcmp(sum, want, n) == 0);
}

int tuf_check_end(struct tuf_check *c, struct fault *f)
{
        if (c->file->has_length && c->len != c->file->length)
                return fault_set(f, -EBADMSG, "%s: %" PRIu64 " bytes, %" PRIu64 " were signed",
                                 c->file->name, c->len, c->file->length);
        if (!sum_good(c->sha256, c->file->sha256, SHA256_SIZE))
                return fault_set(f, -EBADMSG, "%s: SHA-256 is not the signed one", c->file->name);
        if (!sum_good(c->sha512, c->file->sha512, SHA512_SIZE))
                return fault_set(f, -EBADMSG, "%s: SHA-512 is not the signed one", c->file->name);
        return 0;
}

int tuf_check_bytes(const struct tuf_file *file, const void *data, size_t len, struct fault *f)
{
        _cleanup_(tuf_check_freep) struct tuf_check *c = NULL;
        int r;

        r = tuf_check_new(file, &c, f);
        if (r >= 0)
                r = tuf_check_add(c, data, len, f);
        if (r >= 0)
                r = tuf_check_end(c, f);
        return r;
}

static bool path_component_valid(const char *s, size_t n)
{
        return n > 0 && !(n == 1 && s[0] == '.') && !(n == 2 && s[0] == '.' && s[1] == '.');
}

static bool path_valid(const char *s)
{
        for (;;) {
                size_t n = strcspn(s, "/");

                if (!path_component_valid(s, n))
                        return false;
                if (!s[n])
                        return true;
                s += n + 1;
        }
}

/* Every byte that means something in a URL is encoded, so that no target name can turn into a query, a
 * fragment or another host. */
int tuf_file_path(const struct tuf_file *target, bool consistent_snapshot, char ret[static FETCH_PATH_SIZE],
                  struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(FETCH_PATH_SIZE - 1);
        const char *slash = strrchr(target->name, '/');
        const char *base = slash ? slash + 1 : target->name;
        char hex[2 * SHA512_SIZE + 1];

        if (!path_valid(target->name))
                return fault_set(f, -EINVAL, "%s: not a relative path without \".\" and \"..\"",
                                 target->name);
        (void)buffer_append_text(&b, "targets/");
        (void)buffer_append_url(&b, target->name, (size_t)(base - target->name), "/");
        if (consistent_snapshot) {
                if (target->has_sha256)
                        text_hex(target->sha256, SHA256_SIZE, hex);
                else if (target->has_sha512)
                        text_hex(target->sha512, SHA512_SIZE, hex);
                else
                        return fault_set(f, -EBADMSG, "%s: signed without a SHA-256", target->name);
                (void)buffer_printf(&b, "%s.", hex);
        }
        (void)buffer_append_url(&b, base, strlen(base), "");
        if (b.error < 0)
                return fault_set(f, -EINVAL, "%s: name too long", target->name);
        memcpy(ret, b.data, b.len + 1);
        return 0;
}
