/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/fault.h"
#include "unitd/manager.h"
#include "unitd/unit.h"

/* Says in words why a service did not come up or ended: exit status or signal, systemd's result, and the
 * last thing it said about itself (STATUS=). job is the result of its start job, or NULL. -EINTR when
 * that job was cancelled, by somebody or by the machine going down, -EOPNOTSUPP when systemd could not set
 * it up with what this host has (facts/setup.h), or what the unit needs of this host could not be started,
 * else -ECHILD. For `return`. Whether a program that ends with a status of systemd's own had begun is
 * asked of the journal (doors/spawn.h), where systemd does not say; if nobody knows, it had not: what is
 * quarantined wrongly stays so until something new is signed, and what is excused wrongly is not tried again
 * and again either, and in no release's place. */
int describe_failure(struct unit *u, const char *job, const struct manager_status *s, struct fault *f);

/* Whether that is for the journal to say, which has not. To be asked again; or it is not going to be. */
bool describe_is_open(struct unit *u, const struct manager_status *s);
void describe_close(struct unit *u);

/* The same of a job that failed, as u->run has it; after is " after 1.5 s" or "". */
int describe_run(struct unit *u, const struct manager_status *s, const char *after, struct fault *f);
