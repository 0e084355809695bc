/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The door to fs-verity, and what is written down of it. Its input is a file that has just been written, or
 * one about which nothing is known; it reads and writes no byte of either.
 *
 * What was signed is a SHA-256 of the whole, which the kernel does not know; what the kernel can tell
 * without reading is a digest that nobody signed, of what the disk gave back when the file was sealed, which
 * need not be what was written. So the two are tied together by whoever has summed a file that was sealed
 * already: an attribute of the file says which pair it was, and goes where the file goes, so that a good
 * file in the place of another is another pair. */

#include "store/verity.h"

#include <linux/fs.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "ground/beneath.h"

/* Every kernel and file system with fs-verity takes it (ext4 and btrfs on x86-64: no other). */
enum { VERITY_BLOCK = 4096 };

/* 32 bytes and a short name: they fit into an ext4 inode of 256 bytes, and cost no block. */
#define VERITY_ATTRIBUTE "user.sealift"

struct measured {
        struct fsverity_digest head;
        uint8_t digest[SHA256_SIZE]; /* where head.digest[] has its bytes */
};
_Static_assert(offsetof(struct measured, digest) == sizeof(struct fsverity_digest), "one behind the other");

static int file_measure(int fd, uint8_t ret[static SHA256_SIZE])
{
        struct measured m = { .head.digest_size = SHA256_SIZE };

        if (ioctl(fd, FS_IOC_MEASURE_VERITY, &m) < 0)
                return -errno;
        if (m.head.digest_algorithm != FS_VERITY_HASH_ALG_SHA256 || m.head.digest_size != SHA256_SIZE)
                return -EBADMSG;
        memcpy(ret, m.digest, SHA256_SIZE);
        return 0;
}

static int file_pair(int fd, const uint8_t sha256[static SHA256_SIZE], uint8_t ret[static SHA256_SIZE])
{
        uint8_t both[2 * SHA256_SIZE];
        int r;

        memcpy(both, sha256, SHA256_SIZE);
        r = file_measure(fd, both + SHA256_SIZE);
        return r < 0 ? r : digest_bytes(both, sizeof(both), ret);
}

int verity_seal(int tree_fd, const char *path)
{
        const struct fsverity_enable_arg arg = {
                .version = 1,
                .hash_algorithm = FS_VERITY_HASH_ALG_SHA256,
                .block_size = VERITY_BLOCK,
        };
        _cleanup_close_ int fd = beneath_open(tree_fd, path, O_RDONLY, 0);

        if (fd < 0)
                return fd;
        if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg) < 0)
                /* ENOTTY: no file system of this kernel has it, or not this one; EOPNOTSUPP: it has, but not
                 * so made. */
                return errno == ENOTTY ? -EOPNOTSUPP : -errno;
        return 0;
}

struct verity verity_look(int fd, const uint8_t sha256[static SHA256_SIZE])
{
        uint8_t noted[SHA256_SIZE];
        struct verity v = {};

        v.sealed = file_pair(fd, sha256, v.pair) >= 0;
        v.summed = v.sealed && fgetxattr(fd, VERITY_ATTRIBUTE, noted, sizeof(noted)) == sizeof(noted) &&
                   memcmp(v.pair, noted, sizeof(noted)) == 0;
        return v;
}

void verity_note(int fd, const struct verity *v)
{
        if (v->sealed && !v->summed)
                (void)fsetxattr(fd, VERITY_ATTRIBUTE, v->pair, sizeof(v->pair), 0);
}
