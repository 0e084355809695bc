/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ground/message.h"

#include <sys/socket.h>

#include "tap.h"

enum { HELLO = 1, BYTES, PASS };
enum { FRESH, TALKING };

static const struct message_rule rules[] = {
        { HELLO, "HELLO", 1 << FRESH, 4, 4, false, TALKING },
        { BYTES, "BYTES", 1 << TALKING, 0, MESSAGE_PAYLOAD_MAX, false, TALKING },
        { PASS, "PASS", 1 << TALKING, 0, 0, true, TALKING },
};

struct pair {
        int a, b;
        unsigned state;
        struct message m;
        struct fault f;
};

static void pair_open(struct pair *p)
{
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
                abort();
        p->a = fds[0];
        p->b = fds[1];
        p->state = FRESH;
        p->f = (struct fault){};
}

static void pair_close(struct pair *p)
{
        p->a = fd_close(p->a);
        p->b = fd_close(p->b);
        message_done(&p->m);
}

static int pair_receive(struct pair *p)
{
        return message_receive(p->b, rules, ELEMENTSOF(rules), &p->state, &p->m, &p->f);
}

static void test_conversation(struct pair *p)
{
        static uint8_t large[MESSAGE_PAYLOAD_MAX];

        pair_open(p);
        tap_int(message_send(p->a, HELLO, "abcd", 4, -EBADF), 0, "a message is sent");
        tap_int(pair_receive(p), 1, "and received");
        tap_int(p->m.len, 4, "with its length");
        tap_ok(memcmp(p->m.payload, "abcd", 4) == 0, "and its bytes");
        tap_int(p->state, TALKING, "the state moves on");
        tap_int(message_send(p->a, BYTES, large, sizeof(large), -EBADF), 0,
                "the largest message fits a socket");
        tap_int(pair_receive(p), 1, "and arrives whole");
        tap_int(message_send2(p->a, BYTES, large, sizeof(large), "x", 1, -EBADF), -EMSGSIZE,
                "one byte more is refused");
        tap_int(message_send(p->a, PASS, NULL, 0, p->a), 0, "a descriptor is sent");
        tap_int(pair_receive(p), 1, "and received");
        tap_ok(p->m.fd >= 0 && (fcntl(p->m.fd, F_GETFD) & FD_CLOEXEC), "close-on-exec");
        message_done(&p->m);
        p->a = fd_close(p->a);
        tap_int(pair_receive(p), 0, "an orderly end is no error");
        pair_close(p);
}

static void expect_breach(struct pair *p, const char *word, const char *what)
{
        tap_int(pair_receive(p), -EPROTO, "%s is fatal", what);
        tap_like(p->f.text, word, "%s is named", what);
        tap_int(p->m.fd, -EBADF, "%s leaves no descriptor", what);
        pair_close(p);
}

static void test_breaches(struct pair *p)
{
        uint8_t raw[20] = { 0 };

        pair_open(p);
        (void)!message_send(p->a, BYTES, "x", 1, -EBADF);
        expect_breach(p, "BYTES out of turn", "a message in the wrong state");
        pair_open(p);
        (void)!message_send(p->a, HELLO, "abc", 3, -EBADF);
        expect_breach(p, "HELLO with 3 bytes", "a wrong length");
        pair_open(p);
        (void)!message_send(p->a, HELLO, "abcd", 4, p->a);
        expect_breach(p, "1 descriptors", "a descriptor nobody asked for");
        pair_open(p);
        (void)!message_send(p->a, 77, NULL, 0, -EBADF);
        expect_breach(p, "unknown type 77", "an unknown type");
        pair_open(p);
        (void)!send(p->a, raw, sizeof(raw), 0);
        expect_breach(p, "not a message", "a packet without our mark");
        pair_open(p);
        (void)!send(p->a, raw, 3, 0);
        expect_breach(p, "not a message", "a packet shorter than a header");
}

int main(void)
{
        static struct pair p;

        test_conversation(&p);
        test_breaches(&p);
        return tap_done();
}
