/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is known of units and jobs as messages to sealiftd. */

#include "unitd/tell.h"

#include "facts/name.h"

void tell_unit(const struct unit *u, uint64_t id, struct unitd_unit *ret)
{
        *ret = (struct unitd_unit){
                .id = id,
                .since_usec = u->since_usec,
                .state = u->state,
                .pid = (int32_t)u->pid,
                .restarts = u->restarted,
        };
        memcpy(ret->bundle, u->record.bundle, sizeof(ret->bundle));
        memcpy(ret->instance, u->record.instance, sizeof(ret->instance));
        memcpy(ret->version, u->record.version, sizeof(ret->version));
        memcpy(ret->digest12, u->record.digest, DIGEST_SHORT);
        memcpy(ret->service, u->record.service, sizeof(ret->service));
        memcpy(ret->unit, u->record.unit, sizeof(ret->unit));
        memcpy(ret->text, u->text, sizeof(ret->text));
}
