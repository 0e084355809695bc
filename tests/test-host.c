/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host has, on trees that look like one: each probe by each of its ways. */

#include "doors/host.h"

#include <ftw.h>
#include <gnu/libc-version.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "ground/io.h"
#include "tap.h"

static char top[] = "/tmp/sealift-host.XXXXXX";
static struct host host = { .root = -EBADF };

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        return remove(path);
}

static void host_end(void)
{
        host_close(&host);
        (void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* An empty tree. */
static void host_begin(void)
{
        struct fault f;

        memcpy(top + strlen(top) - 6, "XXXXXX", 6);
        if (!mkdtemp(top) || host_open(&host, top, &f) < 0)
                abort();
}

static void make_parents(const char *path)
{
        char part[512];

        for (const char *p = path; (p = strchr(p, '/')); p++) {
                (void)snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
                if (mkdirat(host.root, part, 0755) < 0 && errno != EEXIST)
                        abort();
        }
}

static void put_mode(const char *path, const void *data, size_t len, mode_t mode)
{
        _cleanup_close_ int fd = -EBADF;

        make_parents(path);
        fd = openat(host.root, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
        if (fd < 0 || io_write_full(fd, data, len) < 0)
                abort();
}

static void put(const char *path, const char *text)
{
        put_mode(path, text, strlen(text), 0644);
}

static void put_program(const char *path)
{
        put_mode(path, "", 0, 0755);
}

static void put_link(const char *path, const char *target)
{
        make_parents(path);
        if (symlinkat(target, host.root, path) < 0)
                abort();
}

static struct requirement look(enum probe p, const char *name)
{
        struct requirement r = { .probe = p };

        (void)snprintf(r.name, sizeof(r.name), "%s", name ? name : requirement_probe_name(p));
        host_look(&host, &r);
        return r;
}

/* has NULL: it is not there. */
static void is(enum probe p, const char *has, const char *what)
{
        struct requirement r = look(p, NULL);

        tap_str(r.found ? r.has : NULL, has, "%s", what);
}

/* ---- nothing, and this machine */

static void test_empty(void)
{
        bool none = true;

        host_begin();
        for (enum probe p = PROBE_COMMAND + 1; p < PROBE_MAX; p++)
                none = none && !look(p, NULL).found;
        tap_ok(none && !look(PROBE_COMMAND, "sh").found, "an empty tree has nothing");
        host_end();
}

static void test_live(void)
{
        struct fault f = {};
        struct utsname u;
        struct requirement r;
        char want[REQUIREMENT_VERSION_SIZE];

        tap_int(host_open(&host, "/", &f), 0, "this machine");
        (void)uname(&u);
        requirement_read_version(u.release, want);
        r = look(PROBE_KERNEL, NULL);
        tap_str(r.has, want, "has the kernel that runs");
        r = look(PROBE_GLIBC, NULL);
        tap_str(r.has, gnu_get_libc_version(), "and the C library of this program");
        tap_ok(look(PROBE_COMMAND, "env").found, "and env(1)");
        tap_ok(!look(PROBE_COMMAND, "no-such-program-here").found, "and not what nobody has");
        host_close(&host);
        tap_int(host_open(&host, "/no/such/root", &f), -ENOENT, "a root that is not there");
        tap_like(f.text, "/no/such/root", "is named");
}

/* ---- links */

static void test_resolve(void)
{
        char real[HOST_PATH_SIZE];

        host_begin();
        put("usr/lib/thing-1/bin/thing", "");
        put_link("etc/alternatives/thing", "/usr/lib/thing-1/bin/thing");
        put_link("usr/bin/thing", "/etc/alternatives/thing");
        put_link("usr/bin/near", "../lib/./thing-1/../thing-1/bin/thing");
        put_link("bin", "usr/bin");
        put_link("usr/bin/out", "../../../../../../usr/lib/thing-1");
        put_link("usr/bin/a", "b");
        put_link("usr/bin/b", "a");
        put_link("usr/bin/gone", "/nowhere");
        put_link("usr/bin/root", "/");
        tap_int(host_resolve(&host, "/usr/bin/thing", real), 0, "absolute links");
        tap_str(real, "usr/lib/thing-1/bin/thing", "count from the root");
        tap_int(host_resolve(&host, "/bin/near", real), 0, "relative ones, below a folder that is one");
        tap_str(real, "usr/lib/thing-1/bin/thing", "count from where they are");
        tap_int(host_resolve(&host, "usr/bin/out", real), 0, "more .. than there are folders");
        tap_str(real, "usr/lib/thing-1", "end at the root, as on that host");
        tap_int(host_resolve(&host, "/usr/bin/root", real), 0, "the root itself");
        tap_str(real, ".", "is a path");
        tap_int(host_resolve(&host, "/usr/bin/root/usr/bin/thing", real), 0, "and can be gone through");
        tap_str(real, "usr/lib/thing-1/bin/thing", "again");
        tap_int(host_resolve(&host, "/usr/bin/a", real), -ELOOP, "circles end");
        tap_int(host_resolve(&host, "/usr/bin/gone", real), -ENOENT, "a link to nowhere");
        tap_int(host_resolve(&host, "/usr/bin/thing/more", real), -ENOTDIR, "a file is no folder");
        host_end();
}

/* ---- Command= */

static void test_commands(void)
{
        host_begin();
        put_program("usr/bin/one");
        put_program("usr/sbin/two");
        put_program("opt/three");
        put_program("usr/local/bin/four");
        put("usr/bin/data", "");
        make_parents("usr/bin/folder/");
        put_link("usr/bin/five", "/usr/local/bin/four");
        put_link("usr/bin/gone", "/nowhere");
        tap_ok(look(PROBE_COMMAND, "one").found, "a program in /usr/bin");
        tap_ok(look(PROBE_COMMAND, "two").found, "one in /usr/sbin");
        tap_ok(!look(PROBE_COMMAND, "three").found, "none in /opt");
        tap_ok(!look(PROBE_COMMAND, "four").found, "none in /usr/local/bin");
        tap_ok(look(PROBE_COMMAND, "/usr/local/bin/four").found, "but by its path");
        tap_ok(look(PROBE_COMMAND, "five").found, "through a link");
        tap_ok(!look(PROBE_COMMAND, "gone").found, "a link to nowhere");
        tap_ok(!look(PROBE_COMMAND, "data").found, "a file that cannot be run");
        tap_ok(!look(PROBE_COMMAND, "folder").found, "a folder");
        host_end();
}

/* ---- each probe */

#if defined(__x86_64__)
#define LIB "usr/lib/x86_64-linux-gnu/"
#else
#define LIB "usr/lib64/"
#endif

static void test_links(void)
{
        host_begin();
        put_program("usr/bin/python3.11");
        put_link("usr/bin/python3", "python3.11");
        put_program("usr/bin/ruby3.1");
        put_link("usr/bin/ruby", "ruby3.1");
        put_program("usr/bin/php8.2");
        put_link("etc/alternatives/php", "/usr/bin/php8.2");
        put_link("usr/bin/php", "/etc/alternatives/php");
        put_program("usr/bin/node-22");
        put_link("usr/bin/node", "node-22");
        is(PROBE_PYTHON3, "3.11", "python3, by the link");
        is(PROBE_RUBY, "3.1", "ruby, by the link");
        is(PROBE_PHP, "8.2", "php, by Debian's alternatives");
        is(PROBE_NODE, "22", "node, by Fedora's link");
        host_end();

        host_begin();
        put_program("usr/bin/node22");
        put_link("etc/alternatives/node-default", "/usr/bin/node22");
        put_link("usr/bin/node", "/etc/alternatives/node-default");
        is(PROBE_NODE, "22", "node, by openSUSE's link");
        host_end();

        host_begin();
        put_program("usr/bin/python3");
        put_program("usr/bin/ruby-mri");
        put_link("usr/bin/ruby", "ruby-mri");
        put("usr/lib64/libruby.so.3.4.1", "");
        put_link("usr/lib64/libruby.so.3.4", "libruby.so.3.4.1");
        is(PROBE_PYTHON3, "", "a python3 that says nothing is there, of no version");
        is(PROBE_RUBY, "3.4.1", "ruby, by Fedora's library");
        host_end();
}

static void test_java(void)
{
        host_begin();
        put_program("usr/lib/jvm/java-17/bin/java");
        put_link("etc/alternatives/java", "/usr/lib/jvm/java-17/bin/java");
        put_link("usr/bin/java", "/etc/alternatives/java");
        is(PROBE_JAVA, "", "a java without a release file");
        put("usr/lib/jvm/java-17/release",
            "IMPLEMENTOR=\"Debian\"\nJAVA_VERSION=\"17.0.15\"\nLIBC=\"gnu\"\n");
        is(PROBE_JAVA, "17.0.15", "java, by its release file");
        put("usr/lib/jvm/java-17/release", "JAVA_VERSION=\"1.8.0_392\"\n");
        is(PROBE_JAVA, "8.0.392", "Java 8 is 8");
        put("usr/lib/jvm/java-17/release", "OLD_JAVA_VERSION=\"21\"\n");
        is(PROBE_JAVA, "", "another key that ends so");
        host_end();

        host_begin();
        put_program("usr/lib/jvm/java-8/jre/bin/java");
        put_link("usr/bin/java", "../lib/jvm/java-8/jre/bin/java");
        put("usr/lib/jvm/java-8/release", "X_JAVA_VERSION=\"21\"\nJAVA_VERSION=\"1.8.0_402\"\n");
        is(PROBE_JAVA, "8.0.402", "Java 8 has its program in a folder below, and other keys");
        host_end();

        host_begin();
        put("usr/lib/jvm/java-17/release", "JAVA_VERSION=\"17\"\n");
        is(PROBE_JAVA, NULL, "no /usr/bin/java, no java");
        host_end();
}

static void test_node(void)
{
        static const char status[] = "Package: nodejs-doc\nStatus: install ok installed\nVersion: 1.0\n\n"
                                     "Package: nodejs\nStatus: deinstall ok config-files\nVersion: 12.0\n\n"
                                     "Package: nodejs\nStatus: install ok installed\nArchitecture: amd64\n"
                                     "Version: 1:18.20.4+dfsg-1~deb12u1\n\n";

        host_begin();
        put("var/lib/dpkg/status", status);
        is(PROBE_NODE, NULL, "a package without its program");
        put_program("usr/bin/node");
        is(PROBE_NODE, "18.20.4", "node, by dpkg's list: its own package, installed, without epoch");
        put("var/lib/dpkg/status", "Package: x\n");
        is(PROBE_NODE, "", "a node of no package");
        put("usr/include/node/node_version.h",
            "#define NODE_MAJOR_VERSION 20\n#define NODE_MINOR_VERSION 2\n"
            "#define NODE_PATCH_VERSION 1\n");
        is(PROBE_NODE, "20.2.1", "node, by its header");
        host_end();
}

static void test_names(void)
{
        host_begin();
        put(LIB "systemd/libsystemd-shared-252.so", "");
        put(LIB "systemd/libsystemd-core-300.so", "");
        put(LIB "libstdc++.so.6.0.30", "");
        put_link(LIB "libstdc++.so.6", "libstdc++.so.6.0.30");
        put_program("usr/bin/perl");
        put_program("usr/bin/perl5.36.0");
        put_program("usr/bin/perl5.36-x86_64-linux-gnu");
        put_program("usr/bin/perlbug");
        make_parents("usr/lib/modules/6.1.0-9-amd64/");
        make_parents("usr/lib/modules/6.1.0-38-amd64/");
        make_parents("usr/lib/dotnet/shared/Microsoft.NETCore.App/8.0.9/");
        make_parents("usr/lib/dotnet/shared/Microsoft.NETCore.App/8.0.10/");
        is(PROBE_SYSTEMD, "252", "systemd, by its library");
        is(PROBE_LIBSTDCXX, "6.0.30", "the C++ library");
        is(PROBE_PERL, "5.36.0", "perl");
        is(PROBE_KERNEL, "6.1.0", "an image's kernel");
        is(PROBE_DOTNET, "8.0.10", "dotnet, the highest");
        host_end();

        host_begin();
        put("usr/lib64/systemd/libsystemd-shared-257.7-1.fc42.so", "");
        make_parents("usr/share/dotnet/shared/Microsoft.NETCore.App/9.0.1/");
        is(PROBE_SYSTEMD, "257.7", "systemd, where Fedora has it");
        is(PROBE_DOTNET, "9.0.1", "dotnet, where Microsoft puts it");
        host_end();
}

/* A library with the words at a place in it. */
static void put_library(const char *path, size_t size, size_t at, const char *words)
{
        _cleanup_free_ char *data = calloc(1, size);

        if (!data)
                abort();
        memcpy(data + at, words, strlen(words));
        put_mode(path, data, size, 0644);
}

static void test_text(void)
{
        static const char openssl[] = "OpenSSL 3.0.15 3 Sep 2024";
        static const size_t places[] = { 0,           65536 - 8,  65536 - 12, 65536, 65536 + 128 - 8,
                                         131072 - 10, 200000 - 25 };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                host_begin();
                put_library(LIB "libcrypto.so.3", 200000, places[i], openssl);
                is(PROBE_OPENSSL, "3.0.15", "openssl, wherever in its library it says so");
                host_end();
        }

        host_begin();
        put_library(LIB "libcrypto.so.3", 1000, 10, "OpenSSL PKCS#1 OpenSSL ");
        is(PROBE_OPENSSL, NULL, "a library that says nothing");
        put("usr/lib64/libcrypto.so.1.1", "OpenSSL 1.1.1w  11 Sep 2023");
        is(PROBE_OPENSSL, "1.1.1", "an old one");
        put_library(LIB "libc.so.6", 300000, 150000,
                    "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n");
        is(PROBE_GLIBC, "2.36", "an image's C library");
        host_end();
}

/* What hangs, or is what it should not be. */
static void test_odd(void)
{
        host_begin();
        make_parents("var/lib/dpkg/status/");
        put_program("usr/bin/node");
        put_program("usr/bin/java");
        make_parents("usr/lib64/libcrypto.so.3/");
        make_parents("usr/lib/modules");
        put("usr/lib/modules", "");
        make_parents("usr/include/node/node_version.h");
        if (mkfifoat(host.root, "usr/include/node/node_version.h", 0644) < 0)
                abort();
        is(PROBE_NODE, "", "a folder for a list, a FIFO for a header");
        is(PROBE_OPENSSL, NULL, "a folder for a library");
        is(PROBE_KERNEL, NULL, "a file for a folder");
        is(PROBE_JAVA, "", "a java that is nowhere in a folder of its own");
        host_end();
}

int main(void)
{
        test_empty();
        test_live();
        test_resolve();
        test_commands();
        test_links();
        test_java();
        test_node();
        test_names();
        test_text();
        test_odd();
        return tap_done();
}
