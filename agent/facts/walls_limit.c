/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Limits as the kernel writes them (its Documentation/admin-guide/cgroup-v2.rst; proc(5)), held against what
 * was promised. Pure: who reads the files is unitd/inforce.c. */

#include "facts/walls.h"

#include <ctype.h>
#include <inttypes.h>

#include "facts/capability.h"
#include "ground/text.h"

/* Whether text says what was promised. */
typedef bool (*limit_check)(const char *name, const char *text, uint64_t promised);

/* The kernel rounds bytes down to pages; and whoever runs this host may make a limit tighter at any time
 * (`systemctl set-property`). */
static bool is_at_most(const char *name, const char *text, uint64_t promised)
{
        uint64_t v;

        return text_parse_u64(text, UINT64_MAX, &v) >= 0 && v <= promised;
}

/* A share is no wall, but what others on this host were promised depends on it: so it has to be in force
 * when a unit comes up. From then on it is the operator's to turn, either way. */
static bool is_equal(const char *name, const char *text, uint64_t promised)
{
        uint64_t v;

        return text_parse_u64(text, UINT64_MAX, &v) >= 0 && v == promised;
}

/* "default 100", before lines for single disks */
static bool is_default(const char *name, const char *text, uint64_t promised)
{
        return str_has_prefix(text, "default ") && is_equal(name, text + STRLEN("default "), promised);
}

/* "150000 100000": that many of so many microseconds; systemd chooses the latter. */
static bool is_quota(const char *name, const char *text, uint64_t promised)
{
        uint64_t quota, period;
        char number[32];
        size_t n = strcspn(text, " ");

        if (n >= sizeof(number) || !text[n])
                return false;
        memcpy(number, text, n);
        number[n] = '\0';
        return text_parse_u64(number, UINT32_MAX, &quota) >= 0 &&
               text_parse_u64(text + n + 1, UINT32_MAX, &period) >= 0 && quota * 100 <= period * promised;
}

/* "Max open files            1024                 524288               files": soft, then hard. Who may not
 * raise the second may have lowered both. */
static bool is_resource(const char *name, const char *text, uint64_t promised)
{
        const char *line = strstr(text, name);
        unsigned long long hard;
        char *end;

        if (!line)
                return false;
        line += strlen(name);
        line += strspn(line, " ");
        line += strcspn(line, " "); /* the soft one is never more */
        line += strspn(line, " ");
        if (!isdigit((unsigned char)*line))
                return false;
        errno = 0;
        hard = strtoull(line, &end, 10);
        return errno == 0 && *end == ' ' && hard <= promised;
}

static const struct {
        const char *controller, *name;
        limit_check check;
        const char *unit; /* of what was promised, for people */
        bool share;
} rows[] = {
        [LIMIT_MEMORY_MAX] = { "memory", "memory.max", is_at_most, " at most", false },
        [LIMIT_MEMORY_HIGH] = { "memory", "memory.high", is_at_most, " at most", false },
        [LIMIT_MEMORY_SWAP_MAX] = { "memory", "memory.swap.max", is_at_most, " at most", false },
        [LIMIT_TASKS_MAX] = { "pids", "pids.max", is_at_most, " at most", false },
        [LIMIT_CPU_QUOTA] = { "cpu", "cpu.max", is_quota, "% of a processor at most", false },
        [LIMIT_CPU_WEIGHT] = { "cpu", "cpu.weight", is_equal, "", true },
        [LIMIT_IO_WEIGHT] = { "io", "io.weight", is_default, "", true },
        [LIMIT_NOFILE] = { NULL, "Max open files", is_resource, NULL, false },
        [LIMIT_CORE] = { NULL, "Max core file size", is_resource, NULL, false },
};
_Static_assert(ELEMENTSOF(rows) == LIMIT_MAX, "every limit is kept somewhere");

size_t walls_limits(const struct walls *w, struct walls_limit ret[static LIMIT_MAX])
{
        const struct promise *p = w->promise;
        size_t n = 0;

        for (size_t i = 0; i < LIMIT_MAX; i++)
                if (p->limits[i] != PROMISE_NO_LIMIT &&
                    (rows[i].controller || !capability_sets_limits(p->capabilities)) &&
                    !(rows[i].share && w->stood))
                        ret[n++] = (struct walls_limit){ rows[i].controller, rows[i].name, (enum limit)i,
                                                         p->limits[i] };
        return n;
}

int walls_check_limit(const struct walls_limit *l, const char *text, struct fault *f)
{
        if (rows[l->limit].check(l->name, text, l->promised))
                return 0;
        if (!l->controller)
                return fault_set(f, -EOPNOTSUPP,
                                 "its \"%s\" (proc(5), limits) should be %" PRIu64 " at most", l->name,
                                 l->promised);
        return fault_set(f, -EOPNOTSUPP, "its %s is %s, and should be %" PRIu64 "%s", l->name, text,
                         l->promised, rows[l->limit].unit);
}
