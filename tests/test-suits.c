/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/suits.h"

#include "tap.h"

static int check(const char *extra, const char *architecture, const char *agent, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        char text[512];
        int n;

        n = snprintf(text, sizeof(text),
                     "[Bundle]\nName=web\nVersion=1\n%s[Service main]\nExecStart=/usr/bin/true\n", extra);
        if (manifest_parse(text, (size_t)n, "web.manifest", &m, f) < 0) {
                printf("# %s\n", f->text);
                abort();
        }
        return suits_check(m, architecture, agent, f);
}

static int check_outbound(const char *sandbox, bool filters, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        char text[512];
        int n;

        n = snprintf(
                text, sizeof(text),
                "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/usr/bin/true\n[Sandbox main]\n%s",
                sandbox);
        if (manifest_parse(text, (size_t)n, "web.manifest", &m, f) < 0) {
                printf("# %s\n", f->text);
                abort();
        }
        return suits_check_outbound(m, filters, f);
}

static void test_outbound(void)
{
        static const char *const list = "Network=outbound\nOutbound=192.0.2.0/24\n";
        struct fault f = {};

        tap_int(check_outbound(list, true, &f), 0, "a list of addresses suits a host that can filter");
        tap_int(check_outbound(list, false, &f), -EPERM, "and no other");
        tap_like(f.text, "service main", "whose list it is is named");
        tap_like(f.text, "systemd.unified_cgroup_hierarchy=1", "and the remedy");
        tap_int(check_outbound("Network=outbound\nOutbound=any\n", false, &f), 0,
                "a service that may reach everything suits both");
        tap_int(check_outbound("Network=none\n", false, &f), 0, "as does one that may reach nothing");
}

int main(void)
{
        struct fault f = {};

        tap_int(check("", "x86-64", "0.1.0", &f), 0, "a release that asks for nothing suits every host");
        tap_int(check("Architecture=arm64\n", "arm64", "0.1.0", &f), 0, "the right architecture suits");
        tap_int(check("Architecture=arm64\n", "x86-64", "0.1.0", &f), -EPERM, "another one does not");
        tap_like(f.text, "arm64", "what it was built for is named");
        tap_like(f.text, "x86-64", "and what this host is");
        tap_int(check("MinAgent=0.9.0\n", "x86-64", "0.10.0", &f), 0,
                "versions compare by number, not by letter");
        tap_int(check("MinAgent=0.10.0\n", "x86-64", "0.10.0", &f), 0, "the same version is enough");
        tap_int(check("MinAgent=0.10.0\n", "x86-64", "0.9.0", &f), -EPERM, "an older agent is not");
        tap_like(f.text, "update the image", "and the remedy is named");
        tap_ok(*suits_architecture(), "this build has a name for its architecture");
        test_outbound();
        return tap_done();
}
