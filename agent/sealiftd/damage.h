/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* What is known of releases that are not what was signed any more: in memory, and in state/<bundle>, so that
 * neither a restart nor a boot forgets it. Where it cannot be written down it is known in memory all the
 * same, and the next scrub finds it again. */

/* Of the current release of b; NULL: none is known. */
const struct damage *damage_of_current(const struct bundle *b);
/* It was to become current when its damage was found: it is not started until it has been put right. */
bool damage_rests(const struct bundle *b);

/* r, one that the state of b names, is damaged, as reason says, and a check that puts it right is due.
 * false: it was known, in the same words. */
bool damage_note(struct agent *a, struct bundle *b, const struct release_ref *r, const char *reason);
/* The same of the current release, which does not run, and is not to. */
void damage_note_rest(struct agent *a, struct bundle *b, const char *reason);
/* r could not be put right. false: that was known, in the same words. */
bool damage_note_unrepaired(struct agent *a, struct bundle *b, const struct release_ref *r, const char *why);
/* The operator has it run all the same. */
void damage_wake(struct agent *a, struct bundle *b);

/* r is as signed again, or gone. */
void damage_forget(struct agent *a, struct bundle *b, const struct release_ref *r);

/* The agent has just been started: tells of what is known, before anything is started. */
void damage_resume(struct agent *a);
