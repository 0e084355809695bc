/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/requirement.h"
#include "ground/base.h"
#include "ground/fault.h"

/* What the host has of what a release requires: found out by reading, nothing is ever run, so that a program
 * without the right to execute anything can ask. */
struct host {
        int root;  /* owned */
        bool live; /* root is that of this process: its kernel and C library count */
};

/* root "/" is this host; another folder, say the tree of an image, is looked at as if it were "/". */
_must_check_ int host_open(struct host *h, const char *root, struct fault *f);
void host_close(struct host *h);

/* Fills in what the host has of it. What cannot be read is not there. */
void host_look(const struct host *h, struct requirement *r);

/* The mount that releases are on forbids to execute anything; false also where there is none yet. */
bool host_forbids_bundles(const struct host *h);

/* Where path leads below root, every link followed as on that host: relative to root, without links. 0, or
 * -errno. */
enum { HOST_PATH_SIZE = 4096 };
_must_check_ int host_resolve(const struct host *h, const char *path, char ret[static HOST_PATH_SIZE]);
