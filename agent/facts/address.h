/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* Addresses and ports as manifests and policies write them. Text in, numbers out; nothing is looked up. */

enum transport { TRANSPORT_TCP, TRANSPORT_UDP };

struct address {    /* of the network, its host bits zero */
        int family; /* AF_INET, AF_INET6, or AF_UNSPEC: any address */
        uint8_t bytes[16];
        unsigned prefix; /* bits; of a single address 32 or 128 */
};

struct port_range { /* "tcp:8080", "tcp:1024-65535" */
        enum transport transport;
        uint16_t first, last;
};

/* "any", "192.0.2.1", "192.0.2.0/24", "2001:db8::/32". -EINVAL; host bits that are set are -EINVAL too,
 * since they are a mistake about what is meant. */
_must_check_ int address_parse(const char *s, struct address *ret);

/* "tcp:PORT" or "tcp:FIRST-LAST". -EINVAL. */
_must_check_ int address_parse_ports(const char *s, struct port_range *ret);

/* A listen address of systemd.socket(5), internet sockets only: "8080", "192.0.2.1:8080", "[::1]:8080". The
 * bare port is every address (AF_UNSPEC), and so is "[::]:8080"; "0.0.0.0:8080" is every one of IPv4.
 * -EINVAL; of "[::ffff:192.0.2.1]:8080" too, which is an IPv4 address by another name. */
_must_check_ int address_parse_listen(const char *s, struct address *ret, uint16_t *ret_port);

/* Of what is listened on: the single address 0.0.0.0 is each of IPv4's, and :: each of both, since systemd
 * makes such sockets with BindIPv6Only=both (facts/dropin.c). Others stay as they are. */
void address_widen(struct address *a);

/* Every address of inner is one of outer. */
bool address_covers(const struct address *outer, const struct address *inner);
bool address_ports_cover(const struct port_range *outer, const struct port_range *inner);
