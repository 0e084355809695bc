/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/manager.h"
#include "unitd/unit.h"

/* Before u is judged by *s, which systemd has just said of it: whether that is put off, since only the
 * journal can say whose doing its end was, and has not yet. u is looked at again then, by itself. False,
 * after it was put off: *s is what to judge by, where its end would be lost else; what systemd says by then
 * may be of its next start. */
bool doubt_waits(struct unit *u, struct manager_status *s);

/* It does not matter any more. */
void doubt_end(struct unit *u);
