/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/policy.h"

#include "ground/buffer.h"
#include "tap.h"

#define HEAD "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/usr/bin/true\n"
#define BIND HEAD "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n"

/* 0, -EPERM with f, or 1 when one of the texts does not parse. */
static int ask(const char *policy, const char *manifest, struct fault *f)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(manifest_freep) struct manifest *m = NULL;

        *f = (struct fault){};
        if (policy_new(&p) < 0 || policy_parse(p, policy, strlen(policy), "web.conf", f) < 0 ||
            manifest_parse(manifest, strlen(manifest), "web.manifest", &m, f) < 0)
                return 1;
        return policy_check(p, m, f);
}

static void granted(const char *policy, const char *manifest, const char *what)
{
        struct fault f;

        if (!tap_int(ask(policy, manifest, &f), 0, "%s is granted", what))
                printf("# %s\n", f.text);
}

static void refused(const char *policy, const char *manifest, const char *want, const char *what)
{
        struct fault f;

        tap_int(ask(policy, manifest, &f), -EPERM, "%s is refused", what);
        tap_like(f.text, want, "%s: names the line to add", what);
}

static void bad(const char *policy, const char *want, const char *what)
{
        struct fault f;

        tap_int(ask(policy, HEAD, &f), 1, "%s is an error", what);
        tap_like(f.text, want, "%s: says where and what", what);
}

static void test_bind(void)
{
        granted("", HEAD, "a manifest that asks for nothing");
        refused("", BIND,
                "bundle web, service main: Bind=tcp:8080 is not granted; if you agree add to "
                "/etc/sealift/policy.d/web.conf: [Policy web] Bind=tcp:8080",
                "a port under an empty policy");
        granted("[Policy web]\nBind=tcp:8080\n", BIND, "that line, added,");
        granted("[Policy *]\nBind=tcp:1024-65535\n", BIND, "a range for every bundle");
        granted("[Policy w?b]\nBind=udp:1\nBind=tcp:8080\n", BIND, "the second of two lines");
        refused("[Policy web-2]\nBind=tcp:8080\n", BIND, "[Policy web]", "another bundle's grant");
        refused("[Policy web]\nBind=udp:8080\n", BIND, "tcp:8080", "the other transport");
        refused("[Policy web]\nBind=tcp:8081-9000\n", BIND, "tcp:8080", "a range beside it");
        refused("[Policy web]\nListen=tcp:8080\nOutbound=any\n", BIND, "Bind=", "grants of another kind");
        refused("[Policy web]\nBind=tcp:8080\n", BIND "Bind=tcp:8081\n", "Bind=tcp:8081",
                "the second of two ports");
}

static void test_outbound(void)
{
        static const char net[] = HEAD "[Sandbox main]\nNetwork=outbound\nOutbound=192.0.2.0/24\n";
        static const char any[] = HEAD "[Sandbox main]\nNetwork=outbound\nOutbound=any\n";
        static const char six[] = HEAD "[Sandbox main]\nNetwork=outbound\nOutbound=2001:db8::1\n";

        granted("[Policy web]\nOutbound=192.0.0.0/16\n", net, "a network inside the grant");
        granted("[Policy web]\nOutbound=any\n", any, "any under any");
        refused("[Policy web]\nOutbound=192.0.2.0/25\n", net, "[Policy web] Outbound=192.0.2.0/24",
                "a wider network");
        refused("[Policy web]\nOutbound=0.0.0.0/0\n", any, "[Policy web] Outbound=any",
                "any under all of IPv4");
        refused("[Policy web]\nOutbound=0.0.0.0/0\n", six, "[Policy web] Outbound=2001:db8::1/128",
                "IPv6 under all of IPv4");
}

static void test_listen(void)
{
        static const char every[] = HEAD "[Socket main]\nListenStream=80\n";
        static const char local[] = HEAD "[Socket main]\nListenStream=127.0.0.1:80\n";
        static const char six[] = HEAD "[Socket main]\nListenStream=80\nListenDatagram=[::1]:53\n";

        refused("", every,
                "socket main: ListenStream=80 is not granted; if you agree add to "
                "/etc/sealift/policy.d/web.conf: [Policy web] Listen=tcp:80",
                "a listener");
        granted("[Policy web]\nListen=tcp:80\n", every, "that line, added,");
        granted("[Policy web]\nListen=tcp:80\n", local, "one address under every address");
        granted("[Policy web]\nListen=tcp:127.0.0.1:80\n", local, "one address under itself");
        granted("[Policy web]\nListen=tcp:127.0.0.0/8:1-1000\n", local, "an address under a prefix");
        refused("[Policy web]\nListen=tcp:127.0.0.1:80\n", every, "Listen=tcp:80",
                "every address under one");
        refused("[Policy web]\nListen=udp:80\nBind=tcp:80\n", every, "Listen=tcp:80",
                "grants of another kind");
        refused("[Policy web]\nListen=tcp:80\n", six, "[Policy web] Listen=udp:[::1]:53",
                "the second listener");
        granted("[Policy web]\nListen=tcp:80\nListen=udp:[::1]:53\n", six, "that line, added,");
        granted("[Policy web]\nListen=tcp:80\nListen=udp:[::/0]:53-54\n", six, "IPv6 under a prefix");
}

/* systemd listens on IPv4 too where it is told [::]. */
static void test_both_families(void)
{
        static const char both[] = HEAD "[Socket main]\nListenStream=[::]:80\n";
        static const char four[] = HEAD "[Socket main]\nListenStream=0.0.0.0:80\n";
        static const char local[] = HEAD "[Socket main]\nListenStream=127.0.0.1:80\n";

        refused("[Policy web]\nListen=tcp:[::/0]:80\nListen=tcp:[::1]:80\n", both,
                "[Policy web] Listen=tcp:[::]:80", "both families under one");
        granted("[Policy web]\nListen=tcp:[::]:80\n", both, "that line, added,");
        granted("[Policy web]\nListen=tcp:[::]:80\n", four, "IPv4 under both");
        granted("[Policy web]\nListen=tcp:80\n", both, "both under every address");
        granted("[Policy web]\nListen=tcp:0.0.0.0/0:80\n", four, "IPv4's every address under its prefix");
        granted("[Policy web]\nListen=tcp:0.0.0.0:80\n", local, "one address under IPv4's every address");
        refused("[Policy web]\nListen=tcp:0.0.0.0:80\n", both, "Listen=tcp:[::]:80", "both under IPv4's");
}

/* Every relaxation: refused with its own line, granted by it, and by nothing of another kind. */
static void test_relaxations(void)
{
        static const char *const requests[] = {
                "Capability=CAP_NET_RAW", "WriteExecute=yes",   "SystemCalls=@chown", "Device=/dev/fuse",
                "HostPath=/srv/data",     "UserNamespaces=yes", "User=www-data",
        };
        char manifest[512], policy[512], want[512];

        for (size_t i = 0; i < ELEMENTSOF(requests); i++) {
                size_t n = 0;

                (void)snprintf(manifest, sizeof(manifest), HEAD "[Sandbox main]\n%s\n", requests[i]);
                (void)snprintf(want, sizeof(want),
                               "bundle web, service main: %s is not granted; if you agree add to "
                               "/etc/sealift/policy.d/web.conf: [Policy web] %s",
                               requests[i], requests[i]);
                refused("", manifest, want, requests[i]);
                (void)snprintf(policy, sizeof(policy), "[Policy web]\n%s\n", requests[i]);
                granted(policy, manifest, "that line, added,");
                (void)snprintf(policy, sizeof(policy), "[Policy other]\n%s\n", requests[i]);
                refused(policy, manifest, requests[i], "granted to another bundle");
                n = (size_t)snprintf(policy, sizeof(policy), "[Policy web]\nBind=tcp:1-65535\n");
                for (size_t k = 0; k < ELEMENTSOF(requests); k++)
                        if (k != i)
                                n += (size_t)snprintf(policy + n, sizeof(policy) - n, "%s\n", requests[k]);
                refused(policy, manifest, requests[i], "with all grants but its own");
        }
}

static void test_values(void)
{
        static const char path[] = HEAD "[Sandbox main]\nHostPath=/srv/data/a\n";
        static const char two[] = HEAD "[Sandbox main]\nCapability=CAP_KILL\nCapability=CAP_NET_RAW\n";
        static const char none[] = HEAD "[Sandbox main]\nWriteExecute=no\nUserNamespaces=no\n";

        granted("[Policy web]\nHostPath=/srv\n", path, "a path below a granted one");
        refused("[Policy web]\nHostPath=/srv/dat\n", path, "HostPath=/srv/data/a",
                "a path that only begins like a granted one");
        refused("[Policy web]\nHostPath=/srv/data/a/b\n", path, "HostPath=/srv/data/a",
                "a path above a granted one");
        refused("[Policy web]\nCapability=CAP_KILL\n", two, "Capability=CAP_NET_RAW",
                "the second of two capabilities");
        refused("[Policy web]\nDevice=/dev/net\n", HEAD "[Sandbox main]\nDevice=/dev/net/tun\n",
                "Device=/dev/net/tun", "a device below a granted name");
        granted("", none, "asking for nothing in words");
}

static void test_exposure(void)
{
        static const char jit[] =
                HEAD "[Sandbox main]\nWriteExecute=yes\n[Service other]\nExecStart=/usr/bin/true\n";
        static const char both[] = BIND "WriteExecute=yes\n";

        granted("[Policy *]\nMaxExposure=0.1\n", HEAD, "the strictest service under the strictest limit");
        refused("[Policy *]\nMaxExposure=0\n", HEAD,
                "bundle web, service main: exposure 0.1 is above MaxExposure=0.0, and it asks for nothing "
                "that could "
                "be left out",
                "it, under a limit that nobody keeps,");
        granted("[Policy web]\nBind=tcp:8080\nMaxExposure=1.0\n", BIND, "a port of its own below 1.0");
        refused("[Policy web]\nBind=tcp:8080\nMaxExposure=0.9\n", BIND,
                "bundle web, service main: exposure 1.0 is above MaxExposure=0.9; 0.89 of it is for "
                "Network=bind "
                "Bind=tcp:8080; if you agree raise MaxExposure= in /etc/sealift/policy.d to 1.0",
                "it, below 0.9,");
        refused("[Policy web]\nBind=tcp:8080\nWriteExecute=yes\nMaxExposure=0.5\n", both,
                "0.89 of it is for Network=bind", "what costs most of two");
        refused("[Policy *]\nMaxExposure=0.9\n[Policy web]\nBind=tcp:8080\nMaxExposure=5\n", BIND,
                "MaxExposure=0.9", "the lowest of two limits, when it comes first,");
        refused("[Policy web]\nBind=tcp:8080\nMaxExposure=5\n[Policy *]\nMaxExposure=0.9\n", BIND,
                "MaxExposure=0.9", "the lowest of two limits, when it comes last,");
        granted("[Policy web]\nBind=tcp:8080\n[Policy other]\nMaxExposure=0\n", BIND,
                "another bundle's limit");
        refused("[Policy web]\nWriteExecute=yes\nMaxExposure=0.1\n", jit, "service main: exposure 0.2",
                "the service that is above it");
        refused("[Policy web]\nMaxExposure=9\n", BIND, "Bind=tcp:8080 is not granted",
                "a limit grants nothing:");
        bad("[Policy web]\nMaxExposure=low\n",
            "web.conf:2: MaxExposure=low: must be a figure from 0.0 to 10.0", "a limit in words");
        bad("[Policy web]\nMaxExposure=11\n", "MaxExposure=11", "a limit above all");
}

static void test_list(void)
{
        static const char text[] =
                HEAD "[Service other]\nExecStart=/usr/bin/true\n"
                     "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\nOutbound=192.0.2.1\nCapability=CAP_KILL\n"
                     "[Sandbox "
                     "other]\nWriteExecute=yes\nCapability=CAP_KILL\nCapability=CAP_BPF\nHostPath=/srv/x\n"
                     "HostPath=/srv\nRoot=usr\nUserNamespaces=no\n[Socket other]\nListenStream=8080\n";
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(4096);
        _cleanup_(manifest_freep) struct manifest *m = NULL, *nothing = NULL;
        struct fault f = {};
        char policy[4096];

        if (manifest_parse(text, strlen(text), "web.manifest", &m, &f) < 0 ||
            manifest_parse(HEAD, strlen(HEAD), "web.manifest", &nothing, &f) < 0) {
                tap_ok(false, "%s", f.text);
                return;
        }
        tap_int(policy_list(nothing, &b, &f), 0, "a manifest that asks for nothing");
        tap_int(b.len, 0, "needs no line");
        tap_int(policy_list(m, &b, &f), 0, "one that asks for much");
        tap_str(b.data,
                "Bind=tcp:8080\nOutbound=192.0.2.1/"
                "32\nCapability=CAP_KILL\nWriteExecute=yes\nCapability=CAP_BPF\n"
                "HostPath=/srv/x\nHostPath=/srv\nListen=tcp:8080\n",
                "needs each line once");
        (void)snprintf(policy, sizeof(policy), "[Policy web]\n%s", b.data);
        granted(policy, text, "all of it, under a policy of these lines,");
}

static void test_errors(void)
{
        struct fault f = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        static const char half[] = "[Policy web]\nBind=tcp:8080\nBind=nonsense\n";

        bad("[Policy]\nBind=tcp:80\n", "web.conf:1: [Policy ]: must name", "a policy for nobody");
        bad("[Policy we/b]\n", "web.conf:1: [Policy we/b]", "a glob with a slash");
        bad("[Polcy web]\n", "web.conf:1: unknown section [Polcy]", "an unknown section");
        bad("[Policy web]\nBnd=tcp:80\n",
            "web.conf:2: unknown key 'Bnd' in [Policy web]; did you mean 'Bind'?", "an unknown key");
        bad("[Policy web]\nBind=80\n", "web.conf:2: Bind=80: must be tcp:PORT", "a port alone");
        bad("[Policy web]\nBind=tcp:90-80\n", "web.conf:2: Bind=", "a range backwards");
        bad("[Policy web]\nOutbound=10.0.0.1/8\n", "web.conf:2: Outbound=", "host bits in a network");
        bad("[Policy web]\nListen=8080\n", "web.conf:2: Listen=8080: must be tcp:PORT",
            "a listener without transport");
        bad("[Policy web]\nListen=tcp:::1:80\n", "in [brackets]", "IPv6 without brackets");
        bad("[Policy web]\nListen=tcp:\n", "Listen=tcp:", "no port");
        bad("[Policy web]\nListen=tcp:x:80\n", "Listen=tcp:x:80", "a host name");
        bad("[Policy web]\nListen=tcp\n", "Listen=tcp", "no colon");
        bad("[Policy web]\nCapability=CAP_SYS_ADMIN\n", "web.conf:2: Capability=CAP_SYS_ADMIN",
            "a capability that no manifest may ask for");
        bad("[Policy web]\nWriteExecute=no\n", "web.conf:2: WriteExecute=no: must be yes",
            "a grant that takes away");
        bad("[Policy web]\nWriteExecute=\n", "web.conf:2: WriteExecute=", "a grant of nothing");
        bad("[Policy web]\nHostPath=/\n", "web.conf:2: HostPath=/", "the whole host");
        bad("[Policy web]\nDevice=sda\n", "web.conf:2: Device=sda", "a device that is no path");
        bad("[Policy web]\nUser=root\n", "web.conf:2: User=root", "root");
        bad("[Policy web]\nSystemCalls=@debug\n", "web.conf:2: SystemCalls=@debug", "a group unknown");
        bad("[Policy web]\nAppArmor=yes\n", "web.conf:2: AppArmor=yes: must be required",
            "a half-hearted wish");
        bad("[Policy web]\nAppArmorProfile=unconfined\n",
            "web.conf:2: AppArmorProfile=unconfined: must be a profile's name", "a profile that is none");
        bad("[Policy web]\nNetwork=bind\n", "unknown key 'Network'", "what needs no grant");

        tap_int(policy_new(&p), 0, "an empty policy");
        tap_int(policy_parse(p, half, strlen(half), "web.conf", &f), -EINVAL,
                "a file that is good at first");
        tap_int(manifest_parse(BIND, STRLEN(BIND), "web.manifest", &m, &f), 0,
                "a manifest that would like that");
        tap_int(policy_check(p, m, &f), -EPERM, "grants nothing: all of a file or none of it");
}

int main(void)
{
        test_bind();
        test_outbound();
        test_listen();
        test_both_families();
        test_relaxations();
        test_values();
        test_exposure();
        test_list();
        test_errors();
        return tap_done();
}
