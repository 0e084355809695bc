/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What went wrong below HTTP, in the classes of ground/protocol.h and in words to act on. */

#include "fetch/trouble.h"

static const struct trouble {
        CURLcode code;
        int error;
        const char *what;
} troubles[] = {
        { CURLE_OUT_OF_MEMORY, -ENOMEM, "out of memory" },
        { CURLE_PEER_FAILED_VERIFICATION, -EACCES, "the server's certificate does not prove who it is" },
        { CURLE_SSL_ISSUER_ERROR, -EACCES, "the server's certificate does not prove who it is" },
        { CURLE_SSL_CACERT_BADFILE, -EACCES, "no CA certificates" },
        { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH, "the name cannot be looked up" },
        { CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH, "the proxy's name cannot be looked up" },
        { CURLE_COULDNT_CONNECT, -EHOSTUNREACH, "cannot connect" },
        { CURLE_SSL_CONNECT_ERROR, -EHOSTUNREACH, "no TLS connection (1.2 or later) with this server" },
        { CURLE_OPERATION_TIMEDOUT, -EHOSTUNREACH, "too slow" },
        { CURLE_PARTIAL_FILE, -EHOSTUNREACH, "the body ended before its end" },
        { CURLE_GOT_NOTHING, -EHOSTUNREACH, "the server closed the connection without an answer" },
        { CURLE_RECV_ERROR, -EHOSTUNREACH, "the connection broke" },
        { CURLE_SEND_ERROR, -EHOSTUNREACH, "the connection broke" },
};

int trouble_explain(CURLcode e, const char *detail, const char *ca_file, struct fault *f)
{
        const struct trouble other = { e, -EHOSTUNREACH, curl_easy_strerror(e) }, *c = &other;

        for (size_t i = 0; i < ELEMENTSOF(troubles); i++)
                if (troubles[i].code == e)
                        c = troubles + i;
        if (e == CURLE_SSL_CACERT_BADFILE)
                return fault_set(
                        f, c->error,
                        "cannot read %s%.200s; this process has a user of its own, so everybody must be "
                        "able to read it",
                        *ca_file ? "CAFile=" : "the system's CA certificates", ca_file);
        if (c->error == -EACCES)
                return fault_set(f, c->error,
                                 "%s (%.160s); check the name in URL=, this machine's clock, and %s%.200s",
                                 c->what, detail, *ca_file ? "CAFile=" : "the system's CA certificates",
                                 ca_file);
        return fault_set(f, c->error, "%s%s%.200s", c->what, *detail ? ": " : "", detail);
}
