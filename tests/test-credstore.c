/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "doors/credstore.h"

#include <sys/stat.h>

#include "tap.h"

static const char web[] =
        "[Bundle]\nName=web\nVersion=1\n"
        "[Service main]\nExecStart=/bundle/web\nLoadCredential=key\nImportCredential=token\n";

static char root[] = "/tmp/test-credstore.XXXXXX";

static struct manifest *parse(void)
{
        struct manifest *m = NULL;
        struct fault f = {};

        if (manifest_parse(web, strlen(web), "web.manifest", &m, &f) < 0)
                abort();
        return m;
}

static const char *at(const char *path)
{
        static char out[256];

        (void)snprintf(out, sizeof(out), "%s%s", root, path);
        return out;
}

static void run(const char *command, const char *path)
{
        char whole[512];

        (void)snprintf(whole, sizeof(whole), "%s %s", command, at(path));
        if (system(whole) != 0)
                abort();
}

/* A secret's place; its folders are made. */
static void put(const char *path)
{
        run("install -D -m 0400 /dev/null", path);
}

static void take(const char *path)
{
        run("rm -r", path);
}

static void found(const char *path, enum credential_kind kind, const char *what)
{
        _cleanup_(manifest_freep) struct manifest *m = parse();
        const struct credential *c = m->services[0].credentials;
        struct fault f = {};

        if (!tap_int(credstore_resolve(root, m, &f), 0, "%s is found", what)) {
                printf("# %s\n", f.text);
                return;
        }
        tap_str(c->source, path, "%s: there", what);
        tap_int(c->kind, kind, "%s: for what it is", what);
}

static void missing(const char *source, enum credential_kind kind, const char *want, const char *what)
{
        _cleanup_(manifest_freep) struct manifest *m = parse();
        struct credential *c = m->services[0].credentials;
        struct fault f = {};

        (void)snprintf(c->source, sizeof(c->source), "%s", source);
        c->kind = kind;
        tap_int(credstore_resolve(root, m, &f), -ENOENT, "%s is missed", what);
        tap_like(f.text, want, "%s: says where it may be put", what);
}

static void test_order(void)
{
        missing("sealift-web.key", CREDENTIAL_ANY,
                "bundle web, service main: this host has no credential 'key'; put it into "
                "/etc/credstore/sealift-web.key, or name another in /etc/sealift/bundles.d/web.conf",
                "a secret that is nowhere");
        put("/usr/lib/credstore/sealift-web.key");
        found("/usr/lib/credstore/sealift-web.key", CREDENTIAL_PLAIN, "the image's");
        put("/run/credstore/sealift-web.key");
        found("/run/credstore/sealift-web.key", CREDENTIAL_PLAIN, "this boot's");
        put("/etc/credstore/sealift-web.key");
        found("/etc/credstore/sealift-web.key", CREDENTIAL_PLAIN, "this host's");
        put("/run/credentials/@system/sealift-web.key");
        found("/run/credentials/@system/sealift-web.key", CREDENTIAL_PLAIN, "the machine's");
        put("/etc/credstore.encrypted/sealift-web.key");
        found("/etc/credstore.encrypted/sealift-web.key", CREDENTIAL_ENCRYPTED, "an encrypted one");
        missing("other", CREDENTIAL_ENCRYPTED, "/etc/credstore.encrypted/other", "an encrypted one");
        missing("/nonexistent/key", CREDENTIAL_PLAIN, "should be in /nonexistent/key", "a path");
}

/* The host said which kind it means: the other one is another secret. */
static void test_kind(void)
{
        _cleanup_(manifest_freep) struct manifest *m = parse();
        struct credential *c = m->services[0].credentials;
        struct fault f = {};

        c->kind = CREDENTIAL_PLAIN;
        tap_int(credstore_resolve(root, m, &f), 0, "a plain one where both are");
        tap_int(c->kind, CREDENTIAL_PLAIN, "is the plain one");
        take("/etc/credstore.encrypted/sealift-web.key");
        missing("sealift-web.key", CREDENTIAL_ENCRYPTED, "/etc/credstore.encrypted/sealift-web.key",
                "an encrypted one, beside a plain one,");
}

static void test_optional(void)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(), *other = parse();
        struct fault f = {};

        tap_int(credstore_resolve(root, m, &f), 0, "a service without an optional secret");
        tap_int((int)m->services[0].n_credentials, 1, "goes without it");
        put("/etc/credstore/sealift-web.token");
        tap_int(credstore_resolve(root, other, &f), 0, "with it");
        tap_int((int)other->services[0].n_credentials, 2, "it has it");
}

static void test_strange(void)
{
        _cleanup_(manifest_freep) struct manifest *m = parse();
        struct fault f = {};

        take("/etc/credstore/sealift-web.token");
        run("mkdir", "/etc/credstore/sealift-web.token");
        tap_int(credstore_resolve(root, m, &f), -EINVAL, "a folder is no secret, not even an optional one");
        tap_like(f.text, "the credential 'token'", "and says which");
}

/* A link on a host leads somewhere on that host. */
static void test_link(void)
{
        take("/etc/credstore/sealift-web.token");
        put("/home/keys/web");
        run("ln -s -f /home/keys", "/etc/keys");
        run("ln -s -f /etc/keys/web", "/etc/credstore/sealift-web.key");
        take("/run/credentials/@system/sealift-web.key");
        found("/etc/credstore/sealift-web.key", CREDENTIAL_PLAIN,
              "what a link leads to, by way of another,");
        take("/home/keys/web");
        run("ln -s -f /etc/passwd", "/etc/credstore/sealift-web.key");
        missing("/etc/credstore/sealift-web.key", CREDENTIAL_PLAIN, "should be in /etc/credstore",
                "what a link leads to that is there in our own root alone");
}

int main(void)
{
        if (!mkdtemp(root))
                return EXIT_FAILURE;
        test_order();
        test_kind();
        test_optional();
        test_strange();
        test_link();
        take("");
        return tap_done();
}
