/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* org.sealift.Agent1 on the system bus: what there is to know, "check now", and orders (orders.h). Who may
 * call what is the bus policy's matter (units/org.sealift.Agent1.conf): anybody may read, root may order. */
#define BUS_NAME      "org.sealift.Agent1"
#define BUS_PATH      "/org/sealift/Agent1"
#define BUS_INTERFACE "org.sealift.Agent1"

#define BUS_ERROR_NO_BUNDLE "org.sealift.Agent1.Error.NoSuchBundle"
#define BUS_ERROR_FAILED    "org.sealift.Agent1.Error.Failed"

struct agent_bus;

struct agent_bus *bus_free(struct agent_bus *b);
DEFINE_POINTER_CLEANUP(struct agent_bus, bus_free)

/* A bus that cannot be had is no reason not to run services: the caller logs, has it tried again by
 * bus_try_later(), and goes on without. One that goes away is tried again by itself: a->bus_due says when,
 * and the main loop has it renewed, never a handler, since an answer may be due to who waits. Those who
 * waited on the old one have lost the bus, too. */
_must_check_ int bus_new(struct agent *a, struct agent_bus **ret, struct fault *f);
void bus_try_later(struct agent *a);
void bus_renew(struct agent *a);

/* Signals BundleChanged(s name, s state). b may be NULL (no bus). */
void bus_tell_bundle(struct agent_bus *b, const struct bundle *about);

/* A poll begins, or has ended: each CheckNow() is answered by the first poll that began after it, so that
 * whoever publishes and then checks never gets the answer of a poll that came too early. Two requests at
 * once are one poll. */
void bus_tell_checking(struct agent_bus *b);
void bus_tell_checked(struct agent_bus *b);

/* Of the orders that fit, the one that has waited longest, and no other one of its bundle longer than it:
 * the last word is the last. false: none does. It stays in its place until it is told what came of it: r,
 * and said or f. b may be NULL, or another bus than the one it came from. */
struct order;
bool bus_find_order(const struct agent_bus *b, bool (*fits)(const struct order *o, void *userdata),
                    void *userdata, struct order *ret);
void bus_tell_order(struct agent_bus *b, const struct order *o, int r, const char *said,
                    const struct fault *f);

/* What was asked of the store meanwhile (bus_upkeep.h), as far as it can be done now. Whether there was
 * something. */
bool bus_waits(const struct agent_bus *b);
bool bus_carry_out(struct agent_bus *b);
