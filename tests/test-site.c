/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/site.h"

#include <sys/stat.h>

#include "doors/sitedir.h"
#include "tap.h"

static const char web[] = "[Bundle]\nName=web\nVersion=1\n"
                          "[Service main]\nExecStart=/bundle/web\nEnvironment=A=1\nMemoryMax=64M\n"
                          "LoadCredential=tls\nImportCredential=token\nStateDirectory=yes\n"
                          "[Socket main]\nListenStream=8080\nListenStream=127.0.0.1:8081\nBacklog=5\n"
                          "[Service out]\nExecStart=/usr/bin/true\n"
                          "[Sandbox out]\nNetwork=bind\nBind=tcp:9000\nOutbound=192.0.2.0/24\n";

struct file {
        const char *instance, *text;
};

/* Up to three files; 1 when one of them does not parse. */
static int apply(const char *manifest, const struct file *files, struct effective *ret, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_(site_freep) struct site *s = NULL;

        *f = (struct fault){};
        if (manifest_parse(manifest, strlen(manifest), "web.manifest", &m, f) < 0 || site_new(&s) < 0)
                return 2;
        for (; files && files->text; files++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "web%s%s.conf", *files->instance ? "@" : "",
                               files->instance);
                if (site_parse(s, files->instance, files->text, strlen(files->text), name, f) < 0)
                        return 1;
        }
        return site_apply(s, m, ret, f);
}

#define FILES(...) ((const struct file[]){ __VA_ARGS__, {} })

static const struct service *service(const struct effective *e, size_t i, const char *name)
{
        return manifest_find_service(e->items[i], name);
}

/* All values of one key, a space between. */
static const char *values(const struct manifest_setting *settings, size_t n, const char *key)
{
        static char out[256];
        const char *v;

        *out = '\0';
        for (size_t i = 0; (v = manifest_next(settings, n, key, &i));)
                (void)snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", *out ? " " : "", v);
        return out;
}

static void test_nothing(void)
{
        _cleanup_(effective_done) struct effective e = {};
        struct fault f;

        if (!tap_int(apply(web, NULL, &e, &f), 0, "a host that says nothing"))
                return;
        tap_int((int)e.n, 1, "runs a bundle once");
        tap_str(e.items[0]->instance, "", "without a name");
        tap_str(e.items[0]->place, "web", "in the bundle's own place");
        tap_str(service(&e, 0, "main")->credentials[0].source, "sealift-web.tls",
                "a credential has a name in the store by default");
        tap_ok(!service(&e, 0, "main")->credentials[0].optional &&
                       service(&e, 0, "main")->credentials[1].optional,
               "LoadCredential= must be there, ImportCredential= may");
        tap_ok(effective_find(&e, "") == e.items[0] && !effective_find(&e, "a"), "it is found by its name");
}

/* What no file says is added to each instance as it was to what was signed. */
static void test_proxy(void)
{
        static const char proxied[] =
                "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/web\n"
                "[Socket main]\nListenStream=80\nProxy=8000\n";
        _cleanup_(effective_done) struct effective e = {};
        struct fault f;

        if (!tap_int(apply(proxied, FILES({ "a", "[Socket main]\nListenStream=81\n" }), &e, &f), 0,
                     "a socket with Proxy="))
                return;
        tap_int((int)e.items[0]->n_services, 2, "has one service before its own");
        tap_str(e.items[0]->services[1].serves, "main", "which serves it");
}

static void test_common(void)
{
        _cleanup_(effective_done) struct effective e = {};
        const struct service *s;
        struct fault f;

        if (!tap_int(apply(web,
                           FILES({ "", "[Service main]\nEnvironment=B=2\nMemoryMax=32M\nTasksMax=7\n"
                                       "LoadCredential=tls:/etc/ssl/web.key\n"
                                       "LoadCredentialEncrypted=token:other\n"
                                       "[Socket main]\nListenStream=[::1]:443\n"
                                       "[Sandbox out]\nBind=tcp:9001\nBind=udp:9001\n" }),
                           &e, &f),
                     0, "NAME.conf")) {
                printf("# %s\n", f.text);
                return;
        }
        s = service(&e, 0, "main");
        tap_str(values(s->settings, s->n_settings, "Environment"), "A=1 B=2",
                "Environment= adds, behind the publisher's");
        tap_str(values(s->settings, s->n_settings, "MemoryMax"), "32M", "a limit replaces");
        tap_str(values(s->settings, s->n_settings, "TasksMax"), "7", "a limit that was not there is added");
        tap_str(values(s->settings, s->n_settings, "StateDirectory"), "yes", "other settings stay");
        tap_str(s->credentials[0].source, "/etc/ssl/web.key", "a credential's source");
        tap_int(s->credentials[0].kind, CREDENTIAL_PLAIN, "plain");
        tap_int(s->credentials[1].kind, CREDENTIAL_ENCRYPTED, "encrypted");
        tap_ok(!s->credentials[1].optional, "a credential whose source the host names is not optional");
        tap_str(values(e.items[0]->sockets[0].settings, e.items[0]->sockets[0].n_settings, "ListenStream"),
                "[::1]:443", "listeners replace all of the socket's");
        tap_str(values(e.items[0]->sockets[0].settings, e.items[0]->sockets[0].n_settings, "Backlog"), "5",
                "and nothing else of it");
        s = service(&e, 0, "out");
        tap_ok(s->sandbox.n_binds == 2 && s->sandbox.binds[0].port == 9001 &&
                       s->sandbox.binds[1].transport == TRANSPORT_UDP,
               "Bind= replaces, and is what policy is asked for");
        tap_int((int)s->sandbox.n_addresses, 1, "Outbound= stays where the host does not say it");
}

static const struct file two[] = {
        { "b", "[Service main]\nEnvironment=B=b\nMemoryMax=16M\nLoadCredential=tls:b\n"
               "[Socket main]\nListenDatagram=8090\n[Sandbox out]\nBind=tcp:9002\n" },
        { "", "[Service main]\nEnvironment=B=all\nMemoryMax=32M\n[Sandbox out]\nOutbound=any\n" },
        { "a", "" },
        {},
};

static void test_instances(void)
{
        _cleanup_(effective_done) struct effective e = {};
        struct fault f;

        if (!tap_int(apply(web, two, &e, &f), 0, "two instances")) {
                printf("# %s\n", f.text);
                return;
        }
        tap_int((int)e.n, 2, "are two");
        tap_ok(str_eq(e.items[0]->instance, "a") && str_eq(e.items[1]->instance, "b"), "by name");
        tap_ok(str_eq(e.items[0]->place, "web.a") && str_eq(e.items[1]->place, "web.b"),
               "each in a place of its own");
        tap_str(values(service(&e, 0, "main")->settings, service(&e, 0, "main")->n_settings, "Environment"),
                "A=1 B=all", "NAME.conf is for all of them");
        tap_str(values(service(&e, 1, "main")->settings, service(&e, 1, "main")->n_settings, "Environment"),
                "A=1 B=all B=b", "an instance's own comes last");
        tap_str(values(service(&e, 0, "main")->settings, service(&e, 0, "main")->n_settings, "MemoryMax"),
                "32M", "the limit of all");
        tap_str(values(service(&e, 1, "main")->settings, service(&e, 1, "main")->n_settings, "MemoryMax"),
                "16M", "the limit of one");
        tap_str(service(&e, 0, "main")->credentials[0].source, "sealift-web.tls", "the secret of all");
        tap_str(service(&e, 1, "main")->credentials[0].source, "b", "the secret of one");
        tap_ok(service(&e, 1, "out")->sandbox.addresses[0].address.family == 0,
               "addresses of all, for each of them");
        tap_int((int)e.items[1]->sockets[0].n_settings, 2,
                "a datagram listener replaces those for connections");
}

/* The lines a manifest of 32 MiB would have are not copied for each instance. */
static void test_content(void)
{
        static const char content[] =
                "[Content]\nFormat=tar.zst\n"
                "SHA256=0000000000000000000000000000000000000000000000000000000000000001\n"
                "Size=10\nUnpackedSize=1\nInodes=1\n"
                "File=0755 1 0000000000000000000000000000000000000000000000000000000000000002 web\n";
        _cleanup_(effective_done) struct effective e = {};
        char text[sizeof(web) + sizeof(content)];
        struct fault f;

        (void)snprintf(text, sizeof(text), "%s%s", web, content);
        if (!tap_int(apply(text, NULL, &e, &f), 0, "a sealed manifest"))
                return;
        tap_ok(e.items[0]->content.sealed && e.items[0]->content.size == 10, "stays sealed");
        tap_ok(!e.items[0]->content.entries && e.items[0]->content.n_entries == 0, "without its entries");
}

static void bad(const char *manifest, const struct file *files, const char *want, const char *what)
{
        _cleanup_(effective_done) struct effective e = {};
        struct fault f;

        tap_ok(apply(manifest, files, &e, &f) != 0, "%s is an error", what);
        tap_like(f.text, want, "%s: says where and what", what);
}

static void test_bad_text(void)
{
        bad(web, FILES({ "", "[Service main]\nMemoryMx=1M\n" }),
            "web.conf:2: unknown key 'MemoryMx' in [Service main]; did you mean 'MemoryMax'?",
            "a typing error");
        bad(web, FILES({ "", "[Service main]\nLoadCredentialEncryptd=a:b\n" }),
            "did you mean 'LoadCredentialEncrypted'?", "a typing error in a key of a host alone");
        bad(web, FILES({ "", "[Service main]\nExecStart=/usr/bin/id\n" }),
            "web.conf:2: the publisher alone sets 'ExecStart' in [Service main]; a host may set "
            "Environment=",
            "a key of the publisher's");
        bad(web, FILES({ "", "[Socket main]\nProxy=80\n" }),
            "the publisher alone sets 'Proxy' in [Socket main]; a host may set ListenStream=, "
            "ListenDatagram=",
            "a key of the publisher's in a socket");
        bad(web, FILES({ "", "[Sandbox out]\nCapability=CAP_CHOWN\n" }), "the publisher alone sets",
            "a relaxation");
        bad(web, FILES({ "", "[Service main]\nMemoryMax=lots\n" }), "web.conf:2: MemoryMax=lots",
            "a bad value");
        bad(web, FILES({ "", "[Service main]\nMemoryMax=1M\nMemoryMax=2M\n" }),
            "web.conf:3: MemoryMax= is set already in [Service main], on line 2", "a key twice");
        bad(web, FILES({ "", "[Service main]\n[Service main]\n" }), "is there already, on line 1",
            "a section twice");
        bad(web, FILES({ "", "[Servce main]\n" }), "did you mean [Service]", "an unknown section");
        bad(web, FILES({ "", "[Bundle]\nVersion=2\n" }), "web.conf:1: [Bundle] is for the publisher to say",
            "[Bundle]");
        bad(web, FILES({ "", "[Timer main]\nOnCalendar=daily\n" }), "[Timer] is for the publisher",
            "[Timer]");
        bad(web, FILES({ "", "[Service]\nTasksMax=2\n" }), "needs the name that the manifest has",
            "a section without a name");
        bad(web, FILES({ "", "TasksMax=2\n" }), "web.conf:1", "a key outside of a section");
        bad(web, FILES({ "A", "" }), "'A' is no name of an instance", "a bad name of an instance");
        bad(web, FILES({ "an-instance-that-has-a-name-of-33-", "" }), "no name of an instance",
            "a name too long for a unit's");
}

static void test_bad_credentials(void)
{
        static const char *const sources[] = { "tls",       "tls:",        "tls:../x", "tls:/etc/../x",
                                               "tls:a/b",   "tls:/a b",    "tls:/%n",  ":/etc/x",
                                               "t*:/etc/x", "tls:/etc/x:y" };

        for (size_t i = 0; i < ELEMENTSOF(sources); i++) {
                char text[128];

                (void)snprintf(text, sizeof(text), "[Service main]\nLoadCredential=%s\n", sources[i]);
                bad(web, FILES({ "", text }), "web.conf:2: LoadCredential=", sources[i]);
        }
        bad(web, FILES({ "", "[Service main]\nLoadCredential=tls:a\nLoadCredentialEncrypted=tls:b\n" }),
            "web.conf:3: the credential 'tls' has a source already, on line 2", "two sources of one");
        bad(web, FILES({ "", "[Service main]\nLoadCredential=tsl:a\n" }),
            "web.conf:2: [Service main] of web 1 asks for no credential 'tsl'; it asks for tls, token",
            "a credential that nobody asked for");
        bad(web, FILES({ "", "[Service out]\nLoadCredential=tls:a\n" }), "it asks for none",
            "a credential that another service asked for");
        bad("[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/web\nLoadCredential=a\n"
            "ImportCredential=a\n",
            NULL, "web.manifest:7: ImportCredential=a: is asked for already, on line 6",
            "one name for two secrets");
}

static void test_bad_match(void)
{
        bad(web, FILES({ "", "[Service mian]\nTasksMax=2\n" }),
            "web.conf:1: bundle web 1 has no [Service mian]; it has main, out",
            "a service that is not there");
        bad(web, FILES({ "", "[Socket out]\nListenStream=1\n" }), "has no [Socket out]; it has main",
            "a socket that is not there");
        bad(web, FILES({ "", "[Sandbox main]\nBind=tcp:9000\n" }), "has no [Sandbox main]; it has out",
            "a sandbox that is not there");
        bad("[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/web\n[Sandbox main]\n"
            "Network=outbound\nOutbound=192.0.2.1\n",
            FILES({ "", "[Sandbox main]\nBind=tcp:9000\n" }),
            "web.conf:2: Bind= replaces what the manifest of web 1 says",
            "more than the publisher asks for");
        bad("[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/web\nStandardInput=socket\n"
            "[Socket main]\nListenStream=80\n",
            FILES({ "", "[Socket main]\nListenStream=81\nListenStream=82\n" }),
            "web.conf does not go with the release: web.manifest:6: StandardInput=socket",
            "what a rule of manifests forbids");
        bad(web, FILES({ "a", "" }, { "b", "[Sandbox out]\nBind=tcp:9002\n" }),
            "'a' and 'b' both listen on 8080; set ListenStream= in [Socket main] of "
            "/etc/sealift/bundles.d/web@b.conf",
            "one listener for two instances");
        bad(web, FILES({ "a", "" }, { "b", "[Socket main]\nListenStream=81\n" }),
            "'a' and 'b' both bind port 9000", "one port for two instances");
        bad(web, FILES({ "a", "" }, { "b", "[Socket main]\nListenStream=192.0.2.1:8080\n" }),
            "both listen on", "an address that is among all addresses");
        bad(web, FILES({ "a", "[Socket main]\nListenStream=192.0.2.1:8080\n" }, { "b", "" }),
            "both listen on", "all addresses, that address among them");
        bad(web,
            FILES({ "a", "[Socket main]\nListenStream=[::]:81\n" },
                  { "b", "[Socket main]\nListenStream=0.0.0.0:81\n" }),
            "both listen on", "all addresses of both families, those of IPv4");
        bad(web,
            FILES({ "a", "[Socket main]\nListenStream=192.0.2.1:81\n" },
                  { "b", "[Socket main]\nListenStream=0.0.0.0:81\n" }),
            "both listen on", "all addresses of IPv4, one of them");
}

/* ---- the folder */

static void put(const char *folder, const char *name, const char *text)
{
        char path[512];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "we");
        if (!f || fputs(text, f) < 0 || fclose(f) != 0)
                tap_ok(false, "cannot write %s", path);
}

static int apply_folder(const char *folder, struct effective *ret, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;

        *f = (struct fault){};
        if (manifest_parse(web, strlen(web), "web.manifest", &m, f) < 0)
                return 2;
        return sitedir_apply(folder, m, ret, f);
}

static void test_folder(void)
{
        char folder[] = "/tmp/test-site.XXXXXX", command[64];
        struct effective e = {};
        struct fault f;

        if (!mkdtemp(folder)) {
                tap_ok(false, "cannot make a folder");
                return;
        }
        tap_int(apply_folder("/nonexistent/bundles.d", &e, &f), 0,
                "a folder that is not there says nothing");
        tap_int((int)e.n, 1, "the bundle runs once");
        effective_done(&e);
        put(folder, "webs.conf", "wrong");
        put(folder, "webs@a.conf", "wrong");
        put(folder, "web-a.conf", "wrong");
        put(folder, "web.conf.bak", "wrong");
        put(folder, ".web.conf", "wrong");
        tap_int(apply_folder(folder, &e, &f), 0, "files that are about others do not count");
        effective_done(&e);
        put(folder, "web@two.conf", "[Socket main]\nListenStream=82\n[Sandbox out]\nBind=tcp:9002\n");
        put(folder, "web@one.conf", "");
        tap_int(apply_folder(folder, &e, &f), 0, "a folder with two instances");
        tap_ok(e.n == 2 && str_eq(e.items[0]->instance, "one") && str_eq(e.items[1]->instance, "two"),
               "has both");
        effective_done(&e);
        put(folder, "web@.conf", "");
        tap_int(apply_folder(folder, &e, &f), -EINVAL, "an instance without a name is an error");
        tap_like(f.text, "web@.conf", "and says which file");
        put(folder, "web.conf", "[Service main]\nTasksMax=none\n");
        tap_int(apply_folder(folder, &e, &f), -EINVAL, "a wrong file is an error");
        tap_like(f.text, "/web.conf:2: TasksMax=none", "and says where");
        (void)snprintf(command, sizeof(command), "rm -r %s", folder);
        tap_int(system(command), 0, "the folder is gone");
}

static void test_digest(void)
{
        char folder[] = "/tmp/test-site.XXXXXX", command[64], before[DIGEST_HEX_SIZE], now[DIGEST_HEX_SIZE];
        const char *folders[] = { "/nonexistent", folder };

        if (!mkdtemp(folder) || sitedir_digest(folders, 2, before) < 0) {
                tap_ok(false, "a sum of nothing");
                return;
        }
        put(folder, "web.conf.bak", "other");
        tap_ok(sitedir_digest(folders, 2, now) >= 0 && str_eq(now, before),
               "files that do not count do not");
        put(folder, "web.conf", "");
        tap_ok(sitedir_digest(folders, 2, now) >= 0 && !str_eq(now, before), "an empty file is a change");
        memcpy(before, now, sizeof(before));
        tap_ok(sitedir_digest(folders, 2, now) >= 0 && str_eq(now, before), "the same is the same");
        put(folder, "web.conf", "text");
        tap_ok(sitedir_digest(folders, 2, now) >= 0 && !str_eq(now, before), "so is another text");
        memcpy(before, now, sizeof(before));
        (void)snprintf(command, sizeof(command), "cd %s && mv web.conf web@a.conf", folder);
        tap_ok(system(command) == 0 && sitedir_digest(folders, 2, now) >= 0 && !str_eq(now, before),
               "and another name");
        (void)snprintf(command, sizeof(command), "rm -r %s", folder);
        tap_int(system(command), 0, "the folder is gone");
}

int main(void)
{
        test_digest();
        test_nothing();
        test_proxy();
        test_common();
        test_instances();
        test_content();
        test_bad_text();
        test_bad_credentials();
        test_bad_match();
        test_folder();
        return tap_done();
}
