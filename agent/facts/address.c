/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses and ports. Pure: inet_pton() on text that somebody else wrote, no resolver. */

#include "facts/address.h"

#include <arpa/inet.h>

#include "ground/text.h"

static unsigned address_bits(int family)
{
        return family == AF_INET ? 32 : 128;
}

static bool address_bit(const uint8_t *bytes, unsigned i)
{
        return bytes[i / 8] >> (7 - i % 8) & 1;
}

static int address_parse_host(const char *s, size_t n, int family, struct address *ret)
{
        struct address a = { .family = family, .prefix = address_bits(family) };
        char text[INET6_ADDRSTRLEN];

        if (n == 0 || n >= sizeof(text))
                return -EINVAL;
        memcpy(text, s, n);
        text[n] = '\0';
        if (inet_pton(family, text, a.bytes) != 1)
                return -EINVAL;
        *ret = a;
        return 0;
}

int address_parse(const char *s, struct address *ret)
{
        size_t n = strcspn(s, "/");
        struct address a = {};
        uint64_t prefix;
        int r;

        if (str_eq(s, "any")) {
                *ret = (struct address){ .family = AF_UNSPEC };
                return 0;
        }
        r = address_parse_host(s, n, memchr(s, ':', n) ? AF_INET6 : AF_INET, &a);
        if (r < 0)
                return r;
        if (s[n]) {
                if (strlen(s + n + 1) > 3 || text_parse_u64(s + n + 1, a.prefix, &prefix) < 0)
                        return -EINVAL;
                for (unsigned i = (unsigned)prefix; i < a.prefix; i++)
                        if (address_bit(a.bytes, i))
                                return -EINVAL;
                a.prefix = (unsigned)prefix;
        }
        *ret = a;
        return 0;
}

static int address_parse_port(const char *s, uint16_t *ret)
{
        uint64_t port;

        if (*s == '0' || text_parse_u64(s, UINT16_MAX, &port) < 0)
                return -EINVAL;
        *ret = (uint16_t)port;
        return 0;
}

int address_parse_ports(const char *s, struct port_range *ret)
{
        struct port_range range = {};
        char first[6];
        size_t n;

        if (str_has_prefix(s, "udp:"))
                range.transport = TRANSPORT_UDP;
        else if (!str_has_prefix(s, "tcp:"))
                return -EINVAL;
        s += STRLEN("tcp:");
        n = strcspn(s, "-");
        if (n >= sizeof(first))
                return -EINVAL;
        memcpy(first, s, n);
        first[n] = '\0';
        if (address_parse_port(first, &range.first) < 0)
                return -EINVAL;
        range.last = range.first;
        if (s[n] && address_parse_port(s + n + 1, &range.last) < 0)
                return -EINVAL;
        if (range.last < range.first)
                return -EINVAL;
        *ret = range;
        return 0;
}

static bool address_is_zero(const struct address *a)
{
        static const uint8_t zero[sizeof(a->bytes)];

        return memcmp(a->bytes, zero, sizeof(zero)) == 0;
}

/* An IPv4 address in IPv6's clothes listens on IPv4 (RFC 4291, 2.5.5.2): it could pass by what is said about
 * that address. */
static bool address_is_mapped(const struct address *a)
{
        static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

        return a->family == AF_INET6 && memcmp(a->bytes, prefix, sizeof(prefix)) == 0;
}

void address_widen(struct address *a)
{
        if (!address_is_zero(a) || a->prefix != address_bits(a->family))
                return;
        a->prefix = 0;
        if (a->family == AF_INET6)
                a->family = AF_UNSPEC;
}

int address_parse_listen(const char *s, struct address *ret, uint16_t *ret_port)
{
        struct address a = { .family = AF_UNSPEC };
        const char *colon = strrchr(s, ':');
        uint16_t port;
        size_t n;

        if (address_parse_port(colon ? colon + 1 : s, &port) < 0)
                return -EINVAL;
        if (colon) {
                n = (size_t)(colon - s);
                if (*s == '['
                            ? n < 2 || s[n - 1] != ']' || address_parse_host(s + 1, n - 2, AF_INET6, &a) < 0
                            : address_parse_host(s, n, AF_INET, &a) < 0)
                        return -EINVAL;
                if (address_is_mapped(&a))
                        return -EINVAL;
                address_widen(&a);
        }
        *ret = a;
        *ret_port = port;
        return 0;
}

bool address_covers(const struct address *outer, const struct address *inner)
{
        if (outer->family == AF_UNSPEC)
                return true;
        if (outer->family != inner->family || outer->prefix > inner->prefix)
                return false;
        for (unsigned i = 0; i < outer->prefix; i++)
                if (address_bit(outer->bytes, i) != address_bit(inner->bytes, i))
                        return false;
        return true;
}

bool address_ports_cover(const struct port_range *outer, const struct port_range *inner)
{
        return outer->transport == inner->transport && outer->first <= inner->first &&
               inner->last <= outer->last;
}
