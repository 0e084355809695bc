/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "facts/policy.h"
#include "facts/profile.h"
#include "ground/base.h"
#include "ground/fault.h"

/* What AppArmor of this host's kernel has, held against policy. Needs no privilege. */

/* The profile that confines the service here; "": none. -EPERM: policy wants one that this host does not
 * have. -EINVAL: policy names two. */
_must_check_ int apparmor_profile(const struct policy *p, const struct manifest *m, const struct service *s,
                                  char ret[static PROMISE_PROFILE_SIZE], struct fault *f);

/* The same question for all services of m, before anything of it is fetched. */
_must_check_ int apparmor_check(const struct policy *p, const struct manifest *m, struct fault *f);

/* state of one profile. Errors: of reading. */
_must_check_ int apparmor_look(const char *profile, enum profile_state *ret, struct fault *f);
