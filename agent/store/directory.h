/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

#include <dirent.h>

#define _cleanup_directory_ _cleanup_(directory_close)

/* A directory stream of its own over name ("." for itself) below at, never through a symbolic link; at's own
 * position and life stay the caller's. 0 or -errno. */
_must_check_ int directory_open(int at, const char *name, DIR **ret);

/* The next name that is neither "." nor "..", valid until the next call. 1: a name. 0: the end. -errno. */
_must_check_ int directory_next(DIR *d, const char **ret);

void directory_close(DIR **d);
