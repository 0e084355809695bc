/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what a service asks for to what must be seen of it. Pure. */

#include "facts/promise.h"

#include "ground/text.h"

static const char *const limit_keys[] = {
        [LIMIT_MEMORY_MAX] = "MemoryMax",
        [LIMIT_MEMORY_HIGH] = "MemoryHigh",
        [LIMIT_MEMORY_SWAP_MAX] = "MemorySwapMax",
        [LIMIT_TASKS_MAX] = "TasksMax",
        [LIMIT_CPU_QUOTA] = "CPUQuota",
        [LIMIT_CPU_WEIGHT] = "CPUWeight",
        [LIMIT_IO_WEIGHT] = "IOWeight",
        [LIMIT_NOFILE] = "LimitNOFILE",
        [LIMIT_CORE] = "LimitCORE",
};
_Static_assert(ELEMENTSOF(limit_keys) == LIMIT_MAX, "every limit is a directive's");

/* Checked when the manifest was parsed; what is no number is no limit that we could hold it to. */
static uint64_t limit(const struct service *s, const char *key)
{
        const char *value = manifest_get(s, key);
        char number[32];
        uint64_t v;

        (void)snprintf(number, sizeof(number), "%.*s", value ? (int)strcspn(value, "%") : 0,
                       value ? value : "");
        return text_parse_size(number, &v) >= 0 ? v : PROMISE_NO_LIMIT;
}

void promise_make(const struct service *s, struct promise *ret)
{
        const struct sandbox *x = &s->sandbox;

        *ret = (struct promise){
                .network = x->network,
                .root = x->root,
                /* sealift-probe connects where it is told to: a host that cannot filter addresses may run
                   it. */
                .confined = manifest_is_confined(x) && !s->ours,
                .write_execute = x->write_execute,
                .user_namespaces = x->user_namespaces,
                .capabilities = x->capabilities,
        };
        for (size_t i = 0; i < LIMIT_MAX; i++)
                ret->limits[i] = limit(s, limit_keys[i]);
        memcpy(ret->user, x->user, sizeof(ret->user));
}

bool promise_private_users(const struct promise *p)
{
        return p->capabilities == 0;
}
