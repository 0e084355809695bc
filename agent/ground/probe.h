/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* What sealift-probe's exit status says to sealift-unitd: all that is known of an answer, in a number, so
 * that nothing a hostile service has written is passed on. */
enum probe_exit {
        PROBE_GOOD = 0,
        PROBE_FAILED = 1,  /* it could not ask */
        PROBE_REFUSED = 3, /* nobody listens */
        PROBE_SILENT = 4,  /* no answer in time */
        PROBE_CLOSED = 5,  /* the connection ended before the answer did */
        PROBE_NO_HTTP = 6, /* the answer is not HTTP */
        PROBE_STATUS = 7,  /* an HTTP status that is not good, and has no number of its own below */
        PROBE_4XX = 32,    /* 400 to 451 */
        PROBE_5XX = 96,    /* 500 to 511; below systemd's own numbers, which begin at 200 */
};

/* Of an HTTP status, which may be any number. */
int probe_exit_of(unsigned status) _const_;

/* The service was asked, and this is what came of it; false: it was not, or the number is not ours. */
bool probe_exit_is_answer(int exit_status) _const_;

/* "status 503", "nobody listens": what came of a question. size as FAULT_TEXT_MAX or less. */
void probe_exit_describe(int exit_status, char *ret, size_t size);
