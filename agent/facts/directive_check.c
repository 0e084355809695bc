/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The check of one value against its row of the table. Pure. A value that passes may be copied into a
 * drop-in as it stands: that nothing in it can end the line, start a comment or a second command, or be read
 * as a specifier is decided here and nowhere later. */

#include <inttypes.h>

#include "facts/address.h"
#include "facts/calendar.h"
#include "facts/capability.h"
#include "facts/command.h"
#include "facts/directives.h"
#include "facts/hints.h"
#include "facts/name.h"
#include "facts/requirement.h"
#include "ground/text.h"

#define SECOND UINT64_C(1000000)
#define MIB    (UINT64_C(1) << 20)

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
        const char *hint = hint_for_word(d, value);
        char list[256] = "";
        size_t n = 0;

        for (const char *const *w = d->words; *w; w++) {
                if (str_eq(*w, value))
                        return 0;
                n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n > 0 ? ", " : "", *w);
        }
        return fault_set(f, -EINVAL, "%s=%s: must be one of %s%s%s", d->key, value, list,
                         hint ? "; here that is: " : "", hint ? hint : "");
}

static int check_number(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (text_parse_u64(value, d->max, &v) < 0 || v < d->min)
                return fault_set(f, -EINVAL, "%s=%s: must be a number from %" PRIu64 " to %" PRIu64, d->key,
                                 value, d->min, d->max);
        return 0;
}

enum { SPAN_TEXT_SIZE = 32 };

/* As the table has them, in one unit: "100ms", "15min", "1d". */
static const char *span_format(uint64_t usec, char ret[static SPAN_TEXT_SIZE])
{
        static const struct {
                uint64_t usec;
                const char *name;
        } units[] = {
                { 24 * 3600 * SECOND, "d" }, { 3600 * SECOND, "h" },
                { 60 * SECOND, "min" },      { SECOND, "s" },
                { SECOND / 1000, "ms" },     { 1, "us" },
        };
        size_t i = 0;

        while (usec % units[i].usec != 0 || (usec == 0 && units[i].usec != SECOND))
                i++;
        (void)snprintf(ret, SPAN_TEXT_SIZE, "%" PRIu64 "%s", usec / units[i].usec, units[i].name);
        return ret;
}

static int check_span(const struct directive *d, const char *value, struct fault *f)
{
        char least[SPAN_TEXT_SIZE], most[SPAN_TEXT_SIZE];
        uint64_t v;

        if (text_parse_span(value, &v) < 0)
                return fault_set(f, -EINVAL, "%s=%s: must be a time span such as 500ms, 5s or 1min 30s",
                                 d->key, value);
        if (v < d->min || v > d->max)
                return fault_set(f, -ERANGE, "%s=%s: must be %s to %s", d->key, value,
                                 span_format(d->min, least), span_format(d->max, most));
        return 0;
}

static int check_size(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (text_parse_size(value, &v) < 0)
                return fault_set(f, -EINVAL, "%s=%s: must be a size such as 512K, 64M or 2G, in bytes",
                                 d->key, value);
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
                return fault_set(
                        f, -EINVAL, "%s=%s: must be PORT, ADDRESS:PORT or [IPV6-ADDRESS]:PORT%s", d->key,
                        value, *value == '/' || *value == '@' ? "; no service is given a UNIX socket" : "");
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

static int check_names(const struct directive *d, const char *value, struct fault *f)
{
        char name[NAME_SIZE];

        for (const char *p = value; *p;) {
                size_t n = strcspn(p, " ");

                if (n >= sizeof(name))
                        break;
                memcpy(name, p, n);
                name[n] = '\0';
                if (!name_valid(name))
                        break;
                p += n;
                if (!*p)
                        return 0;
                p += strspn(p, " ");
        }
        return fault_set(f, -EINVAL, "%s=%s: must be names of services of this bundle, parted by spaces",
                         d->key, value);
}

/* It becomes a file name, and part of another one. No glob, no path: which secret of the host it is, is not
 * for the publisher to say. */
static int check_credential(const struct directive *d, const char *value, struct fault *f)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = strlen(value);

        if (n == 0 || n >= CREDENTIAL_SIZE || *value == '.' || strspn(value, plain) != n)
                return fault_set(
                        f, -EINVAL,
                        "%s=%s: must be a name of 1 to %d letters, digits and . _ -; where it comes "
                        "from, the host says",
                        d->key, value, CREDENTIAL_SIZE - 1);
        return 0;
}

static int check_capability(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t bit;

        return capability_find(value, &bit, f) < 0 ? fault_prefix(f, "%s=%s", d->key, value) : 0;
}

static int check_device(const struct directive *d, const char *value, struct fault *f)
{
        if (check_path(d, value, f) < 0 || !str_has_prefix(value, "/dev/"))
                return fault_set(f, -EINVAL, "%s=%s: must be a device node such as /dev/fuse", d->key,
                                 value);
        return 0;
}

/* What every service sees anyway, what its own root has in that place, homes, which ProtectHome= covers up
 * whatever is bound there, and what is sealift's. */
static int check_host_path(const struct directive *d, const char *value, struct fault *f)
{
        static const char *const places[] = { "/etc", "/run", "/tmp", "/var" };
        static const char *const trees[] = { "/usr",         "/bundle",         "/proc", "/sys",
                                             "/dev",         "/home",           "/root", "/run/user",
                                             "/run/sealift", "/var/lib/sealift" };
        int r;

        r = check_path(d, value, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (!value[1] || str_eq(value, places[i]))
                        return fault_set(f, -EINVAL, "%s=%s: name what you need below it", d->key, value);
        for (size_t i = 0; i < ELEMENTSOF(trees); i++) {
                size_t n = strlen(trees[i]);

                if (strncmp(value, trees[i], n) == 0 && (value[n] == '/' || value[n] == '\0'))
                        return fault_set(f, -EINVAL, "%s=%s: nothing of the host's is bound at %s", d->key,
                                         value, trees[i]);
        }
        return 0;
}

static int check_user(const struct directive *d, const char *value, struct fault *f)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz_0123456789-";
        size_t n = strlen(value);

        if (n == 0 || n >= USER_SIZE || strspn(value, letters) != n || *value == '-' ||
            (*value >= '0' && *value <= '9'))
                return fault_set(f, -EINVAL, "%s=%s: must be the name of a user", d->key, value);
        if (str_eq(value, "root") || str_eq(value, "sealift"))
                return fault_set(f, -EINVAL, "%s=%s: no service runs as that user", d->key, value);
        return 0;
}

static int check_calendar(const struct directive *d, const char *value, struct fault *f)
{
        return calendar_check(value, f) < 0 ? fault_prefix(f, "%s=%s", d->key, value) : 0;
}

static int check_requirement(const struct directive *d, const char *value, struct fault *f)
{
        return requirement_check(value, f) < 0 ? fault_prefix(f, "%s=", d->key) : 0;
}

static int check_program(const struct directive *d, const char *value, struct fault *f)
{
        return requirement_check_command(value, f) < 0 ? fault_prefix(f, "%s=%s", d->key, value) : 0;
}

/* Letters that mean something to systemd's parsers or to a shell are left out: it becomes a word of a
 * command line as it stands. */
static int check_http(const struct directive *d, const char *value, struct fault *f)
{
        static const char plain[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._~*+,=:@?&-";
        size_t digits = strspn(value, "0123456789"), n = strlen(value);
        char port[8] = "";
        uint64_t v = 1;

        if (digits < sizeof(port))
                memcpy(port, value, digits);
        if (n > HEALTH_TARGET_MAX || value[digits] != '/' || strspn(value, plain) != n ||
            (digits > 0 && (text_parse_u64(port, UINT16_MAX, &v) < 0 || v == 0)))
                return fault_set(f, -EINVAL,
                                 "%s=%.100s: must be PORT/PATH or /PATH, at most %d letters, digits and "
                                 "/ . _ ~ * + , = : @ ? & -",
                                 d->key, value, HEALTH_TARGET_MAX);
        return 0;
}

static int check_tcp(const struct directive *d, const char *value, struct fault *f)
{
        uint64_t v;

        if (!str_eq(value, "yes") && (text_parse_u64(value, UINT16_MAX, &v) < 0 || v == 0))
                return fault_set(f, -EINVAL, "%s=%s: must be a port, or yes with Socket=", d->key, value);
        return 0;
}

static int check_content(const struct directive *d, const char *value, struct fault *f)
{
        return 0; /* facts/manifest_content.c takes these lines apart itself */
}

static int (*const checks[])(const struct directive *d, const char *value, struct fault *f) = {
        [VALUE_TEXT] = check_text,         [VALUE_NAME] = check_name,
        [VALUE_VERSION] = check_version,   [VALUE_WORD] = check_word,
        [VALUE_NUMBER] = check_number,     [VALUE_SPAN] = check_span,
        [VALUE_SIZE] = check_size,         [VALUE_PERCENT] = check_percent,
        [VALUE_COMMAND] = check_command,   [VALUE_ENVIRONMENT] = check_environment,
        [VALUE_PATH] = check_path,         [VALUE_DIRECTORY] = check_directory,
        [VALUE_LISTEN] = check_listen,     [VALUE_BIND] = check_bind,
        [VALUE_ADDRESS] = check_address,   [VALUE_CONTENT] = check_content,
        [VALUE_NAMES] = check_names,       [VALUE_CREDENTIAL] = check_credential,
        [VALUE_DEVICE] = check_device,     [VALUE_CAPABILITY] = check_capability,
        [VALUE_USER] = check_user,         [VALUE_HOST_PATH] = check_host_path,
        [VALUE_CALENDAR] = check_calendar, [VALUE_REQUIREMENT] = check_requirement,
        [VALUE_PROGRAM] = check_program,   [VALUE_HTTP] = check_http,
        [VALUE_TCP] = check_tcp,
};
_Static_assert(ELEMENTSOF(checks) == VALUE_TYPE_MAX, "every type has a check");

int directive_check(const struct directive *d, const char *value, struct fault *f)
{
        return checks[d->type](d, value, f);
}
