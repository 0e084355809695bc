/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the publisher's verbs share: the one place that asks for the time, and JSON for scripts. */

#include "ctl/publisher.h"

#include <inttypes.h>
#include <time.h>

#include "ctl/listing.h"
#include "facts/date.h"
#include "facts/expiry.h"
#include "facts/freeze.h"
#include "facts/tuf_write.h"
#include "ground/text.h"

#define EPOCH_MAX UINT64_C(253000000000) /* the year 9987: dates after it have no room to expire */

int publisher_now(int64_t *ret, struct fault *f)
{
        const char *epoch = getenv("SOURCE_DATE_EPOCH");
        uint64_t n;

        if (!epoch || !*epoch) {
                *ret = time(NULL);
                return 0;
        }
        if (text_parse_u64(epoch, EPOCH_MAX, &n) < 0)
                return fault_set(f, -EINVAL, "SOURCE_DATE_EPOCH=%s: not a number of seconds since 1970",
                                 epoch);
        *ret = (int64_t)n;
        return 0;
}

static const char *string(const json_t *file, const char *field)
{
        return json_string_value(json_object_get(file, field));
}

/* A key's file where it is here, else the beginning of its id. */
static json_t *names_of_signers(const json_t *signatures, const struct keys *keys)
{
        json_t *names = json_array();

        for (size_t i = 0; i < json_array_size(signatures); i++) {
                const char *id = string(json_array_get(signatures, i), "keyid");
                const char *name = NULL;

                for (size_t n = 0; id && n < keys->n; n++)
                        if (str_eq(keys->key[n].id, id))
                                name = keys->key[n].name;
                (void)json_array_append_new(names,
                                            name ? json_string(name) : json_sprintf("%.8s", id ? id : ""));
        }
        return names;
}

json_t *publisher_files_json(const struct repository *r, const struct keys *keys)
{
        json_t *list = json_array();
        const struct repository_role *role;
        char date[DATE_SIZE];

        for (size_t i = 0; (role = repository_staged(r, i)); i++) {
                const struct repository_staged *s = &role->staged;
                json_t *file;

                date_format(s->expires, date);
                file = json_pack("{s:s, s:s, s:I, s:s, s:o}", "path", s->path, "role", role->name, "version",
                                 (json_int_t)s->version, "expires", date, "signed_by",
                                 names_of_signers(s->signatures, keys));
                date_format(role->expires, date);
                if (role->version > 0)
                        (void)json_object_update_new(file, json_pack("{s:I, s:s}", "version_before",
                                                                     (json_int_t)role->version,
                                                                     "expires_before", date));
                (void)json_array_append_new(list, file);
        }
        return list;
}

static long long integer(const json_t *file, const char *field)
{
        return (long long)json_integer_value(json_object_get(file, field));
}

void publisher_print_files(const json_t *files)
{
        for (size_t i = 0; i < json_array_size(files); i++) {
                const json_t *file = json_array_get(files, i), *names = json_object_get(file, "signed_by");
                int pad = 28 - (int)strlen(string(file, "path"));

                printf("  %s", string(file, "path"));
                if (names) {
                        printf("%*s version ", pad > 0 ? pad : 0, "");
                        if (json_object_get(file, "version_before"))
                                printf("%lld -> ", integer(file, "version_before"));
                        printf("%lld, expires %s, signed by ", integer(file, "version"),
                               string(file, "expires"));
                }
                for (size_t n = 0; n < json_array_size(names); n++)
                        printf("%s%s", n > 0 ? ", " : "", json_string_value(json_array_get(names, n)));
                putchar('\n');
        }
}

int publisher_parse_span(const char *name, const char *text, int64_t *ret, struct fault *f)
{
        uint64_t usec;

        if (!text)
                return 0;
        if (text_parse_span(text, &usec) < 0 || usec < 1000000)
                return fault_set(f, -EINVAL, "--%s=%s: not a time span like 90d or 36h", name, text);
        *ret = (int64_t)(usec / 1000000);
        return 0;
}

int publisher_parse_interval(const char *name, const char *text, int64_t period, int64_t *ret,
                             struct fault *f)
{
        int64_t seconds = 0;
        int k;

        k = publisher_parse_span(name, text, &seconds, f);
        if (k < 0 || !text)
                return k;
        if (seconds < FREEZE_INTERVAL_MIN_SEC || seconds >= period)
                return fault_set(f, -EINVAL,
                                 "--%s=%s: not between a minute and what a timestamp is valid for, %" PRId64
                                 " s",
                                 name, text, period);
        *ret = seconds;
        return 0;
}

int64_t publisher_margin(const struct repository *r, const struct repository_role *role)
{
        return expiry_margin(role->role, listing_period(r, role));
}

/* Two units are as much as a reader wants to know. */
void publisher_format_span(int64_t seconds, char ret[static PUBLISHER_SPAN_SIZE])
{
        int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

        if (days > 0)
                (void)snprintf(ret, PUBLISHER_SPAN_SIZE, "%" PRId64 "d %" PRId64 "h", days, hours);
        else if (hours > 0)
                (void)snprintf(ret, PUBLISHER_SPAN_SIZE, "%" PRId64 "h %" PRId64 "min", hours, minutes);
        else
                (void)snprintf(ret, PUBLISHER_SPAN_SIZE, "%" PRId64 "min %" PRId64 "s", minutes,
                               seconds % 60);
}

/* Another team chose the name. */
void publisher_role_text(const struct repository_role *role, char ret[static REPOSITORY_FILE_SIZE])
{
        (void)snprintf(ret, REPOSITORY_FILE_SIZE, "%s", role->name);
        text_make_printable(ret);
}

void publisher_warn_expiry(const struct repository *r, const char *command)
{
        const struct repository_role *role;

        for (size_t i = 0; (role = repository_nth(r, i)); i++) {
                int64_t left = role->expires - repository_now(r);
                char span[PUBLISHER_SPAN_SIZE], name[REPOSITORY_FILE_SIZE];

                if (role->staged.data || left >= publisher_margin(r, role) || !listing_exists(r, role))
                        continue;
                publisher_format_span(left > 0 ? left : -left, span);
                publisher_role_text(role, name);
                fprintf(stderr, "%s: warning: %s %s %s%s: %s\n", command, name,
                        left > 0 ? "expires in" : "has expired", span, left > 0 ? "" : " ago",
                        expiry_remedy(role->role, role->delegated));
        }
}

int publisher_print_json(const json_t *j)
{
        if (!j || json_dumpf(j, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF || fflush(stdout) == EOF)
                return -EIO;
        return 0;
}
