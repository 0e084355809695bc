/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind sealiftd/bus.h share; nobody else includes this. */

#include "sealiftd/bus.h"
#include "sealiftd/bus_upkeep.h"
#include "sealiftd/orders.h"

/* A caller that asks again and again without waiting for answers. */
enum { BUS_WAITING_MAX = 64 };

struct agent_bus {
        struct agent *agent;
        sd_bus *bus;
        sd_bus_message *waiting[BUS_WAITING_MAX]; /* in the order they came */
        size_t n_waiting;
        size_t n_served; /* of them, the first ones: asked before the poll that is under way began */
        struct waiting_order {
                sd_bus_message *call; /* owned */
                struct order order;
        } orders[BUS_WAITING_MAX]; /* in the order they came */
        size_t n_orders;
        struct bus_upkeep upkeep;
};

/* Handlers that have a file of their own. */
int bus_list_states(sd_bus_message *m, void *userdata, sd_bus_error *error);
