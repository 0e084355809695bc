/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Probes and migrations as services: what their drop-ins say, and what they must not. */

#include "facts/task.h"

#include "facts/dropin.h"

#include "dropin.h"

#define HEAD   "[Bundle]\nName=web\nVersion=1\n"
#define MINUTE (UINT64_C(60) * 1000000)
#define MAIN   HEAD "[Service main]\nExecStart=/bundle/web\n"

/* The drop-in of a task of the first service; asks: through a listener. */
static void put(const struct manifest *m, struct task *t, const char *asks, struct buffer *b)
{
        const struct dropin d = {
                .manifest = m, .service = &t->service, .digest = DIGEST, .tree = "/t", .root = "/r"
        };
        struct fault f = {};

        t->service.asks = asks;
        if (!tap_int(dropin_write(&d, b, &f), 0, "%s has a drop-in", t->service.name))
                printf("# %s\n", f.text);
}

static void write_probe(const char *text, const char *asks, struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(text);
        _cleanup_(task_freep) struct task *t = NULL;
        struct fault f = {};

        buffer_done(b);
        if (tap_int(task_new_probe(m, m->probes, &t, &f), 0, "a probe is a task"))
                put(m, t, asks, b);
}

static void test_http(struct buffer *b)
{
        write_probe(MAIN "WatchdogSec=5s\nType=notify\nExecReload=/bundle/x\nStateDirectory=yes\n"
                         "Environment=SECRET=1\nLoadCredential=key\n"
                         "[Sandbox main]\nNetwork=bundle\nWriteExecute=yes\nRoot=bundle\n"
                         "[Health main]\nHTTP=8080/well?a=1&b=2\nTimeoutSec=3s\n",
                    NULL, b);
        tap_ok(b->data && strstr(b->data, "/sealift-probe --timeout=3000 -- 8080 /well?a=1&b=2\n"),
               "it runs sealift-probe");
        has(b, "PrivateNetwork=yes", NULL);
        has(b, "IPAddressAllow=localhost", NULL);
        tap_ok(b->data && strstr(b->data, "JoinsNamespaceOf=sealift-network@web.1-0123456789ab.service"),
               "in the network of the release");
        has(b, "RuntimeMaxSec=5000ms", NULL);
        has(b, "TimeoutStopSec=1s", NULL);
        has(b, "DynamicUser=yes", NULL);
        has(b, "MemoryDenyWriteExecute=yes", NULL);
        has(b, "BindReadOnlyPaths=/usr", NULL);
        has_not(b, "Restart", NULL);
        has_not(b, "Watchdog", NULL);
        has_not(b, "StateDirectory", NULL);
        has_not(b, "SECRET", NULL);
        has_not(b, "LoadCredential", NULL);
        has_not(b, "ExecReload", NULL);
        has_not(b, "Sockets=", NULL);
        has_not(b, "Before=", NULL);
}

static void test_tcp(struct buffer *b)
{
        write_probe(MAIN "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\nCapability=CAP_KILL\n"
                         "[Health main]\nTCP=8080\n",
                    NULL, b);
        tap_ok(b->data && strstr(b->data, "/sealift-probe --timeout=5000 -- 8080\n"), "without a path");
        has(b, "PrivateNetwork=no", NULL);
        has(b, "IPAddressDeny=any", NULL);
        has(b, "IPAddressAllow=127.0.0.0/8", NULL);
        has(b, "IPAddressAllow=::1/128", NULL);
        has(b, "SocketBindDeny=any", NULL);
        has(b, "CapabilityBoundingSet=", NULL);
        has_not(b, "SocketBindAllow", NULL);
}

static void test_socket(struct buffer *b)
{
        write_probe(MAIN "[Socket main]\nListenStream=80\n[Health main]\nHTTP=/\nSocket=main\n",
                    "/run/sealift/listeners/0", b);
        tap_ok(b->data && strstr(b->data, "/sealift-probe --timeout=5000 --socket=/asked -- 0 /\n"),
               "through the listener");
        has(b, "BindReadOnlyPaths=/run/sealift/listeners/0:/asked", NULL);
        has(b, "RestrictAddressFamilies=AF_UNIX", NULL);
        has_not(b, "Sockets=", NULL);
}

static void test_exec(struct buffer *b)
{
        write_probe(MAIN "Environment=A=1\nStateDirectory=yes\nLoadCredential=key\nMemoryMax=8M\n"
                         "WorkingDirectory=/var/lib/sealift-web\n"
                         "[Sandbox main]\nNetwork=bundle\nWriteExecute=yes\n"
                         "[Health main]\nExec=/bundle/ask --well\n",
                    NULL, b);
        tap_ok(b->data && strstr(b->data, "/sealift-hold -- /bundle/ask --well\n"), "the bundle's program");
        has(b, "Environment=A=1", NULL);
        has(b, "MemoryMax=8M", NULL);
        has(b, "MemoryDenyWriteExecute=no", NULL);
        has(b, "LoadCredential=key:sealift-web.key", NULL);
        has(b, "PrivateNetwork=yes", NULL);
        has_not(b, "StateDirectory", NULL);
        has_not(b, "WorkingDirectory", NULL);
}

static void test_migrate(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(
                MAIN "StateDirectory=yes\nTimeoutStartSec=7s\nExecStartPre=/bundle/pre\nRestart=always\n"
                     "ExecMigrate=/bundle/migrate 2\nEnvironment=A=1\n"
                     "[Service other]\nExecStart=/bundle/o\nExecMigrate=/bundle/m\nMigrateWhile=running\n"
                     "[Service plain]\nExecStart=/bundle/p\n");
        _cleanup_(task_freep) struct task *t = NULL, *other = NULL, *none = NULL;
        struct fault f = {};

        buffer_done(b);
        if (!tap_int(task_new_migrate(m->services, &t, &f), 0, "a migration is a task"))
                return;
        tap_str(t->service.name, "main-migrate", "with a name of its own");
        put(m, t, NULL, b);
        tap_ok(b->data && strstr(b->data, " -- /bundle/migrate 2\n"), "it runs ExecMigrate=");
        has(b, "StateDirectory=sealift-web", NULL);
        has(b, "Environment=A=1", NULL);
        has(b, "RuntimeMaxSec=7s", NULL);
        has_not(b, "Restart", NULL);
        has_not(b, "ExecStartPre", NULL);
        tap_ok(task_migrates(m->services, false) && !task_migrates(m->services, true), "stopped by default");
        tap_ok(task_migrates(m->services + 1, true) && !task_migrates(m->services + 1, false), "or running");
        tap_ok(!task_migrates(m->services + 2, true) && !task_migrates(m->services + 2, false), "or never");
        tap_ok(task_any_migrates(m, true) && task_any_migrates(m, false), "of all");
        tap_int(task_migrations_max_usec(&(struct effective){ (struct manifest *[]){ m }, 1 }, false) /
                        MINUTE,
                30, "a migration ends within half an hour");
        tap_int(task_migrations_max_usec(&(struct effective){ (struct manifest *[]){ m, m, m }, 3 }, true) /
                        MINUTE,
                90, "those of three instances, one after the other, within three");
        tap_int(task_new_migrate(m->services + 2, &none, &f), -ENOENT, "nothing to migrate");
        buffer_done(b);
        if (tap_int(task_new_migrate(m->services + 1, &other, &f), 0, "another"))
                put(m, other, NULL, b);
        has(b, "RuntimeMaxSec=15min", NULL);
}

static void test_describe(void)
{
        static const struct {
                const char *line, *want;
        } rows[] = { { "HTTP=8080/well", "GET /well of port 8080" },
                     { "TCP=8080", "a connection to port 8080" },
                     { "Exec=/bundle/ask --well", "/bundle/ask" } };
        char text[256], manifest[512];

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;

                (void)snprintf(manifest, sizeof(manifest),
                               "%s[Sandbox main]\nNetwork=bundle\n[Health main]\n%s\n", MAIN, rows[i].line);
                m = parse(manifest);
                task_describe(m->probes, text, sizeof(text));
                tap_str(text, rows[i].want, "%s in words", rows[i].line);
        }
}

static void test_listener(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse(MAIN "[Socket http]\nListenStream=80\nService=main\nFileDescriptorName=web\n"
                           "[Health main]\nHTTP=/\nSocket=http\n");
        char name[UNIT_NAME_SIZE], path[DROPIN_LISTENER_PATH_SIZE], line[128];
        const char *listeners[] = { name };
        struct dropin d = { .manifest = m,
                            .service = m->services,
                            .digest = DIGEST,
                            .tree = "/t",
                            .root = "/r",
                            .listeners = listeners,
                            .n_listeners = 1 };
        struct fault f = {};

        buffer_done(b);
        dropin_listener_name(m->place, "http", DIGEST, 7, name);
        tap_str(name, "sealift-probe.web.http.0123456789ab-7.socket", "a listener's name");
        tap_int(dropin_listener_path(name, path), 0, "has a path");
        tap_ok(strlen(path) < 108, "that fits into an address");
        tap_int(dropin_write_listener(m, m->sockets, name, "sealift-web.main@1-0123456789ab-7.service", b,
                                      &f),
                0, "and a unit file");
        has(b, "FileDescriptorName=web", NULL);
        has(b, "Service=sealift-web.main@1-0123456789ab-7.service", NULL);
        has(b, "DirectoryMode=0700", NULL);
        (void)snprintf(line, sizeof(line), "ListenStream=%s", path);
        has(b, line, NULL);
        buffer_done(b);
        tap_int(dropin_write(&d, b, &f), 0, "its service has a drop-in");
        has(b, "Sockets=sealift-probe.web.http.0123456789ab-7.socket", NULL);
        has(b, "Sockets=sealift-web.http.socket", NULL);
        (void)snprintf(name, sizeof(name), "a.socket b.socket");
        tap_int(dropin_write(&d, b, &f), -EINVAL, "a name that is two is refused");
}

int main(void)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);

        test_http(&b);
        test_tcp(&b);
        test_socket(&b);
        test_exec(&b);
        test_migrate(&b);
        test_describe();
        test_listener(&b);
        return tap_done();
}
