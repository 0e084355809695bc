/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks for what a release requires, by the ways that distributions have of saying which version of a thing
 * they installed: a link, the name of a file, a line in one, the package manager's list. Reads only, runs
 * nothing, asks nobody; all of it below one root, so that an image or a test's tree can stand in for the
 * host. What it reads belongs to root, and is still read within bounds: a look is taken at each poll. */

#include "doors/host.h"

#include <ctype.h>
#include <dirent.h>
#include <gnu/libc-version.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>

#include "ground/io.h"
#include "ground/paths.h"

enum {
        LINKS_MAX = 40, /* as the kernel's: links in circles end */
        /* Headers, `release` of a Java: a page or two. */
        SMALL_FILE_MAX = 64 * 1024,
        /* libcrypto has 5 MiB, the list of packages of a full desktop 10 MiB: more is no such file. */
        LARGE_FILE_MAX = 64 * 1024 * 1024,
        CHUNK = 64 * 1024,
        /* Names in a folder of libraries; a large desktop has 5,000. */
        NAMES_MAX = 100000,
        LINE_SIZE = 1024,
};

/* Where a distribution of this architecture keeps libraries, relative paths of the table below start there:
 * Debian's folder (https://wiki.debian.org/Multiarch/Tuples), Fedora's and SUSE's, Arch's. */
static const char *const library_folders[] = {
#if defined(__x86_64__)
        "usr/lib/x86_64-linux-gnu",
#elif defined(__aarch64__)
        "usr/lib/aarch64-linux-gnu",
#elif defined(__i386__)
        "usr/lib/i386-linux-gnu",
#elif defined(__arm__)
        "usr/lib/arm-linux-gnueabihf",
#elif defined(__riscv)
        "usr/lib/riscv64-linux-gnu",
#elif defined(__powerpc64__)
        "usr/lib/powerpc64le-linux-gnu",
#elif defined(__loongarch64)
        "usr/lib/loongarch64-linux-gnu",
#elif defined(__s390x__)
        "usr/lib/s390x-linux-gnu",
#endif
        "usr/lib64",
        "usr/lib",
};

/* ---- paths and files below the root */

int host_open(struct host *h, const char *root, struct fault *f)
{
        struct stat st, own;
        int fd;

        fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot open the directory", root);
        *h = (struct host){ .root = fd };
        h->live = fstat(fd, &st) >= 0 && stat("/", &own) >= 0 && st.st_dev == own.st_dev &&
                  st.st_ino == own.st_ino;
        return 0;
}

void host_close(struct host *h)
{
        h->root = fd_close(h->root);
}

/* done/name, or done itself for ".", or what holds done for "..", as the kernel counts at a root. */
static int path_step(char done[static HOST_PATH_SIZE], const char *name, size_t n)
{
        size_t len = strlen(done);
        char *slash;

        if (n == 1 && *name == '.')
                return 0;
        if (n == 2 && name[0] == '.' && name[1] == '.') {
                slash = strrchr(done, '/');
                *(slash ? slash : done) = '\0';
                return 0;
        }
        if (len + n + 2 > HOST_PATH_SIZE)
                return -ENAMETOOLONG;
        (void)snprintf(done + len, HOST_PATH_SIZE - len, "%s%.*s", len > 0 ? "/" : "", (int)n, name);
        return 0;
}

/* A link at done replaces it: what it says goes before the rest, and counts from where the link is, or from
 * the root. */
static int path_follow(char done[static HOST_PATH_SIZE], char left[static HOST_PATH_SIZE],
                       const char *target, const char *rest)
{
        char next[HOST_PATH_SIZE];
        char *slash = strrchr(done, '/');
        int n = snprintf(next, sizeof(next), "%s%s", target, rest);

        if (n < 0 || n >= HOST_PATH_SIZE)
                return -ENAMETOOLONG;
        memcpy(left, next, sizeof(next));
        *(slash && *target != '/' ? slash : done) = '\0';
        return 0;
}

int host_resolve(const struct host *h, const char *path, char ret[static HOST_PATH_SIZE])
{
        char left[HOST_PATH_SIZE], done[HOST_PATH_SIZE] = "", target[HOST_PATH_SIZE];
        const char *at = left;
        unsigned links = 0;

        if (snprintf(left, sizeof(left), "%s", path) >= (int)sizeof(left))
                return -ENAMETOOLONG;
        for (at += strspn(at, "/"); *at; at += strspn(at, "/")) {
                size_t n = strcspn(at, "/");
                ssize_t length;
                int r;

                r = path_step(done, at, n);
                if (r < 0)
                        return r;
                at += n;
                length = *done ? readlinkat(h->root, done, target, sizeof(target) - 1) : -1;
                if (length < 0 && *done && errno != EINVAL)
                        return -errno;
                if (length < 0)
                        continue;
                target[length] = '\0';
                r = ++links > LINKS_MAX ? -ELOOP : path_follow(done, left, target, at);
                if (r < 0)
                        return r;
                at = left;
        }
        memcpy(ret, *done ? done : ".", strlen(*done ? done : ".") + 1);
        return 0;
}

/* Opens what path leads to, a regular file or a directory as flags say; -errno. */
static int host_open_at(const struct host *h, const char *path, int flags)
{
        char real[HOST_PATH_SIZE];
        int r = host_resolve(h, path, real);

        if (r < 0)
                return r;
        r = openat(h->root, real, flags | O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        return r < 0 ? -errno : r;
}

static int host_read_small(const struct host *h, const char *path, char **ret)
{
        _cleanup_close_ int fd = host_open_at(h, path, 0);
        size_t len;

        return fd < 0 ? fd : io_read_all(fd, SMALL_FILE_MAX, ret, &len);
}

static bool host_has_program(const struct host *h, const char *path)
{
        char real[HOST_PATH_SIZE];
        struct stat st;

        return host_resolve(h, path, real) >= 0 && fstatat(h->root, real, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
               S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

/* ---- ways to a version: each fills ret, and says whether it has found any */

typedef char version_text[REQUIREMENT_VERSION_SIZE];

struct way {
        enum probe probe;
        bool (*look)(const struct host *h, const struct way *w, version_text ret);
        const char *where; /* a path; one that does not begin with a slash is tried in library_folders */
        const char *mark;  /* what stands before the version */
};

/* A path of the table, and the next one at each call, from *i = 0. */
static const char *way_path(const struct way *w, size_t *i, char path[static HOST_PATH_SIZE])
{
        if (*w->where == '/')
                return (*i)++ == 0 ? w->where : NULL;
        if (*i >= ELEMENTSOF(library_folders))
                return NULL;
        (void)snprintf(path, HOST_PATH_SIZE, "/%s/%s", library_folders[(*i)++], w->where);
        return path;
}

static bool look_kernel(const struct host *h, const struct way *w, version_text ret)
{
        struct utsname u;

        if (h->live && uname(&u) >= 0)
                requirement_read_version(u.release, ret);
        return *ret;
}

static bool look_own_libc(const struct host *h, const struct way *w, version_text ret)
{
        if (h->live)
                requirement_read_version(gnu_get_libc_version(), ret);
        return *ret;
}

/* The file a link leads to is called by its version: python3 -> python3.11. One called as the link itself is
 * called says nothing: the 3 of python3 is no version. */
static bool look_link(const struct host *h, const struct way *w, version_text ret)
{
        char real[HOST_PATH_SIZE];
        const char *slash, *name;

        if (host_resolve(h, w->where, real) < 0)
                return false;
        slash = strrchr(real, '/');
        name = slash ? slash + 1 : real;
        if (!str_has_suffix(w->where, name) && str_has_prefix(name, w->mark))
                requirement_read_version(name + strlen(w->mark), ret);
        return *ret;
}

static void keep_highest(version_text best, const char *text)
{
        version_text one;
        int r;

        requirement_read_version(text, one);
        r = requirement_compare(one, best);
        if (r > 0 || (r == 0 && strlen(one) > strlen(best)))
                memcpy(best, one, sizeof(one));
}

static void close_directory(DIR **d)
{
        if (*d)
                (void)closedir(*d);
}

static void look_names_in(const struct host *h, const char *folder, const char *mark, version_text ret)
{
        int fd = host_open_at(h, folder, O_DIRECTORY);
        _cleanup_(close_directory) DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
        const struct dirent *e;

        if (fd >= 0 && !d)
                (void)fd_close(fd);
        for (unsigned n = 0; d && n < NAMES_MAX && (e = readdir(d)); n++)
                if (str_has_prefix(e->d_name, mark))
                        keep_highest(ret, e->d_name + strlen(mark));
}

/* The highest version among the names of a folder. */
static bool look_names(const struct host *h, const struct way *w, version_text ret)
{
        char path[HOST_PATH_SIZE];
        const char *folder;

        for (size_t i = 0; !*ret && (folder = way_path(w, &i, path));)
                look_names_in(h, folder, w->mark, ret);
        return *ret;
}

/* A mark with a digit behind it, anywhere in a large file. The end of each chunk is looked at again with the
 * next, so that nothing is cut in two. */
static void search_file(int fd, const char *mark, version_text ret)
{
        enum { KEEP = 128 };
        size_t kept = 0, n = CHUNK, mark_len = strlen(mark);
        char text[KEEP + CHUNK + 1];

        for (size_t total = 0; n == CHUNK && total < LARGE_FILE_MAX; total += n) {
                size_t len;

                if (io_read_full(fd, text + kept, CHUNK, &n) < 0)
                        return;
                len = kept + n;
                text[len] = '\0';
                for (const char *p = text; (p = memmem(p, len - (size_t)(p - text), mark, mark_len)); p++)
                        if (isdigit((unsigned char)p[mark_len]) && (n < CHUNK || p + KEEP <= text + len)) {
                                requirement_read_version(p + mark_len, ret);
                                return;
                        }
                kept = len < KEEP ? len : KEEP;
                memmove(text, text + len - kept, kept);
        }
}

static bool look_text(const struct host *h, const struct way *w, version_text ret)
{
        char path[HOST_PATH_SIZE];
        const char *file;

        for (size_t i = 0; !*ret && (file = way_path(w, &i, path));) {
                _cleanup_close_ int fd = host_open_at(h, file, 0);

                if (fd >= 0)
                        search_file(fd, w->mark, ret);
        }
        return *ret;
}

/* What stands behind mark at the beginning of a line. */
static char *find_line(char *text, const char *mark)
{
        for (char *p = text; (p = strstr(p, mark)); p++)
                if (p == text || p[-1] == '\n')
                        return p + strlen(mark);
        return NULL;
}

/* `release` of a folder, or of the one above: the java of Java 8 is in jre/bin. */
static int read_release(const struct host *h, char folder[static HOST_PATH_SIZE], char **ret)
{
        char path[HOST_PATH_SIZE + sizeof("/release")];
        char *slash;
        int r;

        (void)snprintf(path, sizeof(path), "%s/release", folder);
        r = host_read_small(h, path, ret);
        slash = strrchr(folder, '/');
        if (r >= 0 || !slash)
                return r;
        *slash = '\0';
        (void)snprintf(path, sizeof(path), "%s/release", folder);
        return host_read_small(h, path, ret);
}

/* /usr/lib/jvm/NAME/bin/java has a file `release` beside bin (JEP 223); Java 8 calls itself 1.8.0_392. */
static bool look_java(const struct host *h, const struct way *w, version_text ret)
{
        char real[HOST_PATH_SIZE], *version;
        _cleanup_free_ char *text = NULL;

        if (host_resolve(h, w->where, real) < 0 || !str_has_suffix(real, "/bin/java"))
                return false;
        real[strlen(real) - STRLEN("/bin/java")] = '\0';
        if (read_release(h, real, &text) < 0)
                return false;
        version = find_line(text, w->mark);
        if (!version)
                return false;
        if (str_has_prefix(version, "1."))
                version += STRLEN("1.");
        for (char *p = version; *p && *p != '"'; p++)
                if (*p == '_')
                        *p = '.';
        requirement_read_version(version, ret);
        return *ret;
}

/* node_version.h, which comes with the program where Node.js's own people or NodeSource packed it. */
static bool look_node_header(const struct host *h, const struct way *w, version_text ret)
{
        static const char *const parts[] = { "MAJOR", "MINOR", "PATCH" };
        _cleanup_free_ char *text = NULL;
        unsigned long numbers[ELEMENTSOF(parts)];
        char version[128];

        if (host_read_small(h, w->where, &text) < 0)
                return false;
        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                char define[64];
                const char *p;

                (void)snprintf(define, sizeof(define), "#define NODE_%s_VERSION ", parts[i]);
                p = strstr(text, define);
                if (!p)
                        return false;
                numbers[i] = strtoul(p + strlen(define), NULL, 10);
        }
        (void)snprintf(version, sizeof(version), "%lu.%lu.%lu", numbers[0], numbers[1], numbers[2]);
        requirement_read_version(version, ret);
        return *ret;
}

/* dpkg's list of packages (deb-control(5), dpkg(1)): where names end in no version, the package has one. */
static bool look_dpkg(const struct host *h, const struct way *w, version_text ret)
{
        int fd = host_open_at(h, w->where, 0);
        _cleanup_file_ FILE *list = fd >= 0 ? fdopen(fd, "re") : NULL;
        bool inside = false, installed = false;
        char line[LINE_SIZE];

        if (!list) {
                (void)fd_close(fd);
                return false;
        }
        for (size_t total = 0; total < LARGE_FILE_MAX && fgets(line, sizeof(line), list);
             total += strlen(line)) {
                const char *version = line + STRLEN("Version: "), *colon;

                line[strcspn(line, "\n")] = '\0';
                if (str_has_prefix(line, "Package: ")) {
                        inside = str_eq(line + STRLEN("Package: "), w->mark);
                        installed = false;
                } else if (inside && str_has_prefix(line, "Status: "))
                        installed = str_has_suffix(line, " installed");
                else if (inside && installed && str_has_prefix(line, "Version: ")) {
                        colon = strchr(version, ':'); /* the epoch is the packager's, not the program's */
                        requirement_read_version(colon ? colon + 1 : version, ret);
                        break;
                }
        }
        return *ret;
}

/* Tried from the top: what a probe's first way finds is its version. */
static const struct way ways[] = {
        { PROBE_DOTNET, look_names, "dotnet/shared/Microsoft.NETCore.App", "" },
        { PROBE_DOTNET, look_names, "/usr/share/dotnet/shared/Microsoft.NETCore.App", "" },
        { PROBE_GLIBC, look_own_libc },
        { PROBE_GLIBC, look_text, "libc.so.6", " stable release version " },
        { PROBE_JAVA, look_java, "/usr/bin/java", "JAVA_VERSION=\"" },
        { PROBE_KERNEL, look_kernel },
        { PROBE_KERNEL, look_names, "/usr/lib/modules", "" },
        { PROBE_LIBSTDCXX, look_names, "", "libstdc++.so." },
        { PROBE_NODE, look_dpkg, "/var/lib/dpkg/status", "nodejs" },
        { PROBE_NODE, look_node_header, "/usr/include/node/node_version.h" },
        { PROBE_NODE, look_link, "/usr/bin/node", "node-" }, /* Fedora */
        { PROBE_NODE, look_link, "/usr/bin/node", "node" },  /* openSUSE */
        { PROBE_OPENSSL, look_text, "libcrypto.so.3", "OpenSSL " },
        { PROBE_OPENSSL, look_text, "libcrypto.so.1.1", "OpenSSL " },
        { PROBE_PERL, look_names, "/usr/bin", "perl" },
        { PROBE_PHP, look_link, "/usr/bin/php", "php" },
        { PROBE_PYTHON3, look_link, "/usr/bin/python3", "python" },
        { PROBE_RUBY, look_link, "/usr/bin/ruby", "ruby" },
        { PROBE_RUBY, look_names, "", "libruby.so." },
        { PROBE_SYSTEMD, look_names, "systemd", "libsystemd-shared-" },
};

/* A probe that is a program is there when the program is, whether its version can be found or not; else what
 * a package left behind would count. */
static const char *const programs[PROBE_MAX] = {
        [PROBE_JAVA] = "/usr/bin/java", [PROBE_NODE] = "/usr/bin/node",       [PROBE_PERL] = "/usr/bin/perl",
        [PROBE_PHP] = "/usr/bin/php",   [PROBE_PYTHON3] = "/usr/bin/python3", [PROBE_RUBY] = "/usr/bin/ruby",
};

static bool look_command(const struct host *h, const char *name)
{
        static const char *const folders[] = { "/usr/bin", "/usr/sbin" };
        char path[HOST_PATH_SIZE];

        if (*name == '/')
                return host_has_program(h, name);
        for (size_t i = 0; i < ELEMENTSOF(folders); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", folders[i], name);
                if (host_has_program(h, path))
                        return true;
        }
        return false;
}

void host_look(const struct host *h, struct requirement *r)
{
        const char *program = programs[r->probe];

        r->found = false;
        *r->has = '\0';
        if (r->probe == PROBE_COMMAND) {
                r->found = look_command(h, r->name);
                return;
        }
        if (program && !host_has_program(h, program))
                return;
        for (size_t i = 0; i < ELEMENTSOF(ways) && !*r->has; i++)
                if (ways[i].probe == r->probe)
                        (void)ways[i].look(h, ways + i, r->has);
        r->found = program || *r->has;
}

bool host_forbids_bundles(const struct host *h)
{
        _cleanup_close_ int fd = openat(h->root, RELEASES_PATH + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
        struct statvfs st;

        return fd >= 0 && fstatvfs(fd, &st) >= 0 && (st.f_flag & ST_NOEXEC);
}
