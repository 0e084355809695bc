/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/unit_text.h"
#include "facts/gaps.h"
#include "facts/site.h"

/* The units of a bundle on this host: what runs, as systemd has read it, and for what does not run the text
 * that sealift-unitd would write. Everything is read from files that anybody may read; which release is the
 * current one, the agent says, or, where it does not run, its state, which is root's to read. */

struct host_unit {
        struct unit_text text;
        const struct manifest
                *manifest; /* borrowed: of its instance; NULL: this host has none of that name any more */
        char service[NAME_SIZE]; /* "": a socket or a timer */
        bool runs;               /* text is the file that systemd has */
};

struct host_units {
        struct effective manifests; /* as this host wants them run, one for each instance */
        struct fault missing; /* why a unit that does not run could not: a credential, an AppArmor profile */
        char bundle[NAME_SIZE];
        char version[VERSION_SIZE];
        char digest[DIGEST_HEX_SIZE];
        struct host_unit *units; /* owned; services first */
        size_t n_units;
};

void host_units_done(struct host_units *h);

/* -ENOENT: no such bundle, or nothing of it is installed. -EBADMSG: its manifest is not what was signed.
 * -EINVAL: bundles.d is wrong. */
_must_check_ int host_units_read(const char *bundle, struct host_units *ret, struct fault *f);

/* What this host can never give; ret's texts are constants. */
size_t host_units_gaps(struct gap ret[static GAPS_MAX]);
