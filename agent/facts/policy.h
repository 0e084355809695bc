/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/manifest.h"
#include "facts/profile.h"

/* What this host grants (man sealift-policy.d(5)): /etc/sealift/policy.d/NAME.conf, sections [Policy GLOB]
 * over bundle names. Every request of a manifest must be granted by some matching section; nothing is
 * granted by default. sealiftd asks before it fetches, sealift-unitd asks again before it starts: the same
 * function, the same answer. */
struct policy;

struct policy *policy_free(struct policy *p);
DEFINE_POINTER_CLEANUP(struct policy, policy_free)

_must_check_ int policy_new(struct policy **ret);

/* Adds one file's text. -EINVAL with file and line; p is then unchanged. */
_must_check_ int policy_parse(struct policy *p, const char *text, size_t len, const char *file,
                              struct fault *f);

/* 0, or -EPERM: f names bundle, service, request, and the very line to add to the policy if the operator
 * agrees. */
_must_check_ int policy_check(const struct policy *p, const struct manifest *m, struct fault *f);

/* Appends the lines that a policy needs for m, one each, without the section: what policy_check() would ask
 * an empty one for. */
struct buffer;
_must_check_ int policy_list(const struct manifest *m, struct buffer *out, struct fault *f);

/* What it says about AppArmor for that bundle. -EINVAL: matching sections name two different profiles. */
_must_check_ int policy_confinement(const struct policy *p, const char *bundle, struct confinement *ret,
                                    struct fault *f);
