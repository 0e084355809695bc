/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/buffer.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "facts/manifest.h"

/* The units that sealift-unitd makes of a manifest, file by file, in the same words (facts/dropin.h). */

enum { UNIT_TEXT_PATH_SIZE = UNIT_NAME_SIZE + 64 };

struct unit_text {
        char unit[UNIT_NAME_SIZE];
        char path[UNIT_TEXT_PATH_SIZE]; /* where it stands on a host */
        struct buffer text;
};

void unit_text_done(struct unit_text *t);

/* The file of a unit that sealift-unitd called unit: "/run/systemd/system/UNIT.d/50-sealift.conf". */
void unit_text_dropin_path(const char *unit, char ret[static UNIT_TEXT_PATH_SIZE]);

/* s is one of m's. digest is the manifest's, of 64 hex digits; profile, of AppArmor, is what a host has
 * chosen, or NULL. The number of the unit and of the attempt, which a host counts, are 1. */
_must_check_ int unit_text_service(const struct manifest *m, const struct service *s, const char *digest,
                                   const char *profile, struct unit_text *ret, struct fault *f);

/* Sockets and timers, which have no release in their name: i counts from 0 to unit_text_count() - 1. */
size_t unit_text_count(const struct manifest *m);
_must_check_ int unit_text_other(const struct manifest *m, size_t i, struct unit_text *ret, struct fault *f);

/* As systemctl cat does: the path as a comment, the text, an empty line. */
void unit_text_print(const struct unit_text *t);
