/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* The passphrase of keys on disk: the first line of a file that nobody else may read (a systemd credential
 * is one), or asked for on the terminal, once for all keys that it opens. */
enum {
        PASSPHRASE_SIZE = 1024, /* libcrypto takes no more from a callback */
        PASSPHRASE_TRIES = 3,
};

struct passphrase {
        const char *file; /* or NULL: ask */
        bool known;
        char text[PASSPHRASE_SIZE];
};

void passphrase_done(struct passphrase *p); /* clears it */

/* Whether there is another passphrase to try after tries of them were wrong. */
bool passphrase_may_try(const struct passphrase *p, unsigned tries);

/* Takes one into p->text. what is the key it is for. -ENOKEY when there is no terminal to ask on, -EPERM for
 * a file that others may read, -EINVAL for an empty or a longer one. A signal meanwhile gives the terminal
 * its echo back, and then does what it does. */
_must_check_ int passphrase_take(struct passphrase *p, const char *what, struct fault *f);

/* One for keys to be written: asked for twice. */
_must_check_ int passphrase_choose(struct passphrase *p, struct fault *f);
