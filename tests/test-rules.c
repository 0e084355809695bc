/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What goes together in a manifest and what does not. */

#include "facts/manifest.h"

#include "tap.h"

#define BUNDLE "[Bundle]\nName=web\nVersion=1\n"
#define MAIN   "[Service main]\nExecStart=/bundle/web\n"
#define JOB    "[Service job]\nExecStart=/bundle/job\nType=oneshot\n"
#define TIMER  "[Timer job]\nOnCalendar=daily\n"
#define A      "[Service a]\nExecStart=/bundle/a\n"
#define B      "[Service b]\nExecStart=/bundle/b\n"

static struct manifest *parse(const char *text, struct fault *f)
{
        struct manifest *m = NULL;

        *f = (struct fault){};
        return manifest_parse(text, strlen(text), "web.manifest", &m, f) < 0 ? NULL : m;
}

static void bad(const char *text, const char *said, const char *what)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);

        tap_ok(!m && f.error == -EINVAL, "%s is refused", what);
        tap_like(f.text, said, "and says why");
}

static void good(const char *text, const char *what)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(text, &f);

        if (!tap_ok(m != NULL, "%s is good", what))
                printf("# %s\n", f.text);
}

/* What the parser adds. */
static void test_proxy_services(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m =
                parse(BUNDLE "[Service main]\nExecStart=/bundle/web\nTimeoutStartSec=7s\n"
                             "[Socket http]\nListenStream=80\nService=main\nProxy=8000\nExitIdle=1min 30s\n"
                             "[Socket own]\nListenStream=81\nService=main\n",
                      &f);
        const struct service *s = m ? manifest_find_service(m, "http-proxy") : NULL;
        char taker[NAME_SIZE];

        if (!tap_ok(s != NULL, "a socket with Proxy= has a service before its own"))
                return;
        tap_int(m->n_services, 2, "one for it alone");
        tap_str(s->serves, "main", "which knows whom it serves");
        tap_str(m->services[0].serves, "", "a written one serves nobody");
        tap_int(s->sandbox.network, NETWORK_BUNDLE, "it is in the bundle's network");
        tap_ok(manifest_is_after(s, "main"), "after the service, and stops before it");
        tap_str(manifest_get(s, "TimeoutStartSec"), "7s", "has as much time to start");
        tap_like(manifest_get(s, "ExecStart"),
                 "/sealift-proxy --first -- 8000 /usr/lib/systemd/systemd-socket", "waits for the port");
        tap_like(manifest_get(s, "ExecStart"), " --exit-idle-time=90000ms 127.0.0.1:8000", "and ends idle");
        manifest_taker(m->sockets, taker);
        tap_str(taker, "http-proxy", "it takes the socket");
        manifest_taker(m->sockets + 1, taker);
        tap_str(taker, "main", "a socket without Proxy= the service takes itself");
        tap_ok(!manifest_rests(m, "main"), "and so it has to stay");
}

static void test_proxy_rests(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest
                *m = parse(BUNDLE MAIN "[Socket main]\nListenStream=80\nProxy=8000\nExitIdle=1min\n", &f),
                *stays = parse(BUNDLE MAIN "[Socket main]\nListenStream=80\nProxy=8000\n", &f);

        tap_ok(m && manifest_rests(m, "main") && !manifest_rests(m, "main-proxy"),
               "with ExitIdle= and no socket of its own a service rests");
        tap_ok(stays && !manifest_rests(stays, "main"), "and without ExitIdle= it does not");
        tap_ok(stays && !strstr(manifest_get(stays->services + 1, "ExecStart"), "--first") &&
                       !strstr(manifest_get(stays->services + 1, "ExecStart"), "idle"),
               "nor does what stands before it");
        good(BUNDLE MAIN "[Socket a12345678901234567890123456789012345678901]\nListenStream=80\n"
                         "Service=main\nProxy=80\n",
             "a name of 42 characters with Proxy=");
        bad(BUNDLE MAIN "[Socket a123456789012345678901234567890123456789012]\nListenStream=80\n"
                        "Service=main\nProxy=80\n",
            "with Proxy= a name has 42 characters at most", "a longer one");
}

static void test_jobs(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(BUNDLE MAIN JOB TIMER, &f);

        tap_ok(m && manifest_find_timer(m, "job") == m->timers && !manifest_find_timer(m, "main"),
               "a timer is for the service of its name");
        tap_str(m ? manifest_get_timer(m->timers, "OnCalendar") : NULL, "daily", "and has its settings");
        good(BUNDLE MAIN JOB "[Timer night]\nService=job\nOnCalendar=daily\n", "a timer that names its job");
        bad(BUNDLE MAIN JOB, "web.manifest:6: [Service job]: Type=oneshot is for jobs",
            "a job without a timer");
        bad(BUNDLE MAIN "[Timer main]\nOnCalendar=daily\n",
            "web.manifest:6: [Service main]: a [Timer] runs it", "a timer for a service that stays");
        bad(BUNDLE MAIN TIMER, "web.manifest:6: [Timer job] is for the service 'job', which is not here",
            "a timer for nobody");
        bad(BUNDLE JOB TIMER "[Timer more]\nService=job\nOnCalendar=daily\n",
            "web.manifest:9: [Timer more]: the service 'job' has a timer already", "a second timer");
        bad(BUNDLE JOB "Restart=always\n" TIMER, "web.manifest:7: Restart=always: a job", "a job for ever");
        good(BUNDLE JOB "Restart=on-failure\n" TIMER, "a job that is tried again");
        bad(BUNDLE JOB TIMER "[Socket job]\nListenStream=80\n", "has a [Timer] and a [Socket]",
            "a job with a socket");
        bad(BUNDLE MAIN JOB "[Timer job]\n",
            "web.manifest:9: [Timer job] has no OnCalendar=", "a timer for never");
}

static void test_order(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(BUNDLE A "After=b main\n" B MAIN, &f);

        tap_ok(m && manifest_is_after(m->services, "b") && manifest_is_after(m->services, "main") &&
                       !manifest_is_after(m->services, "mai") && !manifest_is_after(m->services + 1, "a"),
               "who is after whom");
        good(BUNDLE A "After=b\nAfter=main\n" B "After=main\n" MAIN, "an order");
        m = manifest_free(m);
        m = parse(BUNDLE A "After=b\nAfter=main\n" B "After=main\n" MAIN, &f);
        tap_int(manifest_rank(m, manifest_find_service(m, "main")), 0, "which begins with main");
        tap_int(manifest_rank(m, manifest_find_service(m, "b")), 1, "goes on with b");
        tap_int(manifest_rank(m, manifest_find_service(m, "a")), 2, "and ends with a");
        bad(BUNDLE A "After=c\n", "web.manifest:6: After=c: there is no [Service c]", "after nobody");
        bad(BUNDLE A "After=a\n", "[Service a] waits for itself", "after itself");
        bad(BUNDLE A "After=b\n" B "After=a\n", "[Service a] waits for itself", "a circle");
        bad(BUNDLE MAIN "After=job\n" JOB TIMER, "After=job: a job is started by its timer", "after a job");
        bad(BUNDLE MAIN JOB "After=main\n" TIMER, "After=main: a job is started by its timer",
            "a job after");
}

static void test_proxies(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m =
                parse(BUNDLE MAIN "[Socket main]\nListenStream=80\nProxy=8080\nExitIdle=1min\n", &f);

        tap_ok(m && m->sockets[0].proxy == 8080 && manifest_has_proxy(m, "main") &&
                       !manifest_has_socket(m, "main") && m->services[0].sandbox.network == NETWORK_BUNDLE,
               "a service behind a proxy has the bundle's network, and no socket");
        bad(BUNDLE MAIN "[Socket main]\nListenStream=80\nExitIdle=1min\n",
            "web.manifest:8: ExitIdle= needs Proxy=", "idleness without a proxy");
        bad(BUNDLE MAIN "[Socket main]\nListenDatagram=80\nProxy=8080\n",
            "web.manifest:7: Proxy= is for connections", "a proxy for datagrams");
        bad(BUNDLE MAIN
            "[Socket main]\nListenStream=80\nProxy=8080\n[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n",
            "web.manifest:9: [Sandbox main]: a [Socket] with Proxy= is for it",
            "a proxy into the host's network");
        bad(BUNDLE "[Service main-proxy]\nExecStart=/bundle/x\n",
            "names that end in -proxy are sealift's own", "a name of ours");
}

static void test_requests(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(
                BUNDLE MAIN "[Sandbox main]\nCapability=CAP_NET_RAW\nCapability=CAP_KILL\nWriteExecute=yes\n"
                            "UserNamespaces=yes\nUser=shared\nDevice=/dev/fuse\nHostPath=/srv/x\n"
                            "SystemCalls=@resources\nSystemCalls=@pkey\n",
                &f);
        const struct sandbox *x = m ? &m->services[0].sandbox : NULL;
        size_t i = 0;

        tap_ok(x && x->capabilities == (UINT64_C(1) << 13 | UINT64_C(1) << 5), "capabilities are bits");
        tap_ok(x && x->write_execute && x->user_namespaces && str_eq(x->user, "shared"),
               "the others are there");
        tap_ok(x && x->n_settings == 9, "all of them as they were written");
        tap_str(x ? manifest_next(x->settings, x->n_settings, "SystemCalls", &i) : NULL, "@resources",
                "one after the other");
        tap_str(x ? manifest_next(x->settings, x->n_settings, "SystemCalls", &i) : NULL, "@pkey",
                "in order");
        tap_ok(x && !manifest_next(x->settings, x->n_settings, "SystemCalls", &i), "to their end");
        tap_ok(m && str_eq(m->place, "web") && !*m->instance, "a bundle is at its own place");
}

static void test_input(void)
{
        good(BUNDLE MAIN "StandardInput=socket\n[Socket main]\nListenStream=80\n",
             "a socket for descriptor 0");
        bad(BUNDLE MAIN "StandardInput=socket\n", "web.manifest:6: StandardInput=socket needs one [Socket]",
            "descriptor 0 without a socket");
        bad(BUNDLE MAIN "StandardInput=socket\n[Socket main]\nListenStream=80\nListenStream=81\n",
            "there are 2", "two listeners for one descriptor");
        bad(BUNDLE MAIN "NotifyAccess=exec\n", "NotifyAccess= needs Type=notify", "access to nothing");
        bad(BUNDLE MAIN "ExecStartPre=/usr/bin/true\n[Sandbox main]\nRoot=bundle\n",
            "web.manifest:6: ExecStartPre= is below /usr", "a command that is left out");
}

int main(void)
{
        test_proxy_services();
        test_proxy_rests();
        test_jobs();
        test_order();
        test_proxies();
        test_requests();
        test_input();
        return tap_done();
}
