/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

#include <systemd/sd-bus.h>

/* The caller's end of org.sealift.Agent1. */
#define AGENT_BUS_NAME "org.sealift.Agent1"
#define AGENT_BUS_PATH "/org/sealift/Agent1"

/* Connects to the system bus; *ret is the caller's (sd_bus_flush_close_unref). */
_must_check_ int agent_bus_open(sd_bus **ret, struct fault *f);

/* A call without arguments. timeout_usec 0 = the bus's own 25 s. The fault says in an operator's words why
 * it did not work: the agent does not run, or the caller is not allowed. *ret is the caller's. */
_must_check_ int agent_bus_call(sd_bus *bus, const char *method, uint64_t timeout_usec, sd_bus_message **ret,
                                struct fault *f);

/* A call with one string. */
_must_check_ int agent_bus_call_text(sd_bus *bus, const char *method, const char *text,
                                     uint64_t timeout_usec, sd_bus_message **ret, struct fault *f);

/* An order (org.sealift.Agent1(5)); version NULL: it takes none. It is carried out between polls, so this
 * may take as long as one does. *ret_said is the caller's: what came of it. */
_must_check_ int agent_bus_order(sd_bus *bus, const char *method, const char *bundle, const char *version,
                                 char **ret_said, struct fault *f);

/* A call with one boolean. */
_must_check_ int agent_bus_call_flag(sd_bus *bus, const char *method, bool flag, uint64_t timeout_usec,
                                     sd_bus_message **ret, struct fault *f);

/* Properties; a string is the caller's, as are an array of them (NULL behind the last) and each in it. */
_must_check_ int agent_bus_get_text(sd_bus *bus, const char *property, char **ret, struct fault *f);
_must_check_ int agent_bus_get_texts(sd_bus *bus, const char *property, char ***ret, struct fault *f);
_must_check_ int agent_bus_get_time(sd_bus *bus, const char *property, uint64_t *ret, struct fault *f);
