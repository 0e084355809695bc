/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "facts/manifest.h"
#include "ground/base.h"
#include "ground/fault.h"
#include "store/stage.h"

/* One conversation with sealift-unpack: the verified bundle goes in, entries come back and go to the stage.
 * The worker may do what it likes; the worst it can do is fail this bundle. */
struct install;

struct install *install_free(struct install *i); /* closes the socket, which ends the worker */
DEFINE_POINTER_CLEANUP(struct install, install_free)

/* Sends the bundle (a regular file of content->size bytes, open for reading only, length and SHA-256
 * verified). sock is a connected SOCK_SEQPACKET socket, transferred on success; bundle_fd may be closed
 * afterwards; stage is borrowed until install_free(). -EPIPE when the worker has gone. */
_must_check_ int install_new(int sock, int bundle_fd, const struct content *content, struct stage *stage,
                             struct install **ret, struct fault *f);

/* Handles exactly one message. 1: more to come; call again when the socket is readable. 0: all is in the
 * tree, as signed. -EAGAIN: nothing there yet (non-blocking socket). -EPROTO: the worker died or broke the
 * protocol; -EINVAL, -EFBIG, -EBADMSG: the bundle is not what was signed; other -errno: this host's disk or
 * memory. After an error: install_free() and tree_empty(). */
_must_check_ int install_step(struct install *i, struct fault *f);

/* The same to the end, on a blocking socket. sock is consumed in every case. */
_must_check_ int install_unpack(int sock, int bundle_fd, const struct content *content, struct stage *stage,
                                struct fault *f);
