/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One HTTPS request at a time through libcurl, bytes straight into a pipe or out of a memfd. What comes back
 * is unverified by nature: TLS only keeps out the casual, signatures do the rest. This file must never open,
 * create or name a file (libcurl reads the CA certificates), and never follow where a server points. */

#include "fetch/transfer.h"

#include <curl/curl.h>
#include <poll.h>

#include "fetch/answer.h"
#include "fetch/url.h"
#include "ground/io.h"

/* A server that sends less, for as long as patience says, is stalling (TUF's "slow retrieval attack"). */
enum { SPEED_MIN = 1024 };
/* The whole of a transfer may not take longer than at this average, on top of twice the patience: one byte a
 * second stays below no low-speed limit that a real mobile link would survive. */
enum { SPEED_AVERAGE_MIN = 8 * 1024 };
/* An error page is read to its end, so that the connection can be used again; an endless one is not. */
enum { ERROR_PAGE_MAX = 64 * 1024 };

struct transfer {
        CURL *curl; /* owned */
        int peer;
        uint64_t patience_usec;
        /* below: of the request under way */
        int pipe; /* or -EBADF */
        int body; /* or -EBADF */
        uint64_t max_bytes;
        uint64_t size, offset; /* of body */
        uint64_t discarded;
        uint64_t bytes;
        int error; /* set, with fault, when a callback stopped it */
        struct fault *fault;
        struct answer answer;
        char detail[CURL_ERROR_SIZE];
};

struct transfer *transfer_free(struct transfer *t)
{
        if (t)
                curl_easy_cleanup(t->curl);
        free(t);
        return NULL;
}

int transfer_new(int peer, uint64_t patience_usec, struct transfer **ret)
{
        _cleanup_(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->curl = curl_easy_init();
        if (!t->curl)
                return -ENOMEM;
        t->peer = peer;
        t->patience_usec = patience_usec;
        *ret = TAKE_PTR(t);
        return 0;
}

static size_t on_header(char *line, size_t one, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        int r;

        r = answer_add_header(&t->answer, line, n);
        if (r < 0) {
                t->error = fault_set(t->fault, -EHOSTUNREACH, "the server sends header lines without end");
                return CURL_WRITEFUNC_ERROR;
        }
        return n;
}

/* The cap. Not libcurl's CURLOPT_MAXFILESIZE: before 8.4 that only looks at Content-Length, and it looks at
 * the one of an error page too. */
static bool body_fits(const struct transfer *t, size_t n)
{
        curl_off_t announced = -1;

        if (t->bytes == 0)
                (void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        return n <= t->max_bytes - t->bytes && (announced < 0 || (uint64_t)announced <= t->max_bytes);
}

/* Only the body of a 200 is what was asked for: an error page must not be mistaken for metadata. */
static size_t on_body(char *data, size_t one, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        long status = 0;
        int r;

        (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200 || t->pipe < 0) {
                t->discarded += n;
                return t->discarded <= ERROR_PAGE_MAX ? n : CURL_WRITEFUNC_ERROR;
        }
        if (!body_fits(t, n)) {
                t->error = fault_set(t->fault, -EFBIG, "longer than the %llu bytes expected",
                                     (unsigned long long)t->max_bytes);
                return CURL_WRITEFUNC_ERROR;
        }
        r = io_write_full(t->pipe, data, n);
        if (r < 0) {
                t->error = fault_set_errno(t->fault, r, "cannot pass the body on");
                return CURL_WRITEFUNC_ERROR;
        }
        t->bytes += n;
        return n;
}

static size_t on_read(char *data, size_t one, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        ssize_t k;

        if (n > t->size - t->offset)
                n = (size_t)(t->size - t->offset);
        do
                k = pread(t->body, data, n, (off_t)t->offset);
        while (k < 0 && errno == EINTR);
        if (k < 0) {
                t->error = fault_set_errno(t->fault, -errno, "cannot read what is to be uploaded");
                return CURL_READFUNC_ABORT;
        }
        t->offset += (uint64_t)k;
        return (size_t)k;
}

/* libcurl rewinds when a connection that was kept alive turns out to be dead. */
static int on_seek(void *userdata, curl_off_t offset, int origin)
{
        struct transfer *t = userdata;

        if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->size)
                return CURL_SEEKFUNC_FAIL;
        t->offset = (uint64_t)offset;
        return CURL_SEEKFUNC_OK;
}

/* Called once a second at least. A caller that has closed its ends wants nothing more. */
static int on_progress(void *userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
        struct transfer *t = userdata;
        struct pollfd fds[] = { { .fd = t->peer }, { .fd = t->pipe } };

        if (poll(fds, ELEMENTSOF(fds), 0) <= 0 || !((fds[0].revents | fds[1].revents) & (POLLHUP | POLLERR)))
                return 0;
        t->error = fault_set(t->fault, -EPIPE, "the caller has closed its end");
        return 1;
}

static long transfer_time_max(const struct transfer *t, uint64_t bytes)
{
        uint64_t seconds = bytes / SPEED_AVERAGE_MIN + 2 * t->patience_usec / 1000000;

        return seconds < INT32_MAX / 1000 ? (long)seconds : INT32_MAX / 1000;
}

/* What holds for every request, first of all TLS: 1.2 at least, the peer's chain and its name checked. */
static const struct transfer_option {
        CURLoption option;
        long value;
} transfer_options[] = {
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_SSL_VERIFYPEER, 1 },
        { CURLOPT_SSL_VERIFYHOST, 2 },
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
        { CURLOPT_PATH_AS_IS, 1 }, /* no "..", "%2e" or "//" is resolved: url_build() has spoken */
        { CURLOPT_NETRC, CURL_NETRC_IGNORED },
        /* HTTP/2 gives one request at a time nothing but more code that a hostile server can reach. */
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_LOW_SPEED_LIMIT, SPEED_MIN },
        { CURLOPT_NOSIGNAL, 1 },
        { CURLOPT_NOPROGRESS, 0 },
};

static CURLcode transfer_set_limits(struct transfer *t, uint64_t bytes)
{
        CURL *c = t->curl;
        long seconds = (long)(t->patience_usec / 1000000);
        CURLcode e;

        e = curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, seconds);
        e = e ?: curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, seconds);
        return e ?: curl_easy_setopt(c, CURLOPT_TIMEOUT, transfer_time_max(t, bytes));
}

static CURLcode transfer_set_callbacks(struct transfer *t)
{
        CURL *c = t->curl;
        CURLcode e;

        e = curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->detail);
        e = e ?: curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
        e = e ?: curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
        e = e ?: curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
        e = e ?: curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
        e = e ?: curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
        e = e ?: curl_easy_setopt(c, CURLOPT_READDATA, t);
        e = e ?: curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
        e = e ?: curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
        e = e ?: curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
        return e ?: curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
}

static CURLcode transfer_prepare(struct transfer *t, const char *url, enum config_transport transport,
                                 const char *ca_file, uint64_t bytes)
{
        CURL *c = t->curl;
        CURLcode e;

        curl_easy_reset(c); /* keeps connections, sessions and names looked up */
        e = curl_easy_setopt(c, CURLOPT_URL, url);
        e = e ?: curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, transport == CONFIG_HTTPS ? "https" : "http");
        if (transport == CONFIG_HTTP_LOCALHOST) /* a proxy would carry it off this machine */
                e = e ?: curl_easy_setopt(c, CURLOPT_PROXY, "");
        e = e ?: curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
        for (size_t i = 0; i < ELEMENTSOF(transfer_options); i++)
                e = e ?: curl_easy_setopt(c, transfer_options[i].option, transfer_options[i].value);
        if (*ca_file) {
                e = e ?: curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
                /* Else libcurl trusts the system's directory of CAs beside the one that was configured. */
                e = e ?: curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        }
        e = e ?: transfer_set_limits(t, bytes);
        return e ?: transfer_set_callbacks(t);
}

static const struct transfer_class {
        CURLcode code;
        int error;
        const char *what;
} transfer_classes[] = {
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

static int transfer_explain(const struct transfer *t, CURLcode e, const char *ca_file, struct fault *f)
{
        const struct transfer_class other = { e, -EHOSTUNREACH, curl_easy_strerror(e) }, *c = &other;

        for (size_t i = 0; i < ELEMENTSOF(transfer_classes); i++)
                if (transfer_classes[i].code == e)
                        c = transfer_classes + i;
        if (e == CURLE_SSL_CACERT_BADFILE)
                return fault_set(
                        f, c->error,
                        "cannot read %s%.200s; this process has a user of its own, so everybody must be "
                        "able to read it",
                        *ca_file ? "CAFile=" : "the system's CA certificates", ca_file);
        if (c->error == -EACCES)
                return fault_set(f, c->error,
                                 "%s (%.160s); check the name in URL=, this machine's clock, and %s%.200s",
                                 c->what, t->detail, *ca_file ? "CAFile=" : "the system's CA certificates",
                                 ca_file);
        return fault_set(f, c->error, "%s%s%.200s", c->what, *t->detail ? ": " : "", t->detail);
}

/* Runs what was prepared. A status that is not the one asked for says more than what went wrong after it. */
static int transfer_run(struct transfer *t, enum answer_expect expect, const char *ca_file,
                        struct transfer_result *result, struct fault *f)
{
        char *location = NULL;
        CURLcode e;
        int r;

        e = curl_easy_perform(t->curl);
        (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &result->status);
        (void)curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &location);
        result->bytes = t->bytes;
        if (t->error < 0)
                return t->error;
        if (result->status >= 200) {
                r = answer_check_status(result->status, expect, location, f);
                if (r < 0)
                        return r;
        }
        if (e != CURLE_OK)
                return transfer_explain(t, e, ca_file, f);
        memcpy(result->etag, t->answer.etag, sizeof(result->etag));
        return 0;
}

static void transfer_start(struct transfer *t, struct fault *f)
{
        t->pipe = t->body = -EBADF;
        t->max_bytes = t->size = t->offset = t->discarded = t->bytes = 0;
        t->error = 0;
        t->fault = f;
        t->answer = (struct answer){};
        t->detail[0] = '\0';
}

static void slist_done(struct curl_slist **l)
{
        curl_slist_free_all(*l);
}

static int header_add(struct curl_slist **l, const char *line)
{
        struct curl_slist *longer = curl_slist_append(*l, line);

        if (!longer)
                return -ENOMEM;
        *l = longer;
        return 0;
}

int transfer_get(struct transfer *t, const struct config_source *source, const struct fetch_get *g, int pipe,
                 struct transfer_result *result, struct fault *f)
{
        _cleanup_(slist_done) struct curl_slist *headers = NULL;
        char url[URL_SIZE], line[STRLEN("If-None-Match: ") + FETCH_ETAG_SIZE];
        enum answer_expect expect = *g->etag ? EXPECT_BODY_OR_UNCHANGED : EXPECT_BODY;
        CURLcode e;
        int r;

        *result = (struct transfer_result){};
        r = url_build(source->url, g->path, url, f);
        if (r < 0)
                return r;
        if (*g->etag && !answer_etag_valid(g->etag))
                return fault_set(f, -EINVAL, "%.130s: not an ETag", g->etag);
        transfer_start(t, f);
        t->pipe = pipe;
        t->max_bytes = g->max_bytes;
        e = transfer_prepare(t, url, source->transport, source->ca_file, g->max_bytes);
        if (*g->etag) {
                (void)snprintf(line, sizeof(line), "If-None-Match: %s", g->etag);
                r = header_add(&headers, line);
                e = e ?: curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
        }
        if (r < 0 || e != CURLE_OK)
                return fault_set(f, -ENOMEM, "libcurl refuses an option: %s", curl_easy_strerror(e));
        return transfer_run(t, expect, source->ca_file, result, f);
}

int transfer_upload(struct transfer *t, const struct config_report *report, const char *name, int body,
                    uint64_t size, struct transfer_result *result, struct fault *f)
{
        _cleanup_(slist_done) struct curl_slist *headers = NULL;
        bool put = report->method == REPORT_PUT;
        char url[URL_SIZE];
        CURLcode e;
        int r;

        *result = (struct transfer_result){};
        r = url_build_report(report, name, url, f);
        if (r < 0)
                return r;
        r = header_add(&headers, "Content-Type: application/json");
        if (r >= 0)
                r = header_add(&headers, "Expect:"); /* a round trip that a small body does not need */
        transfer_start(t, f);
        t->body = body;
        t->size = size;
        e = transfer_prepare(t, url, CONFIG_HTTPS, report->ca_file, size);
        e = e ?: curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
        e = e ?: curl_easy_setopt(t->curl, put ? CURLOPT_UPLOAD : CURLOPT_POST, 1L);
        e = e
                    ?: curl_easy_setopt(t->curl,
                                        put ? CURLOPT_INFILESIZE_LARGE : CURLOPT_POSTFIELDSIZE_LARGE,
                                        (curl_off_t)size);
        if (r < 0 || e != CURLE_OK)
                return fault_set(f, -ENOMEM, "libcurl refuses an option: %s", curl_easy_strerror(e));
        return transfer_run(t, EXPECT_STORED, report->ca_file, result, f);
}
