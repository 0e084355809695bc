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
        bad(BUNDLE MAIN JOB "[Timer job]\nOnCalendar=daily\nOnCalendar=*:*:0/30\n",
            "web.manifest:11: OnCalendar=*:*:0/30: it comes again in less than 60 s; name one second",
            "a job for every half minute");
        bad(BUNDLE MAIN JOB "[Timer job]\nOnCalendar=daily\nPersistent=yes\nOnCalendar=*:*:30\n",
            "web.manifest:12: OnCalendar= falls on another second than in line 10, and may come less than "
            "60 s",
            "one for every half minute in two lines");
        good(BUNDLE MAIN JOB "[Timer job]\nOnCalendar=*:*:30\nOnCalendar=08:00:30.0\n",
             "one for each minute, and once more, all on one second");
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

/* ---- [Health NAME], ExecMigrate= ---- */

#define BOUND "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n"
#define HTTP  "[Health main]\nHTTP=8080/well\n"
#define LONG  "a23456789012345678901234567890123456789012345678"

static void test_health(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest
                *m = parse(BUNDLE MAIN BOUND HTTP, &f),
                *all = parse(BUNDLE "SoakSec=10s\n" MAIN "[Socket s]\nListenStream=80\nService=main\n"
                                    "[Health a]\nService=main\nSocket=s\nTCP=yes\nFailures=2\n"
                                    "[Health b]\nService=main\nExec=/bundle/ask\nIntervalSec=1s\n"
                                    "TimeoutSec=2s\nStartSec=3s\nSuccesses=4\nFailures=9\n",
                             &f),
                *none = parse(BUNDLE MAIN, &f);
        const struct health_probe *p = m ? manifest_find_probe(m, "main") : NULL;

        if (!tap_ok(p && all && none, "manifests with [Health]"))
                return;
        tap_int(p->kind, HEALTH_HTTP, "HTTP= is one kind");
        tap_int(p->port, 8080, "of a port");
        tap_str(p->subject, "/well", "and a path");
        tap_str(p->service, "main", "of the service with its name");
        tap_int((long long)(p->interval_usec + p->timeout_usec + p->start_usec), 70000000,
                "times by default");
        tap_int(p->successes * 10 + p->failures, 23, "numbers by default");
        tap_int((long long)manifest_soak_usec(m), 60000000, "a minute of trial");
        p = manifest_find_probe(all, "a");
        tap_ok(p && p->kind == HEALTH_TCP && p->port == 0 && str_eq(p->socket, "s"),
               "TCP= through a socket");
        p = manifest_find_probe(all, "b");
        tap_ok(p && p->kind == HEALTH_EXEC && str_eq(p->subject, "/bundle/ask") &&
                       p->interval_usec == 1000000 && p->timeout_usec == 2000000 &&
                       p->start_usec == 3000000 && p->successes == 4,
               "Exec=, and all that can be said");
        tap_int((long long)manifest_soak_usec(all), 10000000, "SoakSec=");
        tap_int(manifest_soak_failures(all), 2, "the least of all Failures= counts");
        tap_int(manifest_soak_failures(none), 3, "and a default without [Health]");
        tap_ok(manifest_has_private_listener(all, "main") && !manifest_has_private_listener(m, "main"),
               "who needs a listener of its own");
        tap_ok(!manifest_find_probe(m, "other"), "a probe that is not there");
}

static void test_ask_alike(void)
{
        static const char *const others[] = {
                "[Health main]\nHTTP=8080/other\n",
                "[Health main]\nHTTP=8081/well\n",
                "[Health main]\nTCP=8080\n",
                "[Health main]\nExec=/bundle/well\n",
                "[Health m]\nService=main\nHTTP=8080/well\n",
        };
        struct fault f = {};
        _cleanup_(manifest_freep) struct manifest *m = parse(BUNDLE MAIN BOUND HTTP, &f),
                                                  *again = parse(BUNDLE MAIN BOUND HTTP
                                                                 "IntervalSec=1s\nSuccesses=7\n",
                                                                 &f);

        tap_ok(m && again && manifest_ask_alike(m, again, "main"), "the same question, more often");
        for (size_t i = 0; m && i < ELEMENTSOF(others); i++) {
                char text[512];
                struct manifest *other;

                (void)snprintf(text, sizeof(text), "%s%s%s%s", BUNDLE, MAIN, BOUND, others[i]);
                other = parse(text, &f);
                tap_ok(other && !manifest_ask_alike(m, other, "main"), "another one, number %zu", i);
                (void)manifest_free(other);
        }
}

static void test_health_rules(void)
{
        static const struct {
                const char *text, *said, *what;
        } rows[] = {
                { HTTP "TCP=80\n", "must say one of", "HTTP= and TCP= in one" },
                { "[Health main]\nSuccesses=1\n", "must say one of", "neither" },
                { "[Health x]\nHTTP=8080/\n", "'x', which is not here", "a service that is not there" },
                { "[Health main]\nHTTP=/well\n", "names no port", "HTTP= without a port" },
                { "[Health main]\nTCP=yes\n", "names no port", "TCP=yes without Socket=" },
                { "[Health main]\nTCP=1\nSocket=s\n", "without a port", "Socket= with a port" },
                { "[Health main]\nTCP=yes\nSocket=s\n", "must be a [Socket]", "a socket that is not there" },
                { "[Health main]\nTCP=yes\nSocket=o\n[Socket o]\nListenStream=1\nService=x\n" JOB,
                  "which is not here", "a socket of another" },
                { "[Health main]\nExec=/bundle/a\nSocket=s\n", "without a port", "Exec= with Socket=" },
                { "[Health main]\nHTTP=0/\n", "must be PORT", "port 0" },
                { "[Health main]\nHTTP=65536/\n", "must be PORT", "a port beyond 16 bits" },
                { "[Health main]\nHTTP=80\n", "must be PORT", "HTTP= without a path" },
                { "[Health main]\nHTTP=80/a%d\n", "must be PORT", "a specifier" },
                { "[Health main]\nHTTP=80/a b\n", "must be PORT", "a second word" },
                { "[Health main]\nHTTP=80/$A\n", "must be PORT", "a variable" },
                { "[Health main]\nHTTP=80/\"\n", "must be PORT", "a quote" },
                { "[Health main]\nHTTP=80/;\n", "must be PORT", "a second command" },
                { "[Health main]\nExec=+/bundle/a\n", "Exec=", "a prefix" },
                { "[Health main]\nIntervalSec=1\n[Health main]\n", "there already", "one name twice" },
                { "[Health job]\nExec=/bundle/a\n" JOB TIMER, "is a job", "a job" },
                { "[Health " LONG "]\nExec=/bundle/a\nService=main\n", "42 characters", "a long name" },
                { "[Service a-probe]\nExecStart=/bundle/a\n", "end in -probe", "a name of sealift's" },
                { "[Service a-migrate]\nExecStart=/bundle/a\n", "end in -migrate", "another" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char text[1024];

                (void)snprintf(text, sizeof(text), "%s%s", BUNDLE MAIN BOUND, rows[i].text);
                bad(text, rows[i].said, rows[i].what);
        }
        bad(BUNDLE MAIN HTTP, "can listen on no port", "a service without a network");
        bad(BUNDLE MAIN "[Sandbox main]\nNetwork=outbound\nOutbound=any\n" HTTP, "can listen on no port",
            "one that connects");
        bad(BUNDLE MAIN "[Sandbox main]\nRoot=bundle\n[Health main]\nExec=/usr/bin/true\n", "below /usr",
            "Exec= below a /usr that is not there");
        bad(BUNDLE MAIN "StandardInput=socket\n[Socket main]\nListenStream=1\n[Health main]\nTCP=yes\n"
                        "Socket=main\n",
            "one socket only", "a second socket for StandardInput=socket");
        bad(BUNDLE MAIN "[Socket main]\nListenStream=1\nProxy=2\n[Health main]\nTCP=yes\nSocket=main\n",
            "takes itself", "a socket with Proxy=");
        bad(BUNDLE MAIN "[Socket main]\nListenDatagram=1\n[Health main]\nTCP=yes\nSocket=main\n",
            "ListenStream=", "a socket of datagrams alone");
        good(BUNDLE MAIN "[Sandbox main]\nNetwork=bundle\n" HTTP, "a service in the bundle's network");
        good(BUNDLE MAIN "[Health main]\nExec=/usr/bin/true\n", "Exec= of the host's");
}

static void test_migrate_rules(void)
{
        good(BUNDLE MAIN "ExecMigrate=/bundle/m --to 2\nStateDirectory=yes\n", "a migration");
        good(BUNDLE MAIN "ExecMigrate=/bundle/m\nMigrateWhile=running\n", "one beside the old release");
        good(BUNDLE MAIN "ExecMigrate=/bundle/m\nMigrateWhile=running\nStateDirectory=yes\n"
                         "[Sandbox main]\nUser=www\n",
             "with a user that both have");
        bad(BUNDLE MAIN "ExecMigrate=/bundle/m\nMigrateWhile=running\nStateDirectory=yes\n",
            "one dynamic user at a time", "one beside the old release, in its directory");
        bad(BUNDLE MAIN "MigrateWhile=running\n", "needs ExecMigrate=", "MigrateWhile= alone");
        bad(BUNDLE MAIN "ExecMigrate=/bundle/m\nMigrateWhile=never\n", "must be one of", "another word");
        bad(BUNDLE JOB "ExecMigrate=/bundle/m\n" TIMER, "in no update's way", "a job's migration");
        bad(BUNDLE "[Service " LONG "]\nExecStart=/bundle/a\nExecMigrate=/bundle/m\n", "40 characters",
            "a long name");
        bad(BUNDLE MAIN "ExecMigrate=m\n", "ExecMigrate=", "a migration without a path");
}

static void test_withdrawn(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(BUNDLE "Withdrawn=yes\nReason=moved\n", &f);

        tap_ok(m && m->withdrawn && m->n_services == 0,
               "a manifest that takes the bundle away has no service");
        bad(BUNDLE "Withdrawn=yes\n" MAIN, "web.manifest:5: Withdrawn=yes takes the bundle away",
            "a service beside it");
        bad(BUNDLE "Withdrawn=yes\n[Sandbox main]\nNetwork=none\n", "belongs to no", "a sandbox beside it");
        bad(BUNDLE "Withdrawn=yes\n[Socket main]\nListenStream=80\n", "which is not here",
            "a socket beside it");
        bad(BUNDLE "Withdrawn=yes\n[Timer main]\nOnCalendar=daily\n", "which is not here",
            "a timer beside it");
        bad(BUNDLE "Withdrawn=yes\nEpoch=3\n", "web.manifest:5: Epoch= means nothing beside Withdrawn=yes",
            "an epoch beside it");
        bad(BUNDLE
            "Withdrawn=yes\n[Content]\nFormat=tar.zst\nSHA256="
            "0000000000000000000000000000000000000000000000000000000000000000\nSize=1\nUnpackedSize=0\n"
            "Inodes=0\n",
            "Withdrawn=yes has no [Content]", "a tree beside it");
        bad(BUNDLE "Withdrawn=no\n" MAIN, "web.manifest:4: ", "no withdrawal");
        bad(BUNDLE "Reason=moved\n" MAIN, "web.manifest:4: Reason= needs Withdrawn=yes",
            "a reason for nothing");
}

static void test_epoch(void)
{
        struct fault f;
        _cleanup_(manifest_freep) struct manifest *m = parse(BUNDLE "Epoch=7\n" MAIN, &f);
        _cleanup_(manifest_freep) struct manifest *none = parse(BUNDLE MAIN, &f);

        tap_int(m ? (long long)manifest_epoch(m) : -1, 7, "an epoch");
        tap_int(none ? (long long)manifest_epoch(none) : -1, 0, "is 0 where there is none");
        bad(BUNDLE "Epoch=0\n" MAIN, "web.manifest:4: ", "an epoch of nothing");
        bad(BUNDLE "Epoch=1000001\n" MAIN, "web.manifest:4: ", "one that leaves no room above it");
        bad(BUNDLE "Epoch=-1\n" MAIN, "web.manifest:4: ", "one below");
}

int main(void)
{
        test_withdrawn();
        test_epoch();
        test_proxy_services();
        test_proxy_rests();
        test_jobs();
        test_order();
        test_proxies();
        test_requests();
        test_input();
        test_health();
        test_ask_alike();
        test_health_rules();
        test_migrate_rules();
        return tap_done();
}
