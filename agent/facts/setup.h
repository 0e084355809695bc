/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* What an exit status means that systemd itself ends a forked child with, before the program runs
 * (systemd.exec(5), "Process exit codes"). A program may end with one of these too: whoever asks has to know
 * that it had not begun. */
struct setup {
        int status;
        bool host;           /* it is this host's doing, and no release is to be blamed for it */
        const char *meaning; /* what could not be done, and the name that systemd has for it */
};

enum { SETUP_EXEC = 203 }; /* the program cannot be executed */

/* SETUP_EXEC where the mount that the release is on forbids to execute anything: no bundle can help that. */
extern const struct setup setup_noexec;

/* NULL: none that systemd 252 to 257 end a service with. Static. */
const struct setup *setup_find(int status) _pure_;
