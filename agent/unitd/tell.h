/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/wakes.h"

/* id: of the request that is answered; 0: of none. */
void tell_unit(const struct unit *u, uint64_t id, struct unitd_unit *ret);
