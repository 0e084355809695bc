/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Why something failed, in words an operator can act on: caller-owned, fixed size, last parameter of every
 * function that can fail for a reason outside the program. The text names the file, line or object first,
 * then what is wrong, then what to do. One line, no trailing full stop needed, never secret material.
 *
 * The errno classes sealift uses, so that callers can tell causes apart without reading prose:
 *   -EINVAL        malformed text, metadata, manifest, archive or message
 *   -EBADMSG       length or hash is not what was signed
 *   -EKEYREJECTED  not enough valid signatures
 *   -ESTALE        rolled back: older than what is trusted already
 *   -ETIME         expired metadata
 *   -EDOM          this machine's clock cannot be right
 *   -EFBIG         over a named limit
 *   -ENOENT        the object is not there
 *   -EPERM         refused by this host's policy
 *   -ENOSPC        no space or inodes (checked from signed numbers)
 *   -EACCES        a server does not prove who it is (TLS), or wants to know who we are
 *   -EPIPE         the caller has gone
 *   -EPROTO        a peer process broke the message protocol
 *   -EHOSTUNREACH  the source could not be reached or answered with an error: try again later
 *   -EALREADY      quarantined: failed here before
 *   -EOPNOTSUPP    a wall of the sandbox, a time zone, or what systemd needs for a unit is not on this host
 *   -EADDRINUSE    systemd cannot listen where it is to, on this host, for now
 *   -EINTR         a service was stopped by somebody else, before its release was current
 *   -ECHILD        a release that did not come up: its own doing, so it is quarantined
 *   -ELOOP         a service that died each time it was started again, too often for that to go on: its own
 *                  doing, too
 *   -ECANCELED     this program was asked to stop */
enum { FAULT_TEXT_MAX = 512 };

struct fault {
        int error; /* negative errno, or 0 when nothing has failed */
        char text[FAULT_TEXT_MAX];
};

/* Stores error (negative errno) and the formatted text, and returns error. f may be NULL. Text that does not
 * fit is cut; bytes that are not printable UTF-8 (hostile input often ends up in errors) become '?'. */
int fault_set(struct fault *f, int error, const char *format, ...) _printf_(3, 4);

/* The same, followed by ": " and strerror(-error). */
int fault_set_errno(struct fault *f, int error, const char *format, ...) _printf_(3, 4);

/* The cause may pass by itself (the source, the network, a worker that died, a port that is taken, a clock
 * that a machine without a battery sets once it has found a server): worth a retry soon. All other
 * classes are decisions that only a new release, a new policy or an operator changes. */
bool fault_transient(int error) _const_;

/* Of several things that went wrong side by side, f keeps what mine says where another try soon may mend
 * that and not what f says; else what it has, the first. Returns f->error. */
int fault_keep(struct fault *f, const struct fault *mine);

/* Puts "text: " before what f says already; returns f->error. For callers that know the object. */
int fault_prefix(struct fault *f, const char *format, ...) _printf_(2, 3);
