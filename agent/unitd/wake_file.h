/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/buffer.h"
#include "unitd/unit.h"

/* Has the file of that unit hold b, and systemd have loaded it. One that is there with other bytes is
 * stopped first, for whoever called to start again; one that is as it should be is left alone. */
_must_check_ int wake_file_install(struct units *l, const char *held, const struct buffer *b,
                                   struct fault *f);
