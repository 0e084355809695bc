/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "fetch/transfer.h"

/* A source that is a folder of this machine: a stick, a share that is mounted. */

/* Reads g->path below the folder that source's file:// URL names, into pipe (a FIFO, blocking; not owned).
 * The errors are those of struct fetch_done; there is no status, and no ETag. result is always filled in. */
_must_check_ int folder_get(const struct config_source *source, const struct fetch_get *g, int pipe,
                            struct transfer_result *result, struct fault *f);
