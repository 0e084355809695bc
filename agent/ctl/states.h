/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <jansson.h>

#include "ctl/agent_bus.h"

/* What the agent knows of each bundle beyond its state (ListStates() of org.sealift.Agent1(5)). bundles is
 * an array of objects with "name"; each gets "previous", "proven", "trial", "epoch", "held", "listed",
 * "runs", "quarantined" and "damaged"; "trial" only while it is on one. An agent that is older than this
 * program does not tell, and nothing is added. */
_must_check_ int states_add(sd_bus *bus, json_t *bundles, struct fault *f);

/* The object of that name in such an array (borrowed), or NULL. */
json_t *states_find(json_t *bundles, const char *name);

/* RFC 3339 in UTC, or null for 0. A new reference. */
json_t *states_time(uint64_t usec);

/* Lines below that of a bundle, for what is out of the ordinary. */
void states_print(const json_t *bundle);
