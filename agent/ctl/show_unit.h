/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/fault.h"

/* sealift show --unit: the units of a bundle on this host, in words or as JSON. */
_must_check_ int show_unit(const char *bundle, bool json, struct fault *f);
