/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs of sealift(1), one file each. A verb gets the rest of the command line with its own name as
 * argv[0], declares its options in a table (ground/args.h), says what went wrong in one line on stderr
 * (ctl_fail()), and returns an exit status of enum args_exit. */

#include "facts/manifest.h"
#include "ground/args.h"
#include "ground/fault.h"

/* publisher: files in, files out, no host needed */
int verb_delegate(int argc, char **argv);
int verb_expire(int argc, char **argv);
int verb_init(int argc, char **argv);
int verb_key(int argc, char **argv);
int verb_lint(int argc, char **argv);
int verb_pack(int argc, char **argv);
int verb_publish(int argc, char **argv);
int verb_refresh(int argc, char **argv);
int verb_rotate(int argc, char **argv);
int verb_show(int argc, char **argv);
int verb_sign(int argc, char **argv);
int verb_verify(int argc, char **argv);
int verb_withdraw(int argc, char **argv);

/* operator: asks the agent of this host over D-Bus */
int verb_check(int argc, char **argv);
int verb_order(int argc, char **argv); /* disable, hold, restart, retry, rollback, start, stop, unhold */
int verb_gc(int argc, char **argv);
int verb_status(int argc, char **argv);
int verb_wait(int argc, char **argv);
int verb_why(int argc, char **argv);

/* The frame of a verb that has one thing to do: options, then run(), whose negative errno becomes the fault
 * on stderr and the status; anything else run() returns is the status. */
int ctl_run(const struct args_command *c, int argc, char **argv,
            int (*run)(char **operands, int n, struct fault *f));

/* Prints "<command>: <fault>" on stderr. Returns the status for error: EXIT_STATUS_USAGE where what a person
 * wrote is wrong (-EINVAL, -ERANGE), else EXIT_STATUS_FAILED. */
int ctl_fail(const struct args_command *c, int error, const struct fault *f);

/* Reads and parses a manifest. *ret_text (len bytes, a NUL behind them) may be NULL; both are the caller's.
 */
_must_check_ int ctl_read_manifest(const char *file, struct manifest **ret, char **ret_text, size_t *ret_len,
                                   struct fault *f);
