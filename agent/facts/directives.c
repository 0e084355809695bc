/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table, and how its rows are found. Pure. What a value must look like is in directive_check.c. */

#include "facts/directives.h"

#include "facts/hints.h"
#include "ground/text.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define MIB    (UINT64_C(1) << 20)
#define TIB    (UINT64_C(1) << 40)

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define YES_OR_NO  WORDS("yes", "no")

/* A start or stop without end would hold the update, and every later one, for ever. */
#define JOB_SPAN_MAX (15 * MINUTE)
/* No service needs more; an accident of one digit should not take the host's memory or descriptors. */
#define TASKS_MAX       65536
#define DESCRIPTORS_MAX 1048576
/* There is no way back from an epoch, so an accident of one digit should not use them all up. */
#define EPOCH_MAX 1000000
/* Ports below take CAP_NET_BIND_SERVICE, which no service gets: systemd binds those, in a [Socket]. */
#define UNPRIVILEGED_PORT 1024

const struct directive directives[] = {
        { SECTION_BUNDLE, VALUE_NAME, .key = "Name", .required = true,
          .help = "The bundle: [a-z0-9-], at most 48." },
        { SECTION_BUNDLE, VALUE_VERSION, .key = "Version", .required = true,
          .help = "The release: [A-Za-z0-9.+~_-], at most 64." },
        { SECTION_BUNDLE, VALUE_TEXT, .key = "Description", .min = 1, .max = 200,
          .help = "One line for people." },
        { SECTION_BUNDLE, VALUE_WORD, .key = "Architecture",
          .words = WORDS("x86-64", "x86", "arm64", "arm", "riscv64", "ppc64-le", "s390x", "loongarch64"),
          .help = "What the programs were built for, as in ConditionArchitecture=; default any." },
        { SECTION_BUNDLE, VALUE_VERSION, .key = "MinAgent",
          .help = "The oldest sealift that may install this." },
        { SECTION_BUNDLE, VALUE_REQUIREMENT, .key = "Requires", .repeat = true,
          .help = "What the host must have: NAME or NAME>=VERSION words, such as java>=17." },
        { SECTION_BUNDLE, VALUE_PROGRAM, .key = "Command", .repeat = true,
          .help = "A program that must be in /usr/bin or /usr/sbin of the host." },
        { SECTION_BUNDLE, VALUE_SPAN, .key = "SoakSec", .max = 24 * HOUR,
          .help = "How long a new release is watched before it counts as good; default 1min, 0 is none." },
        { SECTION_BUNDLE, VALUE_NUMBER, .key = "Epoch", .min = 1, .max = EPOCH_MAX,
          .help = "A host where a release of this epoch proved itself never runs one below again." },
        { SECTION_BUNDLE, VALUE_WORD, .key = "Withdrawn", .words = WORDS("yes"),
          .help = "yes: hosts stop and remove the bundle; written by sealift withdraw." },
        { SECTION_BUNDLE, VALUE_TEXT, .key = "Reason", .min = 1, .max = 200,
          .help = "Why it was withdrawn." },

        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecStart", .required = true, .emit = true,
          .help = "The program, below /bundle/ or /usr/, and its arguments." },
        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecStartPre", .emit = true, .repeat = true,
          .help = "Runs before the program, behind the same walls; must succeed." },
        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecReload", .emit = true,
          .help = "Reloads the configuration." },
        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecStop", .emit = true,
          .help = "Asks the program to stop, before KillSignal= does." },
        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecMigrate",
          .help = "Runs once in an update, before the service starts; may be run again, so it must bear "
                  "that." },
        { SECTION_SERVICE, VALUE_WORD, .key = "MigrateWhile", .words = WORDS("stopped", "running"),
          .help = "What the old release does meanwhile; default stopped." },
        { SECTION_SERVICE, VALUE_WORD, .key = "Type", .emit = true,
          .words = WORDS("exec", "notify", "oneshot"),
          .help = "notify: ready at READY=1; exec (default): still runs after 5 s; oneshot: a job of a "
                  "[Timer]." },
        { SECTION_SERVICE, VALUE_WORD, .key = "NotifyAccess", .emit = true, .words = WORDS("main", "exec"),
          .help = "Who may say READY=1: the program (main, default), or commands of the unit too (exec)." },
        { SECTION_SERVICE, VALUE_NAMES, .key = "After", .repeat = true,
          .help = "Services of this bundle that are ready before this one starts, and stop after it." },
        { SECTION_SERVICE, VALUE_WORD, .key = "Restart", .emit = true,
          .words = WORDS("no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort",
                         "always"),
          .help = "When the service is started again by itself." },
        { SECTION_SERVICE, VALUE_SPAN, .key = "RestartSec", .emit = true, .min = SECOND / 10, .max = HOUR,
          .help = "How long to wait before it." },
        { SECTION_SERVICE, VALUE_SPAN, .key = "TimeoutStartSec", .emit = true, .min = SECOND,
          .max = JOB_SPAN_MAX, .help = "How long the service may take to be ready." },
        { SECTION_SERVICE, VALUE_SPAN, .key = "TimeoutStopSec", .emit = true, .min = SECOND,
          .max = JOB_SPAN_MAX, .help = "How long the service may take to stop before it is killed." },
        { SECTION_SERVICE, VALUE_SPAN, .key = "WatchdogSec", .emit = true, .min = SECOND, .max = HOUR,
          .help = "The program says WATCHDOG=1 at least this often." },
        { SECTION_SERVICE, VALUE_SPAN, .key = "RuntimeMaxSec", .emit = true, .min = SECOND,
          .max = 366 * 24 * HOUR, .help = "How long the service may run before it is stopped as failed." },
        { SECTION_SERVICE, VALUE_WORD, .key = "KillMode", .emit = true,
          .words = WORDS("control-group", "mixed"),
          .help = "Who is asked to stop: all processes (control-group, default), or the main one (mixed)." },
        { SECTION_SERVICE, VALUE_WORD, .key = "KillSignal", .emit = true,
          .words = WORDS("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"),
          .help = "What asks the program to stop; default SIGTERM." },
        { SECTION_SERVICE, VALUE_WORD, .key = "NonBlocking", .emit = true, .words = WORDS("yes", "no"),
          .help = "no: the program itself waits in accept(2); default yes, for who gets a [Socket]." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "SuccessExitStatus", .emit = true, .repeat = true,
          .max = 255, .help = "An exit status that is no failure, beside 0." },
        { SECTION_SERVICE, VALUE_ENVIRONMENT, .key = "Environment", .emit = true, .repeat = true,
          .site = true, .help = "NAME=value words for the program's environment." },
        { SECTION_SERVICE, VALUE_PATH, .key = "WorkingDirectory", .emit = true,
          .help = "Where the program starts, as it sees it; default /." },
        { SECTION_SERVICE, VALUE_WORD, .key = "StandardInput", .emit = true,
          .words = WORDS("null", "socket"),
          .help = "socket: its one [Socket] is descriptor 0, as inetd did it; null: default." },
        { SECTION_SERVICE, VALUE_CREDENTIAL, .key = "LoadCredential", .repeat = true,
          .help = "A secret of the host's, in $CREDENTIALS_DIRECTORY under this name." },
        { SECTION_SERVICE, VALUE_CREDENTIAL, .key = "ImportCredential", .repeat = true,
          .help = "The same, where the host has it." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "StateDirectory", .emit = true,
          .help = "yes: /var/lib/sealift-BUNDLE, kept across releases and reboots." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "CacheDirectory", .emit = true,
          .help = "yes: /var/cache/sealift-BUNDLE, kept until somebody clears it." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "RuntimeDirectory", .emit = true,
          .help = "yes: /run/sealift-BUNDLE, gone when the service stops." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "LogsDirectory", .emit = true,
          .help = "yes: /var/log/sealift-BUNDLE, for programs that cannot write to the journal." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "MemoryMax", .emit = true, .site = true, .min = MIB,
          .max = TIB, .help = "The service is killed above this." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "MemoryHigh", .emit = true, .site = true, .min = MIB,
          .max = TIB, .help = "The service is slowed down above this." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "MemorySwapMax", .emit = true, .site = true, .max = TIB,
          .help = "Swap at most; 0 is none." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "TasksMax", .emit = true, .site = true, .min = 1,
          .max = TASKS_MAX, .help = "Processes and threads at most." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "CPUWeight", .emit = true, .site = true, .min = 1,
          .max = 10000, .help = "Share of the processors when they are busy; default 100." },
        { SECTION_SERVICE, VALUE_PERCENT, .key = "CPUQuota", .emit = true, .site = true, .min = 1,
          .max = 100000, .help = "Processor time at most; 200% is two processors." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "IOWeight", .emit = true, .site = true, .min = 1,
          .max = 10000, .help = "Share of the disks when they are busy; default 100." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "LimitNOFILE", .emit = true, .site = true, .min = 16,
          .max = DESCRIPTORS_MAX, .help = "Open files at most." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "LimitCORE", .emit = true, .site = true, .max = TIB,
          .help = "Size of a core dump at most; 0 is none." },

        { SECTION_SANDBOX, VALUE_WORD, .key = "Network",
          .words = WORDS("none", "socket", "bundle", "outbound", "bind"),
          .help = "none; socket: only what systemd hands in; bundle: its own loopback; outbound; bind." },
        { SECTION_SANDBOX, VALUE_BIND, .key = "Bind", .repeat = true, .site = true, .min = UNPRIVILEGED_PORT,
          .max = UINT16_MAX,
          .help = "tcp:PORT or udp:PORT the program itself listens on; with Network=bind." },
        { SECTION_SANDBOX, VALUE_ADDRESS, .key = "Outbound", .repeat = true, .site = true,
          .help = "Addresses the program may connect to: 192.0.2.0/24, 2001:db8::1, any." },
        { SECTION_SANDBOX, VALUE_WORD, .key = "Root", .words = WORDS("usr", "bundle"),
          .help = "usr (default): the host's /usr is there, read-only; bundle: it is not, for static "
                  "programs." },
        { SECTION_SANDBOX, VALUE_CAPABILITY, .key = "Capability", .repeat = true,
          .help = "One of root's powers, such as CAP_NET_BIND_SERVICE." },
        { SECTION_SANDBOX, VALUE_WORD, .key = "WriteExecute", .words = YES_OR_NO,
          .help = "yes: memory may be written and then executed, as just-in-time compilers do." },
        { SECTION_SANDBOX, VALUE_WORD, .key = "SystemCalls", .repeat = true,
          .words = WORDS("@aio", "@chown", "@keyring", "@mount", "@pkey", "@resources", "@sandbox",
                         "@setuid"),
          .help = "A group of system calls beyond @system-service (systemd.exec(5))." },
        { SECTION_SANDBOX, VALUE_DEVICE, .key = "Device", .repeat = true,
          .help = "A device node of the host's, /dev/NAME, to read and write." },
        { SECTION_SANDBOX, VALUE_HOST_PATH, .key = "HostPath", .repeat = true,
          .help = "A file or directory of the host's, read-only, at the same place." },
        { SECTION_SANDBOX, VALUE_WORD, .key = "UserNamespaces", .words = YES_OR_NO,
          .help = "yes: it may make namespaces of its own, for a sandbox inside the sandbox." },
        { SECTION_SANDBOX, VALUE_USER, .key = "User",
          .help = "Runs as this user of the host's, not as a dynamic one: for files shared with others." },

        { SECTION_SOCKET, VALUE_LISTEN, .key = "ListenStream", .emit = true, .repeat = true, .site = true,
          .help = "PORT, ADDRESS:PORT or [ADDRESS]:PORT, TCP." },
        { SECTION_SOCKET, VALUE_LISTEN, .key = "ListenDatagram", .emit = true, .repeat = true, .site = true,
          .help = "PORT, ADDRESS:PORT or [ADDRESS]:PORT, UDP." },
        { SECTION_SOCKET, VALUE_NAME, .key = "Service",
          .help = "Who gets it; default the service of the same name." },
        { SECTION_SOCKET, VALUE_NAME, .key = "FileDescriptorName", .emit = true,
          .help = "Its name in LISTEN_FDNAMES; default the socket's." },
        { SECTION_SOCKET, VALUE_NUMBER, .key = "Backlog", .emit = true, .min = 1, .max = 65535,
          .help = "Connections that wait at most." },
        { SECTION_SOCKET, VALUE_NUMBER, .key = "Proxy", .min = 1, .max = UINT16_MAX,
          .help = "The program takes no socket but listens on 127.0.0.1:PORT; systemd-socket-proxyd "
                  "connects "
                  "it." },
        { SECTION_SOCKET, VALUE_SPAN, .key = "ExitIdle", .min = SECOND, .max = 24 * HOUR,
          .help = "With Proxy=: no connection for so long stops the service, until the next one." },

        { SECTION_TIMER, VALUE_CALENDAR, .key = "OnCalendar", .required = true, .emit = true, .repeat = true,
          .help = "When the job runs: a calendar event of systemd.time(7)." },
        { SECTION_TIMER, VALUE_WORD, .key = "Persistent", .emit = true, .words = YES_OR_NO,
          .help = "yes: a run that was missed while the machine was off is made up for." },
        { SECTION_TIMER, VALUE_SPAN, .key = "RandomizedDelaySec", .emit = true, .max = 24 * HOUR,
          .help = "A delay drawn anew each time, so that a fleet does not run as one." },
        { SECTION_TIMER, VALUE_SPAN, .key = "AccuracySec", .emit = true, .min = SECOND / 1000,
          .max = 24 * HOUR, .help = "How late it may be for the sake of power; default 1min." },
        { SECTION_TIMER, VALUE_NAME, .key = "Service",
          .help = "Which job; default the service of the same name." },

        { SECTION_HEALTH, VALUE_NAME, .key = "Service",
          .help = "Who is asked; default the service of the same name." },
        { SECTION_HEALTH, VALUE_HTTP, .key = "HTTP", .site = true,
          .help = "PORT/path, or /path with Socket=: good is an answer of 2xx or 3xx." },
        { SECTION_HEALTH, VALUE_TCP, .key = "TCP", .site = true,
          .help = "PORT, or yes with Socket=: good is a connection that is accepted." },
        { SECTION_HEALTH, VALUE_COMMAND, .key = "Exec",
          .help = "A program behind the walls of the service: good is exit status 0." },
        { SECTION_HEALTH, VALUE_NAME, .key = "Socket",
          .help = "HTTP= or TCP= go to a listener of this release alone, which it gets like this socket." },
        { SECTION_HEALTH, VALUE_SPAN, .key = "IntervalSec", .site = true, .min = SECOND / 10, .max = HOUR,
          .help = "How long after one answer it is asked again; default 5s." },
        { SECTION_HEALTH, VALUE_SPAN, .key = "TimeoutSec", .site = true, .min = SECOND, .max = 5 * MINUTE,
          .help = "How long an answer may take; default 5s." },
        { SECTION_HEALTH, VALUE_NUMBER, .key = "Successes", .min = 1, .max = 100,
          .help = "Good answers in a row that make the release current; default 2." },
        { SECTION_HEALTH, VALUE_SPAN, .key = "StartSec", .site = true, .min = SECOND, .max = JOB_SPAN_MAX,
          .help = "How long that may take; default 60s." },
        { SECTION_HEALTH, VALUE_NUMBER, .key = "Failures", .min = 1, .max = 100,
          .help = "What may go wrong in the soak window before the release goes back; default 3." },

        { SECTION_CONTENT, VALUE_CONTENT, .key = "Format", .required = true, .help = "tar.zst or tar.gz." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "SHA256", .required = true, .help = "Sum of the bundle." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "Size", .required = true, .help = "Bytes of the bundle." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "UnpackedSize", .required = true,
          .help = "Bytes of all its files." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "Inodes", .required = true,
          .help = "How many entries follow." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "Directory", .repeat = true, .help = "MODE PATH." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "File", .repeat = true, .help = "MODE SIZE SHA256 PATH." },
        { SECTION_CONTENT, VALUE_CONTENT, .key = "Symlink", .repeat = true, .help = "TARGET, a tab, PATH." },
};

const size_t n_directives = ELEMENTSOF(directives);

static const char *const section_names[] = {
        [SECTION_BUNDLE] = "Bundle",   [SECTION_SERVICE] = "Service", [SECTION_SANDBOX] = "Sandbox",
        [SECTION_SOCKET] = "Socket",   [SECTION_TIMER] = "Timer",     [SECTION_HEALTH] = "Health",
        [SECTION_CONTENT] = "Content",
};
_Static_assert(ELEMENTSOF(section_names) == SECTION_MAX, "every section has a name");

const char *section_name(enum section s)
{
        return section_names[s];
}

bool section_is_named(enum section s)
{
        return s != SECTION_BUNDLE && s != SECTION_CONTENT;
}

int section_find(const char *name, enum section *ret, struct fault *f)
{
        const char *near, *hint;

        for (size_t i = 0; i < SECTION_MAX; i++)
                if (str_eq(section_names[i], name)) {
                        *ret = (enum section)i;
                        return 0;
                }
        hint = hint_for_section(name);
        if (hint)
                return fault_set(f, -EINVAL, "there is no section [%s]; %s", name, hint);
        near = text_nearest(name, section_names, SECTION_MAX);
        return fault_set(f, -EINVAL, "unknown section [%s]%s%s%s", name, near ? "; did you mean [" : "",
                         near ? near : "", near ? "]?" : "; see sealift.manifest(5)");
}

/* A section that has key; SECTION_MAX: none. Nobody writes [Content] by hand. */
static enum section section_of(const char *key)
{
        for (size_t i = 0; i < n_directives; i++)
                if (directives[i].section != SECTION_CONTENT && str_eq(directives[i].key, key))
                        return directives[i].section;
        return SECTION_MAX;
}

static int refuse_key(enum section s, const char *title, const char *key, const char *near, struct fault *f)
{
        const char *hint = hint_for_key(s, key);
        enum section other = section_of(key);

        if (hint)
                return fault_set(f, -EINVAL, "no key '%s' in %s; %s", key, title, hint);
        if (other != SECTION_MAX)
                return fault_set(f, -EINVAL, "no key '%s' in %s; it stands in [%s%s]", key, title,
                                 section_name(other), section_is_named(other) ? " NAME" : "");
        if (near)
                return fault_set(f, -EINVAL, "unknown key '%s' in %s; did you mean '%s'?", key, title, near);
        return fault_set(f, -EINVAL, "unknown key '%s' in %s; see sealift.manifest(5)", key, title);
}

int directive_find(enum section s, const char *title, const char *key, const struct directive **ret,
                   struct fault *f)
{
        const char *keys[ELEMENTSOF(directives)];
        size_t n = 0;

        for (size_t i = 0; i < n_directives; i++) {
                if (directives[i].section != s)
                        continue;
                if (str_eq(directives[i].key, key)) {
                        *ret = directives + i;
                        return 0;
                }
                keys[n++] = directives[i].key;
        }
        return refuse_key(s, title, key, text_nearest(key, keys, n), f);
}
