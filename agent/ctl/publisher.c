/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the publisher's verbs share: the one place that asks for the time, and JSON for scripts. */

#include "ctl/publisher.h"

#include <time.h>

#include "facts/date.h"
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

json_t *publisher_files_json(const struct repository *r)
{
        json_t *list = json_array();
        const struct repository_role *role;
        char date[DATE_SIZE];

        for (size_t i = 0; (role = repository_nth(r, i)); i++) {
                const struct repository_staged *s = &role->staged;

                if (!s->data)
                        continue;
                date_format(s->expires, date);
                (void)json_array_append_new(list, json_pack("{s:s, s:I, s:s}", "path", s->path, "version",
                                                            (json_int_t)s->version, "expires", date));
        }
        return list;
}

int publisher_print_json(const json_t *j)
{
        if (!j || json_dumpf(j, stdout, JSON_INDENT(2)) < 0 || putchar('\n') == EOF || fflush(stdout) == EOF)
                return -EIO;
        return 0;
}
