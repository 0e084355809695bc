/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/directives.h"

#include <sys/socket.h>

#include "facts/address.h"
#include "facts/command.h"
#include "tap.h"

static void test_table(void)
{
        const struct directive *d;
        struct fault f = {};
        bool sorted = true, unique = true, helped = true, emitted = true;

        for (size_t i = 0; i < n_directives; i++) {
                if (i > 0 && directives[i].section < directives[i - 1].section)
                        sorted = false;
                for (size_t j = 0; j < i; j++)
                        if (directives[j].section == directives[i].section &&
                            str_eq(directives[j].key, directives[i].key))
                                unique = false;
                if (!directives[i].help || strlen(directives[i].help) > 100)
                        helped = false;
                if (directives[i].emit && directives[i].section != SECTION_SERVICE &&
                    directives[i].section != SECTION_SOCKET && directives[i].section != SECTION_TIMER)
                        emitted = false;
        }
        tap_ok(sorted && unique, "the table is grouped by section, each key once");
        tap_ok(helped, "each row has one line of help");
        tap_ok(emitted, "only services, sockets and timers reach a unit");

        tap_int(directive_find(SECTION_SERVICE, "[Service main]", "ExecStart", &d, &f), 0, "a known key");
        tap_str(d->key, "ExecStart", "is its row");
        tap_int(directive_find(SECTION_SERVICE, "[Service main]", "ExecStrat", &d, &f), -EINVAL,
                "a typing error");
        tap_str(f.text, "unknown key 'ExecStrat' in [Service main]; did you mean 'ExecStart'?",
                "is guessed");
}

/* Each KEY= that text tells to write is one. */
static bool keys_are_known(const char *text)
{
        for (const char *end = text; (end = strchr(end, '=')); end++) {
                const char *start = end;
                bool known = false;

                while (start > text && ((start[-1] | 0x20) >= 'a' && (start[-1] | 0x20) <= 'z'))
                        start--;
                for (size_t i = 0; i < n_directives; i++)
                        known |= strlen(directives[i].key) == (size_t)(end - start) &&
                                 strncmp(directives[i].key, start, (size_t)(end - start)) == 0;
                if (!known && strncmp(start, "Accept=no", 9) != 0)
                        return false;
        }
        return true;
}

/* What people bring along from unit files is told in words of a manifest; the words are wrong where the
 * table of keys does not have what they tell to write. */
static void test_hints(void)
{
        static const struct {
                enum section section;
                const char *key, *words;
        } keys[] = {
                { SECTION_SERVICE, "User", "no key 'User' in [X]; it stands in [Sandbox NAME]" },
                { SECTION_SOCKET, "ExecStart", "it stands in [Service NAME]" },
                { SECTION_SERVICE, "Epoch", "it stands in [Bundle]" },
                { SECTION_SERVICE, "File", "see sealift.manifest" },
                { SECTION_SERVICE, "Requires", "come and go as one; After= orders them" },
                { SECTION_SERVICE, "ExecStartPost", "Type=notify" },
                { SECTION_SERVICE, "EnvironmentFile", "Environment= sets it" },
                { SECTION_SERVICE, "ProtectSystem", "the strictest" },
                { SECTION_SERVICE, "CapabilityBoundingSet", "Capability= in" },
                { SECTION_SERVICE, "SystemCallFilter", "SystemCalls= in" },
                { SECTION_SERVICE, "SystemCallArchitectures", "the strictest" },
                { SECTION_SERVICE, "BindReadOnlyPaths", "HostPath= in" },
                { SECTION_SERVICE, "Nice", "CPUWeight= and" },
                { SECTION_TIMER, "OnUnitActiveSec", "OnCalendar= says when" },
                { SECTION_SOCKET, "Accept", "as with Accept=no" },
                { SECTION_SOCKET, "Exexstart", "see sealift.manifest" },
        };
        const struct directive *d;
        struct fault f = {};
        enum section s;

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                tap_int(directive_find(keys[i].section, "[X]", keys[i].key, &d, &f), -EINVAL,
                        "%s= of systemd", keys[i].key);
                tap_like(f.text, keys[i].words, "is told otherwise");
                tap_ok(keys_are_known(f.text), "in keys that there are");
        }
        tap_int(section_find("Unit", &s, &f), -EINVAL, "[Unit] of systemd");
        tap_like(f.text, "there is no section [Unit]; After= stands in [Service NAME]", "too");
        tap_int(section_find("Install", &s, &f), -EINVAL, "and [Install]");
        tap_like(f.text, "starts at boot", "too");
}

static void check(const char *key, const char *value, bool good)
{
        const struct directive *d = NULL;
        struct fault f = {};
        int r;

        for (size_t i = 0; i < n_directives; i++)
                if (str_eq(directives[i].key, key))
                        d = directives + i;
        r = directive_check(d, value, &f);
        tap_ok((r == 0) == good, "%s=%s is %s", key, strlen(value) > 60 ? "..." : value,
               good ? "good" : "refused");
        if (!good)
                tap_like(f.text, key, "and the fault names the key");
}

static void test_values(void)
{
        static const struct {
                const char *key, *good[4], *bad[8];
        } rows[] = {
                { "Name", { "web" }, { "", "Web", "a b" } },
                { "Version", { "1.0-2" }, { "", "-1", "1 2" } },
                { "Description", { "A page." }, { "", "a\tb" } },
                { "Type",
                  { "exec", "notify", "oneshot" },
                  { "", "simple", "forking", "dbus", "notify-reload", "Exec" } },
                { "After", { "a", "a b", "a  b-c" }, { "", " a", "a ", "A", "a,b", "a.service" } },
                { "LoadCredential",
                  { "db-password", "tls.key_1" },
                  { "", ".x", "a:b", "/etc/shadow", "a*", "a b", "%h" } },
                { "ImportCredential",
                  { "db-password" },
                  { "", "*", "tls.*", "tls.?", "tls.[a-z]", "/etc/shadow", "%h", "a:/etc/shadow" } },
                { "Capability",
                  { "CAP_NET_BIND_SERVICE", "CAP_NET_RAW" },
                  { "", "CAP_SYS_ADMIN", "CAP_SYS_MODULE", "CAP_SYS_PTRACE", "cap_net_raw", "net_raw",
                    "~CAP_CHOWN", "CAP_NET_RAW CAP_CHOWN" } },
                { "SystemCalls",
                  { "@resources", "@setuid" },
                  { "", "@privileged", "@module", "mount", "~@resources", "@raw-io" } },
                { "HostPath",
                  { "/homes", "/opt", "/var/lib/sealift-x" },
                  { "/usr", "/home", "/home/x", "/root", "/run/user/0", "/srv/a/../b", "/var/lib/sealift",
                    "/run/sealift/unitd.sock" } },
                { "Device", { "/dev/fuse", "/dev/net/tun" }, { "", "/dev", "/dev/", "/dev/../x", "fuse" } },
                { "HostPath",
                  { "/srv/data", "/etc/ssl/private", "/var/lib/x", "/run/x.sock" },
                  { "", "/", "/etc", "/usr/lib", "/proc/1", "/sys/kernel", "srv", "/a:/b" } },
                { "User", { "web", "_apt" }, { "", "root", "sealift", "0", "Web", "-x", "a b", "web.x" } },
                { "OnCalendar", { "daily", "Mon..Fri 08:00" }, { "", "daily\n", "%h", "\"daily\"" } },
                { "Proxy", { "8080", "1" }, { "", "0", "65536", "localhost:80" } },
                { "SuccessExitStatus", { "0", "143" }, { "", "256", "-1", "SIGTERM", "1 2" } },
                { "TimeoutStartSec",
                  { "90", "1min 30s", "15min" },
                  { "", "0", "infinity", "16min", "1 fortnight" } },
                { "RestartSec", { "100ms" }, { "99ms", "-1" } },
                { "MemoryMax", { "1M", "64M", "1T" }, { "", "1", "512K", "2T", "50%", "infinity", "1e9" } },
                { "CPUQuota", { "1%", "200%" }, { "", "%", "0%", "50", "1.5%", "100001%", "%%" } },
                { "TasksMax", { "1", "512" }, { "0", "infinity", "65537", "10%" } },
                { "WorkingDirectory",
                  { "/", "/bundle/site" },
                  { "", "bundle", "/a/../b", "/a/", "~", "-/a", "/%h" } },
                { "StateDirectory", { "yes", "no" }, { "", "web", "sealift-web", "../../etc", "yes no" } },
                { "KillSignal", { "SIGINT" }, { "SIGKILL", "9" } },
                { "NonBlocking", { "yes", "no" }, { "", "maybe" } },
                { "Network", { "none", "outbound" }, { "host", "" } },
                { "Bind",
                  { "tcp:8080", "udp:65535" },
                  { "tcp:80", "8080", "tcp:1-65535", "tcp:65536", "tcp:+8080", "tcp:08080", "" } },
                { "Outbound",
                  { "any", "192.0.2.0/24", "2001:db8::/32", "192.0.2.1" },
                  { "", "192.0.2.1/24", "192.0.2.0/33", "example.com", "fe80::1%eth0", "localhost",
                    "0/0" } },
                { "ListenStream",
                  { "80", "127.0.0.1:8080", "[::1]:443", "0.0.0.0:1" },
                  { "", "0", "/run/x.sock", "@x", "::1:80", "[::1]", "eth0:80", "vsock:2:80" } },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                for (size_t j = 0; j < ELEMENTSOF(rows[i].good) && rows[i].good[j]; j++)
                        check(rows[i].key, rows[i].good[j], true);
                for (size_t j = 0; j < ELEMENTSOF(rows[i].bad) && rows[i].bad[j]; j++)
                        check(rows[i].key, rows[i].bad[j], false);
        }
}

static void test_commands(void)
{
        static const char *const good[] = {
                "/usr/bin/true",
                "/bundle/bin/web --listen :8080 --root \"/bundle/my site\" 'it''s'",
                "/bundle/web 100%% $HOME ${HOME} $$",
                "/bundle/web \\s \\\\ \\\" \\' ';' a;b \"\" caf\xc3\xa9",
                "/usr/bin/kill -HUP $MAINPID",
        };
        static const char *const bad[] = {
                "",
                "+/usr/bin/true",
                "!/usr/bin/true",
                "!!/usr/bin/true",
                "@/usr/bin/true x",
                "-/usr/bin/true",
                ":/usr/bin/true",
                "|/usr/bin/true",
                "/bin/sh",
                "/etc/rc",
                "/usr",
                "/usr/",
                "/bundle/",
                "usr/bin/true",
                "true",
                "/usr/../bin/sh",
                "/bundle//web",
                "/bundle/./web",
                "/bundle/web/",
                "/bundle/$X",
                "/bundle/a\\sb",
                "\"/bundle/web\"",
                "/bundle/w\"e\"b",
                "/bundle/%n",
                "/bundle/web %h",
                "/bundle/web %",
                "/bundle/web %%%",
                "/bundle/web '%\"%'",
                "/bundle/web ; /usr/bin/true",
                "/bundle/web ;",
                "/bundle/web \\; x",
                "/bundle/web \\n",
                "/bundle/web \\x0a",
                "/bundle/web \\",
                "/bundle/web 'open",
                "/bundle/web \"open",
        };

        for (size_t i = 0; i < ELEMENTSOF(good); i++)
                check("ExecStart", good[i], true);
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                check("ExecStart", bad[i], false);
        check("Environment", "A=1 _B2=\"two words\" C= D==", true);
        check("Environment", "", false);
        check("Environment", "A", false);
        check("Environment", "1A=x", false);
        check("Environment", "=x", false);
        check("Environment", "A-B=x", false);
        check("Environment", "A=%H", false);
}

static void test_words(void)
{
        static const char *const want[] = { "/bundle/web", "a b", "its", "", "x%y", ";", " \\\"'" };
        const char *s = "/bundle/web  'a b'\ti't's \"\" x%%y \";\" \\s\\\\\\\"\\'";
        char word[COMMAND_WORD_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(want); i++) {
                tap_int(command_next_word(&s, word, NULL), 1, "word %zu", i);
                tap_str(word, want[i], "is read right");
        }
        tap_int(command_next_word(&s, word, NULL), 0, "no more words");
}

static bool covers(const char *outer, const char *inner)
{
        struct address a, b;

        return address_parse(outer, &a) == 0 && address_parse(inner, &b) == 0 && address_covers(&a, &b);
}

static bool ports_cover(const char *outer, const char *inner)
{
        struct port_range a, b;

        return address_parse_ports(outer, &a) == 0 && address_parse_ports(inner, &b) == 0 &&
               address_ports_cover(&a, &b);
}

static void test_addresses(void)
{
        struct address a;
        uint16_t port;

        tap_ok(covers("any", "any") && covers("any", "0.0.0.0/0") && covers("any", "::1"), "any covers all");
        tap_ok(!covers("0.0.0.0/0", "any") && !covers("0.0.0.0/0", "::1"), "all of IPv4 is not all");
        tap_ok(covers("192.0.2.0/24", "192.0.2.128/25") && covers("192.0.2.1", "192.0.2.1"), "inside");
        tap_ok(!covers("192.0.2.0/24", "192.0.3.1") && !covers("192.0.2.0/24", "192.0.2.0/23"),
               "outside, wider");
        tap_ok(covers("10.0.0.0/9", "10.127.0.0/16") && !covers("10.0.0.0/9", "10.128.0.0/16"),
               "a prefix that ends inside a byte");
        tap_ok(covers("2001:db8::/32", "2001:db8:1::1") && !covers("2001:db8::/32", "2001:db9::"), "IPv6");
        tap_ok(ports_cover("tcp:1024-65535", "tcp:8080") && ports_cover("tcp:80", "tcp:80"), "ports inside");
        tap_ok(!ports_cover("tcp:1024-65535", "udp:8080") && !ports_cover("tcp:80-81", "tcp:79-80") &&
                       !ports_cover("tcp:80-81", "tcp:81-82"),
               "ports outside, other transport");
        tap_int(address_parse_listen("8080", &a, &port), 0, "a bare port");
        tap_ok(a.family == AF_UNSPEC && port == 8080, "is every address");
        tap_int(address_parse_listen("[::1]:443", &a, &port), 0, "an IPv6 listener");
        tap_ok(a.family == AF_INET6 && a.prefix == 128 && a.bytes[15] == 1 && port == 443, "is read right");
        tap_int(address_parse_listen("[::]:443", &a, &port), 0, "IPv6's every address");
        tap_ok(a.family == AF_UNSPEC && a.prefix == 0, "is IPv4's too");
        tap_int(address_parse_listen("0.0.0.0:443", &a, &port), 0, "IPv4's every address");
        tap_ok(a.family == AF_INET && a.prefix == 0, "is IPv4's alone");
        tap_int(address_parse_listen("[::ffff:127.0.0.1]:443", &a, &port), -EINVAL,
                "an IPv4 address by another name");
}

static void said(const char *key, const char *value, const char *words)
{
        const struct directive *d;
        struct fault f = {};

        if (directive_find(SECTION_SERVICE, "", key, &d, &f) < 0 &&
            directive_find(SECTION_SOCKET, "", key, &d, &f) < 0)
                abort();
        tap_ok(directive_check(d, value, &f) < 0, "%s=%s is refused", key, value);
        tap_like(f.text, words, "and what it may be is said");
}

static void test_refusals(void)
{
        said("TimeoutStartSec", "20min", "must be 1s to 15min");
        said("RestartSec", "1ms", "must be 100ms to ");
        said("Type", "simple", "oneshot; here that is: exec, which fails");
        said("After", "network.target", "names of services of this bundle");
        said("ListenStream", "/run/x.sock", "no service is given a UNIX socket");
        said("ListenStream", "x", "PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT");
        said("MemoryMax", "50%", "64M or 2G, in bytes");
}

int main(void)
{
        test_table();
        test_hints();
        test_refusals();
        test_values();
        test_commands();
        test_words();
        test_addresses();
        return tap_done();
}
