/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "ctl/agent_bus.h"

/* What the agent knows of each bundle beyond its state (ListStates() of org.sealift.Agent1(5)). bundles is
 * an array of objects with "name"; each gets "previous", "proven", "on_trial", "epoch", "held", "listed" and
 * "quarantined". An agent that is older than this program does not tell, and nothing is added. */
_must_check_ int states_add(sd_bus *bus, json_t *bundles, struct fault *f);

/* Lines below that of a bundle, for what is out of the ordinary. */
void states_print(const json_t *bundle);
