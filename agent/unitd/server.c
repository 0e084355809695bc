/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Listens, accepts, receives, sends. Its peer is sealiftd, which reads what the network gave: by assumption
 * hostile. It may ask only what the table below allows, with names that are names; anything else ends the
 * conversation, and no unit is touched by that. */

#include "unitd/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <systemd/sd-journal.h>

#include "facts/name.h"

enum { SERVER_OPEN };

/* A client that stops reading must not stop us from watching units. */
enum { SERVER_SEND_MAX_SEC = 2 };

struct server {
        sd_event *event; /* borrowed */
        server_handler handler;
        void *userdata;
        sd_event_source *listener, *conversation;
        int listen_fd;   /* borrowed */
        int fd;          /* owned; the client, or -EBADF */
        uint64_t client; /* counts conversations */
        unsigned state;
        struct message message;
};

#define REQUEST(type, with_fd)                                                                              \
        {                                                                                                   \
                (type), #type, 1 << SERVER_OPEN, sizeof(struct unitd_request),                              \
                        sizeof(struct unitd_request), (with_fd), SERVER_OPEN                                \
        }

static const struct message_rule rules[] = {
        REQUEST(UNITD_PREPARE, true),  REQUEST(UNITD_START, false), REQUEST(UNITD_STOP, false),
        REQUEST(UNITD_REMOVE, false),  REQUEST(UNITD_LIST, false),  REQUEST(UNITD_PROBE, false),
        REQUEST(UNITD_MIGRATE, false), REQUEST(UNITD_CLOSE, false), REQUEST(UNITD_REPLACE, false),
};

static void server_hang_up(struct server *s)
{
        s->conversation = sd_event_source_disable_unref(s->conversation);
        s->fd = fd_close(s->fd);
        (void)sd_event_source_set_enabled(s->listener, SD_EVENT_ON);
}

struct server *server_free(struct server *s)
{
        if (s) {
                s->conversation = sd_event_source_disable_unref(s->conversation);
                s->listener = sd_event_source_disable_unref(s->listener);
                s->fd = fd_close(s->fd);
        }
        free(s);
        return NULL;
}

static int request_check(uint16_t type, const struct unitd_request *q, struct fault *f)
{
        if (q->id == 0)
                return fault_set(f, -EPROTO, "peer sent a request without an id");
        if (type == UNITD_LIST)
                return 0;
        if (!MESSAGE_TEXT_VALID(q->bundle) || !MESSAGE_TEXT_VALID(q->version) ||
            !MESSAGE_TEXT_VALID(q->digest) || !name_valid(q->bundle) || !name_version_valid(q->version) ||
            !name_digest_valid(q->digest))
                return fault_set(f, -EPROTO, "peer sent a request with a name that is not one");
        if ((type == UNITD_PROBE || type == UNITD_MIGRATE) &&
            (!MESSAGE_TEXT_VALID(q->task) || !name_valid(q->task)))
                return fault_set(f, -EPROTO, "peer sent a request for a task with a name that is not one");
        return 0;
}

static int on_message(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        struct server *s = userdata;
        const struct unitd_request *q = (const struct unitd_request *)(const void *)s->message.payload;
        struct fault f = {};
        int r;

        r = message_receive(s->fd, rules, ELEMENTSOF(rules), &s->state, &s->message, &f);
        if (r > 0 && request_check(s->message.type, q, &f) < 0)
                r = f.error;
        if (r > 0)
                s->handler(s->userdata, s->client, s->message.type, q, s->message.fd);
        message_done(&s->message);
        if (r > 0)
                return 0;
        if (r < 0)
                (void)sd_journal_print(LOG_WARNING, "Conversation ended: %s", f.text);
        server_hang_up(s);
        return 0;
}

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
        static const struct timeval patience = { .tv_sec = SERVER_SEND_MAX_SEC };
        struct server *s = userdata;
        _cleanup_close_ int client_fd = -EBADF;
        int r;

        client_fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (client_fd < 0)
                return 0; /* it has gone already */
        if (setsockopt(client_fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
                return 0;
        r = sd_event_add_io(s->event, &s->conversation, client_fd, EPOLLIN, on_message, s);
        if (r < 0)
                return 0;
        s->fd = TAKE_FD(client_fd);
        s->client++;
        s->state = SERVER_OPEN;
        (void)sd_event_source_set_enabled(s->listener, SD_EVENT_OFF);
        return 0;
}

int server_new(sd_event *event, int listen_fd, server_handler handler, void *userdata, struct server **ret,
               struct fault *f)
{
        _cleanup_(server_freep) struct server *s = NULL;
        int r;

        s = calloc(1, sizeof(*s));
        if (!s)
                return fault_set_errno(f, -ENOMEM, "cannot listen");
        s->event = event;
        s->listen_fd = listen_fd;
        s->handler = handler;
        s->userdata = userdata;
        s->fd = s->message.fd = -EBADF;
        r = sd_event_add_io(event, &s->listener, listen_fd, EPOLLIN, on_connection, s);
        if (r < 0)
                return fault_set_errno(f, r, "cannot listen");
        *ret = TAKE_PTR(s);
        return 0;
}

/* Only shuts the socket down: the end is then seen, and cleaned up, by on_message(), in which we may be. */
static void server_send(struct server *s, uint64_t client, uint16_t type, const void *payload, size_t len,
                        int fd)
{
        if (s->fd < 0 || (client != 0 && client != s->client))
                return;
        if (message_send(s->fd, type, payload, len, fd) < 0)
                (void)shutdown(s->fd, SHUT_RDWR);
}

void server_answer(struct server *s, uint64_t client, uint64_t id, const struct fault *f)
{
        struct unitd_result result = { .id = id, .error = f->error };

        memcpy(result.text, f->text, sizeof(result.text));
        server_send(s, client, UNITD_RESULT, &result, sizeof(result), -EBADF);
}

void server_give_tree(struct server *s, uint64_t client, uint64_t id, int fd)
{
        const struct unitd_result result = { .id = id };

        server_send(s, client, UNITD_TREE, &result, sizeof(result), fd);
}

void server_tell_unit(struct server *s, uint64_t client, uint16_t type, const struct unitd_unit *u)
{
        server_send(s, client, type, u, sizeof(*u), -EBADF);
}

void server_tell_job(struct server *s, uint64_t client, const struct unitd_job *j)
{
        server_send(s, client, UNITD_JOB, j, sizeof(*j), -EBADF);
}

void server_tell_probed(struct server *s, uint64_t client, const struct unitd_probed *p)
{
        server_send(s, client, UNITD_PROBED, p, sizeof(*p), -EBADF);
}
