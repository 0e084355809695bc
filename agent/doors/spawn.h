/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

enum { SPAWN_INVOCATION_SIZE = 16 };

/* Whether systemd has said in the journal, of the invocation of a unit of which a process has ended in
 * failure, that it could not set that process up. 1: it has. 0: it said how the process ended and nothing of
 * the kind, so the program itself had begun. -ENODATA: nobody knows, since no journal is kept, or none of
 * such a line. Waits for what journald has not written yet, SPAWN_WAIT_USEC at most. */
#define SPAWN_WAIT_USEC (UINT64_C(3) * 1000000)
_must_check_ int spawn_failed(const uint8_t invocation[static SPAWN_INVOCATION_SIZE]);
