/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The real sealift-fetch against nginx and against servers that misbehave. */

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "ground/io.h"
#include "ground/message.h"
#include "ground/protocol.h"

#include "fetch-worker.h"
#include "tap.h"

static void test_objects(struct worker *w)
{
        char first[64], etag[FETCH_ETAG_SIZE];

        web_write(&web, "bucket/1.root.json", "{\"signed\": 1}\n");
        web_write(&web, "bucket/a+b", "plus\n");
        worker_open(w, "sealift.conf", "30s");
        tap_int(worker_get(w, "nginx", "1.root.json", 100, ""), 0, "an object arrives (%s)", w->done.text);
        tap_str(w->body, "{\"signed\": 1}\n", "with its bytes");
        tap_int(w->done.status, 200, "its status");
        tap_int((long long)w->done.bytes, 14, "its length");
        tap_ok(w->done.etag[0] == '"', "its ETag");
        memcpy(etag, w->done.etag, sizeof(etag));
        tap_int(worker_get(w, "nginx", "1.root.json", 100, etag), 0, "asked again with the ETag");
        tap_int(w->done.status, 304, "it is unchanged");
        tap_int((long long)w->len, 0, "and not sent");
        tap_int(worker_get(w, "nginx", "1.root.json", 100, "\"other\""), 0, "asked with an old ETag");
        tap_int(w->done.status, 200, "it is sent");
        tap_int(worker_get(w, "nginx", "2.root.json", 100, ""), -ENOENT, "what is not there");
        tap_int(w->done.status, 404, "is a 404");
        tap_int((long long)w->len, 0, "whose error page is not passed on");
        tap_like(w->done.text, "2.root.json of source nginx: HTTP status 404", "and which is named");
        tap_int(worker_get(w, "nginx", "a+b", 100, ""), 0, "a plus in a name");
        tap_str(w->body, "plus\n", "is a plus");
        (void)worker_get(w, "nginx", "raw/1+2", 100, "");
        tap_str(w->body, "/bucket/raw/1%2B2", "that S3 cannot take for a space");
        (void)worker_get(w, "nginx", "raw/1.%2e%2E%2Fa%3Fb%23%2B.json", 100, "");
        tap_str(w->body, "/bucket/raw/1.%2e%2E%2Fa%3Fb%23%2B.json", "what is encoded goes out as it is");
        tap_int(worker_get(w, "nginx", "raw/%2e%2E/%2e./1.root.json", 100, ""), -EINVAL,
                "what a server would decode to a way out does not");
        (void)worker_get(w, "dotted", "raw/1", 100, "");
        tap_str(w->body, "/bucket/x/../raw/1", "so does what the configuration says");
        (void)worker_get(w, "nginx", "headers", 100, "");
        tap_str(w->body, "||sealift/" PACKAGE_VERSION, "no encodings, no cookies, our name");
        (void)worker_get(w, "nginx", "connection", 100, "");
        (void)snprintf(first, sizeof(first), "%.60s", w->body);
        (void)worker_get(w, "nginx", "nothing", 100, "");
        (void)worker_get(w, "nginx", "connection", 100, "");
        tap_str(w->body, first, "one connection serves a conversation, a 404 between");
        worker_close(w);
}

static void folder_fill(void)
{
        char dir[128], outside[128];

        (void)snprintf(dir, sizeof(dir), "%s/bucket", web.dir);
        (void)snprintf(outside, sizeof(outside), "%s/outside", web.dir);
        web_write(&web, "bucket/folder.json", "{\"signed\": 2}\n");
        web_write(&web, "bucket/large.json", "%200000d", 1);
        web_write(&web, "bucket/1.team%2Fweb.json", "as written\n");
        web_write(&web, "bucket/a b", "odd\n");
        web_write(&web, "bucket/100%", "odder\n");
        web_write(&web, "outside", "not in the folder\n");
        if (chdir(dir) < 0 || mkdir("below", 0755) < 0 || symlink("folder.json", "link") < 0 ||
            symlink(outside, "away") < 0 || symlink(web.dir, "up") < 0 || mkfifo("fifo", 0644) < 0 ||
            chdir("/") < 0)
                web_bail_out("the test itself has failed");
}

/* What a server, or the network, does; how it is told apart; a word of why. */
static const struct failure {
        const char *source, *path;
        int error, status;
        const char *like;
} failures[] = {
        { "evil", "truncated", -EHOSTUNREACH, 200, "ended before its end" },
        { "evil", "truncated-chunks", -EHOSTUNREACH, 200, "" },
        { "evil", "endless", -EFBIG, 200, "100000 bytes expected" },
        { "evil", "announced-large", -EFBIG, 200, "100000 bytes expected" },
        { "evil", "endless-404", -ENOENT, 404, "HTTP status 404" },
        { "evil", "redirect", -EINVAL, 302, "https://elsewhere.example/bucket" },
        { "evil", "redirect-here", -EINVAL, 302, "/good: redirects are not followed" },
        { "evil", "reset", -EHOSTUNREACH, 200, "" },
        { "evil", "silent-close", -EHOSTUNREACH, 0, "without an answer" },
        { "evil", "endless-headers", -EHOSTUNREACH, 200, "header lines without end" },
        { "evil", "interim", -EHOSTUNREACH, 100, "header lines without end" },
        { "evil", "not-http", -EHOSTUNREACH, 0, "" },
        { "evil", "unasked-304", -EHOSTUNREACH, 304, "304" },
        { "evil", "partial", -EHOSTUNREACH, 206, "206" },
        { "evil", "status/204", -EHOSTUNREACH, 204, "204" },
        { "evil", "status/400", -EINVAL, 400, "URL=" },
        { "evil", "status/401", -EACCES, 401, "credentials" },
        { "evil", "status/403", -ENOENT, 403, "403" },
        { "evil", "status/410", -ENOENT, 410, "410" },
        { "evil", "status/429", -EHOSTUNREACH, 429, "busy" },
        { "evil", "status/500", -EHOSTUNREACH, 500, "trouble" },
        { "evil", "status/503", -EHOSTUNREACH, 503, "trouble" },
        { "other", "good", -EACCES, 0, "check the name in URL=" },
        { "expired", "good", -EACCES, 0, "clock" },
        { "stranger", "1.root.json", -EACCES, 0, "/stranger.pem" },
        { "system", "1.root.json", -EACCES, 0, "the system's CA certificates" },
        { "nofile", "1.root.json", -EACCES, 0, "/none.pem" },
        { "down", "good", -EHOSTUNREACH, 0, "cannot connect" },
        { "noname", "good", -EHOSTUNREACH, 0, "cannot be looked up" },
        { "nobody", "good", -EINVAL, 0, "there is no [Source nobody]" },
        { "evil", "", -EINVAL, 0, "not a path" },
        { "evil", "../good", -EINVAL, 0, "not a path" },
        { "evil", "good?x", -EINVAL, 0, "not a path" },
};

/* What lies in a folder. */
static const struct failure folder_failures[] = {
        { "folder", "nothing", -ENOENT, 0, "nothing of source folder: not there" },
        { "folder", "below/nothing", -ENOENT, 0, "not there" },
        { "folder", "folder.json/x", -EINVAL, 0, "cannot open" },
        { "folder", "below", -EINVAL, 0, "not a regular file" },
        { "folder", "fifo", -EINVAL, 0, "not a regular file" },
        { "folder", "link", -EINVAL, 0, "no link is followed" },
        { "folder", "away", -EINVAL, 0, "no link is followed" },
        { "folder", "up/outside", -EINVAL, 0, "no link is followed" },
        { "folder", "../outside", -EINVAL, 0, "not a path" },
        { "folder", "%2e%2e/outside", -EINVAL, 0, "not a path" },
        { "folder", "..%2foutside", -EINVAL, 0, "not a path" },
        { "folder", "below%2F..%2F..%2Foutside", -EINVAL, 0, "not a path" },
        { "folder", "%2Fetc%2Fpasswd", -EINVAL, 0, "" },
        { "unplugged", "folder.json", -EHOSTUNREACH, 0, "is it mounted?" },
};

static void test_folder(struct worker *w)
{
        folder_fill();
        worker_open(w, "sealift.conf", "30s");
        tap_int(worker_get(w, "folder", "folder.json", 14, ""), 0, "an object of a folder (%s)",
                w->done.text);
        tap_str(w->body, "{\"signed\": 2}\n", "with its bytes");
        tap_int((long long)w->done.bytes, 14, "their number");
        tap_str(w->done.etag, "", "and no ETag");
        tap_int(worker_get(w, "folder", "folder.json", 13, ""), -EFBIG, "a byte more than the cap");
        tap_int((long long)w->len, 0, "is nothing");
        tap_int(worker_get(w, "folder", "large.json", 100000, ""), -EFBIG, "a file that is far too long");
        tap_int((long long)w->len, 0, "is not begun");
        tap_int(worker_get(w, "proc", "version", 5, ""), -EFBIG, "a file that says it has no length");
        tap_int((long long)w->len, 0, "is counted");
        tap_int(worker_get(w, "proc", "version", 500, ""), 0, "and read to its end");
        tap_like(w->body, "Linux", "as it is");
        tap_int(worker_get(w, "folder", "a%20b", 100, ""), 0, "a name with a space");
        tap_str(w->body, "odd\n", "is decoded");
        tap_int(worker_get(w, "folder", "100%25", 100, ""), 0, "one with a percent sign");
        tap_str(w->body, "odder\n", "too");
        tap_int(worker_get(w, "folder", "1.team%2Fweb.json", 100, ""), 0,
                "a name that is encoded there, too");
        tap_str(w->body, "as written\n", "is found as it is");
        for (size_t i = 0; i < ELEMENTSOF(folder_failures); i++) {
                const struct failure *c = folder_failures + i;

                tap_int(worker_get(w, c->source, c->path, 100000, ""), c->error, "%s of %s: its class",
                        c->path, c->source);
                tap_int((long long)w->len, 0, "%s of %s: nothing comes", c->path, c->source);
                tap_like(w->done.text, c->like, "%s of %s: why (%s)", c->path, c->source, w->done.text);
        }
        tap_int(worker_get(w, "nginx", "1.root.json", 100, ""), 0, "the network is there as before");
        worker_close(w);
}

static void test_failures(struct worker *w)
{
        worker_open(w, "sealift.conf", "30s");
        for (size_t i = 0; i < ELEMENTSOF(failures); i++) {
                const struct failure *c = failures + i;

                tap_int(worker_get(w, c->source, c->path, 100000, ""), c->error, "%s of %s: its class",
                        c->path, c->source);
                tap_int(w->done.status, c->status, "%s of %s: its status", c->path, c->source);
                tap_like(w->done.text, c->like, "%s of %s: why (%s)", c->path, c->source, w->done.text);
                tap_ok(w->len <= 100000 && w->len == w->done.bytes, "%s of %s: never past the cap", c->path,
                       c->source);
        }
        tap_int(worker_get(w, "evil", "good", 5, ""), 0, "after all of that the worker still serves (%s)",
                w->done.text);
        tap_int(worker_get(w, "evil", "good", 4, ""), -EFBIG, "one byte over the cap is refused");
        tap_int(worker_get(w, "evil", "longer-than-said", 100, ""), 0, "bytes behind the end");
        tap_str(w->body, "good\n", "are cut off");
        tap_int(worker_get(w, "evil", "bad-etag", 100, ""), 0, "a malformed ETag does no harm");
        tap_str(w->done.etag, "", "and is not kept");
        tap_int(worker_get(w, "evil", "good", 100, "\"x\"\r\nX: y"), -EINVAL, "nor sent");
        tap_int(worker_get(w, "evil", "good HTTP/1.1\r\nX: y", 100, ""), -EINVAL,
                "no header hides in a path");
        worker_close(w);
}

/* Asked for what is behind the first bytes of "0123456789"; wherever it begins, the pipe has no others. */
static const struct rest_case {
        const char *source, *path;
        uint64_t offset, max;
        int error, status;
        const char *body, *like;
} rests[] = {
        { "nginx", "digits", 4, 10, 0, 206, "456789", "" },
        { "nginx", "digits", 9, 10, 0, 206, "9", "" },
        { "nginx", "digits", 10, 20, -ERANGE, 416, "", "416" },
        { "nginx", "digits", 4, 9, -EFBIG, 206, "", "longer than the 9 bytes" },
        { "nginx", "gone", 4, 10, -ENOENT, 404, "", "not there" },
        { "evil", "whole", 4, 10, -ERANGE, 200, "", "no ranges" },
        { "evil", "whole", 10, 10, -ERANGE, 200, "", "no ranges" },
        { "evil", "part", 4, 10, -ERANGE, 206, "", "another part" },
        { "evil", "partial", 1, 5, 0, 206, "oo", "" },
        { "evil", "partial", 2, 5, -ERANGE, 206, "", "another part" },
        { "evil", "unranged", 2, 10, -ERANGE, 206, "", "another part" },
        { "evil", "endless", 4, 1000000, -ERANGE, 200, "", "no ranges" },
        { "evil", "refuses-ranges", 4, 10, -ERANGE, 416, "", "416" },
        { "evil", "status/500", 4, 10, -EHOSTUNREACH, 500, "", "trouble" },
        { "folder", "digits", 4, 10, 0, 0, "456789", "" },
        { "folder", "digits", 10, 10, 0, 0, "", "" },
        { "folder", "digits", 4, 9, -EFBIG, 0, "", "longer" },
        { "folder", "digits", 11, 20, -ERANGE, 0, "", "shorter" },
};

static void test_rests(struct worker *w)
{
        worker_open(w, "sealift.conf", "30s");
        for (size_t i = 0; i < ELEMENTSOF(rests); i++) {
                const struct rest_case *c = rests + i;

                offset = c->offset;
                tap_int(worker_get(w, c->source, c->path, c->max, ""), c->error, "%s of %s from %d on (%s)",
                        c->path, c->source, (int)c->offset, w->done.text);
                tap_int(w->done.status, c->status, "its status");
                tap_str(w->body, c->body, "the rest");
                tap_ok(w->len <= c->max - c->offset && w->len == w->done.bytes, "and no more");
                tap_like(w->done.text, c->like, "why");
        }
        offset = 0;
        tap_int(worker_get(w, "evil", "refuses-ranges", 10, ""), 0, "asked for all of it, it has it");
        worker_close(w);
}

/* All at once, since each takes its time: 11 s, but what stalls is told long before. */
static void test_patience(void)
{
        static const struct {
                const char *path, *like, *what;
        } cases[] = {
                { "stall", "Less than 1024 bytes/sec", "a server that says nothing" },
                { "stall-in-body", "Less than 1024 bytes/sec", "a server that stops half-way" },
                { "drip", "Less than 1024 bytes/sec", "a server that only drips" },
                { "trickle", "timed out after", "a server that never quite stalls" },
        };
        static struct worker workers[ELEMENTSOF(cases)];
        int pipes[ELEMENTSOF(cases)];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                worker_open(workers + i, "sealift.conf", "4s");
                pipes[i] = worker_ask(workers + i, "evil", cases[i].path, 32000, "");
        }
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                tap_int(worker_receive(workers + i), 1, "%s is given up", cases[i].what);
                tap_int(workers[i].done.error, -EHOSTUNREACH, "as trouble that may pass");
                tap_like(workers[i].done.text, cases[i].like, "for being too slow (%s)",
                         workers[i].done.text);
                (void)fd_close(pipes[i]);
                worker_close(workers + i);
        }
}

static void test_caller_goes(struct worker *w)
{
        int fd;

        worker_open(w, "sealift.conf", "1h");
        fd = worker_ask(w, "evil", "endless", UINT64_C(1) << 40, "");
        (void)fd_close(fd);
        tap_int(worker_receive(w), 1, "a reader that closes its pipe ends the transfer");
        tap_int(w->done.error, -EPIPE, "as what it is");
        fd = worker_ask(w, "evil", "stall", 100, "");
        (void)fd_close(fd);
        tap_int(worker_receive(w), 1, "also while the server is silent");
        tap_int(w->done.error, -EPIPE, "as what it is");
        fd = worker_ask(w, "evil", "stall", 100, "");
        worker_close(w);
        (void)fd_close(fd);
}

/* The parent of a worker may be slow, and objects large: neither may cost memory. */
static void test_memory(struct worker *w)
{
        static const size_t size = 256 << 20;
        char path[128], line[128];
        long peak = 0;
        int fd;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/bucket/large", web.dir);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
                web_bail_out("the test itself has failed");
        (void)fd_close(fd);
        worker_open(w, "sealift.conf", "30s");
        tap_int(worker_get(w, "nginx", "large", size, ""), 0, "256 MiB arrive");
        tap_int((long long)w->len, (long long)size, "whole");
        (void)snprintf(path, sizeof(path), "/proc/%d/status", w->pid);
        f = fopen(path, "re");
        while (f && fgets(line, sizeof(line), f))
                (void)sscanf(line, "VmHWM: %ld", &peak);
        if (f)
                (void)fclose(f);
#ifdef __SANITIZE_ADDRESS__
        tap_skip("resident memory", "shadow memory counts");
#else
        tap_ok(peak > 0 && peak < 24 * 1024, "with less than 24 MiB resident (%ld KiB)", peak);
#endif
        worker_close(w);
}

/* Debian's OpenSSL would not speak TLS 1.1 of itself: here it is told to, so that the refusal is ours. */
static void test_old_tls(struct worker *w)
{
        char path[128], command[256];

        (void)snprintf(path, sizeof(path), "%s/openssl.cnf", web.dir);
        (void)snprintf(
                command, sizeof(command),
                "openssl s_client -tls1_1 -cipher DEFAULT@SECLEVEL=0 -connect 127.0.0.1:%u </dev/null",
                web.old_port);
        web_write(&web, "openssl.cnf",
                  "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = old\n"
                  "[old]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n");
        (void)setenv("OPENSSL_CONF", path, 1);
        tap_int(web_run((const char *const[]){ "sh", "-c", command, NULL }), 0,
                "a server that speaks TLS 1.1 and nothing newer");
        worker_open(w, "sealift.conf", "30s");
        (void)unsetenv("OPENSSL_CONF");
        tap_int(worker_get(w, "old", "1.root.json", 100, ""), -EHOSTUNREACH, "is not spoken to");
        tap_like(w->done.text, "no TLS connection (1.2 or later)", "for that (%s)", w->done.text);
        worker_close(w);
}

static void test_configuration(struct worker *w)
{
        worker_open(w, "broken.conf", "30s");
        tap_int(worker_get(w, "nginx", "x", 1, ""), -EINVAL, "a broken configuration fails each request");
        tap_like(w->done.text, "broken.conf:2: ", "with file and line");
        worker_close(w);
        worker_open(w, "none.conf", "30s");
        tap_int(worker_get(w, "nginx", "x", 1, ""), -ENOENT, "so does one that is not there");
        tap_like(w->done.text, "none.conf: cannot open", "with its name");
        worker_close(w);
}

static void breach(struct worker *w, uint16_t type, const void *payload, size_t len, int fd,
                   const char *what)
{
        worker_open(w, "sealift.conf", "30s");
        if (message_send(w->sock, type, payload, len, fd) < 0)
                web_bail_out("the test itself has failed");
        tap_int(worker_receive(w), 0, "%s: no answer", what);
        tap_int(worker_wait(w), EXIT_FAILURE << 8, "%s: the end", what);
}

static void test_breaches(struct worker *w)
{
        struct fetch_get g = { .max_bytes = 100, .source = "evil", .path = "good" }, unending = g, huge = g,
                         behind = g;
        struct fetch_upload u = { .size = 2, .name = "x" }, longer = { .size = 3, .name = "x" };
        _cleanup_close_ int file = memfd_create("file", MFD_CLOEXEC), open_file = -EBADF, sealed = -EBADF;
        int fds[2];
        struct stat st;

        if (pipe2(fds, O_CLOEXEC) < 0)
                web_bail_out("the test itself has failed");
        open_file = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        sealed = io_memfd_sealed("sealed", "{}", 2);
        (void)!write(open_file, "{}", 2);
        memset(unending.path, 'x', sizeof(unending.path));
        huge.max_bytes = UINT64_MAX;
        behind.offset = 101;
        breach(w, FETCH_DONE, NULL, 0, -EBADF, "a message only we send");
        breach(w, FETCH_GET, &g, sizeof(g), -EBADF, "a request without a pipe");
        breach(w, FETCH_GET, &g, sizeof(g) - 1, fds[1], "a request too short");
        breach(w, FETCH_GET, &unending, sizeof(g), fds[1], "text without end");
        breach(w, FETCH_GET, &huge, sizeof(g), fds[1], "a cap that is none");
        breach(w, FETCH_GET, &behind, sizeof(g), fds[1], "an offset behind the cap");
        breach(w, FETCH_GET, &g, sizeof(g), fds[0], "the wrong end of a pipe");
        breach(w, FETCH_GET, &g, sizeof(g), file, "a file in place of a pipe");
        tap_ok(fstat(file, &st) == 0 && st.st_size == 0, "and nothing is written to it");
        breach(w, FETCH_UPLOAD, &u, sizeof(u), open_file, "an upload that may still change");
        breach(w, FETCH_UPLOAD, &u, sizeof(u), fds[0], "an upload that is a pipe");
        breach(w, FETCH_UPLOAD, &longer, sizeof(longer), sealed, "an upload of another length");
        (void)fd_close(fds[0]);
        (void)fd_close(fds[1]);
}

int main(void)
{
        if (!fetch_begin())
                return 0;
        web_write(&web, "broken.conf", "[Agent]\nChanel=c\n");
        test_objects(&worker);
        test_folder(&worker);
        test_failures(&worker);
        test_rests(&worker);
        test_patience();
        test_caller_goes(&worker);
        test_memory(&worker);
        test_old_tls(&worker);
        test_configuration(&worker);
        test_breaches(&worker);
        web_stop(&web);
        return tap_done();
}
