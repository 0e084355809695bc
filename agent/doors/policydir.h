/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/policy.h"

/* The host's policy from its folder: every NAME.conf in the order of their names, regular files only. No
 * folder is an empty policy, which grants nothing. *ret is the caller's. Read the same way by sealiftd and
 * by sealift-unitd. */
_must_check_ int policydir_read(const char *path, struct policy **ret, struct fault *f);
