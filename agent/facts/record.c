/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One unit's record as text, both ways from one table, so that they cannot disagree. Pure. */

#include "facts/record.h"

#include <inttypes.h>

#include "facts/ini.h"
#include "facts/name.h"
#include "ground/text.h"

struct text_field {
        const char *key;
        size_t offset, size;
        bool (*valid)(const char *s);
};

struct number_field {
        const char *key;
        uint64_t max;
};

#define FIELD(member) offsetof(struct record, member), sizeof(((struct record *)0)->member)

static bool unit_valid(const char *s)
{
        return str_has_prefix(s, "sealift-") && str_has_suffix(s, ".service") && !strchr(s, '/');
}

static const struct text_field texts[] = {
        { "Unit", FIELD(unit), unit_valid },
        { "Bundle", FIELD(bundle), name_valid },
        { "Version", FIELD(version), name_version_valid },
        { "Digest", FIELD(digest), name_digest_valid },
        { "Service", FIELD(service), name_valid },
        { "DropIn", FIELD(dropin), name_digest_valid },
};

enum {
        NUMBER_ATTEMPT,
        NUMBER_NETWORK,
        NUMBER_ROOT,
        NUMBER_NOTIFY,
        NUMBER_CONFINED,
        NUMBER_RESTING,
        NUMBER_MAX
};

static const struct number_field numbers[] = {
        [NUMBER_ATTEMPT] = { "Attempt", UINT64_MAX }, [NUMBER_NETWORK] = { "Network", NETWORK_BIND },
        [NUMBER_ROOT] = { "Root", ROOT_BUNDLE },      [NUMBER_NOTIFY] = { "Notify", 1 },
        [NUMBER_CONFINED] = { "Confined", 1 },        [NUMBER_RESTING] = { "Resting", 1 },
};
_Static_assert(ELEMENTSOF(numbers) == NUMBER_MAX, "every number has a row");

int record_write(const struct record *r, struct buffer *out)
{
        const uint64_t values[NUMBER_MAX] = { r->attempt, r->network,  r->root,
                                              r->notify,  r->confined, r->resting };

        buffer_append_text(out, "[Unit]\n");
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                buffer_printf(out, "%s=%s\n", texts[i].key, (const char *)r + texts[i].offset);
        for (size_t i = 0; i < NUMBER_MAX; i++)
                buffer_printf(out, "%s=%" PRIu64 "\n", numbers[i].key, values[i]);
        return out->error;
}

/* Sets one field; the bit of what was set, or -EINVAL. */
static int record_set(struct record *r, uint64_t values[static NUMBER_MAX], const struct ini_item *item)
{
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (str_eq(item->key, texts[i].key)) {
                        if (!texts[i].valid(item->value) ||
                            text_copy((char *)r + texts[i].offset, texts[i].size, item->value) < 0)
                                return -EINVAL;
                        return 1 << i;
                }
        for (size_t i = 0; i < NUMBER_MAX; i++)
                if (str_eq(item->key, numbers[i].key)) {
                        if (text_parse_u64(item->value, numbers[i].max, values + i) < 0)
                                return -EINVAL;
                        return 1 << (ELEMENTSOF(texts) + i);
                }
        return -EINVAL;
}

static int record_take(struct ini *ini, struct record *r, uint64_t values[static NUMBER_MAX],
                       struct fault *f)
{
        struct ini_item item;
        int seen = 0, k;

        while ((k = ini_next(ini, &item, f)) > 0) {
                if (item.kind == INI_SECTION && str_eq(item.section, "Unit"))
                        continue;
                k = item.kind == INI_SETTING ? record_set(r, values, &item) : -EINVAL;
                if (k < 0 || (seen & k))
                        return fault_set(f, -EINVAL, "%s:%u: not a record of sealift-unitd", ini->file,
                                         item.line);
                seen |= k;
        }
        if (k < 0)
                return k;
        if (seen != (1 << (ELEMENTSOF(texts) + NUMBER_MAX)) - 1)
                return fault_set(f, -EINVAL, "%s: not a whole record of sealift-unitd", ini->file);
        return 0;
}

int record_parse(const char *text, size_t len, const char *file, struct record *ret, struct fault *f)
{
        uint64_t values[NUMBER_MAX] = {};
        struct record r = {};
        struct ini ini;
        int k;

        ini_open(&ini, text, len, file);
        k = record_take(&ini, &r, values, f);
        if (k < 0)
                return k;
        r.attempt = values[NUMBER_ATTEMPT];
        r.network = (enum network)values[NUMBER_NETWORK];
        r.root = (enum root)values[NUMBER_ROOT];
        r.notify = values[NUMBER_NOTIFY] == 1;
        r.confined = values[NUMBER_CONFINED] == 1;
        r.resting = values[NUMBER_RESTING] == 1;
        *ret = r;
        return 0;
}
