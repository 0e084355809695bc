/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-unpack as it is installed, fed over a socket with archives made here: what may be in them. */

#include "unpacking.h"

static void test_honest(void)
{
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT;
        _cleanup_(result_done) struct result r;

        tape_honest(&t);
        unpack_tape(&t, NULL, &r);
        tap_int(r.error, 0, "an honest bundle unpacks (%s)", r.text);
        tap_str(r.listing.data, honest_listing, "with everything in it, in order");
        tap_int(r.status, 0, "and the worker ends");
}

static void test_long_names(void)
{
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT;
        _cleanup_(result_done) struct result r;
        char name[201];

        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        tape_pax(&t, "path", name);
        tape_file(&t, "short", 0644, "x");
        tape_pax(&t, "path", "caf\xc3\xa9 \xe2\x82\xac");
        tape_file(&t, "short", 0644, "y");
        tape_file(&t, "e\xcc\x81", 0644, "z");
        tape_add(&t, &(struct tape_entry){ "././@LongLink", 'L', 0644, 200, NULL, name });
        tape_file(&t, "short", 0644, "w");
        tape_end(&t);
        unpack_tape(&t, NULL, &r);
        tap_int(r.error, 0, "pax and GNU long names and UTF-8 names unpack (%s)", r.text);
        tap_ok(r.listing.data && strstr(r.listing.data, name), "with the long name whole");
        tap_like(r.listing.data, "caf\xc3\xa9 \xe2\x82\xac", "with the characters kept");
        tap_like(r.listing.data, "e\xcc\x81 ", "and the spelling");
}

#define DEEP32 "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/30/31/32"

/* One entry each that no bundle may hold. */
static const struct hostile {
        const char *what;
        struct tape_entry entry;
        const char *pax_key, *pax_value;
        const char *words;
} hostiles[] = {
        { "absolute path", { "/etc/passwd", '0', 0644 }, NULL, NULL, "/etc/passwd: is an absolute path" },
        { "..", { "../up", '0', 0644 }, NULL, NULL, "../up: climbs with '..'" },
        { ".. in the middle", { "a/../../up", '0', 0644 }, NULL, NULL, "climbs with '..'" },
        { ".. at the end", { "a/..", '5', 0755 }, NULL, NULL, "climbs with '..'" },
        { "./ before absolute", { ".//etc/passwd", '0', 0644 }, NULL, NULL, "is an absolute path" },
        { "empty name", { "", '0', 0644 }, NULL, NULL, "has an empty name" },
        { "top directory", { "./", '5', 0755 }, NULL, NULL, "has an empty name" },
        { "dot", { ".", '5', 0755 }, NULL, NULL, ".: is not a name" },
        { "dot component", { "a/./b", '0', 0644 }, NULL, NULL, "is not a name" },
        { "empty component", { "a//b", '0', 0644 }, NULL, NULL, "is not a name" },
        { "two trailing slashes", { "a//", '5', 0755 }, NULL, NULL, "is not a name" },
        { "escape sequence", { "a\033[2J", '0', 0644 }, NULL, NULL, "a?[2J: is not a name" },
        { "newline", { "a\nb", '0', 0644 }, NULL, NULL, "is not a name" },
        { "not UTF-8", { "a\xff", '0', 0644 }, NULL, NULL, "is not a name" },
        { "overlong UTF-8", { "a\xc0\xafz", '0', 0644 }, NULL, NULL, "is not a name" },
        { "pax not UTF-8", { "a", '0', 0644 }, "path", "a\xff", "" },
        { "deep path", { "a", '0', 0644 }, "path", DEEP32 "/33", "is not a name" },
        { "pax path override", { "a", '0', 0644 }, "path", "/etc/cron.d/x", "is an absolute path" },
        { "hard link", { "a", '1', 0644, 0, "b" }, NULL, NULL, "a: is a hard link" },
        { "hard link with data", { "a", '1', 0644, 1, "b", "x" }, NULL, NULL, "a: is a hard link" },
        { "character device", { "a", '3', 0644 }, NULL, NULL, "a: is a character device" },
        { "block device", { "a", '4', 0644 }, NULL, NULL, "a: is a block device" },
        { "FIFO", { "a", '6', 0644 }, NULL, NULL, "a: is a FIFO" },
        { "setuid", { "a", '0', 04755 }, NULL, NULL, "a: is setuid" },
        { "setgid", { "a", '0', 02755 }, NULL, NULL, "a: is setuid" },
        { "sticky", { "a", '5', 01777 }, NULL, NULL, "a: is setuid" },
        { "absolute symlink", { "a", '2', 0777, 0, "/etc" }, NULL, NULL, "a: a symbolic link out of" },
        { "climbing symlink",
          { "a/b", '2', 0777, 0, "../../x" },
          NULL,
          NULL,
          "a/b: a symbolic link out of" },
        { "empty symlink", { "a", '2', 0777, 0, "" }, NULL, NULL, "a: a symbolic link out of" },
        { "pax symlink", { "a", '2', 0777, 0, "b" }, "linkpath", "/etc/shadow", "a: a symbolic link out" },
        { "directory with data",
          { "a", '5', 0755, 3, NULL, "abc" },
          NULL,
          NULL,
          "after a: damaged archive" },
        { "xattr", { "a", '0', 0644 }, "SCHILY.xattr.user.x", "y", "a: carries extended attributes" },
        { "capability", { "a", '0', 0755 }, "SCHILY.xattr.security.capability", "y", "extended attributes" },
        { "libarchive xattr", { "a", '0', 0644 }, "LIBARCHIVE.xattr.user.x", "eQ==", "extended attributes" },
        { "ACL",
          { "a", '0', 0644 },
          "SCHILY.acl.access",
          "user::rwx,group::r-x,mask::rwx,other::r-x,user:daemon:rwx:1",
          "a: carries an ACL" },
        { "default ACL",
          { "a", '5', 0755 },
          "SCHILY.acl.default",
          "user::rwx,group::r-x,mask::rwx,other::r-x,user:daemon:rwx:1",
          "a: carries an ACL" },
        { "file flags", { "a", '0', 0644 }, "SCHILY.fflags", "uappnd", "a: carries file flags" },
        { "pax size too large", { "a", '0', 0644, 3, NULL, "abc" }, "size", "3000", "" },
        { "pax size too small", { "a", '0', 0644, 1500 }, "size", "3", "" },
        { "pax size negative", { "a", '0', 0644, 3, NULL, "abc" }, "size", "-3", "" },
        { "pax real size", { "a", '0', 0644, 3, NULL, "abc" }, "SCHILY.realsize", "9", "a: ends early" },
};

static void test_hostile_entries(void)
{
        for (size_t i = 0; i < ELEMENTSOF(hostiles); i++) {
                const struct hostile *h = hostiles + i;
                _cleanup_(buffer_done) struct buffer t = TAPE_INIT;

                if (h->pax_key)
                        tape_pax(&t, h->pax_key, h->pax_value);
                tape_add(&t, &h->entry);
                tape_end(&t);
                expect_refused(&t, NULL, -EINVAL, h->words, h->what);
        }
}

/* What libarchive reads with no more than a warning, and another reader might read otherwise. */
static void test_warnings(void)
{
        static const char *const bodies[] = { "junk", "9 path=b", "99 path=b\n", "7 path\n", "-1 path=b\n" };

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                _cleanup_(buffer_done) struct buffer t = TAPE_INIT;
                struct buffer records = TAPE_INIT;

                tape_bytes(&records, bodies[i], strlen(bodies[i]));
                tape_pax_header(&t, 'x', &records);
                tape_file(&t, "a", 0644, "x");
                tape_end(&t);
                expect_refused(&t, NULL, -EINVAL, "a: damaged archive: ", "malformed pax records");
        }
}

/* "KEY=VALUE" words, ended by NULL, in one pax header. */
static void tape_pax_words(struct buffer *t, const char *const *words)
{
        struct buffer records = TAPE_INIT;
        char key[64];

        for (; *words; words++) {
                const char *value = strchr(*words, '=') + 1;

                (void)snprintf(key, sizeof(key), "%.*s", (int)(value - *words - 1), *words);
                tape_pax_record(&records, key, value, strlen(value));
        }
        tape_pax_header(t, 'x', &records);
}

static void test_sparse(void)
{
        static const struct unpack_start large = { COMPRESSION_ZSTD, 0, 0, 9, UINT64_C(2) << 30 };
        static const char *const tera[] = { "GNU.sparse.size=1073741824", "GNU.sparse.numblocks=2",
                                            "GNU.sparse.map=0,1,1073741823,1", NULL };
        static const char *const one[] = { "GNU.sparse.major=1", "GNU.sparse.minor=0",
                                           "GNU.sparse.realsize=4096", NULL };
        _cleanup_(buffer_done) struct buffer pax = TAPE_INIT, pax1 = TAPE_INIT, gnu = TAPE_INIT;
        unsigned char *h;

        tape_pax_words(&pax, tera);
        tape_file(&pax, "a", 0644, "xy");
        tape_end(&pax);
        expect_refused(&pax, &large, -EINVAL, "a: is a sparse file", "a sparse file of 1 GiB (pax 0.1)");

        tape_pax_words(&pax1, one);
        tape_header(&pax1, &(struct tape_entry){ .name = "a", .mode = 0644, .size = 512 + 2 });
        tape_bytes(&pax1, "2\n0\n1\n4095\n1\n", 13);
        tape_pad(&pax1);
        tape_bytes(&pax1, "xy", 2);
        tape_pad(&pax1);
        tape_end(&pax1);
        expect_refused(&pax1, NULL, -EINVAL, "a: is a sparse file", "a sparse file (pax 1.0)");

        tape_header(&gnu, &(struct tape_entry){ .name = "a", .type = 'S', .mode = 0644, .size = 1 });
        h = (unsigned char *)gnu.data;
        memcpy(h + 257, "ustar  ", 8);
        memcpy(h + 386, "00000010000\00000000000001", 24); /* one block: offset 4096, 1 byte */
        memcpy(h + 483, "00000010001", 12);
        tape_checksum(h);
        tape_bytes(&gnu, "x", 1);
        tape_pad(&gnu);
        tape_end(&gnu);
        expect_refused(&gnu, NULL, -EINVAL, "a: is a sparse file", "a sparse file (GNU)");
}

static void test_ends(void)
{
        static const struct unpack_start start = { COMPRESSION_ZSTD, 0, 0, 100, 4096 };
        _cleanup_(buffer_done) struct buffer garbage = TAPE_INIT, second = TAPE_INIT, open = TAPE_INIT,
                                             cut = TAPE_INIT, empty = TAPE_INIT, tail = TAPE_INIT,
                                             none = TAPE_INIT, one = TAPE_INIT;
        _cleanup_(result_done) struct result r;

        tape_honest(&garbage);
        tape_bytes(&garbage, "#", 1);
        expect_refused(&garbage, NULL, -EINVAL, "data after the end of the archive", "a byte after the end");
        tape_honest(&second);
        tape_honest(&second);
        expect_refused(&second, NULL, -EINVAL, "data after the end of the archive",
                       "a second archive after the first");
        tape_file(&open, "a", 0644, "x");
        expect_refused(&open, NULL, -EINVAL, "the archive has no end", "an archive without its end");
        tape_file(&one, "a", 0644, "x");
        tape_zeros(&one, 512);
        expect_refused(&one, NULL, -EINVAL, "the archive has no end", "an archive with half its end");
        tape_header(&cut, &(struct tape_entry){ .name = "a", .mode = 0644, .size = 4096 });
        tape_zeros(&cut, 100);
        expect_refused(&cut, NULL, -EINVAL, "a: damaged archive: Truncated", "a file cut short");
        tape_zeros(&empty, 10240);
        unpack_tape(&empty, NULL, &r);
        tap_int(r.error, 0, "an archive of nothing is one (%s)", r.text);
        result_done(&r);
        expect_refused(&none, NULL, -EINVAL, "", "no archive at all");
        tape_honest(&tail);
        tape_zeros(&tail, 3 << 20);
        expect_refused(&tail, &start, -EFBIG, "more than its signed content",
                       "3 MiB of zeros behind the end");
}

static void test_limits(void)
{
        static const struct unpack_start two = { COMPRESSION_ZSTD, 0, 0, 2, 4096 };
        static const struct unpack_start nine = { COMPRESSION_ZSTD, 0, 0, 100, 9 };
        static const struct unpack_start huge = { COMPRESSION_ZSTD, 0, 0, 100, UINT64_MAX };
        static const struct unpack_start many = { COMPRESSION_ZSTD, 0, 0, UINT64_MAX, 100 };
        static const struct unpack_start xz = { 7, 0, 0, 10, 100 };
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT, bomb = TAPE_INIT, pax = TAPE_INIT;
        struct buffer records = TAPE_INIT;
        _cleanup_free_ char *name = malloc(2 << 20);

        tape_honest(&t);
        expect_refused(&t, &two, -EFBIG, "empty: the bundle holds more entries",
                       "an entry more than signed");
        expect_refused(&t, &nine, -EFBIG, "bin/web: the bundle unpacks to more", "a byte more than signed");
        expect_refused(&t, &huge, -EFBIG, "larger than any bundle", "an absurd number of bytes");
        expect_refused(&t, &many, -EFBIG, "larger than any bundle", "an absurd number of entries");
        expect_refused(&t, &xz, -EINVAL, "unknown compression 7", "a compression we do not have");
        tape_header(&bomb, &(struct tape_entry){ .name = "a", .mode = 0644, .size = 64 << 20 });
        tape_zeros(&bomb, 64 << 20);
        tape_end(&bomb);
        expect_refused(&bomb, NULL, -EFBIG, "a: the bundle unpacks to more", "a decompression bomb");
        if (!name)
                abort();
        memset(name, 'n', 2 << 20);
        tape_pax_record(&records, "path", name, 2 << 20);
        tape_pax_header(&pax, 'x', &records);
        tape_file(&pax, "a", 0644, "x");
        tape_end(&pax);
        expect_refused(&pax, &(struct unpack_start){ COMPRESSION_ZSTD, 0, 0, 1000, 64 << 20 }, -EINVAL, "",
                       "a name of 2 MiB");
}

#ifndef WITH_SANITIZERS
/* Headers of an old GNU sparse file with as many extension blocks as it takes to want 1 GiB for their map.
 */
static void test_memory_bomb(void)
{
        static const struct unpack_start start = { COMPRESSION_ZSTD, 0, 0, 1000, UINT64_C(1) << 30 };
        static unsigned char extension[512];
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT;
        _cleanup_(result_done) struct result r;
        unsigned char *h;

        tape_header(&t, &(struct tape_entry){ .name = "a", .type = 'S', .mode = 0644, .size = 1 });
        h = (unsigned char *)t.data;
        memcpy(h + 257, "ustar  ", 8);
        memcpy(h + 386, "00000000000\00000000000001", 24);
        h[482] = 1;
        memcpy(h + 483, "77777777777", 12);
        tape_checksum(h);
        for (size_t i = 0; i < 21; i++)
                memcpy(extension + i * 24, "00000010000\00000000000001", 24);
        extension[504] = 1;
        for (size_t i = 0; i < 128 * 1024; i++)
                tape_bytes(&t, extension, sizeof(extension));
        unpack_tape(&t, &start, &r);
        tap_ok(r.error == -ENOMEM || (WIFEXITED(r.status) && WEXITSTATUS(r.status) == 1),
               "a sparse map that wants all memory gets none (%s)", r.text);
}
#endif

/* A peer that breaks the rules, or goes away, ends the worker without noise. */
static void test_peer(void)
{
        _cleanup_(buffer_done) struct buffer t = TAPE_INIT, packed = TAPE_INIT;
        _cleanup_close_ int fd = -EBADF;
        struct unpack_start start = generous;
        struct worker w;
        int status;

        worker_start(&w, "sealift-unpack");
        tap_int(worker_wait(&w, NULL), 0, "a peer that says nothing and goes is no failure");

        tape_header(&t, &(struct tape_entry){ .name = "a", .mode = 0644, .size = 1 << 20 });
        tape_zeros(&t, 1 << 20);
        tape_end(&t);
        tape_zstd(t.data, t.len, 0, &packed);
        fd = tape_publish(&packed);
        start.bundle_size = packed.len;
        worker_start(&w, "sealift-unpack");
        (void)!message_send(w.sock, UNPACK_START, &start, sizeof(start), fd);
        tap_int(worker_wait(&w, NULL), 0, "nor is one that goes in the middle");

        worker_start(&w, "sealift-unpack");
        (void)!message_send(w.sock, UNPACK_START, &start, sizeof(start), -EBADF);
        (void)!shutdown(w.sock, SHUT_WR);
        status = worker_wait(&w, NULL);
        tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 1, "START without a bundle is refused");
}

int main(void)
{
        test_honest();
        test_long_names();
        test_hostile_entries();
        test_warnings();
        test_sparse();
        test_ends();
        test_limits();
#ifdef WITH_SANITIZERS
        tap_skip("a sparse map that wants all memory", "sanitizers need all memory themselves");
#else
        test_memory_bomb();
#endif
        test_peer();
        return tap_done();
}
