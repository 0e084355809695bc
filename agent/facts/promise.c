/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what a service asks for to what must be seen of it. Pure. */

#include "facts/promise.h"

#include "ground/text.h"

/* Checked when the manifest was parsed; what is no number is no limit that we could hold it to. */
static uint64_t limit(const struct service *s, const char *key)
{
        const char *value = manifest_get(s, key);
        uint64_t v;

        return value && text_parse_size(value, &v) >= 0 ? v : 0;
}

void promise_make(const struct service *s, struct promise *ret)
{
        const struct sandbox *x = &s->sandbox;

        *ret = (struct promise){
                .network = x->network,
                .root = x->root,
                .confined = manifest_is_confined(x),
                .write_execute = x->write_execute,
                .user_namespaces = x->user_namespaces,
                .capabilities = x->capabilities,
                .memory_max = limit(s, "MemoryMax"),
                .tasks_max = limit(s, "TasksMax"),
        };
        memcpy(ret->user, x->user, sizeof(ret->user));
}

bool promise_private_users(const struct promise *p)
{
        return p->capabilities == 0;
}
