/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* All current releases that may run are started, or found running, side by side: a slow one keeps no other
 * one waiting, and each is told of as soon as it is up, or goes back if it was on trial and is not. Logs;
 * never fails as a whole. */
void restore_all(struct agent *a);

/* The current release of b could not be started, or is down and may be better soon: it is tried again at the
 * next poll, and after a pause that doubles from one failure to the next. To be called before its health
 * says that it is down. */
void restore_later(struct agent *a, struct bundle *b);
/* It was, and runs; how long it does decides about the next pause. */
void restore_done(struct bundle *b);
/* Somebody has it run, or not: nothing of what was is in the way of that. */
void restore_forget(struct bundle *b);
/* Those whose time has come, but for one that an attempt is under way for. */
void restore_go(struct agent *a);
