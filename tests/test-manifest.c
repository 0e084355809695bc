/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/manifest.h"

#include <sys/socket.h>
#include <time.h>

#include "ground/buffer.h"
#include "tap.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define BUNDLE   "[Bundle]\nName=web\nVersion=1.0\n"
#define SERVICE  "[Service main]\nExecStart=/bundle/bin/web\n"
#define HEAD     BUNDLE SERVICE
#define KEYS     "Format=tar.zst\nSHA256=" SUM "\nSize=10\n"
#define FILE_WEB "File=0755 7 " SUM " bin/web\n"
#define TREE     "Directory=0755 bin\n" FILE_WEB
#define CONTENT  "[Content]\n" KEYS "UnpackedSize=7\nInodes=2\n" TREE

static struct manifest *parse(const char *text, struct fault *f)
{
        struct manifest *m = NULL;

        *f = (struct fault){};
        return manifest_parse(text, strlen(text), "web.manifest", &m, f) < 0 ? NULL : m;
}

static void good(const char *text, const char *what)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);

        if (!tap_ok(m != NULL, "%s is accepted", what))
                printf("# %s\n", f.text);
}

static void bad(const char *text, const char *want, const char *what)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);

        tap_ok(m == NULL, "%s is refused", what);
        tap_like(f.text, want, "%s: says where, what and what to do", what);
}

static void test_whole(void)
{
        static const char text[] =
                "[Bundle]\nName=web\nVersion=1.0\nDescription=A page\nArchitecture=x86-64\nMinAgent=0.1\n"
                "[Sandbox "
                "main]\nNetwork=bind\nBind=tcp:8080\nBind=udp:8081\nOutbound=192.0.2.0/24\nRoot=bundle\n"
                "[Service main]\nExecStart=/bundle/bin/web --x\nEnvironment=A=1\nEnvironment=B=2\n"
                "[Service feed]\nExecStart=/usr/bin/python3 /bundle/feed.pyz\nType=notify\nWatchdogSec=10s\n"
                "[Socket feed]\nListenStream=8082\n"
                "[Socket other]\nListenDatagram=127.0.0.1:53\nService=feed\n" CONTENT;
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);
        const struct service *s;

        if (!tap_ok(m != NULL, "a manifest with everything"))
                printf("# %s\n", f.text);
        tap_str(m->name, "web", "its name");
        tap_str(m->version, "1.0", "its version");
        tap_str(manifest_get_bundle(m, "Architecture"), "x86-64", "its architecture");
        tap_int((long long)m->n_services, 2, "its services");
        s = manifest_find_service(m, "main");
        tap_str(manifest_get(s, "ExecStart"), "/bundle/bin/web --x", "a setting, literally");
        tap_str(manifest_get(s, "Environment"), "B=2", "the last of several");
        tap_int((long long)s->n_settings, 3, "all of several are kept, in order");
        tap_int(s->settings[1].line, 15, "with their lines");
        tap_ok(manifest_get(s, "Type") == NULL && !manifest_find_service(m, "nobody"), "what is not there");
        tap_int(s->sandbox.network, NETWORK_BIND, "a sandbox finds its service, also when it stands first");
        tap_ok(s->sandbox.root == ROOT_BUNDLE && s->sandbox.n_binds == 2 && s->sandbox.n_addresses == 1 &&
                       s->sandbox.binds[1].transport == TRANSPORT_UDP && s->sandbox.binds[0].port == 8080 &&
                       s->sandbox.addresses[0].address.prefix == 24,
               "its requests");
        s = manifest_find_service(m, "feed");
        tap_ok(s->sandbox.network == NETWORK_SOCKET && s->sandbox.root == ROOT_HOST_USR,
               "a service behind a socket has Network=socket by itself");
        tap_ok(manifest_has_socket(m, "feed") && !manifest_has_socket(m, "main"), "who has a socket");
        tap_str(m->sockets[0].service, "feed", "a socket is for the service of its name");
        tap_str(m->sockets[1].service, "feed", "or for the one it names");
        tap_ok(m->content.sealed && m->content.n_entries == 2 && m->content.size == 10 &&
                       m->content.unpacked_size == 7 && m->content.compression == COMPRESSION_ZSTD,
               "the content's numbers");
        tap_ok(manifest_find_entry(m, "bin/web")->size == 7 &&
                       manifest_find_entry(m, "bin/web")->mode == 0755 &&
                       manifest_find_entry(m, "bin/web")->sha256[1] == 0x23,
               "an entry");
        tap_ok(!manifest_find_entry(m, "bin/we") && !manifest_find_entry(m, "zzz"), "no entry");
}

static void test_defaults(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(HEAD, &f);

        tap_ok(m && m->services[0].sandbox.network == NETWORK_NONE &&
                       m->services[0].sandbox.root == ROOT_HOST_USR,
               "without [Sandbox]: no network, the host's /usr");
        tap_ok(m && !m->content.sealed, "intent alone is not sealed");
}

static void test_intent_refused(void)
{
        bad("", "no [Bundle]", "an empty manifest");
        bad("[Bundle]\nName=web\n" SERVICE, "web.manifest:1: [Bundle] has no Version=", "no version");
        bad(BUNDLE, "no [Service NAME]", "no service");
        bad(BUNDLE "[Service main]\n", "web.manifest:4: [Service main] has no ExecStart=", "no command");
        bad(BUNDLE "[Service main]\nExecStrat=/bundle/web\n",
            "web.manifest:5: unknown key 'ExecStrat' in [Service main]; did you mean 'ExecStart'?",
            "a typing error");
        bad(HEAD "[Servcie x]\n", "web.manifest:6: unknown section [Servcie]; did you mean [Service]?",
            "a section's typing error");
        bad(HEAD "[Install]\n", "there is no section [Install]; what is current starts",
            "a section of systemd's own");
        bad(HEAD "User=root\n",
            "web.manifest:6: no key 'User' in [Service main]; it stands in [Sandbox NAME]", "User=");
        bad(HEAD "CapabilityBoundingSet=CAP_SYS_ADMIN\n", "no key 'CapabilityBoundingSet'", "capabilities");
        bad(HEAD "ExecStart=/bundle/x\n",
            "web.manifest:6: ExecStart= is set already in [Service main], on line 5", "a repeated key");
        bad(HEAD SERVICE, "web.manifest:6: [Service main] is there already, on line 4",
            "a repeated section");
        bad(HEAD BUNDLE, "web.manifest:6: [Bundle] is there already, on line 1", "two bundles");
        bad(HEAD "Type=forking\n",
            "web.manifest:6: Type=forking: must be one of exec, notify, oneshot; here that is: use "
            "Type=exec",
            "a bad value");
        bad(BUNDLE "[Service Main]\nExecStart=/bundle/x\n", "web.manifest:4: [Service NAME] needs",
            "a bad name");
        bad(BUNDLE "[Service]\nExecStart=/bundle/x\n", "web.manifest:4: [Service NAME] needs", "no name");
        bad("[Bundle web]\n", "web.manifest:1: [Bundle] has no name", "a name too many");
        bad(HEAD "WatchdogSec=5\n", "web.manifest:6: WatchdogSec= needs Type=notify",
            "a watchdog nobody feeds");
        bad(HEAD "StateDirectory=yes\n[Service b]\nExecStart=/bundle/b\nStateDirectory=yes\n",
            "web.manifest:9: StateDirectory=yes stands in [Service main] already",
            "a directory of two services");
}

static void test_sandbox_refused(void)
{
        bad(HEAD "[Sandbox other]\n", "web.manifest:6: [Sandbox other] belongs to no",
            "a sandbox of nobody");
        bad(HEAD "[Sandbox main]\nNetwork=bind\n",
            "web.manifest:6: [Sandbox main]: Network=bind without a port", "bind without a port");
        bad(HEAD "[Sandbox main]\nBind=tcp:8080\n", "Bind= without Network=bind", "a port without bind");
        bad(HEAD "[Sandbox main]\nNetwork=bind\nBind=tcp:80\n",
            "web.manifest:8: Bind=tcp:80: ports below 1024", "a port that takes a capability");
        bad(HEAD "[Sandbox main]\nNetwork=outbound\n", "without an address", "outbound to nowhere");
        bad(HEAD "[Sandbox main]\nOutbound=any\n", "Outbound= without", "an address without outbound");
        bad(HEAD "[Sandbox main]\nNetwork=socket\n", "no [Socket] is for this service",
            "a socket that is not there");
        bad(HEAD "[Sandbox main]\nNetwork=none\n[Socket main]\nListenStream=80\n", "Network=none, but",
            "a socket for a service that wants none");
        bad(HEAD "[Socket x]\nListenStream=80\n", "web.manifest:6: [Socket x] is for the service 'x'",
            "a socket of nobody");
        bad(HEAD "[Socket main]\n", "web.manifest:6: [Socket main] listens nowhere",
            "a socket without an address");
        bad(BUNDLE "[Service main]\nExecStart=/usr/bin/true\n[Sandbox main]\nRoot=bundle\n",
            "web.manifest:5: ExecStart= is below /usr, which Root=bundle leaves out",
            "/usr that is not there");
        good(HEAD "[Sandbox main]\nNetwork=outbound\nOutbound=any\n[Socket main]\nListenStream=80\n",
             "a socket and outbound");
}

#define OVERLAP(more) (HEAD more)
static void overlap2(const char *running, const char *next, bool want, const char *what)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *r = parse(running, &f), *n = parse(next, &f);

        tap_ok(r && n && manifest_may_overlap(r, n) == want, "%s %s", what,
               want ? "may overlap" : "may not overlap");
}

static void overlap(const char *text, bool want, const char *what)
{
        overlap2(text, text, want, what);
}

static void test_overlap(void)
{
        overlap(OVERLAP("[Socket main]\nListenStream=80\n"), true, "all sockets from systemd");
        overlap(OVERLAP(""), false, "nothing to keep open");
        overlap(OVERLAP("StateDirectory=no\n[Socket main]\nListenStream=80\n"), true, "StateDirectory=no");
        overlap(OVERLAP("StateDirectory=yes\n[Socket main]\nListenStream=80\n"), false, "shared state");
        overlap(OVERLAP("CacheDirectory=yes\n[Socket main]\nListenStream=80\n"), false, "a shared cache");
        overlap(OVERLAP("RuntimeDirectory=yes\n[Socket main]\nListenStream=80\n"), false,
                "shared run-time files");
        overlap(OVERLAP("[Socket main]\nListenStream=80\n[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n"),
                false, "a port of its own");
        overlap2(OVERLAP("[Socket main]\nListenStream=80\n"), OVERLAP("[Socket main]\nListenStream=81\n"),
                 false, "a socket that moves");
        overlap2(OVERLAP("[Socket main]\nListenStream=80\n"),
                 OVERLAP("[Socket main]\nListenStream=80\nBacklog=64\n"), false, "a socket that changes");
        overlap2(OVERLAP(""), OVERLAP("[Socket main]\nListenStream=80\n"), false, "a first socket");
        overlap2(OVERLAP("[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n"),
                 OVERLAP("[Socket main]\nListenStream=8080\n"), false, "a port that becomes a socket");
}

#define SEALED(numbers, tree) (HEAD "[Content]\n" KEYS numbers tree)

static void test_content_refused(void)
{
        bad(HEAD CONTENT "[Service x]\nExecStart=/bundle/x\n",
            "web.manifest:14: [Service] stands behind [Content]", "intent behind content");
        bad(HEAD CONTENT CONTENT, "[Content] stands behind [Content]", "two contents");
        bad(HEAD "[Content]\n", "web.manifest:6: [Content] has no Format=", "an empty content");
        bad(HEAD "[Content]\nFormat=tar.xz\n", "web.manifest:7: Format=tar.xz: must be tar.zst or tar.gz",
            "tar.xz");
        bad(HEAD "[Content]\nSHA256=ABC\n", "must be 64", "a short sum");
        bad(HEAD "[Content]\nSize=-1\n", "must be bytes", "a negative size");
        bad(HEAD "[Content]\nSize=68719476737\n", "at most 64G", "a size over 64 GiB");
        bad(HEAD "[Content]\nInodes=1000000000\n",
            "web.manifest:7: Inodes=", "more entries than the text can hold");
        bad(HEAD "[Content]\nSize=1\nSize=1\n", "web.manifest:8: Size= is set already", "a repeated key");
        bad(HEAD "[Content]\nFiel=x\n", "unknown key 'Fiel' in [Content]; did you mean 'File'?",
            "an unknown key");
        bad(HEAD "[Content]\n" TREE, "stands before all of", "entries first");
        bad(SEALED("UnpackedSize=7\nInodes=3\n", TREE), "has 2 entries, but says Inodes=3",
            "an entry missing");
        bad(SEALED("UnpackedSize=7\nInodes=1\n", TREE), "web.manifest:13: 'bin/web' is more than",
            "an entry too many");
        bad(SEALED("UnpackedSize=8\nInodes=2\n", TREE), "files of 7 bytes, but says UnpackedSize=8",
            "a sum too large");
        bad(SEALED("UnpackedSize=6\nInodes=2\n", TREE), "more than UnpackedSize=6", "a sum too small");
        bad(SEALED("UnpackedSize=7\nInodes=2\n", TREE "Inodes=2\n"), "is set already",
            "a number behind entries");
}

static void bad_tree(const char *tree, const char *want, const char *what)
{
        char text[4096];

        (void)snprintf(text, sizeof(text), HEAD "[Content]\n" KEYS "UnpackedSize=14\nInodes=4\n%s", tree);
        bad(text, want, what);
}

#define F(path) "File=0644 7 " SUM " " path "\n"

static void test_entries_refused(void)
{
        bad_tree(F("b") F("a"), "'a' is not in order", "unsorted entries");
        bad_tree(F("a") F("a"), "'a' is there twice", "a duplicate");
        bad_tree(F("bin/web"), "'bin/web' has no parent", "a parent that is not listed");
        bad_tree(F("bin") F("bin/web"), "has no parent", "a file as parent");
        bad_tree("Symlink=x\tbin\n" F("bin/web"), "has no parent", "a link as parent");
        bad_tree(F("/etc/passwd"), "is not a path", "an absolute path");
        bad_tree(F("../x"), "is not a path", "a path that climbs");
        bad_tree(F("a/./b"), "is not a path", "a path with a dot");
        bad_tree("File=4755 7 " SUM " a\n", "web.manifest:12: File= must be", "setuid");
        bad_tree("File=0666 7 " SUM " a\n", "File= must be", "a mode beside the two");
        bad_tree("File=0644 7x " SUM " a\n", "File= must be", "a size with a letter");
        bad_tree("File=0644 7 abc a\n", "File= must be", "a short sum");
        bad_tree("File=0644 7\n", "File= must be", "fields missing");
        bad_tree("Directory=0777 a\n", "Directory= must be", "a directory for everyone");
        bad_tree("Symlink=a b\n", "Symlink= must be", "a link without a tab");
        bad_tree("Symlink=/etc/passwd\ta\n", "'a' leads out of the bundle", "an absolute link");
        bad_tree("Symlink=../x\ta\n", "leads out", "a link above the top");
        bad(SEALED("UnpackedSize=14\nInodes=4\n", "File=0755 0 " SUM " BIN\n" TREE F("x")), "",
            "control: BIN");
        bad(SEALED("UnpackedSize=21\nInodes=4\n", F("README") "Directory=0755 bin\n" FILE_WEB F("readme")),
            "'README' and 'readme' differ in upper and lower case only", "names that differ in case only");
}

static void test_programs(void)
{
#define LINKS(target)                                                                                       \
        (BUNDLE "[Service main]\nExecStart=/bundle/current/web\n[Content]\n" KEYS                           \
                "UnpackedSize=7\nInodes=4\n" TREE "Directory=0755 c\nSymlink=" target "\tcurrent\n")
        bad(HEAD "[Content]\n" KEYS "UnpackedSize=7\nInodes=1\n" F("web"),
            "web.manifest:5: ExecStart= names /bundle/bin/web, which the bundle does not have",
            "a missing program");
        bad(SEALED("UnpackedSize=7\nInodes=2\n", "Directory=0755 bin\n" F("bin/web")), "chmod +x it",
            "a program that cannot be executed");
        bad(HEAD "ExecReload=/bundle/r\n" CONTENT, "web.manifest:6: ExecReload= names /bundle/r",
            "a missing reload");
        good(LINKS("bin"), "a program behind a link");
        good(LINKS("./bin"), "a program behind a link with a dot");
        bad(LINKS("c"), "which the bundle does not have", "a link to the wrong place");
        bad(LINKS("current"), "which the bundle does not have", "a link to itself");
        bad(LINKS("."), "which the bundle does not have", "a link to the top");
        good(BUNDLE "[Service main]\nExecStart=/bundle/a/b/l/web\n[Content]\n" KEYS
                    "UnpackedSize=7\nInodes=5\n"
                    "Directory=0755 a\nDirectory=0755 a/b\nSymlink=../../bin\ta/b/l\n" TREE,
             "a link that climbs");
        good(BUNDLE "[Service main]\nExecStart=/bundle/a/l/bin/web\n[Content]\n" KEYS
                    "UnpackedSize=7\nInodes=4\n"
                    "Directory=0755 a\nSymlink=..\ta/l\n" TREE,
             "a link to the top, and down again");
}

static void test_round_trip(void)
{
        static const char text[] =
                HEAD "[Content]\nFormat=tar.gz\nSHA256=" SUM "\nSize=10\nUnpackedSize=21\nInodes=6\n" F(" a")
                        F("a file") TREE "Symlink=web\tbin/web-current\nDirectory=0755 c\xc3\xa9\n";
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(MANIFEST_BYTES_MAX);
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);

        tap_ok(m && manifest_write_content(&m->content, &out) == 0, "content is written");
        tap_str(out.data, strstr(text, "[Content]"), "as it was read, byte for byte");
}

/* Every beginning of a manifest, in memory of exactly its size, so that the sanitizers see a reader that
 * runs over the end. */
static void test_cuts(void)
{
        static const char text[] = HEAD "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n" CONTENT;
        size_t accepted = 0;

        for (size_t n = 0; n <= (sizeof(text) - 1); n++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;
                _cleanup_free_ char *cut = malloc(n + (n == 0));
                struct fault f = {};

                memcpy(cut, text, n);
                accepted += manifest_parse(cut, n, "cut", &m, &f) == 0;
        }
        tap_ok(accepted > 0 && accepted < (sizeof(text) - 1) / 4, "%zu of %zu beginnings are manifests",
               accepted, (sizeof(text) - 1));
}

static void test_limits(void)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(2 * MANIFEST_BYTES_MAX);
        struct manifest *m = NULL;
        struct fault f = {};
        struct timespec t0, t1;
        enum { N = 100000 };

        (void)buffer_append_text(&b, BUNDLE);
        for (unsigned i = 0; i < 33; i++)
                (void)buffer_printf(&b, "[Service s%u]\nExecStart=/usr/bin/true\n", i);
        bad(b.data, "more than 32 sections [Service NAME]", "a fork bomb of services");
        buffer_done(&b);

        (void)buffer_append_text(&b, HEAD);
        for (unsigned i = 0; i < 256; i++)
                (void)buffer_append_text(&b, "Environment=A=1\n");
        bad(b.data, "more than 256 settings in [Service main]", "settings without end");
        buffer_done(&b);

        (void)buffer_printf(&b,
                            BUNDLE "[Service main]\nExecStart=/usr/bin/true\n[Content]\n" KEYS
                                   "UnpackedSize=0\nInodes=%d\nDirectory=0755 D\n",
                            N);
        for (int i = 1; i < N; i++)
                (void)buffer_printf(&b, "File=0644 0 " SUM " D/%08d\n", i);
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t0);
        tap_int(manifest_parse(b.data, b.len, "big.manifest", &m, &f), 0, "100,000 entries");
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t1);
        printf("# %d entries, %zu bytes, %.0f ms\n", N, b.len,
               (double)(t1.tv_sec - t0.tv_sec) * 1e3 + (double)(t1.tv_nsec - t0.tv_nsec) / 1e6);
        tap_ok(m && manifest_find_entry(m, "D/00099999"), "the last of them is found");
        m = manifest_free(m);

        while (b.len <= MANIFEST_BYTES_MAX)
                (void)buffer_append_text(&b,
                                         "# nothing but comments, and more of them than any bundle needs\n");
        tap_int(manifest_parse(b.data, MANIFEST_BYTES_MAX + 1, "big.manifest", &m, &f), -EFBIG,
                "33 MiB of text");
        tap_like(f.text, "big.manifest: has", "the fault says so");
}

int main(void)
{
        test_whole();
        test_defaults();
        test_intent_refused();
        test_sandbox_refused();
        test_overlap();
        test_content_refused();
        test_entries_refused();
        test_programs();
        test_round_trip();
        test_cuts();
        test_limits();
        return tap_done();
}
