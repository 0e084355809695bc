/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a URL of sealift.conf may be. Pure; nothing is looked up. */

#include "facts/config_url.h"

#include <arpa/inet.h>

#include "ground/text.h"

static bool port_valid(const char *s, size_t n)
{
        char number[6];
        uint64_t port;

        if (n >= sizeof(number))
                return false;
        memcpy(number, s, n);
        number[n] = '\0';
        return text_parse_u64(number, UINT16_MAX, &port) >= 0 && port > 0;
}

/* host[:port] of n bytes; host is a name, an IPv4 address or an IPv6 address in brackets. */
static bool authority_valid(const char *s, size_t n)
{
        static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-.";
        size_t host;

        if (n > 0 && s[0] == '[') {
                host = strspn(s + 1, "0123456789abcdefABCDEF:.");
                if (host == 0 || s[1 + host] != ']')
                        return false;
                host += 2;
        } else
                host = strspn(s, name);
        if (host == 0 || host > n)
                return false;
        return host == n || (s[host] == ':' && port_valid(s + host + 1, n - host - 1));
}

/* This machine itself, in the only ways of writing it that nobody reads as something else. */
static bool authority_local(const char *s, size_t n)
{
        char host[sizeof("255.255.255.255")] = "";
        size_t len = *s == '[' ? strcspn(s, "]") + 1 : strcspn(s, ":/?#");
        struct in_addr address;

        if (!authority_valid(s, n) || len >= sizeof(host))
                return false;
        memcpy(host, s, len);
        if (str_eq(host, "localhost") || str_eq(host, "[::1]"))
                return true;
        return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* "file://host/" would be another machine's, by means that nobody has any more. */
static bool authority_absent(const char *s, size_t n)
{
        return n == 0 && *s == '/';
}

static const struct url_scheme {
        const char *prefix;
        bool (*authority)(const char *s, size_t n);
        const char *fault;
} url_schemes[] = {
        [CONFIG_HTTPS] = { "https://", authority_valid, "has no valid host[:port]" },
        [CONFIG_FILE] = { "file://", authority_absent, "is not file:// and an absolute path" },
        [CONFIG_HTTP_LOCALHOST] = { "http://", authority_local, "is not on this machine" },
};

const char *config_url_fault(const char *url, unsigned transports, enum config_transport *ret)
{
        static const char path[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/%+:@,=";
        size_t authority, i = 0;

        while (i < ELEMENTSOF(url_schemes) &&
               !(transports & 1U << i && str_has_prefix(url, url_schemes[i].prefix)))
                i++;
        if (i == ELEMENTSOF(url_schemes))
                return transports & 1U << CONFIG_FILE ? "not an https:// or file:// URL"
                                                      : "not an https:// URL";
        url += strlen(url_schemes[i].prefix);
        authority = strcspn(url, "/?#");
        if (memchr(url, '@', authority))
                return "has a user name; credentials do not belong in a URL";
        if (!url_schemes[i].authority(url, authority))
                return url_schemes[i].fault;
        if (strpbrk(url, "?#"))
                return "has a query or a fragment; a path is put behind this URL";
        if (url[authority + strspn(url + authority, path)] != '\0')
                return "has a character that must be written %XX";
        *ret = (enum config_transport)i;
        return NULL;
}

/* The port is asked for: that of HTTP (which a browser would take) is no proxy's, and libcurl takes 1080. */
const char *config_proxy_fault(const char *url)
{
        static const char *const schemes[] = { "http://", "https://" };
        size_t n;

        if (str_eq(url, CONFIG_PROXY_NONE))
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(schemes); i++) {
                if (!str_has_prefix(url, schemes[i]))
                        continue;
                url += strlen(schemes[i]);
                if (strchr(url, '@'))
                        return "has a user name; credentials are given to sealift-fetch@.service, see "
                               "sealift-fetch(8)";
                n = strlen(url) - str_has_suffix(url, "/");
                if (!authority_valid(url, n) || n == 0 || url[n - 1] == ']' || !memchr(url, ':', n))
                        return "is not http://host:port or https://host:port";
                return NULL;
        }
        return "not an http:// or https:// proxy, nor \"none\"";
}
