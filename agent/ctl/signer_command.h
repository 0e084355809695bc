/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/tuf_metadata.h"

/* A program that signs: it finds the bytes to sign on standard input (a file, so it may also be read by
 * name, as /dev/stdin), and writes the bare signature to standard output. Standard error and the terminal
 * are the user's, for a PIN or a touch. */

/* Runs command: words with quotes as in a shell ('...', "...", backslash), but no shell; the program is
 * looked for in PATH. It has timeout_ms to sign. *ret_len is at most TUF_SIGNATURE_SIZE_MAX and not 0.
 * -EINVAL for words that cannot be told apart, -EIO for a program that does not run or fails, -ETIME,
 * -EFBIG. Only the program's name goes into errors: an argument may be a PIN. */
_must_check_ int signer_command_run(const char *command, uint64_t timeout_ms, const void *data, size_t len,
                                    uint8_t ret[static TUF_SIGNATURE_SIZE_MAX], size_t *ret_len,
                                    struct fault *f);
