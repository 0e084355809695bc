/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-fetch: the only process of sealift that touches the network. Its caller, on descriptor 0, names a
 * source of the configuration and a path below it, and gets bytes down a pipe. It has no store, no keys and
 * no rights; whoever breaks libcurl gets to invent bytes that no signature covers. */

#include <curl/curl.h>
#include <signal.h>
#include <sys/stat.h>

#include "facts/config.h"
#include "fetch/folder.h"
#include "fetch/transfer.h"
#include "ground/args.h"
#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/message.h"
#include "ground/protocol.h"
#include "ground/text.h"

/* How long to wait for a connection, or for a server that has gone silent: longer than a mobile link takes
 * to come back, shorter than a poll. */
#define PATIENCE_DEFAULT "30s"
/* libcurl counts low speed in whole seconds; past an hour it is no limit. */
#define PATIENCE_MIN_USEC UINT64_C(1000000)
#define PATIENCE_MAX_USEC UINT64_C(3600000000)
/* A report is some kilobytes of text for each bundle. */
#define UPLOAD_BYTES_MAX (UINT64_C(16) << 20)

static const char *arg_config = CONFIG_PATH;
static const char *arg_patience = PATIENCE_DEFAULT;
static const char *arg_source, *arg_ca_file;
static bool arg_http_localhost;

static const struct args_option options[] = {
        ARGS_TEXT(0, "ca-file", "FILE", &arg_ca_file, "CAFile= of --source"),
        ARGS_TEXT('c', "config", "FILE", &arg_config, "read FILE instead of " CONFIG_PATH),
        ARGS_FLAG(0, "http-localhost", &arg_http_localhost,
                  "for tests: a source may be http:// on this machine itself"),
        ARGS_TEXT(0, "patience", "SPAN", &arg_patience,
                  "wait this long for a silent server, default " PATIENCE_DEFAULT),
        ARGS_TEXT(0, "source", "URL", &arg_source, "one source, \"repository\", instead of a configuration"),
};

static const struct args_command command = {
        .name = "sealift-fetch",
        .operands = "",
        .help = "Fetches objects of configured sources for the caller on descriptor 0 (sealift-fetch(8)).",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

enum { STATE_IDLE };

static const struct message_rule rules[] = {
        { FETCH_GET, "FETCH_GET", 1 << STATE_IDLE, sizeof(struct fetch_get), sizeof(struct fetch_get), true,
          STATE_IDLE },
        { FETCH_UPLOAD, "FETCH_UPLOAD", 1 << STATE_IDLE, sizeof(struct fetch_upload),
          sizeof(struct fetch_upload), true, STATE_IDLE },
};

struct worker {
        struct transfer *transfer; /* owned */
        struct login login;
        struct config *config;       /* owned; NULL if it could not be read */
        struct fault config_fault;   /* then: why, told to whoever asks for something */
        struct transfer_result last; /* of the request under way */
};

static void worker_done(struct worker *w)
{
        transfer_free(w->transfer);
        config_free(w->config);
}

static int config_read(const char *file, struct config **ret, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, file, CONFIG_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return r;
        return (arg_http_localhost ? config_parse_for_tests : config_parse)(text, len, file, ret, f);
}

/* The configuration that --source stands for. A newline would be a line of its own. */
static int config_make(struct config **ret, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(CONFIG_BYTES_MAX);

        if (!text_printable(arg_source, strlen(arg_source)) ||
            (arg_ca_file && !text_printable(arg_ca_file, strlen(arg_ca_file))))
                return fault_set(f, -EINVAL, "--source, --ca-file: control characters in it");
        (void)buffer_printf(&b, "[Agent]\nChannel=none\nSource=repository\n[Source repository]\nURL=%s\n",
                            arg_source);
        if (arg_ca_file)
                (void)buffer_printf(&b, "CAFile=%s\n", arg_ca_file);
        if (b.error < 0)
                return fault_set_errno(f, b.error, "--source");
        return (arg_http_localhost ? config_parse_for_tests : config_parse)(b.data, b.len, "--source", ret,
                                                                            f);
}

/* A pipe, open for writing: whatever else came would make this process write where it must not. A
 * non-blocking one would turn a slow reader into an error. */
static int pipe_check(int fd, struct fault *f)
{
        struct stat st;
        int flags = fcntl(fd, F_GETFL);

        if (fstat(fd, &st) < 0 || flags < 0 || !S_ISFIFO(st.st_mode) || (flags & O_ACCMODE) == O_RDONLY)
                return fault_set(f, -EPROTO, "peer sent FETCH_GET with something that is not a pipe");
        if (fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
                return fault_set_errno(f, -errno, "cannot use the peer's pipe");
        return 0;
}

static int upload_check(int fd, uint64_t size, struct fault *f)
{
        const int sealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        int seals = fcntl(fd, F_GET_SEALS);
        struct stat st;

        if (seals < 0 || (seals & sealed) != sealed || fstat(fd, &st) < 0 || (uint64_t)st.st_size != size)
                return fault_set(f, -EPROTO,
                                 "peer sent FETCH_UPLOAD without a sealed memory file of its size");
        if (size > UPLOAD_BYTES_MAX)
                return fault_set(f, -EPROTO, "peer sent FETCH_UPLOAD of %llu bytes",
                                 (unsigned long long)size);
        return 0;
}

static int worker_get(struct worker *w, struct message *m, struct fault *why, struct fault *f)
{
        _cleanup_close_ int pipe = TAKE_FD(m->fd);
        const struct fetch_get *g = (const struct fetch_get *)m->payload;
        const struct config_source *source;
        int r;

        if (!MESSAGE_TEXT_VALID(g->source) || !MESSAGE_TEXT_VALID(g->path) || !MESSAGE_TEXT_VALID(g->etag) ||
            g->max_bytes > INT64_MAX || g->offset > g->max_bytes)
                return fault_set(f, -EPROTO, "peer sent a malformed FETCH_GET");
        r = pipe_check(pipe, f);
        if (r < 0)
                return r;
        if (!w->config) {
                *why = w->config_fault;
                return 0;
        }
        source = config_find_source(w->config, g->source);
        if (!source) {
                (void)fault_set(why, -EINVAL, "%s: there is no [Source %s]", arg_config, g->source);
                return 0;
        }
        r = source->transport == CONFIG_FILE ? folder_get(source, g, pipe, &w->last, why)
                                             : transfer_get(w->transfer, source, g, pipe, &w->last, why);
        if (r < 0)
                (void)fault_prefix(why, "%.200s of source %s", g->path, g->source);
        return 0;
}

static int worker_upload(struct worker *w, struct message *m, struct fault *why, struct fault *f)
{
        _cleanup_close_ int body = TAKE_FD(m->fd);
        const struct fetch_upload *u = (const struct fetch_upload *)m->payload;
        int r;

        if (!MESSAGE_TEXT_VALID(u->name))
                return fault_set(f, -EPROTO, "peer sent a malformed FETCH_UPLOAD");
        r = upload_check(body, u->size, f);
        if (r < 0)
                return r;
        if (!w->config) {
                *why = w->config_fault;
                return 0;
        }
        if (transfer_upload(w->transfer, &w->config->report, u->name, body, u->size, &w->last, why) < 0)
                (void)fault_prefix(why, "report %s", u->name);
        return 0;
}

/* One request. f is for what ends the conversation; what only fails the request goes to the caller. */
static int worker_serve(struct worker *w, struct message *m, struct fault *f)
{
        struct fetch_done done = {};
        struct fault why = {};
        int r;

        w->last = (struct transfer_result){};
        r = m->type == FETCH_GET ? worker_get(w, m, &why, f) : worker_upload(w, m, &why, f);
        message_done(m);
        if (r < 0)
                return r;
        done.error = why.error;
        done.status = (int32_t)w->last.status;
        done.bytes = w->last.bytes;
        memcpy(done.etag, w->last.etag, sizeof(done.etag));
        memcpy(done.text, why.text, sizeof(done.text));
        r = message_send(STDIN_FILENO, FETCH_DONE, &done, sizeof(done), -EBADF);
        if (r < 0 && r != -EPIPE)
                return fault_set_errno(f, r, "cannot answer");
        return 0;
}

static int conversation_run(struct worker *w, struct fault *f)
{
        static struct message m;
        unsigned state = STATE_IDLE;

        for (;;) {
                int r;

                r = message_receive(STDIN_FILENO, rules, ELEMENTSOF(rules), &state, &m, f);
                if (r <= 0)
                        return r;
                r = worker_serve(w, &m, f);
                if (r < 0)
                        return r;
        }
}

static int run(void)
{
        _cleanup_(worker_done) struct worker w = {};
        struct fault f = {}, why = {};
        uint64_t patience;
        int r;

        if (text_parse_span(arg_patience, &patience) < 0 || patience < PATIENCE_MIN_USEC ||
            patience > PATIENCE_MAX_USEC) {
                (void)fprintf(stderr, "<3>--patience=%s: not a time span from 1s to 1h\n", arg_patience);
                return EXIT_STATUS_USAGE;
        }
        (void)(arg_source ? config_make(&w.config, &w.config_fault)
                          : config_read(arg_config, &w.config, &w.config_fault));
        r = login_read(&w.login, &why);
        /* A login that is no login is told to whoever asks for something, as a configuration that is none.
         */
        if (r < 0) {
                w.config = config_free(w.config);
                w.config_fault = why;
        }
        r = transfer_new(STDIN_FILENO, patience, r > 0 ? &w.login : NULL, &w.transfer);
        if (r >= 0)
                r = conversation_run(&w, &f);
        if (r < 0) {
                (void)fprintf(stderr, "<3>%s\n", *f.text ? f.text : strerror(-r));
                return EXIT_STATUS_FAILED;
        }
        return EXIT_STATUS_OK;
}

int main(int argc, char **argv)
{
        char **operands;
        int n, status, r;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        /* A reader that closes its pipe ends one request, not this process. */
        (void)signal(SIGPIPE, SIG_IGN);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
                (void)fprintf(stderr, "<3>cannot initialise libcurl\n");
                return EXIT_STATUS_FAILED;
        }
        r = run();
        curl_global_cleanup();
        return r;
}
