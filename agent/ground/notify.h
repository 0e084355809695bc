/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* sd_notify(3), for programs that link nothing else of libsystemd. Nobody to tell is no error. */
void notify_send(const char *text);
