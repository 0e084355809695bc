/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one message module of all sealift programs. Both ends treat the other as hostile: a broken worker must
 * not be able to confuse sealiftd, and sealiftd must not be able to confuse a worker that runs with other
 * rights. */

#include "ground/message.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

enum { MESSAGE_MAGIC = 0x5ea11f70 };

struct header {
        uint32_t magic;
        uint16_t type;
        uint16_t n_fds;
        uint32_t len;
        uint32_t reserved; /* zero */
};
_Static_assert(sizeof(struct header) == MESSAGE_HEADER_SIZE, "the header is what is on the wire");

int message_send2(int sock, uint16_t type, const void *head, size_t head_len, const void *data,
                  size_t data_len, int fd)
{
        struct header h = {
                .magic = MESSAGE_MAGIC,
                .type = type,
                .n_fds = fd >= 0,
                .len = (uint32_t)(head_len + data_len),
        };
        struct iovec iov[] = {
                { .iov_base = &h, .iov_len = sizeof(h) },
                { .iov_base = (void *)(uintptr_t)head, .iov_len = head_len },
                { .iov_base = (void *)(uintptr_t)data, .iov_len = data_len },
        };
        union {
                struct cmsghdr align;
                uint8_t bytes[CMSG_SPACE(sizeof(int))];
        } control = {};
        struct msghdr mh = { .msg_iov = iov, .msg_iovlen = ELEMENTSOF(iov) };

        if (head_len > MESSAGE_PAYLOAD_MAX || data_len > MESSAGE_PAYLOAD_MAX - head_len)
                return -EMSGSIZE;
        if (fd >= 0) {
                struct cmsghdr *c;

                mh.msg_control = &control;
                mh.msg_controllen = sizeof(control);
                c = CMSG_FIRSTHDR(&mh);
                c->cmsg_level = SOL_SOCKET;
                c->cmsg_type = SCM_RIGHTS;
                c->cmsg_len = CMSG_LEN(sizeof(int));
                memcpy(CMSG_DATA(c), &fd, sizeof(int));
        }
        for (;;) {
                if (sendmsg(sock, &mh, MSG_NOSIGNAL) >= 0)
                        return 0;
                if (errno != EINTR)
                        return -errno;
        }
}

int message_send(int sock, uint16_t type, const void *payload, size_t len, int fd)
{
        return message_send2(sock, type, payload, len, NULL, 0, fd);
}

/* Keeps the first descriptor of the control data and closes the rest; returns how many there were. */
static size_t descriptors_take(struct msghdr *mh, int *ret_fd)
{
        size_t n = 0;

        for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
                size_t count;

                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
                        continue;
                count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
                for (size_t i = 0; i < count; i++) {
                        int fd;

                        memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
                        if (n++ == 0)
                                *ret_fd = fd;
                        else
                                (void)fd_close(fd);
                }
        }
        return n;
}

static const struct message_rule *rule_find(const struct message_rule *rules, size_t n, uint16_t type)
{
        for (size_t i = 0; i < n; i++)
                if (rules[i].type == type)
                        return rules + i;
        return NULL;
}

static int message_check(const struct header *h, size_t received, size_t n_fds,
                         const struct message_rule *rules, size_t n_rules, unsigned state,
                         const struct message_rule **ret, struct fault *f)
{
        const struct message_rule *rule;

        if (received < sizeof(*h) || h->magic != MESSAGE_MAGIC || h->reserved != 0)
                return fault_set(f, -EPROTO, "peer sent something that is not a message");
        if (h->len != received - sizeof(*h) || h->n_fds != n_fds)
                return fault_set(f, -EPROTO, "peer sent a message of type %u whose header lies", h->type);
        rule = rule_find(rules, n_rules, h->type);
        if (!rule)
                return fault_set(f, -EPROTO, "peer sent a message of unknown type %u", h->type);
        if (!(rule->states & (UINT32_C(1) << state)))
                return fault_set(f, -EPROTO, "peer sent %s out of turn", rule->name);
        if (h->len < rule->min || h->len > rule->max)
                return fault_set(f, -EPROTO, "peer sent %s with %u bytes", rule->name, h->len);
        if (n_fds != (size_t)rule->fd)
                return fault_set(f, -EPROTO, "peer sent %s with %zu descriptors", rule->name, n_fds);
        *ret = rule;
        return 0;
}

int message_receive(int sock, const struct message_rule *rules, size_t n_rules, unsigned *state,
                    struct message *m, struct fault *f)
{
        struct header h = {};
        struct iovec iov[] = {
                { .iov_base = &h, .iov_len = sizeof(h) },
                { .iov_base = m->payload, .iov_len = sizeof(m->payload) },
        };
        union {
                struct cmsghdr align;
                uint8_t bytes[CMSG_SPACE(4 * sizeof(int))];
        } control;
        struct msghdr mh = {
                .msg_iov = iov,
                .msg_iovlen = ELEMENTSOF(iov),
                .msg_control = &control,
                .msg_controllen = sizeof(control),
        };
        const struct message_rule *rule = NULL;
        _cleanup_close_ int fd = -EBADF;
        size_t n_fds;
        ssize_t n;
        int r;

        m->fd = -EBADF;
        do
                n = recvmsg(sock, &mh, MSG_CMSG_CLOEXEC);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return fault_set_errno(f, -errno, "cannot receive from peer");
        n_fds = descriptors_take(&mh, &fd);
        if (n == 0 && n_fds == 0)
                return 0; /* an empty packet cannot be told from the end, and means the same to us */
        if (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
                return fault_set(f, -EPROTO, "peer sent a message that is too large");
        r = message_check(&h, (size_t)n, n_fds, rules, n_rules, *state, &rule, f);
        if (r < 0)
                return r;
        m->type = h.type;
        m->len = h.len;
        m->fd = TAKE_FD(fd);
        *state = rule->next;
        return 1;
}

void message_done(struct message *m)
{
        m->fd = fd_close(m->fd);
}

int message_connect(const char *path)
{
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = -EBADF;

        if (strlen(path) >= sizeof(sa.sun_path))
                return -ENAMETOOLONG;
        memcpy(sa.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return -errno;
        if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0)
                return -errno;
        return TAKE_FD(fd);
}
