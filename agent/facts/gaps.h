/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* What this host can never give: settings that systemd takes, shows as set and does not enforce, because of
 * how it was built, or because the kernel has nothing for it. They are written into units all the same, as a
 * second lock, and never counted on. */

struct gaps_host {               /* NULL: not known, or not there */
        const char *features;    /* "+PAM -BPF_FRAMEWORK ...": property Features of systemd's manager */
        const char *controllers; /* /sys/fs/cgroup/cgroup.controllers; NULL: not cgroups version 2 alone */
        const char *apparmor;    /* /sys/module/apparmor/parameters/enabled */
};

struct gap {
        const char *settings; /* "SocketBindAllow= SocketBindDeny=" */
        const char *why;
};

enum { GAPS_MAX = 8 };

/* How many there are. Features that are not known are no gap. */
size_t gaps_find(const struct gaps_host *h, struct gap ret[static GAPS_MAX]);
