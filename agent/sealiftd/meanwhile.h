/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sealiftd/agent.h"

/* What does not wait for the story: an operator's order, the verdict over a release on trial, a look at what
 * is on disk. All are carried out in the main loop; and while the story waits where it may (await_idle_*:
 * for bytes of a download, for good answers of a new release), as far as they are about other bundles than
 * those it works on: one, or two where it goes back beside a download. What is about one of them and cannot
 * be done beside ends its attempt, as long as nothing of it runs. */

/* Has the story's waits look after it. */
void meanwhile_begin(struct agent *a);

/* Does what is due. Whether there was something. */
bool meanwhile_go(struct agent *a);
