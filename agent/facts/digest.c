/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SHA-256 and nothing else: the one sum that the manifest, the store and the release names are made of.
 * TUF's other sums live with TUF. */

#include "facts/digest.h"

#include <openssl/evp.h>

#include "ground/text.h"

struct digest {
        EVP_MD_CTX *ctx; /* owned */
};

struct digest *digest_free(struct digest *d)
{
        if (d)
                EVP_MD_CTX_free(d->ctx);
        free(d);
        return NULL;
}

int digest_new(struct digest **ret)
{
        _cleanup_(digest_freep) struct digest *d = calloc(1, sizeof(*d));

        if (!d)
                return -ENOMEM;
        d->ctx = EVP_MD_CTX_new();
        if (!d->ctx || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        *ret = TAKE_PTR(d);
        return 0;
}

int digest_add(struct digest *d, const void *data, size_t len)
{
        return EVP_DigestUpdate(d->ctx, data, len) == 1 ? 0 : -ENOMEM;
}

int digest_take(struct digest *d, uint8_t ret[static SHA256_SIZE])
{
        uint8_t sum[SHA256_SIZE];

        if (EVP_DigestFinal_ex(d->ctx, sum, NULL) != 1 || EVP_DigestInit_ex(d->ctx, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        memcpy(ret, sum, sizeof(sum));
        return 0;
}

int digest_bytes(const void *data, size_t len, uint8_t ret[static SHA256_SIZE])
{
        uint8_t sum[SHA256_SIZE];

        if (EVP_Digest(data, len, sum, NULL, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        memcpy(ret, sum, sizeof(sum));
        return 0;
}

int digest_hex(const void *data, size_t len, char ret[static DIGEST_HEX_SIZE])
{
        uint8_t sum[SHA256_SIZE];
        int r;

        r = digest_bytes(data, len, sum);
        if (r < 0)
                return r;
        text_hex(sum, sizeof(sum), ret);
        return 0;
}
