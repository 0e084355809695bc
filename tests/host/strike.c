/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For LD_PRELOAD: counts the calls of a program that touch the disk, and at one of them kills the program,
 * stops it, or lets the call fail. Which one is said in the file /run/strike/NAME of the program, which is
 * shared memory (tests/host/strike.py has the other side); without that file nothing is done. It is what
 * strace --inject does, without its price, and also behind walls that know no ptrace(2). crashes.t compares
 * the count with strace's. */

#define _GNU_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

/* OPEN: whatever takes a descriptor. READ: what is on the disk, its names and attributes, too. */
enum { CHANGE = 1, OPEN = 2, READ = 4 };

static struct strike {
        uint32_t kinds;   /* that are counted */
        uint32_t at;      /* the call that is meant, 0: none */
        uint32_t again;   /* and once more, so many calls later, in the process that came after */
        int32_t error;    /* that it fails with; 0: the program is killed instead; below: stopped, once */
        uint32_t lasting; /* it fails from there on */
        uint32_t count;
        uint32_t struck;
        char what[100]; /* of the call that was last counted */
} * strike;

__attribute__((constructor)) static void begin(void)
{
        char path[100];
        void *p;
        int fd;

        (void)snprintf(path, sizeof(path), "/run/strike/%s", program_invocation_short_name);
        fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
                return;
        p = mmap(NULL, sizeof(*strike), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        (void)syscall(SYS_close, fd);
        if (p != MAP_FAILED)
                strike = p;
}

/* Whether this call is to fail. */
static bool falls(uint32_t kind, const char *call, const char *name)
{
        int saved = errno;

        if (!strike || !(strike->kinds & kind))
                return false;
        if (strike->struck == 0)
                (void)snprintf(strike->what, sizeof(strike->what), "%s %s", call, name ? name : "");
        errno = saved;
        strike->count++;
        if (strike->at == 0 || strike->count < strike->at ||
            (strike->count > strike->at && !strike->lasting))
                return false;
        strike->struck++;
        if (strike->error < 0) {
                strike->at = 0;
                (void)kill(getpid(), SIGSTOP);
                errno = saved;
                return false;
        }
        if (strike->error != 0) {
                errno = strike->error;
                return true;
        }
        strike->at = strike->again;
        strike->again = 0;
        strike->count = 0;
        if (strike->at == 0)
                strike->kinds = 0;
        (void)kill(getpid(), SIGKILL);
        return true;
}

#define NEXT(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

/* Of the disk, that is: no memory, pipe, socket or device, and nothing that the kernel makes up, whose size
 * is 0. */
static bool attributes_on_disk(const struct stat *st, bool filled)
{
        return (S_ISREG(st->st_mode) && st->st_nlink > 0 && (!filled || st->st_size > 0)) ||
               (filled && (S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode)) && st->st_size > 0);
}

static bool on_disk(int fd, bool filled)
{
        struct stat st;
        int saved = errno;
        bool yes = NEXT(fstat)(fd, &st) == 0 && attributes_on_disk(&st, filled);

        errno = saved;
        return yes;
}

static uint32_t open_kinds(int flags)
{
        return OPEN | (flags & (O_CREAT | O_TRUNC) ? CHANGE : 0);
}

/* What is there is known when it is open. */
static int open_or_fall(int at, const char *name, int flags, mode_t mode)
{
        int fd;

        if (falls(open_kinds(flags), "openat", name))
                return -1;
        fd = (int)syscall(SYS_openat, at, name, flags, mode);
        if (fd >= 0 && !(flags & (O_CREAT | O_TRUNC)) && on_disk(fd, true) && falls(READ, "openat", name)) {
                (void)syscall(SYS_close, fd);
                errno = strike->error;
                return -1;
        }
        return fd;
}

int openat(int at, const char *name, int flags, ...)
{
        mode_t mode = 0;
        va_list ap;

        va_start(ap, flags);
        if (flags & O_CREAT)
                mode = va_arg(ap, mode_t);
        va_end(ap);
        return open_or_fall(at, name, flags, mode);
}

int __openat_2(int at, const char *name, int flags);
int __openat_2(int at, const char *name, int flags)
{
        return openat(at, name, flags);
}

int open(const char *name, int flags, ...)
{
        mode_t mode = 0;
        va_list ap;

        va_start(ap, flags);
        if (flags & O_CREAT)
                mode = va_arg(ap, mode_t);
        va_end(ap);
        return openat(AT_FDCWD, name, flags, mode);
}

ssize_t write(int fd, const void *data, size_t len)
{
        if (on_disk(fd, false) && falls(CHANGE, "write", NULL))
                return -1;
        return syscall(SYS_write, fd, data, len);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
        if (on_disk(fd, false) && falls(CHANGE, "pwrite", NULL))
                return -1;
        return syscall(SYS_pwrite64, fd, data, len, offset);
}

ssize_t read(int fd, void *data, size_t len)
{
        if (on_disk(fd, true) && falls(READ, "read", NULL))
                return -1;
        return syscall(SYS_read, fd, data, len);
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
        if (on_disk(fd, true) && falls(READ, "pread", NULL))
                return -1;
        return syscall(SYS_pread64, fd, data, len, offset);
}

int fstat(int fd, struct stat *ret)
{
        return on_disk(fd, true) && falls(READ, "fstat", NULL) ? -1 : NEXT(fstat)(fd, ret);
}

int fstatat(int at, const char *name, struct stat *ret, int flags)
{
        struct stat st;
        int r = NEXT(fstatat)(at, name, &st, flags);

        if (r < 0 || (attributes_on_disk(&st, true) && falls(READ, "fstatat", name)))
                return -1;
        *ret = st;
        return 0;
}

int stat(const char *name, struct stat *ret)
{
        return fstatat(AT_FDCWD, name, ret, 0);
}

int fstatvfs(int fd, struct statvfs *ret)
{
        return falls(READ, "fstatvfs", NULL) ? -1 : NEXT(fstatvfs)(fd, ret);
}

int faccessat(int at, const char *name, int mode, int flags)
{
        return falls(READ, "faccessat", name) ? -1 : NEXT(faccessat)(at, name, mode, flags);
}

ssize_t readlinkat(int at, const char *name, char *target, size_t size)
{
        struct stat st;

        if (NEXT(fstatat)(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && attributes_on_disk(&st, true) &&
            falls(READ, "readlinkat", name))
                return -1;
        return NEXT(readlinkat)(at, name, target, size);
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)
{
        return falls(READ, "fgetxattr", name) ? -1 : NEXT(fgetxattr)(fd, name, value, size);
}

/* getdents64(2) is asked by libc itself, for many names at once. */
struct dirent *readdir(DIR *d)
{
        return on_disk(dirfd(d), true) && falls(READ, "readdir", NULL) ? NULL : NEXT(readdir)(d);
}

int scandirat(int at, const char *name, struct dirent ***ret, int (*filter)(const struct dirent *),
              int (*compare)(const struct dirent **, const struct dirent **))
{
        return falls(OPEN | READ, "scandirat", name) ? -1 : NEXT(scandirat)(at, name, ret, filter, compare);
}

/* Of fs-verity, that is. */
int ioctl(int fd, unsigned long request, ...)
{
        void *argument;
        va_list ap;

        va_start(ap, request);
        argument = va_arg(ap, void *);
        va_end(ap);
        if ((request == FS_IOC_ENABLE_VERITY && falls(CHANGE, "FS_IOC_ENABLE_VERITY", NULL)) ||
            (request == FS_IOC_MEASURE_VERITY && falls(READ, "FS_IOC_MEASURE_VERITY", NULL)) ||
            (request == FS_IOC_GETFLAGS && falls(READ, "FS_IOC_GETFLAGS", NULL)))
                return -1;
        return (int)syscall(SYS_ioctl, fd, request, argument);
}

/* Calls of one descriptor, and calls of one name. */
#define CALL_FD(name, parameters, arguments)                                                                \
        int name parameters                                                                                 \
        {                                                                                                   \
                return falls(CHANGE, #name, NULL) ? -1 : NEXT(name) arguments;                              \
        }
#define CALL_NAME(name, parameters, arguments, shown)                                                       \
        int name parameters                                                                                 \
        {                                                                                                   \
                return falls(CHANGE, #name, shown) ? -1 : NEXT(name) arguments;                             \
        }

CALL_FD(fsync, (int fd), (fd))
CALL_FD(fdatasync, (int fd), (fd))
CALL_FD(syncfs, (int fd), (fd))
CALL_FD(fchmod, (int fd, mode_t mode), (fd, mode))
CALL_FD(fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
CALL_FD(ftruncate, (int fd, off_t len), (fd, len))
CALL_FD(fallocate, (int fd, int mode, off_t from, off_t len), (fd, mode, from, len))
CALL_FD(posix_fallocate, (int fd, off_t from, off_t len), (fd, from, len))
CALL_FD(futimens, (int fd, const struct timespec times[2]), (fd, times))
CALL_NAME(fsetxattr, (int fd, const char *name, const void *value, size_t size, int flags),
          (fd, name, value, size, flags), name)
CALL_NAME(mkdirat, (int at, const char *name, mode_t mode), (at, name, mode), name)
CALL_NAME(unlinkat, (int at, const char *name, int flags), (at, name, flags), name)
CALL_NAME(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to), to)
CALL_NAME(renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
          (a, from, b, to, flags), to)
CALL_NAME(symlinkat, (const char *to, int at, const char *name), (to, at, name), name)
CALL_NAME(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags), to)
CALL_NAME(fchmodat, (int at, const char *name, mode_t mode, int flags), (at, name, mode, flags), name)
CALL_NAME(utimensat, (int at, const char *name, const struct timespec times[2], int flags),
          (at, name, times, flags), name)
