/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"

/* Where this host keeps its secrets (systemd.exec(5), LoadCredential=): the credential stores, and what came
 * to the machine itself. systemd goes on without a credential that it looks for there and does not find, and
 * says nothing; systemd 252 does not tell encrypted ones from others. So it is looked for here, by name
 * only: no secret is read. */

/* Every credential of m gets the absolute path it is at, and its kind; an optional one that is not there is
 * taken out. root is where the host's root is seen from here. -ENOENT: a credential is missing, f
 * says where it may be put. */
_must_check_ int credstore_resolve(const char *root, struct manifest *m, struct fault *f);
