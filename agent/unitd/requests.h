/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "unitd/server.h"
#include "unitd/unit.h"

/* What is asked of us, from the question to the answer. */
struct requests;

struct requests *requests_free(struct requests *l);
DEFINE_POINTER_CLEANUP(struct requests, requests_free)

/* Starts to listen. units and releases are borrowed. */
_must_check_ int requests_new(struct units *units, const struct releases *releases, int listen_fd,
                              struct requests **ret, struct fault *f);
