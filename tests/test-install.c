/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealiftd's side of unpacking: first against a worker that lies, then with the real worker and every bundle
 * that must not become a tree. */

#include "sealiftd/install.h"

#include <limits.h>

#include "content.h"
#include "ground/message.h"
#include "store/tree.h"
#include "tap.h"
#include "tape.h"
#include "worker.h"

static const struct content_item items[] = {
        { ENTRY_DIRECTORY, 0755, "bin", NULL, NULL },
        { ENTRY_FILE, 0755, "bin/web", "#!/bin/sh\n", NULL },
        { ENTRY_SYMLINK, 0777, "bin/www", NULL, "web" },
        { ENTRY_FILE, 0644, "empty", "", NULL },
};

struct site {
        char path[256];
        int fd;
        struct content content;
        struct stage *stage;
        struct fault f;
        int worker; /* the hostile worker's end */
        struct install *install;
};

static void site_open(struct site *s)
{
        *s = (struct site){ .worker = -EBADF };
        s->fd = scratch_make(s->path);
        content_make(items, ELEMENTSOF(items), &s->content);
        if (stage_new(s->fd, &s->content, &s->stage, &s->f) < 0)
                abort();
}

static void site_close(struct site *s)
{
        s->install = install_free(s->install);
        s->stage = stage_free(s->stage);
        s->worker = fd_close(s->worker);
        content_done(&s->content);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
}

/* A conversation that has begun, with a worker of our own. */
static void site_talk(struct site *s)
{
        _cleanup_close_ int bundle = tape_publish(&BUFFER_INIT(0));
        int fds[2];

        site_open(s);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0 ||
            install_new(fds[0], bundle, &s->content, s->stage, &s->install, &s->f) < 0)
                abort();
        s->worker = fds[1];
}

static void say(struct site *s, uint16_t type, const void *data, size_t len)
{
        if (message_send(s->worker, type, data, len, -EBADF) < 0)
                abort();
}

static void say_entry(struct site *s, const struct content_item *item)
{
        struct unpack_entry e = { .type = item->type, .mode = item->mode };

        e.size = item->data ? strlen(item->data) : 0;
        (void)snprintf(e.path, sizeof(e.path), "%s", item->path);
        (void)snprintf(e.target, sizeof(e.target), "%s", item->target ? item->target : "");
        say(s, UNPACK_ENTRY, &e, sizeof(e));
}

static int step_all(struct site *s)
{
        int r;

        do
                r = install_step(s->install, &s->f);
        while (r > 0);
        return r;
}

static void expect(struct site *s, int error, const char *words, const char *what)
{
        tap_int(step_all(s), error, "%s", what);
        tap_like(s->f.text, words, "%s: told", what);
        site_close(s);
}

static void test_conversation(void)
{
        struct site s;

        site_talk(&s);
        say_entry(&s, items);
        tap_int(install_step(s.install, &s.f), 1, "one step is one message (%s)", s.f.text);
        say_entry(&s, items + 1);
        say(&s, UNPACK_DATA, "#!/bin", 6);
        say(&s, UNPACK_DATA, "/sh\n", 4);
        say_entry(&s, items + 2);
        say_entry(&s, items + 3);
        say(&s, UNPACK_END, NULL, 0);
        tap_int(step_all(&s), 0, "an honest worker's entries become a tree (%s)", s.f.text);
        tap_int(tree_walk(s.fd, &s.content, TREE_HASHES, &s.f), 0, "as signed");
        site_close(&s);
}

static void test_liars(void)
{
        struct unpack_failed failed = { .error = -EHOSTUNREACH, .text = "try again" };
        struct site s;

        site_talk(&s);
        say_entry(&s, items);
        s.worker = fd_close(s.worker);
        expect(&s, -EPROTO, "in the middle of the bundle", "a worker that dies");
        site_talk(&s);
        say(&s, UNPACK_END, NULL, 0);
        expect(&s, -EINVAL, "bin: in the manifest but not in the bundle", "an end without entries");
        site_talk(&s);
        say(&s, UNPACK_DATA, "x", 1);
        expect(&s, -EPROTO, "UNPACK_DATA out of turn", "data before an entry");
        site_talk(&s);
        say_entry(&s, items);
        say_entry(&s, items + 1);
        say(&s, UNPACK_END, NULL, 0);
        expect(&s, -EPROTO, "UNPACK_END out of turn", "an end inside a file");
        site_talk(&s);
        say_entry(&s, items);
        say_entry(&s, items + 1);
        say(&s, UNPACK_DATA, "#!/bin/sh\nmore", 14);
        expect(&s, -EPROTO, "more than it announced", "more data than announced");
        site_talk(&s);
        say(&s, UNPACK_ENTRY, "short", 5);
        expect(&s, -EPROTO, "UNPACK_ENTRY with 5 bytes", "half an entry");
        site_talk(&s);
        say(&s, UNPACK_START, NULL, 0);
        expect(&s, -EPROTO, "unknown type", "a request to us");
        site_talk(&s);
        say(&s, UNPACK_FAILED, &failed, sizeof(failed));
        expect(&s, -EPROTO, "failed with error -113: try again",
               "an error that is not the worker's to give");
        failed.error = 0;
        site_talk(&s);
        say(&s, UNPACK_FAILED, &failed, sizeof(failed));
        expect(&s, -EPROTO, "failed with error 0", "a failure without an error");
        failed.error = -EINVAL;
        site_talk(&s);
        say(&s, UNPACK_FAILED, &failed, sizeof(failed));
        expect(&s, -EINVAL, "try again", "an error that is");
        memset(failed.text, 'x', sizeof(failed.text));
        site_talk(&s);
        say(&s, UNPACK_FAILED, &failed, sizeof(failed));
        expect(&s, -EPROTO, "no end", "a text without an end");
}

static int unpack_bundle(struct site *s, const struct buffer *tape)
{
        _cleanup_(buffer_done) struct buffer packed = TAPE_INIT;
        _cleanup_close_ int bundle = -EBADF;
        struct worker w;
        int r;

        tape_zstd(tape->data, tape->len, 0, &packed);
        bundle = tape_publish(&packed);
        s->content.size = packed.len;
        worker_start(&w, "sealift-unpack");
        r = install_unpack(TAKE_FD(w.sock), bundle, &s->content, s->stage, &s->f);
        if (worker_wait(&w, NULL) != 0)
                tap_ok(false, "the worker ends well");
        return r;
}

enum { WITH_DIRECTORY = 1, WITH_FILE = 2, WITH_LINK = 4, WITH_EMPTY = 8, WITH_ALL = 15 };

static void tape_items(struct buffer *t, unsigned which)
{
        if (which & WITH_DIRECTORY)
                tape_directory(t, "bin/");
        if (which & WITH_FILE)
                tape_file(t, "bin/web", 0755, "#!/bin/sh\n");
        if (which & WITH_LINK)
                tape_symlink(t, "bin/www", "web");
        if (which & WITH_EMPTY)
                tape_file(t, "empty", 0644, "");
}

/* What is in the bundle besides, or instead. */
static const struct bad_bundle {
        const char *what;
        unsigned which;
        struct tape_entry entry;
        int error;
        const char *words;
} bad_bundles[] = {
        { "an entry that is not in the manifest",
          WITH_ALL & ~WITH_EMPTY,
          { "evil", '0', 0644 },
          -EINVAL,
          "evil: not in the manifest" },
        { "one entry more", WITH_ALL, { "evil", '0', 0644 }, -EFBIG, "evil: the bundle holds more entries" },
        { "a missing entry", WITH_ALL & ~WITH_FILE, {}, -EINVAL, "bin/web: in the manifest but not in" },
        { "a wrong mode", WITH_ALL & ~WITH_EMPTY, { "empty", '0', 0755 }, -EINVAL, "empty: has mode 0755" },
        { "wrong bytes",
          WITH_DIRECTORY,
          { "bin/web", '0', 0755, 10, NULL, "#!/bin/ed\n" },
          -EBADMSG,
          "bin/web: its SHA-256" },
        { "an absolute path", WITH_DIRECTORY, { "/empty", '0', 0644 }, -EINVAL, "/empty: is an absolute" },
        { "a path with ..", WITH_DIRECTORY, { "bin/../empty", '0', 0644 }, -EINVAL, "climbs with '..'" },
        { "a link out of the tree",
          WITH_DIRECTORY,
          { "bin/www", '2', 0777, 0, "../../etc" },
          -EINVAL,
          "bin/www: a symbolic link out of" },
        { "a link that points elsewhere",
          WITH_DIRECTORY,
          { "bin/www", '2', 0777, 0, "../empty" },
          -EINVAL,
          "bin/www: points to '../empty'" },
        { "a hard link",
          WITH_DIRECTORY | WITH_FILE,
          { "empty", '1', 0644, 0, "bin/web" },
          -EINVAL,
          "empty: is a hard link" },
        { "a device", WITH_DIRECTORY, { "empty", '3', 0644 }, -EINVAL, "empty: is a character device" },
        { "a setuid file",
          WITH_DIRECTORY,
          { "bin/web", '0', 04755, 10, NULL, "#!/bin/sh\n" },
          -EINVAL,
          "bin/web: is setuid" },
        { "a duplicate",
          WITH_DIRECTORY | WITH_FILE,
          { "bin/web", '0', 0755, 10, NULL, "#!/bin/sh\n" },
          -EFBIG,
          "bin/web: the bundle unpacks to more" },
        { "a duplicate of nothing",
          WITH_DIRECTORY | WITH_EMPTY,
          { "empty", '0', 0644 },
          -EINVAL,
          "empty: comes a second time" },
        { "a file under a link",
          WITH_DIRECTORY | WITH_LINK,
          { "bin/www/x", '0', 0644 },
          -EINVAL,
          "bin/www/x: not in the manifest" },
};

static void test_bundles(void)
{
        _cleanup_(buffer_done) struct buffer good = TAPE_INIT;
        struct site s;

        for (size_t i = 0; i < ELEMENTSOF(bad_bundles); i++) {
                const struct bad_bundle *b = bad_bundles + i;
                _cleanup_(buffer_done) struct buffer t = TAPE_INIT;

                tape_items(&t, b->which);
                if (b->entry.name)
                        tape_add(&t, &b->entry);
                tape_end(&t);
                site_open(&s);
                tap_int(unpack_bundle(&s, &t), b->error, "%s is refused", b->what);
                tap_like(s.f.text, b->words, "%s is named", b->what);
                tap_int(tree_walk(s.fd, &s.content, TREE_NAMES, &s.f), -EBADMSG, "what is left is no tree");
                tap_int(tree_empty(s.fd, &s.f), 0, "and can be emptied");
                site_close(&s);
        }
        tape_items(&good, WITH_ALL);
        tape_end(&good);
        site_open(&s);
        tap_int(unpack_bundle(&s, &good), 0, "the bundle that was signed is not (%s)", s.f.text);
        tap_int(tree_walk(s.fd, &s.content, TREE_HASHES, &s.f), 0, "and is all there");
        site_close(&s);
}

/* What `sealift pack` makes, taken back: names that tar must write in two ways, and all we allow. */
static void test_packed(const char *compression)
{
        static const char intent[] =
                "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/bin/web\n";
        static const char accents[] = "caf\xc3\xa9 e\xcc\x81 \xe2\x82\xac";
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_close_ int bundle = -EBADF;
        _cleanup_free_ char *text = NULL;
        char path[256], command[2048], name[240], build[PATH_MAX];
        struct fault f = {};
        struct site s = { .worker = -EBADF };
        struct worker w;
        size_t len;
        int fd = scratch_make(path);

        s.fd = scratch_make(s.path);
        memset(name, 'n', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        (void)snprintf(command, sizeof(command),
                       "cd %s && mkdir -p t/bin t/%s && echo x >t/bin/web && chmod 755 t/bin/web && "
                       "ln -s web t/bin/www && echo y >'t/%s' && echo z >t/%s/%s && : >t/empty && "
                       "printf '%%s' \"$INTENT\" >m && \"$BUILD/sealift\" pack -m m -o . -c %s t >/dev/null",
                       path, name, accents, name, name, compression);
        (void)setenv("INTENT", intent, 1);
        if (!realpath(getenv("top_builddir") ? getenv("top_builddir") : ".", build))
                abort();
        (void)setenv("BUILD", build, 1);
        if (!tap_int(system(command), 0, "sealift pack makes a bundle with %s", compression))
                return;
        (void)snprintf(command, sizeof(command), "web-1.tar.%s", str_eq(compression, "zstd") ? "zst" : "gz");
        bundle = openat(fd, command, O_RDONLY | O_CLOEXEC);
        if (io_read_file_at(fd, "web-1.manifest", MANIFEST_BYTES_MAX, &text, &len, &f) < 0 ||
            manifest_parse(text, len, "web-1.manifest", &m, &f) < 0)
                return (void)tap_ok(false, "its manifest is one (%s)", f.text);
        if (stage_new(s.fd, &m->content, &s.stage, &f) < 0)
                abort();
        worker_start(&w, "sealift-unpack");
        tap_int(install_unpack(TAKE_FD(w.sock), bundle, &m->content, s.stage, &f), 0,
                "it becomes a tree (%s)", f.text);
        tap_int(worker_wait(&w, NULL), 0, "and the worker ends well");
        tap_int(tree_walk(s.fd, &m->content, TREE_HASHES, &f), 0, "with every name (%s)", f.text);
        (void)fd_close(fd);
        scratch_remove(path);
        site_close(&s);
}

int main(void)
{
        test_conversation();
        test_liars();
        test_bundles();
        test_packed("zstd");
        test_packed("gzip");
        return tap_done();
}
