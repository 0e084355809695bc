/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-event.h>

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/message.h"
#include "ground/protocol.h"

/* The conversation with sealiftd (ground/protocol.h): one client at a time, whose every message is checked
 * against a table before it counts. */
struct server;

/* One valid request: names are names, the id is not 0. client tells conversations apart. The descriptor of
 * UNITD_PREPARE is m->fd, closed after the call. */
typedef void (*server_handler)(void *userdata, uint64_t client, uint16_t type, const struct unitd_request *q,
                               int fd);

struct server *server_free(struct server *s);
DEFINE_POINTER_CLEANUP(struct server, server_free)

/* listen_fd is systemd's and stays open. */
_must_check_ int server_new(sd_event *event, int listen_fd, server_handler handler, void *userdata,
                            struct server **ret, struct fault *f);

/* All do nothing where that client has gone; client 0 is whoever is there. A client that does not read
 * is put out. fd is not consumed. */
void server_answer(struct server *s, uint64_t client, uint64_t id, const struct fault *f);
void server_give_tree(struct server *s, uint64_t client, uint64_t id, int fd);
void server_tell_unit(struct server *s, uint64_t client, uint16_t type, const struct unitd_unit *u);
void server_tell_job(struct server *s, uint64_t client, const struct unitd_job *j);
void server_tell_probed(struct server *s, uint64_t client, const struct unitd_probed *p);
