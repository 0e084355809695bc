/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/fault.h"
#include "facts/record.h"
#include "unitd/manager.h"

/* Says in words why a service did not come up or ended: exit status or signal, systemd's result, and the
 * last thing it said about itself (STATUS=). job is the result of its start job, or NULL. -EINTR when
 * that job was cancelled, by somebody or by the machine going down, -EOPNOTSUPP when what the unit needs of
 * this host could not be started, else -ECHILD. For `return`. */
int describe_failure(const char *unit, const char *job, const struct manager_status *s, struct fault *f);

/* The same of a job that failed; after is " after 1.5 s" or "". -ECHILD. */
int describe_run(const char *unit, const struct run *run, const char *after, struct fault *f);
