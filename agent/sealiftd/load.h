/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* What sealiftd reads at its start. */

_must_check_ int load_config(const char *path, struct config **ret, struct fault *f);

/* /etc/sealift/policy.d/NAME.conf in the order of their names; no folder is an empty policy. Read anew at
 * each poll, so that a grant needs no restart. a->policy is replaced only by a policy that parsed whole. */
_must_check_ int load_policy(struct agent *a, struct fault *f);

/* Machine and boot id. */
_must_check_ int load_identity(struct agent *a, struct fault *f);

/* Every bundle the store has state or releases of. One whose state cannot be read is marked damaged, and
 * said so. */
_must_check_ int load_bundles(struct agent *a, struct fault *f);

/* The link to sealift-unitd, and which current releases run already: a restart of the agent must not touch
 * them. */
_must_check_ int load_units(struct agent *a, struct fault *f);

/* The same of what runs now: whoever restarts sealift-unitd ends the conversation, and what happened until
 * the next one began was told to nobody. */
_must_check_ int load_running(struct agent *a, struct fault *f);
