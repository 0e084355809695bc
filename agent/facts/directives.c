/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table, and the check of one value against its row. Pure. A value that passes may be copied into a
 * drop-in as it stands: that nothing in it can end the line, start a comment or a second command, or be read
 * as a specifier is decided here and nowhere later. */

#include "facts/directives.h"

#include <inttypes.h>

#include "facts/address.h"
#include "facts/command.h"
#include "facts/name.h"
#include "ground/text.h"

#define SECOND UINT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define MIB    (UINT64_C(1) << 20)
#define TIB    (UINT64_C(1) << 40)

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* A start or stop without end would hold the update, and every later one, for ever. */
#define JOB_SPAN_MAX (15 * MINUTE)
/* No service needs more; an accident of one digit should not take the host's memory or descriptors. */
#define TASKS_MAX       65536
#define DESCRIPTORS_MAX 1048576
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

        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecStart", .required = true, .emit = true,
          .help = "The program, below /bundle/ or /usr/, and its arguments." },
        { SECTION_SERVICE, VALUE_COMMAND, .key = "ExecReload", .emit = true,
          .help = "Reloads the configuration." },
        { SECTION_SERVICE, VALUE_WORD, .key = "Type", .emit = true, .words = WORDS("exec", "notify"),
          .help = "notify: ready at the program's READY=1; exec (default): when it still runs after 5 s." },
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
        { SECTION_SERVICE, VALUE_WORD, .key = "KillSignal", .emit = true,
          .words = WORDS("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH"),
          .help = "What asks the program to stop; default SIGTERM." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "SuccessExitStatus", .emit = true, .repeat = true,
          .max = 255, .help = "An exit status that is no failure, beside 0." },
        { SECTION_SERVICE, VALUE_ENVIRONMENT, .key = "Environment", .emit = true, .repeat = true,
          .help = "NAME=value words for the program's environment." },
        { SECTION_SERVICE, VALUE_PATH, .key = "WorkingDirectory", .emit = true,
          .help = "Where the program starts, as it sees it; default /." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "StateDirectory", .emit = true,
          .help = "yes: /var/lib/sealift-BUNDLE, kept across releases and reboots." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "CacheDirectory", .emit = true,
          .help = "yes: /var/cache/sealift-BUNDLE, kept until somebody clears it." },
        { SECTION_SERVICE, VALUE_DIRECTORY, .key = "RuntimeDirectory", .emit = true,
          .help = "yes: /run/sealift-BUNDLE, gone when the service stops." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "MemoryMax", .emit = true, .min = MIB, .max = TIB,
          .help = "The service is killed above this." },
        { SECTION_SERVICE, VALUE_SIZE, .key = "MemoryHigh", .emit = true, .min = MIB, .max = TIB,
          .help = "The service is slowed down above this." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "TasksMax", .emit = true, .min = 1, .max = TASKS_MAX,
          .help = "Processes and threads at most." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "CPUWeight", .emit = true, .min = 1, .max = 10000,
          .help = "Share of the processors when they are busy; default 100." },
        { SECTION_SERVICE, VALUE_PERCENT, .key = "CPUQuota", .emit = true, .min = 1, .max = 100000,
          .help = "Processor time at most; 200% is two processors." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "IOWeight", .emit = true, .min = 1, .max = 10000,
          .help = "Share of the disks when they are busy; default 100." },
        { SECTION_SERVICE, VALUE_NUMBER, .key = "LimitNOFILE", .emit = true, .min = 16,
          .max = DESCRIPTORS_MAX, .help = "Open files at most." },

        { SECTION_SANDBOX, VALUE_WORD, .key = "Network",
          .words = WORDS("none", "socket", "outbound", "bind"),
          .help = "none (default); socket (default behind a [Socket]); outbound: connects; bind: listens "
                  "itself." },
        { SECTION_SANDBOX, VALUE_BIND, .key = "Bind", .repeat = true, .min = UNPRIVILEGED_PORT,
          .max = UINT16_MAX,
          .help = "tcp:PORT or udp:PORT the program itself listens on; with Network=bind." },
        { SECTION_SANDBOX, VALUE_ADDRESS, .key = "Outbound", .repeat = true,
          .help = "Addresses the program may connect to: 192.0.2.0/24, 2001:db8::1, any." },
        { SECTION_SANDBOX, VALUE_WORD, .key = "Root", .words = WORDS("usr", "bundle"),
          .help = "usr (default): the host's /usr is there, read-only; bundle: it is not, for static "
                  "programs." },

        { SECTION_SOCKET, VALUE_LISTEN, .key = "ListenStream", .emit = true, .repeat = true,
          .help = "PORT, ADDRESS:PORT or [ADDRESS]:PORT, TCP." },
        { SECTION_SOCKET, VALUE_LISTEN, .key = "ListenDatagram", .emit = true, .repeat = true,
          .help = "PORT, ADDRESS:PORT or [ADDRESS]:PORT, UDP." },
        { SECTION_SOCKET, VALUE_NAME, .key = "Service",
          .help = "Who gets it; default the service of the same name." },
        { SECTION_SOCKET, VALUE_NAME, .key = "FileDescriptorName", .emit = true,
          .help = "Its name in LISTEN_FDNAMES; default the socket's." },
        { SECTION_SOCKET, VALUE_NUMBER, .key = "Backlog", .emit = true, .min = 1, .max = 65535,
          .help = "Connections that wait at most." },

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
        [SECTION_BUNDLE] = "Bundle", [SECTION_SERVICE] = "Service", [SECTION_SANDBOX] = "Sandbox",
        [SECTION_SOCKET] = "Socket", [SECTION_CONTENT] = "Content",
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
        const char *near;

        for (size_t i = 0; i < SECTION_MAX; i++)
                if (str_eq(section_names[i], name)) {
                        *ret = (enum section)i;
                        return 0;
                }
        near = text_nearest(name, section_names, SECTION_MAX);
        return fault_set(f, -EINVAL, "unknown section [%s]%s%s%s", name, near ? "; did you mean [" : "",
                         near ? near : "", near ? "]?" : "; see sealift.manifest(5)");
}

int directive_find(enum section s, const char *title, const char *key, const struct directive **ret,
                   struct fault *f)
{
        const char *keys[ELEMENTSOF(directives)], *near;
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
        near = text_nearest(key, keys, n);
        return fault_set(f, -EINVAL, "unknown key '%s' in %s%s%s%s", key, title,
                         near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "; see sealift.manifest(5)");
}

static int check_text(const struct directive *d, const char *value, struct fault *f)
{
        size_t n = strlen(value);

        if (n < d->min || n > d->max || !text_printable(value, n))
                return fault_set(f, -EINVAL, "%s=: must have %" PRIu64 " to %" PRIu64 " bytes and no tab",
                                 d->key, d->min, d->max);
        return 0;
}

static int check_name(const struct directive *d, const char *value, struct fault *f)
{
        if (!name_valid(value))
                return fault_set(f, -EINVAL, "%s=%s: must be 1 to %d of a-z, 0-9 and '-', not '-' first",
                                 d->key, value, NAME_SIZE - 1);
        return 0;
}

static int check_version(const struct directive *d, const char *value, struct fault *f)
{
        if (!name_version_valid(value))
                return fault_set(
                        f, -EINVAL,
                        "%s=%s: must be 1 to %d of A-Z, a-z, 0-9 and . + ~ _ -, a letter or digit first",
                        d->key, value, VERSION_SIZE - 1);
        return 0;
}

static int check_word(const struct directive *d, const char *value, struct fault *f)
{
        char list[256] = "";
        size_t n = 0;

        for (const char *const *w = d->words; *w; w++) {
                if (str_eq(*w, value))
                        return 0;
                n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "", *w);
        }
        return fault_set(f, -EINVAL, "%s=%s: must be one of %s", d->key, value, list);
}

static int check_number(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (text_parse_u64(value, d->max, &v) < 0 || v < d->min)
                return fault_set(f, -EINVAL, "%s=%s: must be a number from %" PRIu64 " to %" PRIu64, d->key,
                                 value, d->min, d->max);
        return 0;
}

static int check_span(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (text_parse_span(value, &v) < 0)
                return fault_set(f, -EINVAL, "%s=%s: must be a time span such as 500ms, 5s or 1min 30s",
                                 d->key, value);
        if (v < d->min || v > d->max)
                return fault_set(f, -ERANGE, "%s=%s: must be %" PRIu64 "ms to %" PRIu64 "s", d->key, value,
                                 d->min / 1000, d->max / SECOND);
        return 0;
}

static int check_size(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (text_parse_size(value, &v) < 0)
                return fault_set(f, -EINVAL, "%s=%s: must be a size such as 512K, 64M or 2G", d->key, value);
        if (v < d->min || v > d->max)
                return fault_set(f, -ERANGE, "%s=%s: must be %" PRIu64 "M to %" PRIu64 "G", d->key, value,
                                 d->min / MIB, d->max / (MIB << 10));
        return 0;
}

static int check_percent(const struct directive *d, const char *value, struct fault *f)
{
        char number[16];
        size_t n = strlen(value);
        uint64_t v;

        if (n < 2 || n >= sizeof(number) || value[n - 1] != '%')
                return fault_set(f, -EINVAL, "%s=%s: must be a percentage such as 150%%", d->key, value);
        memcpy(number, value, n - 1);
        number[n - 1] = '\0';
        if (text_parse_u64(number, d->max, &v) < 0 || v < d->min)
                return fault_set(f, -EINVAL, "%s=%s: must be %" PRIu64 "%% to %" PRIu64 "%%", d->key, value,
                                 d->min, d->max);
        return 0;
}

static int check_command(const struct directive *d, const char *value, struct fault *f)
{
        return command_check(value, f) < 0 ? fault_prefix(f, "%s=", d->key) : 0;
}

static int check_environment(const struct directive *d, const char *value, struct fault *f)
{
        return command_check_environment(value, f) < 0 ? fault_prefix(f, "%s=", d->key) : 0;
}

/* Letters that mean something to systemd's parsers (quotes, %, \, $) are left out: such a path could not be
 * passed through as it stands. */
static int check_path(const struct directive *d, const char *value, struct fault *f)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-/";

        if (*value != '/' || value[strspn(value, plain)] || (value[1] && !name_entry_valid(value + 1)))
                return fault_set(
                        f, -EINVAL,
                        "%s=%s: must be an absolute path of letters, digits and . _ + - without '..' or a "
                        "slash at its end",
                        d->key, value);
        return 0;
}

static int check_directory(const struct directive *d, const char *value, struct fault *f)
{
        if (!str_eq(value, "yes") && !str_eq(value, "no"))
                return fault_set(f, -EINVAL,
                                 "%s=%s: must be yes or no; the directory's name is always sealift-BUNDLE",
                                 d->key, value);
        return 0;
}

static int check_listen(const struct directive *d, const char *value, struct fault *f)
{
        struct address address;
        uint16_t port;

        if (address_parse_listen(value, &address, &port) < 0)
                return fault_set(f, -EINVAL, "%s=%s: must be PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT",
                                 d->key, value);
        return 0;
}

static int check_bind(const struct directive *d, const char *value, struct fault *f)
{
        struct port_range range;

        if (address_parse_ports(value, &range) < 0 || range.first != range.last)
                return fault_set(f, -EINVAL, "%s=%s: must be tcp:PORT or udp:PORT", d->key, value);
        if (range.first < d->min)
                return fault_set(f, -ERANGE,
                                 "%s=%s: ports below %" PRIu64
                                 " are for systemd to open; write a [Socket] section",
                                 d->key, value, d->min);
        return 0;
}

static int check_address(const struct directive *d, const char *value, struct fault *f)
{
        struct address address;

        if (address_parse(value, &address) < 0)
                return fault_set(f, -EINVAL,
                                 "%s=%s: must be an address, ADDRESS/BITS with all other bits zero, or any",
                                 d->key, value);
        return 0;
}

static int check_content(const struct directive *d, const char *value, struct fault *f)
{
        return 0; /* facts/manifest_content.c takes these lines apart itself */
}

static int (*const checks[])(const struct directive *d, const char *value, struct fault *f) = {
        [VALUE_TEXT] = check_text,       [VALUE_NAME] = check_name,
        [VALUE_VERSION] = check_version, [VALUE_WORD] = check_word,
        [VALUE_NUMBER] = check_number,   [VALUE_SPAN] = check_span,
        [VALUE_SIZE] = check_size,       [VALUE_PERCENT] = check_percent,
        [VALUE_COMMAND] = check_command, [VALUE_ENVIRONMENT] = check_environment,
        [VALUE_PATH] = check_path,       [VALUE_DIRECTORY] = check_directory,
        [VALUE_LISTEN] = check_listen,   [VALUE_BIND] = check_bind,
        [VALUE_ADDRESS] = check_address, [VALUE_CONTENT] = check_content,
};
_Static_assert(ELEMENTSOF(checks) == VALUE_TYPE_MAX, "every type has a check");

int directive_check(const struct directive *d, const char *value, struct fault *f)
{
        return checks[d->type](d, value, f);
}
