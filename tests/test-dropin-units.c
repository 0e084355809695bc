/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is about other units: the order among services, the unit of the network they share, sockets, jobs and
 * their timers.
 */

#include "dropin-text.h"
#include "dropin.h"

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
                "DefaultDependencies=no\n"
                "Requires=sysinit.target\n"
                "After=sysinit.target time-set.target\n"
                "Conflicts=shutdown.target\n"
                "Before=timers.target shutdown.target\n"
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

        test_shared_network(&b);
        test_order(&b);
        test_socket(&b);
        test_job_without_usr(&b);
        test_timer(&b);
        return tap_done();
}
