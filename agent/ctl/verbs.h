/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs of sealift(1), one file each. A verb gets the rest of the command line with its own name as
 * argv[0], declares its options in a table (ground/args.h), says what went wrong in one line on stderr
 * ("sealift pack: ...", ctl_fail()), and returns an exit status of enum args_exit. */

#include "ground/args.h"
#include "ground/fault.h"

/* publisher: files in, files out, no host needed */
int verb_init(int argc, char **argv);
int verb_lint(int argc, char **argv);
int verb_pack(int argc, char **argv);
int verb_publish(int argc, char **argv);
int verb_show(int argc, char **argv);

/* Parses as args_parse() does, and tells the user what was wrong: ARGS_RUN, or ARGS_DONE with the status to
 * return in *ret_status. */
_must_check_ int ctl_parse(const struct args_command *c, int argc, char **argv, char ***ret_operands,
                           int *ret_n, int *ret_status);

/* Prints "<command>: <fault>" on stderr. The status for what failed: EXIT_STATUS_USAGE where a file written
 * by hand is wrong (-EINVAL), else EXIT_STATUS_FAILED. */
int ctl_fail(const struct args_command *c, int error, const struct fault *f);
