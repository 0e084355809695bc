/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The drop-in's text for one service: each wall, what each request takes away, and how it begins and ends.
 */

#include "dropin-text.h"
#include "dropin.h"

/* Every wall of the design, each on a line of its own: one that is taken out of the drop-in fails here. */
static const char *const walls[] = {
        "DynamicUser=yes",
        "PrivateUsers=yes",
        "PrivateTmp=yes",
        "PrivateDevices=yes",
        "PrivateIPC=yes",
        "PrivateMounts=yes",
        "ProtectSystem=strict",
        "ProtectHome=yes",
        "ProtectProc=invisible",
        "ProcSubset=pid",
        "ProtectControlGroups=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelLogs=yes",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "CapabilityBoundingSet=",
        "AmbientCapabilities=",
        "NoNewPrivileges=yes",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallFilter=~@privileged @resources @keyring io_uring_enter io_uring_register io_uring_setup "
        "userfaultfd",
        "SystemCallErrorNumber=EPERM",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "MemoryDenyWriteExecute=yes",
        "LockPersonality=yes",
        "UMask=0077",
        "RemoveIPC=yes",
        "KeyringMode=private",
        "DevicePolicy=closed",
        "MountAPIVFS=yes",
        "StartLimitIntervalSec=0",
        "RootDirectory=" ROOT,
        "BindReadOnlyPaths=" TREE ":/bundle",
        "BindReadOnlyPaths=-/run/systemd/userdb/io.systemd.DynamicUser",
        "TemporaryFileSystem=/dev/shm:mode=1777",
        "BindReadOnlyPaths=-/run/systemd/journal/dev-log",
        "LogExtraFields=SEALIFT_BUNDLE=web",
        "LogExtraFields=SEALIFT_VERSION=1.0+b~1",
        "LogExtraFields=SEALIFT_DIGEST=" DIGEST,
        "LogExtraFields=SEALIFT_ATTEMPT=12",
};

static void test_strictest(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "the smallest service gets its drop-in");
        for (size_t i = 0; i < ELEMENTSOF(walls); i++)
                has(b, walls[i], walls[i]);
        has(b, "PrivateNetwork=yes", "no network");
        has(b, "RestrictAddressFamilies=AF_UNIX", "no sockets but local ones");
        has(b, "IPAddressDeny=any", "no packets");
        has(b, "BindReadOnlyPaths=/usr", "the host's /usr");
        has_not(b, "/etc/resolv.conf", "no names to look up");
        has_not(b, "/etc/hosts", "and no hosts to have them");
        has(b, "Type=exec", "Type=exec unless said otherwise");
        has(b, "ExecStart=/usr/bin/caddy run", "the command");
        tap_ok(strncmp(b->data, "# web 1.0+b~1, service main", 27) == 0, "the first line says what it is");
}

static void test_credentials(struct buffer *b)
{
        static const char *const hostile[] = { "/etc/x:y",          "/etc/x y",       "/etc/%n",
                                               "/etc/x\nUser=root", "/etc/../shadow", "a/b\\" };
        _cleanup_(manifest_freep) struct manifest *m =
                parse(SERVICE "LoadCredential=tls.key\nImportCredential=token\n");
        struct credential *c = m->services[0].credentials;
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a service that asks for secrets");
        has(b, "LoadCredential=tls.key:sealift-web.tls.key", "by the name that is its bundle's");
        has_not(b, "ImportCredential", "systemd is told a place, not a pattern");
        (void)snprintf(c[0].source, sizeof(c[0].source), "/etc/credstore.encrypted/sealift-web.tls.key");
        c[0].kind = CREDENTIAL_ENCRYPTED;
        tap_int(make(m, TREE, b, &f), 0, "with a place that was found");
        has(b, "LoadCredentialEncrypted=tls.key:/etc/credstore.encrypted/sealift-web.tls.key",
            "an encrypted one");
        has(b, "LoadCredential=token:sealift-web.token", "beside one that is not");
        for (size_t i = 0; i < ELEMENTSOF(hostile); i++) {
                (void)snprintf(c[0].source, sizeof(c[0].source), "%s", hostile[i]);
                tap_int(make(m, TREE, b, &f), -EINVAL, "a source that is more than a path is refused");
        }
        (void)snprintf(c[0].source, sizeof(c[0].source), "/etc/x");
        (void)snprintf(c[0].id, sizeof(c[0].id), "a:/etc/shadow");
        tap_int(make(m, TREE, b, &f), -EINVAL, "a name that brings its source along is refused");
}

static void test_settings(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(
                HEAD "[Service main]\nExecStart=/bundle/caddy run --root \"a b\" "
                     "100%%\nType=notify\nRestart=always\nEnvironment=A=$$1 \"B=x y\"\n"
                     "CPUQuota=50%\nStateDirectory=yes\nCacheDirectory=no\n[Sandbox main]\nRoot=bundle\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a service with settings");
        has(b, "ExecStart=/bundle/caddy run --root \"a b\" 100%%", "the command as it stands");
        has(b, "Type=notify", "what the manifest says");
        has_not(b, "Type=exec", "instead of the default");
        has(b, "Restart=always", "for restarts too");
        has_not(b, "Restart=on-failure", "once");
        has(b, "Environment=A=$$1 \"B=x y\"", "quotes as they stand");
        has(b, "CPUQuota=50%", "percentages are no specifiers");
        has(b, "StateDirectory=sealift-web", "a directory of the bundle's own name");
        has_not(b, "CacheDirectory", "none where it says no");
        has_not(b, "BindReadOnlyPaths=/usr\n", "Root=bundle leaves /usr out");
}

/* An escaped backslash at the end of a line joins nothing to it, and both parsers know. */
static void test_backslash(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse(HEAD "[Service main]\nExecStart=/usr/bin/x \\\\\nExecReload=/usr/bin/x a\\\\\\\\\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a command that ends in an escaped backslash");
        has(b, "ExecStart=/usr/bin/x \\\\", "is as it stands");
        has(b, "ExecReload=/usr/bin/x a\\\\\\\\", "as is one that ends in two");
}

static void test_networks(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *bind =
                parse(SERVICE "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\nBind=udp:5353\n");
        _cleanup_(manifest_freep) struct manifest *out = parse(
                SERVICE "[Sandbox main]\nNetwork=outbound\nOutbound=192.0.2.0/24\nOutbound=2001:db8::1\n");
        _cleanup_(manifest_freep) struct manifest *any =
                parse(SERVICE "[Sandbox main]\nNetwork=outbound\nOutbound=any\n");
        _cleanup_(manifest_freep) struct manifest *socket =
                parse(SERVICE "[Socket http]\nListenStream=80\nService=main\n");
        struct fault f = {};

        tap_int(make(bind, TREE, b, &f), 0, "a service that binds");
        has(b, "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "may use the internet's families");
        has(b, "SocketBindAllow=tcp:8080", "its TCP port");
        has(b, "SocketBindAllow=udp:5353", "its UDP port");
        has(b, "SocketBindDeny=any", "and no others");
        has_not(b, "PrivateNetwork=yes", "in the host's network");
        has(b, "BindReadOnlyPaths=-/etc/resolv.conf", "with names");
        bind->services->sandbox.binds[0].port = 80;
        tap_int(make(bind, TREE, b, &f), -EPERM, "a port below 1024 is refused");
        tap_like(f.text, "port 80", "and named");
        tap_int(make(out, TREE, b, &f), 0, "a service that connects");
        has(b, "IPAddressDeny=any", "to nobody");
        has(b, "IPAddressAllow=192.0.2.0/24", "but a network");
        has(b, "IPAccounting=yes", "with a count that shows whether the list is in force");
        has(b, "IPAddressAllow=2001:db8::1/128", "and an address");
        has(b, "SocketBindDeny=any", "and listens on nothing");
        tap_int(make(any, TREE, b, &f), 0, "one that connects to anybody");
        has(b, "IPAddressAllow=any", "is allowed to");
        has_not(b, "IPAccounting", "which needs none");
        tap_int(make(socket, TREE, b, &f), 0, "one behind a socket");
        has(b, "Sockets=sealift-web.http.socket", "gets it from systemd");
        has(b, "NonBlocking=yes", "with the flag that two releases on it must agree about");
        has(b, "PrivateNetwork=yes", "and has no network itself");
}

#define NAMES "BindReadOnlyPaths=-/etc/passwd\nBindReadOnlyPaths=-/etc/group\n"

/* The program never sees the socket, and what stands before it never sees more than the program's network.
 */
static void test_proxy(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse(SERVICE "[Socket http]\nListenStream=80\nService=main\nProxy=8000\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a service behind a socket with Proxy=");
        has_not(b, "Sockets=", "does not get it");
        has(b, "IPAddressAllow=localhost", "but listens on the loopback");
        has(b, "BindReadOnlyPaths=-/etc/hosts", "and knows localhost");
        has_not(b, "/etc/resolv.conf", "and nobody to ask for other names");
        tap_int(make_service(m, m->services + 1, TREE, b, &f), 0, "what stands before it");
        has(b, "Sockets=sealift-web.http.socket", "gets it");
        has(b, "NonBlocking=yes", "as a service would");
        has(b, "PrivateNetwork=yes", "has no network");
        has(b, "IPAddressDeny=any", "reaches nobody");
        has(b, "IPAddressAllow=localhost", "but the loopback");
        has(b, "Type=notify", "and says when the program listens");
}

/* Each relaxation is the lines that it takes from the strictest set, and those that it adds, in order;
 * nothing else may differ. */
static const struct relaxation {
        const char *sandbox, *gone, *come, *what;
} relaxations[] = {
        { "WriteExecute=yes", "MemoryDenyWriteExecute=yes\n", "MemoryDenyWriteExecute=no\n",
          "memory to write and execute" },
        { "WriteExecute=no\nUserNamespaces=no", "", "", "what is not asked for" },
        { "UserNamespaces=yes", "ProcSubset=pid\nRestrictNamespaces=yes\n",
          "ProcSubset=all\nRestrictNamespaces=no\nSystemCallFilter=@mount "
          "capset\nRestrictAddressFamilies=AF_NETLINK\n",
          "namespaces of its own" },
        { "UserNamespaces=yes\nUser=www-data",
          "DynamicUser=yes\nProcSubset=pid\nRestrictNamespaces=yes\nRestrictSUIDSGID=yes\nRemoveIPC=yes\n",
          "DynamicUser=no\nProcSubset=all\nRestrictNamespaces=no\nRestrictSUIDSGID=no\nRemoveIPC=no\n"
          "SystemCallFilter=@mount capset\nRestrictAddressFamilies=AF_NETLINK\nUser=www-data\n" NAMES,
          "namespaces and a user of the host" },
        { "SystemCalls=@resources\nSystemCalls=@chown", "",
          "SystemCallFilter=@resources\nSystemCallFilter=@chown\n", "groups of system calls" },
        { "SystemCalls=@sandbox", "",
          "SystemCallFilter=landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp\n",
          "a group that systemd 252 does not know" },
        { "Device=/dev/fuse\nDevice=/dev/net/tun", "",
          "DeviceAllow=/dev/fuse rw\nBindPaths=/dev/fuse\n"
          "DeviceAllow=/dev/net/tun rw\nBindPaths=/dev/net/tun\n",
          "devices" },
        { "HostPath=/srv/data\nHostPath=/etc/pki", "",
          "BindReadOnlyPaths=/srv/data\nBindReadOnlyPaths=/etc/pki\n", "paths of the host" },
        { "User=www-data", "DynamicUser=yes\nRemoveIPC=yes\n",
          "DynamicUser=no\nRemoveIPC=no\nUser=www-data\n" NAMES, "a user of the host" },
        { "Capability=CAP_NET_BIND_SERVICE\nCapability=CAP_KILL",
          "PrivateUsers=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n",
          "PrivateUsers=no\nCapabilityBoundingSet=CAP_KILL CAP_NET_BIND_SERVICE\n"
          "AmbientCapabilities=CAP_KILL CAP_NET_BIND_SERVICE\n",
          "capabilities" },
        { "Capability=CAP_CHOWN", "PrivateUsers=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n",
          "PrivateUsers=no\nCapabilityBoundingSet=CAP_CHOWN\nAmbientCapabilities=CAP_CHOWN\n"
          "SystemCallFilter=@chown\n",
          "a capability with the calls it is for" },
        { "Capability=CAP_SYS_TIME",
          "PrivateUsers=yes\nProtectClock=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n",
          "PrivateUsers=no\nProtectClock=no\nCapabilityBoundingSet=CAP_SYS_TIME\n"
          "AmbientCapabilities=CAP_SYS_TIME\nSystemCallFilter=@clock\n",
          "the clock" },
        { "Capability=CAP_SYSLOG",
          "PrivateUsers=yes\nProtectKernelLogs=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n",
          "PrivateUsers=no\nProtectKernelLogs=no\nCapabilityBoundingSet=CAP_SYSLOG\n"
          "AmbientCapabilities=CAP_SYSLOG\nSystemCallFilter=syslog\n",
          "the kernel's log" },
        { "Capability=CAP_NET_ADMIN", "PrivateUsers=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n",
          "PrivateUsers=no\nCapabilityBoundingSet=CAP_NET_ADMIN\nAmbientCapabilities=CAP_NET_ADMIN\n"
          "RestrictAddressFamilies=AF_NETLINK\n",
          "the administration of networks" },
};

/* The lines of text that are not lines of other. */
static void lines_without(const char *text, const char *other, char *out, size_t size)
{
        size_t n = 0;

        *out = '\0';
        for (const char *line = strchr(text, '\n') + 1; *line; line += strcspn(line, "\n") + 1) {
                char whole[512];

                (void)snprintf(whole, sizeof(whole), "\n%.*s\n", (int)strcspn(line, "\n"), line);
                if (!strstr(other, whole) && n < size)
                        n += (size_t)snprintf(out + n, size - n, "%s", whole + 1);
        }
}

static void test_relaxations(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *strict = parse(SERVICE);
        _cleanup_(buffer_done) struct buffer first = BUFFER_INIT(DROPIN_BYTES_MAX);
        char text[512], lines[1024];
        struct fault f = {};

        tap_int(make(strict, TREE, &first, &f), 0, "the strictest, to compare with");
        for (const struct relaxation *x = relaxations; x < relaxations + ELEMENTSOF(relaxations); x++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;

                (void)snprintf(text, sizeof(text), SERVICE "[Sandbox main]\n%s\n", x->sandbox);
                m = parse(text);
                tap_int(make(m, TREE, b, &f), 0, "a service that asks for %s", x->what);
                lines_without(first.data, b->data, lines, sizeof(lines));
                tap_str(lines, x->gone, "%s: these walls go", x->what);
                lines_without(b->data, first.data, lines, sizeof(lines));
                tap_str(lines, x->come, "%s: these lines come", x->what);
        }
}

static void test_input(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse(SERVICE "StandardInput=socket\n[Socket http]\nListenStream=80\nService=main\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a service with its socket on descriptor 0");
        has(b, "StandardOutput=journal", "does not print to it");
        has(b, "StandardError=journal", "does not log to it");
}

static void test_profile(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct dropin d = { .manifest = m,
                            .service = m->services,
                            .digest = DIGEST,
                            .tree = TREE,
                            .root = ROOT,
                            .profile = "sealift-usr" };
        struct fault f = {};

        buffer_done(b);
        tap_int(dropin_write(&d, b, &f), 0, "a profile");
        has(b, "AppArmorProfile=sealift-usr", "is a line; without '-', or a service would go on without it");
        d.profile = "";
        buffer_done(b);
        tap_int(dropin_write(&d, b, &f), 0, "no profile");
        has_not(b, "AppArmor", "is no line");
        d.profile = "x\nUser=root";
        buffer_done(b);
        tap_int(dropin_write(&d, b, &f), -EINVAL, "what is no name is refused");
}

static void test_golden(struct buffer *b)
{
        static const char want[] = "# web 1.0+b~1, service main: written by sealift-unitd, which stops the "
                                   "unit if this changes.\n"
                                   "[Unit]\n"
                                   "StartLimitIntervalSec=0\nJobRunningTimeoutSec=16min\n"
                                   "After=sealift-turn@web.target\n"
                                   "Before=sealift-bundle@web.target\n"
                                   "\n"
                                   "[Service]\n"
                                   "Type=exec\n"
                                   "Restart=on-failure\n"
                                   "RestartSec=1s\n"
                                   "ExecStart=/usr/bin/caddy run\n"
                                   "LogExtraFields=SEALIFT_BUNDLE=web\n"
                                   "LogExtraFields=SEALIFT_VERSION=1.0+b~1\n"
                                   "LogExtraFields=SEALIFT_DIGEST=" DIGEST "\n"
                                   "LogExtraFields=SEALIFT_ATTEMPT=12\n"
                                   "RootDirectory=" ROOT "\n"
                                   "BindReadOnlyPaths=" TREE ":/bundle\n"
                                   "BindReadOnlyPaths=/usr\n";
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "the same once more");
        tap_ok(strncmp(b->data, want, strlen(want)) == 0, "begins as it always did");
        tap_ok(str_has_suffix(
                       b->data,
                       "Delegate=no\nMountAPIVFS=yes\nCapabilityBoundingSet=\nAmbientCapabilities=\n"),
               "and ends with the walls, which so win");
}

int main(void)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);

        test_strictest(&b);
        test_credentials(&b);
        test_settings(&b);
        test_backslash(&b);
        test_networks(&b);
        test_proxy(&b);
        test_relaxations(&b);
        test_input(&b);
        test_profile(&b);
        test_golden(&b);
        return tap_done();
}
