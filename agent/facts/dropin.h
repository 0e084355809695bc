/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/buffer.h"
#include "ground/fault.h"
#include "facts/manifest.h"
#include "ground/paths.h"

/* The drop-in that makes a transient unit one of ours: ExecStart= and every wall around it, as text in
 * unit-file syntax. It is a drop-in, not properties of the StartTransientUnit call, because a transient unit
 * loses some of those at the next daemon-reload (RestrictNamespaces=yes comes back as "unrestricted"). */

enum {
        DROPIN_BYTES_MAX = 256 * 1024, /* what settings of one service may add up to */
        DROPIN_PORT_MIN = 1024,        /* below, a service would need a capability and PrivateUsers=no */
};

#define DROPIN_NAME   "50-sealift.conf"
#define DROPIN_BUNDLE "/bundle" /* where every service finds its bundle */
#define DROPIN_ASKED  "/asked"  /* where sealift-probe finds the socket that it asks through */

struct dropin { /* all borrowed */
        const struct manifest *manifest;
        const struct service *service; /* one of manifest's */
        const char *digest;            /* of the manifest, hex */
        const char *tree;              /* the release's tree, absolute: PID 1 resolves it */
        const char *root;              /* the unit's skeleton, absolute: PID 1 resolves it */
        const char *profile;           /* of AppArmor; "" or NULL: none */
        /* Units that run while this one is made: what it is started after, and stopped before, and the other
         * way round. So the machine goes down in the order of After=, whatever was started again since. */
        const char *const *after, *const *before;
        size_t n_after, n_before;
        /* Sockets that this unit alone gets, for those who ask after its health. */
        const char *const *listeners;
        size_t n_listeners;
        uint64_t attempt;
};

/* Appends the whole text. -EINVAL: something that unit-file syntax would read as more than a value; -EPERM:
 * a port below DROPIN_PORT_MIN; -EFBIG, -ENOMEM. */
_must_check_ int dropin_write(const struct dropin *d, struct buffer *out, struct fault *f);

/* "sealift-<place>.<name>.socket" */
void dropin_socket_name(const char *place, const char *name, char ret[static UNIT_NAME_SIZE]);

/* "sealift-<place>.<name>.timer" */
void dropin_timer_name(const char *place, const char *name, char ret[static UNIT_NAME_SIZE]);

/* The listener that one unit of a service gets beside its socket of that name; n as in name_unit(). Where it
 * listens is short, as a UNIX socket's address has to be. */
enum { DROPIN_LISTENER_PATH_SIZE = sizeof(LISTENERS_PATH) + 1 + 2 * 16 };
void dropin_listener_name(const char *place, const char *socket, const char *digest, unsigned n,
                          char ret[static UNIT_NAME_SIZE]);
_must_check_ int dropin_listener_path(const char *name, char ret[static DROPIN_LISTENER_PATH_SIZE]);

/* Its whole unit file. Errors as dropin_write(). */
_must_check_ int dropin_write_listener(const struct manifest *m, const struct socket_unit *s,
                                       const char *name, const char *unit, struct buffer *out,
                                       struct fault *f);

/* What a socket or timer of that name starts: "sealift-wake@<place>.<name>.service", shipped; for a timer
 * with
 * ":timer" behind the name, since a socket may have the same. False: it is neither. */
bool dropin_wake_of(const char *held, char ret[static UNIT_NAME_SIZE]);

/* Whether held is called as a socket or timer of that place is. */
bool dropin_is_held_for(const char *held, const char *place);

/* The whole unit file of a socket. It names no release, so that it stays the same while releases come and
 * go. Errors as dropin_write(). */
_must_check_ int dropin_write_socket(const struct manifest *m, const struct socket_unit *s,
                                     struct buffer *out, struct fault *f);

/* The same of a timer. */
_must_check_ int dropin_write_timer(const struct manifest *m, const struct timer_unit *t, struct buffer *out,
                                    struct fault *f);

/* A job with this sandbox begins as sealift-hold, and becomes its program at SIGCONT: every one, where that
 * could be linked statically; else those that find a libc in their /usr. */
bool dropin_job_is_held(const struct sandbox *x);
