/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* How sealift's programs talk to each other: SOCK_SEQPACKET, one message a packet, host byte order (both
 * ends are one build on one machine), exact lengths, at most one descriptor. What may arrive when is a table
 * (message_rule), as in OpenSSH's monitor; everything else is -EPROTO and the end of that conversation. */
enum {
        MESSAGE_PACKET_MAX =
                64 * 1024, /* far below the default socket buffer, so a packet never fails for its size */
        MESSAGE_HEADER_SIZE = 16,
        MESSAGE_PAYLOAD_MAX = MESSAGE_PACKET_MAX - MESSAGE_HEADER_SIZE,
};

struct message {
        uint16_t type;
        uint32_t len; /* bytes in payload */
        int fd;       /* owned by the receiver; -EBADF when none came */
        _Alignas(8) uint8_t payload[MESSAGE_PAYLOAD_MAX];
};

/* One row a message: allowed in the states whose bits are set, with min to max bytes, with or without a
 * descriptor; the state becomes next. */
struct message_rule {
        uint16_t type;
        const char *name;
        uint32_t states; /* bits 1 << state */
        uint32_t min, max;
        bool fd;
        unsigned next;
};

/* Sends one message; fd may be negative (none), it is not consumed. Blocks while the peer is slow. -EPIPE
 * when it has gone (never SIGPIPE), other -errno. */
_must_check_ int message_send(int sock, uint16_t type, const void *payload, size_t len, int fd);

/* The same with a payload in two parts (a fixed header and bytes). */
_must_check_ int message_send2(int sock, uint16_t type, const void *head, size_t head_len, const void *data,
                               size_t data_len, int fd);

/* Receives one message into m, checks it against rules in *state, and moves *state on. 1: a message. 0: the
 * peer closed in order. -EPROTO: it broke the rules (f says how). -EAGAIN only on a non-blocking socket.
 * Other -errno: socket trouble. A descriptor received is in m->fd (CLOEXEC); on errors none is left open. */
_must_check_ int message_receive(int sock, const struct message_rule *rules, size_t n_rules, unsigned *state,
                                 struct message *m, struct fault *f);

void message_done(struct message *m); /* closes a descriptor nobody took */

/* A char array in a payload is a string only if it ends inside itself. */
static inline bool message_text_valid(const char *field, size_t size)
{
        return memchr(field, '\0', size) != NULL;
}
#define MESSAGE_TEXT_VALID(array) message_text_valid((array), sizeof(array))

/* Connects to a socket unit's path (SOCK_SEQPACKET, CLOEXEC). The descriptor or -errno. */
_must_check_ int message_connect(const char *path);
