/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/directives.h"

/* What to write instead of what people know from unit files (systemd.exec(5), systemd.service(5), ...) and
 * a manifest does not have. Each is the end of a sentence: "Capability= in [Sandbox NAME] asks for one".
 * NULL: nothing is known of it. */

/* Of key, which section s does not have. */
const char *hint_for_key(enum section s, const char *key);
/* Of a section that does not exist: "Unit". */
const char *hint_for_section(const char *name);
/* Of a word that d cannot be: "simple" of Type=. */
const char *hint_for_word(const struct directive *d, const char *word);
