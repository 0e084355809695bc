/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/limits.h"
#include "sealiftd/agent.h"

/* What root asks of the store over D-Bus: Collect(), Verify(). Handlers note it; it is done outside of them
 * (meanwhile.h), and answered then. While a release is on its way nothing is collected: that waits. */
enum { UPKEEP_WAITING_MAX = 16 }; /* a caller that asks again and again without waiting for answers */

struct upkeep_call {
        sd_bus_message *message; /* owned */
        bool verify;             /* else collect */
        bool dry_run;
        char bundle[NAME_SIZE]; /* to verify; "": all */
};

struct bus_upkeep {
        struct upkeep_call calls[UPKEEP_WAITING_MAX]; /* in the order they came */
        size_t n;
};

/* Handlers; userdata is the struct bus_upkeep. */
int bus_on_collect(sd_bus_message *m, void *userdata, sd_bus_error *error);
int bus_on_verify(sd_bus_message *m, void *userdata, sd_bus_error *error);

/* Does what waits and can be done now, each answered when it has been done. Whether there was something. */
bool bus_upkeep_waits(const struct bus_upkeep *u, const struct agent *a);
bool bus_upkeep_carry_out(struct bus_upkeep *u, struct agent *a);
void bus_upkeep_done(struct bus_upkeep *u);
