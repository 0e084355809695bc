/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/protocol.h"

/* The part of a conversation with sealift-fetch that every caller has: what is sent, and what may be
 * answered when. How an answer is waited for, which error is believed, and who is told is the caller's. */
enum { FETCH_CALL_IDLE, FETCH_CALL_ASKED };

/* Asks for a body; *ret_pipe, the caller's, gives it up to its end. flags: O_NONBLOCK for our end of that
 * pipe, or 0. *state goes from idle to asked. */
_must_check_ int fetch_call_get(int sock, unsigned *state, const struct fetch_get *get, int flags,
                                int *ret_pipe, struct fault *f);

/* What FETCH_DONE says; both of its texts have an end. 1: it came, and *state is idle again. 0: the worker
 * closed in order. -EPROTO: it came when nothing was asked, or broken. */
_must_check_ int fetch_call_answer(int sock, unsigned *state, struct fetch_done *ret, struct fault *f);
