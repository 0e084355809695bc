/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

enum { SPAWN_INVOCATION_SIZE = 16 };

/* Whether systemd has said in the journal, of the invocation of a unit of which a process has ended in
 * failure, that it could not set that process up. 1: it has. 0: it said how the process ended and nothing of
 * the kind, so the program itself had begun. -ENODATA: nobody knows, since no journal is kept, or none of
 * such a line, or none has been written yet: journald takes its time. Waits for nothing. */
_must_check_ int spawn_failed(const uint8_t invocation[static SPAWN_INVOCATION_SIZE]);
