/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"

/* Which of a manifest's entries have been met: each must be, once. One byte an entry. */
struct ledger;

struct ledger *ledger_free(struct ledger *l);
DEFINE_POINTER_CLEANUP(struct ledger, ledger_free)

/* content is borrowed until ledger_free(). -ENOMEM. */
_must_check_ int ledger_new(const struct content *content, struct ledger **ret);

/* The entry with that path, now met. -EINVAL: not in the manifest, or met before. */
_must_check_ int ledger_meet(struct ledger *l, const char *path, const struct entry **ret, struct fault *f);

/* The first entry that was not met, or NULL. */
const struct entry *ledger_missing(const struct ledger *l);
