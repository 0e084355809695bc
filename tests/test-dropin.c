/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The drop-in's text: golden for one service with everything, and what a hostile value may not become. The
 * hostile values are put into a parsed manifest behind the parser's back, as if the parser had let them by.
 */

#include "facts/dropin.h"

#include "dropin.h"

#define HEAD    "[Bundle]\nName=web\nVersion=1.0+b~1\n"
#define SERVICE HEAD "[Service main]\nExecStart=/usr/bin/caddy run\n"
#define TREE    "/var/lib/sealift/releases/web/1.0+b~1-0123456789ab/tree"
#define ROOT    "/run/sealift/root/sealift-web.main@1.0_b_1-0123456789ab-1.service"

static int make_service(const struct manifest *m, const struct service *s, const char *tree,
                        struct buffer *out, struct fault *f)
{
        const struct dropin d = {
                .manifest = m, .service = s, .digest = DIGEST, .tree = tree, .root = ROOT, .attempt = 12
        };

        buffer_done(out);
        return dropin_write(&d, out, f);
}

static int make(const struct manifest *m, const char *tree, struct buffer *out, struct fault *f)
{
        return make_service(m, m->services, tree, out, f);
}

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

/* What facts/manifest would never let by. */
static void test_hostile_sandbox(struct buffer *b)
{
        static const struct {
                const char *setting, *value;
        } cases[] = {
                { "HostPath=/srv/data", "/srv/data:/etc" },
                { "HostPath=/srv/data", "/srv/a /etc" },
                { "HostPath=/srv/data", "/srv/%i" },
                { "HostPath=/srv/data", "/" },
                { "Device=/dev/fuse", "/dev/../etc/shadow" },
                { "Device=/dev/fuse", "/dev/fuse rwm" },
                { "SystemCalls=@chown", "@chown @module" },
                { "SystemCalls=@chown", "~@system-service" },
                { "User=www-data", "root" },
                { "User=www-data", "0" },
                { "User=www-data", "www-data\nGroup=root" },
        };
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;
                char text[256];

                (void)snprintf(text, sizeof(text), SERVICE "[Sandbox main]\n%s\n", cases[i].setting);
                m = parse(text);
                free(m->services->sandbox.settings->value);
                m->services->sandbox.settings->value = strdup(cases[i].value);
                f = (struct fault){};
                tap_ok(make(m, TREE, b, &f) < 0 && strstr(f.text, "[Sandbox main]"),
                       "%.12s... of '%.20s' does not get through", cases[i].setting, cases[i].value);
        }
}

static void test_hostile_capability(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        m->services->sandbox.capabilities = UINT64_C(1) << 21;
        tap_int(make(m, TREE, b, &f), -EINVAL, "CAP_SYS_ADMIN does not get through");
}

/* Replaces the value of the first setting behind the parser's back. */
static int make_hostile(const char *setting, const char *value, struct buffer *b, struct fault *f)
{
        char text[256];
        _cleanup_(manifest_freep) struct manifest *m = NULL;

        (void)snprintf(text, sizeof(text), HEAD "[Service main]\n%s\n%s", setting,
                       str_has_prefix(setting, "ExecStart") ? "" : "ExecStart=/usr/bin/x\n");
        m = parse(text);
        free(m->services->settings[0].value);
        m->services->settings[0].value = strdup(value);
        return make(m, TREE, b, f);
}

static void test_hostile_values(struct buffer *b)
{
        static const struct {
                const char *setting, *value, *what;
        } cases[] = {
                { "ExecStart=/usr/bin/x", "+/usr/bin/x", "an exec prefix '+'" },
                { "ExecStart=/usr/bin/x", "!/usr/bin/x", "an exec prefix '!'" },
                { "ExecStart=/usr/bin/x", "-/usr/bin/x", "an exec prefix '-'" },
                { "ExecStart=/usr/bin/x", "@/usr/bin/x y", "an exec prefix '@'" },
                { "ExecStart=/usr/bin/x", ":/usr/bin/x", "an exec prefix ':'" },
                { "ExecStart=/usr/bin/x", "", "an empty command, which would reset the list" },
                { "ExecStart=/usr/bin/x", "/bin/sh -c id", "a program elsewhere" },
                { "ExecStart=/usr/bin/x", "/usr/../bin/sh", "a program behind '..'" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %H", "a specifier in a command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %%%H", "a specifier behind a percent sign" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %", "a lone percent sign" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x ; /usr/bin/y", "a second command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x\nUser=root", "a newline in a command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x\rUser=root", "a carriage return" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x \\", "a continued line" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x \\\\\\", "a continued line behind a backslash" },
                { "Environment=A=b", "A=b\nDynamicUser=no", "a newline in the environment" },
                { "Environment=A=b", "A=%h", "a specifier in the environment" },
                { "Environment=A=b", "A=\"b", "an open quote" },
                { "Type=exec", "exec\nUser=root", "a newline behind a word" },
                { "Type=exec", "forking", "a word that is not in the table" },
                { "RestartSec=5", "5\n[Unit]\nOnFailure=x", "a section in a span" },
                { "WorkingDirectory=/bundle", "-/root", "a prefix before a path" },
                { "WorkingDirectory=/bundle", "~", "a home directory" },
                { "StateDirectory=yes", "../../etc", "a directory of another name" },
                { "MemoryMax=64M", "64M %i", "more than a size" },
                { "CPUQuota=50%", "50%i", "a specifier behind a number" },
        };
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                f = (struct fault){};
                tap_ok(make_hostile(cases[i].setting, cases[i].value, b, &f) < 0 && *f.text,
                       "%s does not get through", cases[i].what);
        }
}

static void test_hostile_names(struct buffer *b)
{
        static const char *const trees[] = {
                "relative/tree",      "/var/lib/a b/tree", "/var/lib/x:/etc/tree", "/var/lib/%h/tree",
                "/var/lib/x/../tree", "/var/lib/x\n/tree", "/var/lib/\"x/tree",    "",
        };
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(trees); i++)
                tap_int(make(m, trees[i], b, &f), -EINVAL, "a tree at '%s' is refused",
                        strchr(trees[i], '\n') ? "(newline)" : trees[i]);
        (void)snprintf(m->name, sizeof(m->name), "a b");
        tap_int(make(m, TREE, b, &f), -EINVAL, "a bundle whose name is none is refused");
}

/* Never the namespace of a service: systemd finds one by the unit that made it, and that may have ended. */
static void test_shared_network(struct buffer *b)
{
#define NETWORK_UNIT "sealift-network@web.1.0_b_1-0123456789ab.service"
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE "[Sandbox main]\nNetwork=bundle\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a service with the bundle's network");
        has(b, "PrivateNetwork=yes", "it is not the host's");
        has(b, "IPAddressAllow=localhost", "loopback packets");
        has(b, "Requires=" NETWORK_UNIT, "brings the unit of the network");
        has(b, "After=" NETWORK_UNIT, "starts when it is there");
        has(b, "JoinsNamespaceOf=" NETWORK_UNIT, "and is in it");
        has(b, "TemporaryFileSystem=/tmp:mode=1777", "but has files of its own in /tmp");
        has(b, "TemporaryFileSystem=/var/tmp:mode=1777", "and in /var/tmp");
        m = manifest_free(m);
        m = parse(SERVICE);
        tap_int(make(m, TREE, b, &f), 0, "one without");
        has_not(b, "JoinsNamespaceOf", "joins nobody");
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

static void test_order(struct buffer *b)
{
        static const char *const after[] = { "sealift-web.app@1-a-1.service",
                                             "sealift-web.log@1-a-1.service" };
        static const char *const before[] = { "sealift-web.proxy@1-a-4.service" };
        static const char *const hostile[] = { "a.service b.service", "a.service\n[Service]", "%i.service",
                                               "" };
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct dropin d = { .manifest = m,
                            .service = m->services,
                            .digest = DIGEST,
                            .tree = TREE,
                            .root = ROOT,
                            .after = after,
                            .n_after = ELEMENTSOF(after),
                            .before = before,
                            .n_before = ELEMENTSOF(before) };
        struct fault f = {};

        buffer_done(b);
        tap_int(dropin_write(&d, b, &f), 0, "a service between others");
        has(b, "After=sealift-web.app@1-a-1.service", "is after one");
        has(b, "After=sealift-web.log@1-a-1.service", "and another");
        has(b, "Before=sealift-web.proxy@1-a-4.service", "and before a third");
        has(b, "Before=sealift-bundle@web.target", "and before what other units are ordered after");
        tap_ok(strstr(b->data, "Before=") < strstr(b->data, "[Service]"),
               "in the section where that stands");
        for (size_t i = 0; i < ELEMENTSOF(hostile); i++) {
                d.after = hostile + i;
                d.n_after = 1;
                buffer_done(b);
                tap_int(dropin_write(&d, b, &f), -EINVAL, "what is no unit's name is refused");
        }
}

static void test_socket(struct buffer *b)
{
        static const char want[] = "# Written by sealift-unitd; held while releases of web come and go.\n"
                                   "[Unit]\n"
                                   "Description=web: socket http\n"
                                   "\n"
                                   "[Socket]\n"
                                   "Service=sealift-wake@web.http.service\n"
                                   "BindIPv6Only=both\n"
                                   "TriggerLimitIntervalSec=2s\n"
                                   "TriggerLimitBurst=200\n"
                                   "ListenStream=192.0.2.1:80\n"
                                   "Backlog=9\n"
                                   "FileDescriptorName=http\n";
        _cleanup_(manifest_freep) struct manifest *m =
                parse(SERVICE "[Socket http]\nService=main\nListenStream=192.0.2.1:80\nBacklog=9\n");
        struct fault f = {};

        buffer_done(b);
        tap_int(dropin_write_socket(m, m->sockets, b, &f), 0, "a socket gets its unit");
        tap_str(b->data, want, "which names no release");
        free(m->sockets->settings[1].value);
        m->sockets->settings[1].value = strdup("80\nExecStartPre=/bin/sh");
        buffer_done(b);
        tap_ok(dropin_write_socket(m, m->sockets, b, &f) < 0, "a newline in a socket does not get through");
        (void)snprintf(m->sockets->name, sizeof(m->sockets->name), "a/b");
        buffer_done(b);
        tap_int(dropin_write_socket(m, m->sockets, b, &f), -EINVAL,
                "a socket whose name is none is refused");
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

/* What sealift-unitd takes over from a record is of the bundle that the record's own name says. */
static void test_held_for(void)
{
        static const struct {
                const char *held, *place;
                bool is;
        } cases[] = {
                { "sealift-web.main.socket", "web", true },
                { "sealift-web.main.timer", "web", true },
                { "sealift-web.a.main.socket", "web.a", true },
                { "sealift-web.a.main.socket", "web", false },
                { "sealift-web.main.socket", "web.main", false },
                { "sealift-web.main.socket", "other", false },
                { "sealift-web2.main.socket", "web", false },
                { "sealift-web.main.service", "web", false },
                { "sealift-web..socket", "web", false },
                { "sealift-web.socket", "web", false },
                { "sealift-web.Main.socket", "web", false },
                { "web.main.socket", "web", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++)
                tap_int(dropin_is_held_for(cases[i].held, cases[i].place), cases[i].is, "%s is %s of %s",
                        cases[i].held, cases[i].is ? "one" : "none", cases[i].place);
}

static void test_job_without_usr(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m =
                parse("[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/bin/job "
                      "--all\nType=oneshot\n"
                      "[Timer main]\nOnCalendar=daily\n[Sandbox main]\nRoot=bundle\n");
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a job without the host's /usr");
        has(b, HOLD_IS_STATIC ? "Type=notify" : "Type=exec", "waits where sealift-hold needs no libc");
        tap_ok((strstr(b->data, "/sealift-hold -- /bundle/bin/job --all\n") != NULL) == HOLD_IS_STATIC,
               "and begins after that");
        tap_ok((strstr(b->data, "\nBindReadOnlyPaths=/usr/") != NULL) == HOLD_IS_STATIC &&
                       (strstr(b->data, "/sealift-hold\nSyslogIdentifier=") != NULL) == HOLD_IS_STATIC,
               "it sees what it waits in");
        has_not(b, "BindReadOnlyPaths=/usr\n", "and nothing else of /usr");
        has_not(b, "Before=", "nobody waits for its end");
}

static void test_timer(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(
                "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/bin/job "
                "--all\nType=oneshot\n"
                "TimeoutStartSec=10min\n[Timer main]\nOnCalendar=daily\nOnCalendar=*:0/7\nPersistent=yes\n");
        static const char expected[] =
                "# Written by sealift-unitd; held while releases of web come and go.\n"
                "[Unit]\n"
                "Description=web: timer main\n"
                "\n"
                "[Timer]\n"
                "Unit=sealift-wake@web.main:timer.service\n"
                "OnCalendar=daily\n"
                "OnCalendar=*:0/7\n"
                "Persistent=yes\n";
        char wake[UNIT_NAME_SIZE];
        struct fault f = {};

        tap_int(make(m, TREE, b, &f), 0, "a job");
        has(b, "Type=notify", "says when it is there, so that its walls can be seen");
        tap_like(b->data, "/sealift-hold -- /bundle/bin/job --all\n", "and begins after that");
        has(b, "SyslogIdentifier=job", "and is itself in the journal");
        has_not(b, "BindReadOnlyPaths=/usr/", "with a /usr nothing below it is bound once more");
        has(b, "RuntimeMaxSec=10min", "and its time is limited as a oneshot's would be");
        b->len = 0;
        tap_int(dropin_write_timer(m, m->timers, b, &f), 0, "a timer gets its unit");
        tap_str(b->data, expected, "which says when, and what it wakes");
        tap_ok(dropin_wake_of("sealift-web.main.socket", wake), "a socket of the same name");
        tap_str(wake, "sealift-wake@web.main.service", "wakes by another unit");
        tap_ok(!dropin_wake_of("sealift-web.main.service", wake) && !dropin_wake_of("web.main.timer", wake),
               "and nothing else wakes");
        test_held_for();
        free(m->timers->settings[0].value);
        m->timers->settings[0].value = strdup("daily\nUnit=sshd.service");
        b->len = 0;
        tap_ok(dropin_write_timer(m, m->timers, b, &f) < 0, "a newline in a timer does not get through");
        (void)snprintf(m->timers->name, sizeof(m->timers->name), "a/b");
        tap_int(dropin_write_timer(m, m->timers, b, &f), -EINVAL, "a timer whose name is none is refused");
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
        test_hostile_sandbox(&b);
        test_hostile_capability(&b);
        test_hostile_values(&b);
        test_hostile_names(&b);
        test_shared_network(&b);
        test_order(&b);
        test_profile(&b);
        test_socket(&b);
        test_job_without_usr(&b);
        test_timer(&b);
        test_golden(&b);
        return tap_done();
}
