/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/buffer.h"
#include "ground/limits.h"
#include "unitd/unit.h"

/* "UNIT.d", below units' dropins_fd. */
void unit_dropin_folder(const char *unit, char ret[static UNIT_NAME_SIZE + 2]);

/* Puts b there, whole or not at all. -errno, f with the path. */
_must_check_ int unit_dropin_install(int dropins_fd, const char *unit, const struct buffer *b,
                                     struct fault *f);

/* systemd sees at its next look what has been put below dropins_fd. */
_must_check_ int unit_dropin_announce(int dropins_fd, struct fault *f);

/* With the listeners of its release; what an operator has put beside it stays. One that is not there is 0.
 */
_must_check_ int unit_dropin_remove(struct units *l, const char *unit);
