/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/cost.h"

#include "parsed.h"

#define HEAD    "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/usr/bin/true\n"
#define SANDBOX HEAD "[Sandbox main]\n"

static struct service_cost compute(const struct manifest *m)
{
        struct service_cost c = {};
        struct fault f = {};

        if (cost_compute(m, m->services, &c, &f) < 0)
                printf("# %s\n", f.text);
        return c;
}

/* A negative number of points is the least that it may be: what programs need to make namespaces is not
 * settled. */
static void one(const char *lines, enum cost_kind kind, int points, const char *request, const char *meaning)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(1024);
        struct service_cost c;
        char text[1024];

        (void)snprintf(text, sizeof(text), SANDBOX "%s", lines);
        m = parse(text);
        c = compute(m);
        tap_int(c.n_costs, 1, "%s: one request", request);
        tap_int(c.costs[0].kind, kind, "of its kind");
        if (points < 0)
                tap_ok(c.costs[0].points >= -points, "costs that at least");
        else
                tap_int(c.costs[0].points, points, "costs");
        tap_like(c.costs[0].meaning, meaning, "and means");
        tap_int(cost_format_request(m->services, kind, &b), 0, "said in one line");
        tap_str(b.data, request, "with all that belongs to it");
}

static void test_kinds(void)
{
        one("Network=bind\nBind=tcp:8080\nBind=udp:8081\n", COST_NETWORK, 5000,
            "Network=bind Bind=tcp:8080 udp:8081", "listens in the host's network");
        one("Network=bundle\n", COST_NETWORK, 1700, "Network=bundle", "loopback");
        one("Network=outbound\nOutbound=192.0.2.1\n", COST_NETWORK, 4500,
            "Network=outbound Outbound=192.0.2.1", "connects to the addresses named");
        one("Network=outbound\nOutbound=192.0.2.1\nOutbound=any\n", COST_NETWORK, 4500,
            "Network=outbound Outbound=192.0.2.1 any", "any address");
        one("Capability=CAP_NET_RAW\n", COST_CAPABILITY, 2000, "Capability=CAP_NET_RAW", "root's powers");
        one("Capability=CAP_NET_RAW\nCapability=CAP_KILL\n", COST_CAPABILITY, 2500,
            "Capability=CAP_NET_RAW CAP_KILL", "root's powers");
        one("WriteExecute=yes\n", COST_WRITE_EXECUTE, 100, "WriteExecute=yes", "written to memory");
        one("SystemCalls=@setuid\nSystemCalls=@chown\n", COST_SYSTEM_CALLS, 630,
            "SystemCalls=@setuid @chown", "more of the kernel");
        one("Device=/dev/fuse\n", COST_DEVICE, 0, "Device=/dev/fuse", "devices of the host");
        one("HostPath=/srv\nHostPath=/opt\n", COST_HOST_PATH, 0, "HostPath=/srv /opt", "files of the host");
        one("UserNamespaces=yes\n", COST_USER_NAMESPACES, -3600 - 900 - 630, "UserNamespaces=yes",
            "namespaces");
        one("User=daemon\n", COST_USER, 100, "User=daemon", "user of the host's");
}

static void test_sums(void)
{
        _cleanup_(manifest_freep) struct manifest *nothing = parse(HEAD);
        _cleanup_(manifest_freep) struct manifest *no =
                parse(SANDBOX "Network=none\nWriteExecute=no\nRoot=usr\n");
        _cleanup_(manifest_freep) struct manifest *three =
                parse(SANDBOX "Capability=CAP_CHOWN\nSystemCalls=@setuid\nWriteExecute=yes\n");
        struct service_cost c = compute(nothing);
        char text[COST_TEXT_SIZE];

        tap_int(c.exposure.tenths, 1, "nothing asked for: the best figure");
        tap_int(c.n_costs, 0, "and no cost");
        tap_ok(!cost_highest(&c), "nor a highest");
        tap_int(compute(no).n_costs, 0, "what is asked for as it is anyway is no request");
        c = compute(three);
        tap_int(c.n_costs, 3, "three requests");
        tap_int(cost_highest(&c)->kind, COST_CAPABILITY, "the capability costs most");
        tap_int(c.costs[2].kind, COST_SYSTEM_CALLS, "in the order of kinds");
        tap_int(c.costs[2].points, 0, "what another request took down already costs nothing more");
        tap_int(c.costs[1].hundredths, 2, "hundredths, rounded");
        tap_int(three->services->sandbox.n_settings, 3, "and the manifest is as it was");
        tap_str(cost_format(2, text), "0.02", "are written so");
        tap_str(cost_format(123, text), "1.23", "or so");
        tap_str(cost_format(-5, text), "-0.05", "or so");
}

static void test_bad(void)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(SANDBOX "Network=bind\nBind=tcp:8080\n");
        struct service_cost c = { .n_costs = 7 };
        struct fault f = {};

        m->services->sandbox.binds[0].port = 80;
        tap_int(cost_compute(m, m->services, &c, &f), -EPERM, "a unit that cannot be written has no figure");
        tap_like(f.text, "port 80", "and why is said");
        tap_int(c.n_costs, 7, "nothing else is");
}

int main(void)
{
        test_kinds();
        test_sums();
        test_bad();
        return tap_done();
}
