/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writer and the walker of trees against a worker that sends what it likes and a disk that somebody
 * touched. */

#include "store/stage.h"

#include <sys/resource.h>

#include "content.h"
#include "store/tree.h"
#include "tap.h"

static const struct content_item items[] = {
        { ENTRY_DIRECTORY, 0755, "bin", NULL, NULL },
        { ENTRY_FILE, 0755, "bin/web", "#!/bin/sh\n", NULL },
        { ENTRY_SYMLINK, 0777, "bin/www", NULL, "web" },
        { ENTRY_FILE, 0644, "bin-not", "not in bin", NULL },
        { ENTRY_FILE, 0644, "empty", "", NULL },
        { ENTRY_DIRECTORY, 0755, "var", NULL, NULL },
};

struct site {
        char path[256];
        int fd;
        struct content content;
        struct stage *stage;
        struct fault f;
};

static void site_open(struct site *s)
{
        *s = (struct site){};
        s->fd = scratch_make(s->path);
        content_make(items, ELEMENTSOF(items), &s->content);
        if (stage_new(s->fd, &s->content, &s->stage, &s->f) < 0)
                abort();
}

static void site_close(struct site *s)
{
        s->stage = stage_free(s->stage);
        content_done(&s->content);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
}

static int give(struct site *s, const struct content_item *item)
{
        struct unpack_entry e = { .type = item->type, .mode = item->mode };
        size_t len = item->data ? strlen(item->data) : 0;
        int r;

        e.size = len;
        (void)snprintf(e.path, sizeof(e.path), "%s", item->path);
        (void)snprintf(e.target, sizeof(e.target), "%s", item->target ? item->target : "");
        r = stage_entry(s->stage, &e, &s->f);
        for (size_t i = 0; r >= 0 && i < len; i += 3) /* in small pieces */
                r = stage_data(s->stage, item->data + i, len - i < 3 ? len - i : 3, &s->f);
        return r;
}

static int give_all(struct site *s)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(items); i++)
                r = give(s, items + i);
        return r;
}

static mode_t mode_of(const struct site *s, const char *name)
{
        struct stat st = {};

        return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_mode;
}

static void test_honest(void)
{
        struct site s;
        char target[16] = "";
        mode_t old;

        site_open(&s);
        old = umask(0077);
        tap_int(give_all(&s), 0, "what was signed is accepted (%s)", s.f.text);
        tap_int(mode_of(&s, "bin/www"), 0, "a symbolic link is not made before the end");
        tap_int(stage_finish(s.stage, &s.f), 0, "and is all (%s)", s.f.text);
        umask(old);
        tap_int(mode_of(&s, "bin/web"), S_IFREG | 0755,
                "with the modes that were signed, whatever the umask");
        tap_int(mode_of(&s, "var"), S_IFDIR | 0755, "for directories, too");
        tap_ok(readlinkat(s.fd, "bin/www", target, sizeof(target) - 1) == 3 && str_eq(target, "web"),
               "with the target that was signed");
        tap_int(tree_walk(s.fd, &s.content, TREE_HASHES, &s.f), 0, "the walk agrees (%s)", s.f.text);
        tap_int(tree_sync(s.fd, &s.f), 0, "and it can be made durable");
        tap_int(stage_finish(s.stage, &s.f), -EINVAL, "a finished stage is finished");
        site_close(&s);
}

static const struct hostile {
        const char *what;
        struct content_item item; /* given after "bin" */
        int error;
        const char *words;
} hostiles[] = {
        { "an entry that is not in the manifest",
          { ENTRY_FILE, 0644, "bin/evil", "" },
          -EINVAL,
          "bin/evil: not in the manifest" },
        { "an absolute path", { ENTRY_FILE, 0644, "/etc/passwd", "" }, -EINVAL, "not in the manifest" },
        { "a path that climbs", { ENTRY_FILE, 0644, "bin/../empty", "" }, -EINVAL, "not in the manifest" },
        { "another spelling", { ENTRY_FILE, 0644, "./empty", "" }, -EINVAL, "not in the manifest" },
        { "a wrong mode",
          { ENTRY_FILE, 0644, "bin/web", "#!/bin/sh\n" },
          -EINVAL,
          "bin/web: has mode 0644, signed was 0755" },
        { "a setuid bit", { ENTRY_FILE, 04755, "bin/web", "#!/bin/sh\n" }, -EINVAL, "has mode 4755" },
        { "a size too small", { ENTRY_FILE, 0755, "bin/web", "#!/bin/s\n" }, -EBADMSG, "has 9 bytes" },
        { "a size too large", { ENTRY_FILE, 0755, "bin/web", "#!/bin/bash\n" }, -EBADMSG, "has 12 bytes" },
        { "wrong bytes", { ENTRY_FILE, 0755, "bin/web", "#!/bin/ed\n" }, -EBADMSG, "bin/web: its SHA-256" },
        { "a file where a directory was signed",
          { ENTRY_FILE, 0755, "var", "" },
          -EINVAL,
          "var: not of the type" },
        { "a link where a file was signed",
          { ENTRY_SYMLINK, 0777, "empty", NULL, "/etc/passwd" },
          -EINVAL,
          "empty: not of the type" },
        { "a link that points elsewhere",
          { ENTRY_SYMLINK, 0777, "bin/www", NULL, "../../../etc" },
          -EINVAL,
          "bin/www: points to '../../../etc'" },
        { "a duplicate", { ENTRY_DIRECTORY, 0755, "bin" }, -EINVAL, "bin: comes a second time" },
        { "a type nobody knows", { (enum entry_type)9, 0755, "var" }, -EINVAL, "var: not of the type" },
        { "a file with a target", { ENTRY_FILE, 0644, "empty", "", "x" }, -EINVAL, "empty: points to 'x'" },
};

static void test_hostile(void)
{
        for (size_t i = 0; i < ELEMENTSOF(hostiles); i++) {
                const struct hostile *h = hostiles + i;
                struct site s;

                site_open(&s);
                tap_int(give(&s, items), 0, "%s: after a directory", h->what);
                tap_int(give(&s, &h->item), h->error, "%s: refused", h->what);
                tap_like(s.f.text, h->words, "%s: named", h->what);
                tap_int(give(&s, items + 5), -EINVAL, "%s: and nothing more is accepted", h->what);
                tap_int(stage_finish(s.stage, &s.f), -EINVAL, "%s: nor finished", h->what);
                site_close(&s);
        }
}

static void test_order(void)
{
        struct unpack_entry e = { .type = ENTRY_FILE, .mode = 0755, .size = 10, .path = "bin/web" };
        struct unpack_entry endless = { .type = ENTRY_FILE };
        struct site s;

        site_open(&s);
        tap_int(give(&s, items + 1), -ENOENT, "a file before its directory is refused");
        site_close(&s);

        site_open(&s);
        tap_int(give(&s, items), 0, "a directory");
        tap_int(stage_entry(s.stage, &e, &s.f), 0, "and a file");
        tap_int(give(&s, items + 5), -EINVAL, "another entry before its data ended is refused");
        tap_like(s.f.text, "bin/web: ends early", "and named");
        site_close(&s);

        site_open(&s);
        tap_int(give(&s, items), 0, "a directory");
        tap_int(stage_data(s.stage, "x", 1, &s.f), -EINVAL, "data without a file is refused");
        site_close(&s);

        site_open(&s);
        tap_int(give(&s, items), 0, "a directory");
        tap_int(stage_entry(s.stage, &e, &s.f), 0, "and a file");
        tap_int(stage_data(s.stage, "#!/bin/sh\nmore", 14, &s.f), -EBADMSG, "too much data is refused");
        site_close(&s);

        site_open(&s);
        for (size_t i = 0; i + 1 < ELEMENTSOF(items); i++)
                (void)!give(&s, items + i);
        tap_int(stage_finish(s.stage, &s.f), -EINVAL, "a missing entry is refused");
        tap_like(s.f.text, "var: in the manifest but not in the bundle", "and named");
        tap_int(mode_of(&s, "bin/www"), 0, "before any symbolic link is made");
        site_close(&s);

        site_open(&s);
        memset(endless.path, 'a', sizeof(endless.path));
        tap_int(stage_entry(s.stage, &endless, &s.f), -EINVAL, "a path without an end is refused");
        tap_like(s.f.text, "whose name has no end", "before it is read");
        site_close(&s);
}

/* Somebody with the same uid put links where directories were signed. */
static void test_links_in_the_way(void)
{
        struct site s;

        site_open(&s);
        if (symlinkat("/tmp", s.fd, "bin") < 0)
                abort();
        tap_int(give(&s, items), -EEXIST, "a link in place of a directory stops the stage");
        site_close(&s);

        site_open(&s);
        tap_int(give(&s, items), 0, "a directory");
        if (unlinkat(s.fd, "bin", AT_REMOVEDIR) < 0 || symlinkat(s.path, s.fd, "bin") < 0)
                abort();
        tap_int(give(&s, items + 1), -ENOTDIR, "a directory swapped for a link is not written through");
        site_close(&s);

        site_open(&s);
        if (symlinkat("elsewhere", s.fd, "empty") < 0)
                abort();
        tap_int(give(&s, items + 4), -EEXIST, "a link in place of a file is not written through");
        tap_int(mode_of(&s, "elsewhere"), 0, "and nothing appears where it points");
        site_close(&s);
}

static void walk_expect(struct site *s, enum tree_depth depth, const char *words)
{
        tap_int(tree_walk(s->fd, &s->content, depth, &s->f), -EBADMSG, "the walk refuses: %s", words);
        tap_like(s->f.text, words, "and names it");
        if (tree_empty(s->fd, &s->f) < 0)
                abort();
        s->stage = stage_free(s->stage);
        if (stage_new(s->fd, &s->content, &s->stage, &s->f) < 0 || give_all(s) < 0 ||
            stage_finish(s->stage, &s->f) < 0)
                abort();
}

static void overwrite(struct site *s, const char *name, const char *data)
{
        _cleanup_close_ int fd = openat(s->fd, name, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, data, strlen(data)) < 0)
                abort();
}

#define MUST(call)                                                                                          \
        do {                                                                                                \
                if ((call) < 0)                                                                             \
                        abort();                                                                            \
        } while (0)

/* Through another name the bytes could be changed after the walk. */
static void test_second_name(struct site *s)
{
        char outside[256];
        int fd = scratch_make(outside);

        MUST(linkat(s->fd, "bin/web", fd, "web", 0));
        walk_expect(s, TREE_NAMES, "bin/web: has another name elsewhere");
        (void)fd_close(fd);
        scratch_remove(outside);
}

static void test_walk(void)
{
        struct site s;

        site_open(&s);
        walk_expect(&s, TREE_NAMES, "missing");
        MUST(mkdirat(s.fd, "bin/extra", 0755));
        walk_expect(&s, TREE_NAMES, "bin/extra: not in the manifest");
        MUST(unlinkat(s.fd, "empty", 0));
        walk_expect(&s, TREE_NAMES, "empty: missing");
        MUST(fchmodat(s.fd, "bin/web", 04755, 0));
        walk_expect(&s, TREE_NAMES, "bin/web: has mode 4755");
        MUST(fchmodat(s.fd, "var", 0777, 0));
        walk_expect(&s, TREE_NAMES, "var: has mode 0777");
        overwrite(&s, "empty", "no longer");
        walk_expect(&s, TREE_NAMES, "empty: has 9 bytes");
        overwrite(&s, "bin/web", "#!/bin/ed\n");
        tap_int(tree_walk(s.fd, &s.content, TREE_NAMES, &s.f), 0, "names do not see other bytes");
        walk_expect(&s, TREE_HASHES, "bin/web: its SHA-256");
        MUST(unlinkat(s.fd, "bin/www", 0));
        MUST(symlinkat("wew", s.fd, "bin/www"));
        walk_expect(&s, TREE_NAMES, "bin/www: points elsewhere");
        MUST(unlinkat(s.fd, "var", AT_REMOVEDIR));
        MUST(symlinkat("bin", s.fd, "var"));
        walk_expect(&s, TREE_NAMES, "var: not of the type");
        MUST(unlinkat(s.fd, "empty", 0));
        MUST(mknodat(s.fd, "empty", S_IFIFO | 0644, 0));
        walk_expect(&s, TREE_HASHES, "empty: not of the type");
        test_second_name(&s);
        tap_int(tree_walk(s.fd, &s.content, TREE_HASHES, &s.f), 0, "a good tree is good (%s)", s.f.text);
        site_close(&s);
}

static bool is_empty(int fd)
{
        _cleanup_close_ int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fdopendir(TAKE_FD(own));
        struct dirent *e;
        bool empty = true;

        if (!d)
                abort();
        while ((e = readdir(d)))
                if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
                        empty = false;
        (void)closedir(d);
        return empty;
}

/* A chain of directories, far deeper than PATH_MAX and than a process may have descriptors. */
static void dig(int top, unsigned levels)
{
        _cleanup_close_ int fd = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < levels; i++) {
                int below;

                MUST(mkdirat(fd, "deep", 0755));
                MUST(mknodat(fd, "file", S_IFREG | 0644, 0));
                below = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void)fd_close(fd);
                fd = below;
        }
}

static void test_empty(void)
{
        static const struct rlimit few = { 64, 64 }; /* descriptors */
        char outside[256];
        struct site s;
        int fd;

        site_open(&s);
        fd = scratch_make(outside);
        MUST(mknodat(fd, "precious", S_IFREG | 0644, 0));
        MUST(symlinkat(outside, s.fd, "link"));
        MUST(mkdirat(s.fd, ".lifted-0", 0755));
        MUST(mknodat(s.fd, ".lifted-0/x", S_IFREG | 0644, 0));
        MUST(mknodat(s.fd, ".lifted-1", S_IFREG | 0644, 0));
        MUST(mknodat(s.fd, "fifo", S_IFIFO | 0644, 0));
        dig(s.fd, 3000);
        MUST(setrlimit(RLIMIT_NOFILE, &few));
        tap_int(tree_empty(s.fd, &s.f), 0, "a tree of 3,000 levels is emptied (%s)", s.f.text);
        tap_ok(is_empty(s.fd), "to nothing");
        tap_int(faccessat(fd, "precious", F_OK, 0), 0, "and what its links point to stays");
        tap_int(tree_empty(s.fd, &s.f), 0, "an empty tree can be emptied");
        (void)fd_close(fd);
        scratch_remove(outside);
        site_close(&s);
}

/* As after kill -9: a stage that was simply left. */
static void test_abandoned(void)
{
        struct unpack_entry e = { .type = ENTRY_FILE, .mode = 0755, .size = 10, .path = "bin/web" };
        struct site s;

        site_open(&s);
        tap_int(give(&s, items), 0, "a directory");
        tap_int(stage_entry(s.stage, &e, &s.f), 0, "a file");
        tap_int(stage_data(s.stage, "#!", 2, &s.f), 0, "and half of it");
        s.stage = stage_free(s.stage);
        tap_int(tree_walk(s.fd, &s.content, TREE_NAMES, &s.f), -EBADMSG, "are not a tree");
        tap_int(stage_new(s.fd, &s.content, &s.stage, &s.f), 0, "a new stage");
        tap_int(give(&s, items), -EEXIST, "does not go on where the old one was");
        s.stage = stage_free(s.stage);
        tap_int(tree_empty(s.fd, &s.f), 0, "but after emptying the tree");
        tap_int(stage_new(s.fd, &s.content, &s.stage, &s.f), 0, "a new stage");
        tap_int(give_all(&s), 0, "takes everything");
        tap_int(stage_finish(s.stage, &s.f), 0, "and finishes");
        site_close(&s);
}

int main(void)
{
        test_honest();
        test_hostile();
        test_order();
        test_links_in_the_way();
        test_walk();
        test_empty();
        test_abandoned();
        return tap_done();
}
