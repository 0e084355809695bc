/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* Command lines and environment assignments in systemd's quoting (systemd.service(5), "Command lines"),
 * restricted until one reading is left. They go into the drop-in byte for byte as written, so what is
 * accepted here must mean the same to systemd:
 *
 *   - words are separated by spaces or tabs; '...' and "..." group; quotes may begin inside a word
 *   - escapes: \\ \" \' \s (a space), and no others
 *   - %% is a percent sign; every other % would be a specifier and is refused
 *   - $NAME and ${NAME} are replaced from Environment= by systemd, $$ is a dollar sign
 *   - a word that is ; (systemd: next command) is refused unless quoted
 *   - the program is a plain path below /bundle/ or /usr/: no prefix (+ ! @ - : |), quote, escape, variable
 */
enum { COMMAND_WORD_SIZE = 8192 };

#define COMMAND_BUNDLE_PREFIX "/bundle/" /* where a service finds its bundle */
#define COMMAND_HOST_PREFIX   "/usr/"

/* Takes one word, unquoted, off *s. 1: a word is in out. 0: there is none left. -EINVAL with f. */
_must_check_ int command_next_word(const char **s, char out[static COMMAND_WORD_SIZE], struct fault *f);

/* A whole ExecStart= or ExecReload=. -EINVAL with f. */
_must_check_ int command_check(const char *s, struct fault *f);

/* A whole Environment=: words NAME=value. -EINVAL with f. */
_must_check_ int command_check_environment(const char *s, struct fault *f);

/* The program of a checked command line, copied. -ENAMETOOLONG. */
_must_check_ int command_program(const char *s, char *ret, size_t size);
