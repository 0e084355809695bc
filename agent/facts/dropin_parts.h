/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files behind facts/dropin.h say to each other; nobody else includes this.
 *
 *     dropin.c          names, settings, root, network, sockets
 *     dropin_sandbox.c  the walls, and what a sandbox asks to have of them taken down
 *     dropin_listener.c sockets of one unit alone
 *     dropin_timer.c    timers, and what is different in a job */

#include "facts/dropin.h"

/* Whether value may stand behind d's key: good for d, of that section, one line, without a specifier. */
_must_check_ int dropin_check_setting(const struct directive *d, enum section section, const char *value,
                                      struct fault *f);

/* Every wall on a line of its own, then what d->service->sandbox asks for beyond them. -EINVAL: a value that
 * no parser would have let by. */
_must_check_ int dropin_write_sandbox(const struct dropin *d, struct buffer *out, struct fault *f);

/* A setting, checked, of a service that a timer runs. */
int dropin_write_job_setting(const struct dropin *d, const struct manifest_setting *s, struct buffer *out);
