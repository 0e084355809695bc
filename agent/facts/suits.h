/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "facts/requirement.h"
#include "ground/base.h"
#include "ground/fault.h"

/* Whether a release was made for such a host: Architecture= and MinAgent= of its manifest. */

/* This build's architecture, in the words of ConditionArchitecture= (systemd.unit(5)). */
const char *suits_architecture(void) _const_;

/* 0, or -EPERM naming what the release needs and what the host has. architecture as above; agent is the
 * version of the agent, compared as strverscmp(3) does. */
_must_check_ int suits_check(const struct manifest *m, const char *architecture, const char *agent,
                             struct fault *f);

/* The same for what m requires, when it has been looked for: 0, or -EPERM naming the first that this host
 * does not have, and how many more. */
_must_check_ int suits_check_requirements(const struct manifest *m, const struct requirement *r, size_t n,
                                          struct fault *f);

/* The same for addresses: filters says whether this host can hold a service to a list of them. m is what
 * runs here, the host's own Outbound= in it. -EPERM: m has such a list, and this host cannot. */
_must_check_ int suits_check_outbound(const struct manifest *m, bool filters, struct fault *f);
