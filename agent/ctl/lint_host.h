/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/args.h"

/* sealift lint --host: prints, a line for each, what m (read from file) requires and what the machine below
 * root has of it; root NULL is this machine, of which the architecture counts, too. *status becomes
 * EXIT_STATUS_NEWS where something is missing, unless it is worse already. */
void lint_host(const struct args_command *c, const char *file, const struct manifest *m, const char *root,
               int *status);
