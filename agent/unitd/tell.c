/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of units and jobs as messages to sealiftd. */

#include "unitd/tell.h"

#include "facts/name.h"

/* A service that is to run, unless it may end when it likes: nobody needs it until the next connection. */
static bool is_missing(const struct unit *u)
{
        return u->state == UNIT_STOPPED && !u->record.job && !u->record.on_demand && !u->record.rests &&
               !*u->record.serves;
}

static bool ended_by_itself(const struct unit *u)
{
        return is_missing(u) && u->over && !u->told;
}

void tell_unit(const struct unit *u, uint64_t id, struct unitd_unit *ret)
{
        *ret = (struct unitd_unit){
                .id = id,
                .since_usec = u->since_usec,
                .state = u->state,
                .pid = (int32_t)u->pid,
                .restarts = u->restarted - u->excused,
                .own = u->failed ? u->error == -ECHILD || u->error == -ELOOP : ended_by_itself(u),
                .again = u->failed && u->error == -ELOOP,
                .missing = is_missing(u),
        };
        memcpy(ret->bundle, u->record.bundle, sizeof(ret->bundle));
        memcpy(ret->instance, u->record.instance, sizeof(ret->instance));
        memcpy(ret->version, u->record.version, sizeof(ret->version));
        memcpy(ret->digest12, u->record.digest, DIGEST_SHORT);
        memcpy(ret->service, u->record.service, sizeof(ret->service));
        memcpy(ret->unit, u->record.unit, sizeof(ret->unit));
        memcpy(ret->text, u->text, sizeof(ret->text));
}
