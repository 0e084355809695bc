/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "facts/promise.h"
#include "ground/base.h"
#include "ground/fault.h"

/* Which AppArmor profile confines a service: one of the family in apparmor/sealift, by what its [Sandbox]
 * asks for, or a site's own, as policy says; and whether it is used on this host. */

struct confinement { /* what policy says about a bundle: policy_confinement() */
        bool required;
        char profile[PROMISE_PROFILE_SIZE]; /* a site's own; "": the family's */
};

enum profile_state {
        PROFILE_OFF,      /* AppArmor is not in this kernel, or switched off */
        PROFILE_UNLOADED, /* there is no such profile */
        PROFILE_COMPLAIN, /* there is, and it only logs */
        PROFILE_ENFORCE,
        PROFILE_STATE_MAX,
};

/* A site's own: letters, digits and . _ -, a letter first, at most 64; not "unconfined". */
bool profile_name_valid(const char *s);

/* The one that the service would have. */
void profile_choose(const struct sandbox *x, const struct confinement *c,
                    char ret[static PROMISE_PROFILE_SIZE]);

/* true: it is used. false: the service runs without. -EPERM: it must not run so; f says what to do. */
_must_check_ int profile_judge(const char *bundle, const struct confinement *c, const char *profile,
                               enum profile_state state, struct fault *f);
