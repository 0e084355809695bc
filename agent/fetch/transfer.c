/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One HTTPS request at a time through libcurl, bytes straight into a pipe or out of a memfd. What comes back
 * is unverified by nature: TLS only keeps out the casual, signatures do the rest. This file must never open,
 * create or name a file (libcurl reads the CA certificates), and never follow where a server points. */

#include "fetch/transfer.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "fetch/answer.h"
#include "fetch/trouble.h"
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
        const struct login *login; /* borrowed; for proxies; or NULL */
        /* below: of the request under way */
        int pipe; /* or -EBADF */
        int body; /* or -EBADF */
        uint64_t max_bytes;
        uint64_t rate;         /* bytes a second that it may take; 0: any */
        uint64_t due_usec;     /* CLOCK_MONOTONIC: when the next of them may be taken */
        uint64_t resume;       /* the first byte of the object that the pipe is to have */
        uint64_t position;     /* in the object: of what came last */
        bool begun;            /* some of the body has come */
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

int transfer_new(int peer, uint64_t patience_usec, const struct login *login, struct transfer **ret)
{
        _cleanup_(transfer_freep) struct transfer *t = calloc(1, sizeof(*t));

        if (!t)
                return -ENOMEM;
        t->curl = curl_easy_init();
        if (!t->curl)
                return -ENOMEM;
        t->peer = peer;
        t->patience_usec = patience_usec;
        t->login = login;
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

/* Whether the caller has closed an end, while waiting msec for it. */
static bool caller_gone(const struct transfer *t, int msec)
{
        struct pollfd fds[] = { { .fd = t->peer }, { .fd = t->pipe } };

        return poll(fds, ELEMENTSOF(fds), msec) > 0 &&
               ((fds[0].revents | fds[1].revents) & (POLLHUP | POLLERR));
}

static int fault_caller_gone(struct fault *f)
{
        return fault_set(f, -EPIPE, "the caller has closed its end");
}

/* Called once a second at least. A caller that has closed its ends wants nothing more. */
static int on_progress(void *userdata, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
        struct transfer *t = userdata;

        if (!caller_gone(t, 0))
                return 0;
        t->error = fault_caller_gone(t->fault);
        return 1;
}

static uint64_t monotonic_usec(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* RateLimit=, by taking no more from the connection until it is time: the window of TCP does the rest. Not
 * CURLOPT_MAX_RECV_SPEED_LARGE: libcurl 7.88 was measured at up to 1.7 times of what it was given, and lets
 * the first second's worth pass at once. What was not used while the server was slow is not made up for. */
static int body_pace(struct transfer *t, size_t n, struct fault *f)
{
        uint64_t now;

        if (t->rate == 0)
                return 0;
        now = monotonic_usec();
        t->due_usec = (t->due_usec > now ? t->due_usec : now) + (uint64_t)n * 1000000 / t->rate;
        while (now < t->due_usec) {
                if (caller_gone(t, (int)((t->due_usec - now) / 1000) + 1))
                        return fault_caller_gone(f);
                now = monotonic_usec();
        }
        return 0;
}

/* The cap. Not libcurl's CURLOPT_MAXFILESIZE: before 8.4 that only looks at Content-Length, and it looks at
 * the one of an error page too. */
static bool body_fits(const struct transfer *t, uint64_t n)
{
        return n <= t->max_bytes - t->position;
}

/* The first bytes of a body: which part of the object they are, and whether what is announced fits. */
static int body_begin(struct transfer *t, struct fault *f)
{
        curl_off_t announced = -1;

        t->begun = true;
        if (t->resume > 0 && (!t->answer.ranged || t->answer.from != t->resume))
                return fault_set(f, -ERANGE, "the server sends another part than was asked for");
        t->position = t->resume;
        (void)curl_easy_getinfo(t->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
        if (announced >= 0 && !body_fits(t, (uint64_t)announced))
                return fault_set(f, -EFBIG, "longer than the %llu bytes expected",
                                 (unsigned long long)t->max_bytes);
        return 0;
}

static int body_pass(struct transfer *t, const char *data, size_t n, struct fault *f)
{
        int r;

        if (!body_fits(t, n))
                return fault_set(f, -EFBIG, "longer than the %llu bytes expected",
                                 (unsigned long long)t->max_bytes);
        r = io_write_full(t->pipe, data, n);
        if (r < 0)
                return fault_set_errno(f, r, "cannot pass the body on");
        t->position += n;
        t->bytes += n;
        return 0;
}

/* Only the body of a 200, or of the 206 that was asked for: an error page must not be mistaken for metadata.
 */
static size_t on_body(char *data, size_t one, size_t n, void *userdata)
{
        struct transfer *t = userdata;
        long status = 0;
        int r = 0;

        (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
        if (status == 200 && t->resume > 0) /* no error page: answer_check_status() says what it is */
                return CURL_WRITEFUNC_ERROR;
        if (status != (t->resume > 0 ? 206 : 200) || t->pipe < 0) {
                t->discarded += n;
                return t->discarded <= ERROR_PAGE_MAX ? n : CURL_WRITEFUNC_ERROR;
        }
        if (!t->begun)
                r = body_begin(t, t->fault);
        if (r >= 0)
                r = body_pace(t, n, t->fault);
        if (r >= 0)
                r = body_pass(t, data, n, t->fault);
        if (r < 0) {
                t->error = r;
                return CURL_WRITEFUNC_ERROR;
        }
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
        { CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_PROXY_SSL_VERIFYPEER, 1 },
        { CURLOPT_PROXY_SSL_VERIFYHOST, 2 },
        { CURLOPT_HTTPPROXYTUNNEL, 1 }, /* a proxy passes on what it cannot read, or nothing */
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

/* How a request gets to where it goes: what the configuration says of one source, or of the receiver. */
struct route {
        const char *url;
        enum config_transport transport;
        const char *ca_file, *proxy;
        uint64_t bytes; /* of the body, at most */
};

static CURLcode transfer_set_proxy(struct transfer *t, const struct route *route)
{
        CURL *c = t->curl;
        CURLcode e;

        /* a proxy would carry what is for this machine off it */
        if (route->transport == CONFIG_HTTP_LOCALHOST || str_eq(route->proxy, CONFIG_PROXY_NONE))
                return curl_easy_setopt(c, CURLOPT_PROXY, "");
        if (!*route->proxy)
                return CURLE_OK;
        e = curl_easy_setopt(c, CURLOPT_PROXY, route->proxy);
        e = e ?: curl_easy_setopt(c, CURLOPT_NOPROXY, ""); /* nor does $no_proxy lead around it */
        if (t->login) {
                e = e ?: curl_easy_setopt(c, CURLOPT_PROXYUSERNAME, t->login->user);
                e = e ?: curl_easy_setopt(c, CURLOPT_PROXYPASSWORD, t->login->password);
        }
        return e;
}

/* Else libcurl trusts the system's directory of CAs beside the ones that were configured. */
static CURLcode transfer_set_authorities(struct transfer *t, const char *ca_file)
{
        CURL *c = t->curl;
        CURLcode e = CURLE_OK;

        if (!*ca_file)
                return e;
        e = curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
        e = e ?: curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        e = e ?: curl_easy_setopt(c, CURLOPT_PROXY_CAINFO, ca_file);
        return e ?: curl_easy_setopt(c, CURLOPT_PROXY_CAPATH, NULL);
}

static CURLcode transfer_prepare(struct transfer *t, const struct route *route)
{
        CURL *c = t->curl;
        CURLcode e;

        curl_easy_reset(c); /* keeps connections, sessions and names looked up */
        e = curl_easy_setopt(c, CURLOPT_URL, route->url);
        e = e
                    ?: curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR,
                                        route->transport == CONFIG_HTTPS ? "https" : "http");
        e = e ?: curl_easy_setopt(c, CURLOPT_USERAGENT, PACKAGE_NAME "/" PACKAGE_VERSION);
        for (size_t i = 0; i < ELEMENTSOF(transfer_options); i++)
                e = e ?: curl_easy_setopt(c, transfer_options[i].option, transfer_options[i].value);
        e = e ?: transfer_set_proxy(t, route);
        e = e ?: transfer_set_authorities(t, route->ca_file);
        e = e ?: transfer_set_limits(t, route->bytes);
        return e ?: transfer_set_callbacks(t);
}

/* Runs what was prepared. A status that is not the one asked for says more than what went wrong after it. */
static int transfer_run(struct transfer *t, enum answer_expect expect, const char *ca_file,
                        struct transfer_result *result, struct fault *f)
{
        long connected = 0;
        char *location = NULL;
        CURLcode e;
        int r;

        e = curl_easy_perform(t->curl);
        (void)curl_easy_getinfo(t->curl, CURLINFO_HTTP_CONNECTCODE, &connected);
        (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &result->status);
        (void)curl_easy_getinfo(t->curl, CURLINFO_REDIRECT_URL, &location);
        result->bytes = t->bytes;
        if (t->error < 0)
                return t->error;
        if (connected >= 300 && e != CURLE_OK)
                return answer_check_proxy(connected, f);
        if (result->status >= 200) {
                r = answer_check_status(result->status, expect, location, f);
                if (r < 0)
                        return r;
        }
        if (e != CURLE_OK)
                return trouble_explain(e, t->detail, ca_file, f);
        memcpy(result->etag, t->answer.etag, sizeof(result->etag));
        return 0;
}

static void transfer_start(struct transfer *t, struct fault *f)
{
        t->pipe = t->body = -EBADF;
        t->rate = t->due_usec = 0;
        t->max_bytes = t->resume = t->position = t->size = t->offset = t->discarded = t->bytes = 0;
        t->begun = false;
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
        enum answer_expect expect = g->offset > 0 ? EXPECT_REST
                                    : *g->etag    ? EXPECT_BODY_OR_UNCHANGED
                                                  : EXPECT_BODY;
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
        t->resume = g->offset;
        t->rate = source->rate;
        e = transfer_prepare(t, &(struct route){ .url = url,
                                                 .transport = source->transport,
                                                 .ca_file = source->ca_file,
                                                 .proxy = source->proxy,
                                                 .bytes = g->max_bytes });
        if (g->offset > 0) {
                /* Not CURLOPT_RESUME_FROM: whether it goes on from there is judged here, by its answer. */
                (void)snprintf(line, sizeof(line), "%" PRIu64 "-", g->offset);
                e = e ?: curl_easy_setopt(t->curl, CURLOPT_RANGE, line);
        } else if (*g->etag) {
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
        e = transfer_prepare(t, &(struct route){ .url = url,
                                                 .transport = CONFIG_HTTPS,
                                                 .ca_file = report->ca_file,
                                                 .proxy = report->proxy,
                                                 .bytes = size });
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
