/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "facts/manifest.h"
#include "facts/promise.h"

/* What a service asks of this host by name: Device=, HostPath=, User=. Looked at before each start, so that
 * what is missing is told as the host's doing, in words; systemd would say 226/NAMESPACE. Needs
 * CAP_SYS_PTRACE: the host's files are seen as PID 1 sees them. */

/* Sets p->uid where p->user is one. -ENOENT: it is not there; -EPERM: it is nothing to hand to a service. */
_must_check_ int host_check(const struct service *s, struct promise *p, struct fault *f);

/* Whether PID 1 has what is there on a mount with noexec, which everything has for us. */
bool host_forbids_exec(const char *path);
