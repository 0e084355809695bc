/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One unit's record as text, both ways from one table, so that they cannot disagree. Pure. */

#include "facts/record.h"

#include <inttypes.h>

#include "facts/ini.h"
#include "facts/name.h"
#include "ground/text.h"

enum { ERRNO_MAX = 4095 }; /* the kernel's own */

struct field {
        const char *key;
        size_t offset, size;
        bool (*valid)(const char *s); /* a text; NULL: a number */
        uint64_t max;                 /* of a number */
};

#define MEMBER(member)       offsetof(struct record, member), sizeof(((struct record *)0)->member)
#define TEXT(member, valid)  MEMBER(member), valid, 0
#define NUMBER(member, most) MEMBER(member), NULL, most

static bool unit_valid(const char *s)
{
        return str_has_prefix(s, "sealift-") && str_has_suffix(s, ".service") && !strchr(s, '/');
}

static bool optional_name_valid(const char *s)
{
        return !*s || name_valid(s);
}

static bool run_version_valid(const char *s)
{
        return !*s || name_version_valid(s);
}

static bool optional_digest_valid(const char *s)
{
        return !*s || name_digest_valid(s);
}

/* Names that other files have checked already: a record is root's, and one line each. */
static bool word_valid(const char *s)
{
        return text_printable(s, strlen(s));
}

static const struct field fields[] = {
        { "Unit", TEXT(unit, unit_valid) },
        { "Bundle", TEXT(bundle, name_valid) },
        { "Instance", TEXT(instance, optional_name_valid) },
        { "Version", TEXT(version, name_version_valid) },
        { "Digest", TEXT(digest, name_digest_valid) },
        { "Service", TEXT(service, name_valid) },
        { "Serves", TEXT(serves, optional_name_valid) },
        { "DropIn", TEXT(dropin, name_digest_valid) },
        { "Config", TEXT(config, name_digest_valid) },
        { "Site", TEXT(site, optional_digest_valid) },
        { "Maker", TEXT(maker, run_version_valid) },
        { "User", TEXT(promise.user, word_valid) },
        { "UserId", NUMBER(promise.uid, UINT32_MAX) },
        { "Profile", TEXT(promise.profile, word_valid) },
        { "Attempt", NUMBER(attempt, UINT64_MAX) },
        { "Network", NUMBER(promise.network, NETWORK_BIND) },
        { "Root", NUMBER(promise.root, ROOT_BUNDLE) },
        { "Confined", NUMBER(promise.confined, 1) },
        { "WriteExecute", NUMBER(promise.write_execute, 1) },
        { "UserNamespaces", NUMBER(promise.user_namespaces, 1) },
        { "Capabilities", NUMBER(promise.capabilities, UINT64_MAX) },
        { "MemoryMax", NUMBER(promise.limits[LIMIT_MEMORY_MAX], UINT64_MAX) },
        { "MemoryHigh", NUMBER(promise.limits[LIMIT_MEMORY_HIGH], UINT64_MAX) },
        { "MemorySwapMax", NUMBER(promise.limits[LIMIT_MEMORY_SWAP_MAX], UINT64_MAX) },
        { "TasksMax", NUMBER(promise.limits[LIMIT_TASKS_MAX], UINT64_MAX) },
        { "CPUQuota", NUMBER(promise.limits[LIMIT_CPU_QUOTA], UINT64_MAX) },
        { "CPUWeight", NUMBER(promise.limits[LIMIT_CPU_WEIGHT], UINT64_MAX) },
        { "IOWeight", NUMBER(promise.limits[LIMIT_IO_WEIGHT], UINT64_MAX) },
        { "LimitNOFILE", NUMBER(promise.limits[LIMIT_NOFILE], UINT64_MAX) },
        { "LimitCORE", NUMBER(promise.limits[LIMIT_CORE], UINT64_MAX) },
        { "Listed", TEXT(listed, word_valid) },
        { "Rank", NUMBER(rank, MANIFEST_SERVICES_MAX) },
        { "Notify", NUMBER(notify, 1) },
        { "Rests", NUMBER(rests, 1) },
        { "OnDemand", NUMBER(on_demand, 1) },
        { "Unready", NUMBER(unready, 1) },
        { "Woken", NUMBER(woken, 1) },
        { "Job", NUMBER(job, 1) },
        { "Planned", NUMBER(planned, 1) },
        { "Resting", NUMBER(resting, 1) },
        { "Idle", NUMBER(idle, 1) },
        { "Asked", NUMBER(asked, 1) },
        { "Wall", NUMBER(wall, 1) },
        { "Blame", NUMBER(blame, ERRNO_MAX) },
        { "Task", NUMBER(task, TASK_MIGRATE) },
        { "RunVersion", TEXT(run.version, run_version_valid) },
        { "RunResult", TEXT(run.result, word_valid) },
        { "RunStarted", NUMBER(run.started_usec, UINT64_MAX) },
        { "RunEnded", NUMBER(run.ended_usec, UINT64_MAX) },
        { "RunCode", NUMBER(run.code, UINT32_MAX) },
        { "RunStatus", NUMBER(run.status, UINT32_MAX) },
};

/* Without these nobody knows what it is of. */
static bool is_essential(const struct field *d)
{
        static const char *const keys[] = { "Unit", "Bundle", "Version", "Digest", "Service", "DropIn" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++)
                if (str_eq(keys[i], d->key))
                        return true;
        return false;
}

/* Booleans, enums and 64-bit numbers; max keeps each inside its size. */
static uint64_t number_get(const struct record *r, const struct field *d)
{
        const char *p = (const char *)r + d->offset;
        uint64_t v8;
        unsigned v4;

        if (d->size == sizeof(bool))
                return *(const bool *)p;
        if (d->size == sizeof(v4)) {
                memcpy(&v4, p, sizeof(v4));
                return v4;
        }
        memcpy(&v8, p, sizeof(v8));
        return v8;
}

static void number_set(struct record *r, const struct field *d, uint64_t v)
{
        char *p = (char *)r + d->offset;
        unsigned v4 = (unsigned)v;

        if (d->size == sizeof(bool))
                *(bool *)p = v != 0;
        else if (d->size == sizeof(v4))
                memcpy(p, &v4, sizeof(v4));
        else
                memcpy(p, &v, sizeof(v));
}

int record_write(const struct record *r, struct buffer *out)
{
        buffer_append_text(out, "[Unit]\n");
        for (const struct field *d = fields; d < fields + ELEMENTSOF(fields); d++)
                if (d->valid)
                        buffer_printf(out, "%s=%s\n", d->key, (const char *)r + d->offset);
                else
                        buffer_printf(out, "%s=%" PRIu64 "\n", d->key, number_get(r, d));
        return out->error;
}

/* Sets one field; which it was, ELEMENTSOF(fields) for none that is known, or -EINVAL. */
static int record_set(struct record *r, const struct ini_item *item)
{
        for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
                const struct field *d = fields + i;
                uint64_t v;

                if (!str_eq(item->key, d->key))
                        continue;
                if (d->valid) {
                        if (!d->valid(item->value) ||
                            text_copy((char *)r + d->offset, d->size, item->value) < 0)
                                return -EINVAL;
                } else {
                        if (text_parse_u64(item->value, d->max, &v) < 0)
                                return -EINVAL;
                        number_set(r, d, v);
                }
                return (int)i;
        }
        return ELEMENTSOF(fields);
}

static int record_take(struct ini *ini, struct record *r, struct fault *f)
{
        bool seen[ELEMENTSOF(fields) + 1] = {};
        struct ini_item item;
        int k;

        while ((k = ini_next(ini, &item, f)) > 0) {
                if (item.kind == INI_SECTION || !str_eq(item.section, "Unit"))
                        continue;
                k = record_set(r, &item);
                if (k < 0 || (k < (int)ELEMENTSOF(fields) && seen[k]))
                        return fault_set(f, -EINVAL, "%s:%u: not a record of sealift-unitd", ini->file,
                                         item.line);
                seen[k] = true;
        }
        for (size_t i = 0; k >= 0 && i < ELEMENTSOF(fields); i++)
                if (!seen[i] && is_essential(fields + i))
                        return fault_set(f, -EINVAL, "%s: not a whole record of sealift-unitd", ini->file);
        return k;
}

int record_parse(const char *text, size_t len, const char *file, struct record *ret, struct fault *f)
{
        struct record r = {};
        struct ini ini;
        int k;

        for (size_t i = 0; i < ELEMENTSOF(r.promise.limits); i++)
                r.promise.limits[i] = PROMISE_NO_LIMIT;

        ini_open(&ini, text, len, file);
        k = record_take(&ini, &r, f);
        if (k < 0)
                return k;
        *ret = r;
        return 0;
}
