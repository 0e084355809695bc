/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pauses, for polls and for reports alike. */

#include "facts/backoff.h"

#include <inttypes.h>

#include "facts/date.h"
#include "facts/ini.h"
#include "ground/text.h"

uint64_t backoff_pause(const struct backoff *b, unsigned failures, uint64_t chance)
{
        uint64_t pause = failures == 0 ? b->max_usec : b->first_usec;

        for (unsigned i = 1; i < failures && pause < b->max_usec; i++)
                pause = pause > b->max_usec / 2 ? b->max_usec : pause * 2;
        if (pause > b->max_usec)
                pause = b->max_usec;
        return pause - chance % (pause / 4 + 1);
}

uint64_t backoff_slot(uint64_t every, uint64_t splay, uint64_t now, uint64_t chance)
{
        uint64_t since = (now % every + every - splay % every) % every, pause = every - since;

        if (pause < every / 2)
                pause += every;
        return pause - chance % (every / 16 + 1);
}

static int record_setting(struct backoff_record *b, const struct ini_item *i, const char *file,
                          struct fault *f)
{
        int r = 0;

        if (str_eq(i->key, "Failures"))
                r = text_parse_u64(i->value, UINT32_MAX, &b->failures);
        else if (str_eq(i->key, "Last"))
                r = date_parse(i->value, &b->last);
        else if (str_eq(i->key, "Next"))
                r = date_parse(i->value, &b->next);
        return r < 0 ? fault_set(f, -EINVAL, "%s:%u: %s=%.40s is not what sealiftd writes", file, i->line,
                                 i->key, i->value)
                     : 0;
}

int backoff_parse(const char *text, size_t len, const char *file, struct backoff_record *ret,
                  struct fault *f)
{
        struct backoff_record b = {};
        struct ini_item i;
        struct ini ini;
        int r;

        ini_open(&ini, text, len, file);
        while ((r = ini_next(&ini, &i, f)) > 0)
                if (i.kind == INI_SETTING && (r = record_setting(&b, &i, file, f)) < 0)
                        return r;
        if (r < 0)
                return r;
        *ret = b;
        return 0;
}

int backoff_format(const struct backoff_record *b, struct buffer *out)
{
        char last[DATE_SIZE], next[DATE_SIZE];

        date_format(b->last, last);
        date_format(b->next, next);
        return buffer_printf(out,
                             "# Written by sealiftd.\n[Polls]\nFailures=%" PRIu64 "\nLast=%s\nNext=%s\n",
                             b->failures, last, next);
}

int64_t backoff_left(const struct backoff_record *b, int64_t now, int64_t max)
{
        if (b->failures == 0 || b->last > now || b->next <= now || b->next - now > max)
                return 0;
        return b->next - now;
}
