/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store/incoming.h"

#include <sys/stat.h>

#include "tap.h"

#define MUST(expression)                                                                                    \
        do                                                                                                  \
                if ((expression) < 0) {                                                                     \
                        printf("Bail out! %s\n", #expression);                                              \
                        exit(EXIT_FAILURE);                                                                 \
                }                                                                                           \
        while (0)

static char dir[] = "/tmp/test-incoming.XXXXXX";
static int at = -EBADF;

static const char *digest(unsigned n)
{
        static char name[DIGEST_HEX_SIZE];

        (void)snprintf(name, sizeof(name), "%064x", n);
        return name;
}

static bool there(const char *name)
{
        return faccessat(at, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* seconds: when it was written to last. */
static void put(const char *name, const char *text, time_t seconds)
{
        const struct timespec times[] = { { .tv_sec = seconds }, { .tv_sec = seconds } };
        _cleanup_close_ int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

        MUST(fd);
        MUST(write(fd, text, strlen(text)));
        MUST(futimens(fd, times));
}

static void test_one(void)
{
        _cleanup_close_ int fd = -EBADF, again = -EBADF, rest = -EBADF, reader = -EBADF;
        struct fault f = {};
        struct stat st;
        uint64_t size = 7;

        tap_int(incoming_resume(at, digest(1), &size, &f), -ENOENT, "nothing to go on with");
        tap_int((long long)incoming_size(at, digest(1)), 0, "takes nothing");
        fd = incoming_create(at, digest(1), &f);
        tap_ok(fd >= 0 && write(fd, "hello", 5) == 5, "a download is begun");
        rest = incoming_resume(at, digest(1), &size, &f);
        tap_ok(rest >= 0 && size == 5 && lseek(rest, 0, SEEK_CUR) == 0, "and gone on with");
        tap_ok(incoming_size(at, digest(1)) >= 512, "it takes blocks of the disk");
        again = incoming_create(at, digest(1), &f);
        tap_ok(again >= 0 && fstat(again, &st) == 0 && st.st_size == 0, "and begun anew");
        reader = incoming_open(at, digest(1), &f);
        tap_ok(reader >= 0 && write(reader, "x", 1) < 0, "what is given away cannot be written to");
        tap_int(incoming_create(at, "../../etc/passwd", &f), -EINVAL, "only digests are names");
        tap_int(incoming_resume(at, "../../etc/passwd", &size, &f), -EINVAL, "to go on with, too");
        incoming_remove(at, digest(1));
        tap_int(incoming_open(at, digest(1), &f), -ENOENT, "a download is removed");
        MUST(symlinkat("/etc/passwd", at, digest(2)));
        tap_int(incoming_resume(at, digest(2), &size, &f), -ELOOP, "no link is followed");
        MUST(unlinkat(at, digest(2), 0));
        MUST(mkfifoat(at, digest(2), 0600));
        tap_int(incoming_resume(at, digest(2), &size, &f), -ENOENT, "nothing but a file is gone on with");
        MUST(unlinkat(at, digest(2), 0));
}

static bool keep_second(void *userdata, const char *name)
{
        return str_eq(name, digest(2));
}

static void test_sweep(void)
{
        struct fault f = {};

        put(digest(1), "x", 1000);
        put(digest(2), "x", 1000);
        put("partial", "x", 1000);
        MUST(symlinkat("partial", at, digest(3)));
        tap_int(incoming_sweep(at, NULL, NULL, &f), 0, "swept at the start (%s)", f.text);
        tap_ok(there(digest(1)) && there(digest(2)), "downloads stay");
        tap_ok(!there("partial") && !there(digest(3)), "what is none does not");
        tap_int(incoming_sweep(at, keep_second, NULL, &f), 0, "swept after a poll");
        tap_ok(!there(digest(1)) && there(digest(2)), "what is expected stays");
        MUST(mkdirat(at, "folder", 0700));
        MUST(mkdirat(at, "folder/deep", 0700));
        tap_int(incoming_sweep(at, NULL, NULL, &f), 0, "a folder in it (%s)", f.text);
        tap_ok(!there("folder"), "is removed");
        tap_ok(there(digest(2)), "and nothing else");
}

static void test_bound(void)
{
        struct fault f = {};

        for (unsigned i = 1; i <= INCOMING_MAX + 2; i++)
                put(digest(i), "x", (time_t)(1000 - i));
        tap_int(incoming_sweep(at, NULL, NULL, &f), 0, "more than are kept");
        tap_ok(there(digest(INCOMING_MAX)) && !there(digest(INCOMING_MAX + 1)) &&
                       !there(digest(INCOMING_MAX + 2)),
               "the oldest go");
        (void)fd_close(incoming_create(at, digest(100), &f));
        tap_ok(there(digest(100)) && !there(digest(INCOMING_MAX)) && there(digest(INCOMING_MAX - 1)),
               "a new one takes the place of the oldest");
        tap_int(incoming_sweep(at, keep_second, NULL, &f), 0, "swept");
}

int main(void)
{
        if (!mkdtemp(dir)) {
                printf("Bail out! %s\n", dir);
                exit(EXIT_FAILURE);
        }
        at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        MUST(at);
        test_one();
        test_sweep();
        test_bound();
        MUST(unlinkat(at, digest(2), 0));
        MUST(rmdir(dir));
        return tap_done();
}
