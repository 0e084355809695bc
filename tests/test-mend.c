/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A damaged tree, put right from a copy; every kind of damage. */

#include "store/mend.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include "content.h"
#include "store/tree.h"
#include "tap.h"

#define MUST(expression)                                                                                    \
        do                                                                                                  \
                if ((expression) < 0) {                                                                     \
                        printf("Bail out! %s: %s\n", #expression, strerror(errno));                         \
                        exit(EXIT_FAILURE);                                                                 \
                }                                                                                           \
        while (0)

static const struct content_item items[] = {
        { ENTRY_DIRECTORY, 0755, "d", NULL, NULL },   { ENTRY_DIRECTORY, 0755, "d/e", NULL, NULL },
        { ENTRY_FILE, 0755, "d/e/run", "run", NULL }, { ENTRY_FILE, 0644, "d/text", "text", NULL },
        { ENTRY_FILE, 0644, "empty", "", NULL },      { ENTRY_SYMLINK, 0777, "link", NULL, "d/text" },
};

static char dir[] = "/tmp/test-mend.XXXXXX";
static struct content content;

static void put(int at, const char *path, const char *text, mode_t mode)
{
        _cleanup_close_ int fd = openat(at, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

        MUST(fd);
        MUST(write(fd, text, strlen(text)));
        MUST(fchmod(fd, mode));
}

static void fill(int at)
{
        for (size_t i = 0; i < ELEMENTSOF(items); i++) {
                const struct content_item *x = items + i;

                if (x->type == ENTRY_DIRECTORY)
                        MUST(mkdirat(at, x->path, x->mode));
                else if (x->type == ENTRY_SYMLINK)
                        MUST(symlinkat(x->target, at, x->path));
                else
                        put(at, x->path, x->data, x->mode);
        }
}

static void flip(int t)
{
        put(t, "d/text", "tExt", 0644);
}
static void cut(int t)
{
        put(t, "d/e/run", "", 0755);
}
static void grow(int t)
{
        put(t, "empty", "x", 0644);
}
static void mode(int t)
{
        MUST(fchmodat(t, "d/e/run", 0644, 0));
}
static void set_user(int t)
{
        MUST(fchmodat(t, "d/e/run", 04755, 0));
}
static void folder_mode(int t)
{
        MUST(fchmodat(t, "d/e", 0777, 0));
}
static void gone(int t)
{
        MUST(unlinkat(t, "d/text", 0));
}
static void more(int t)
{
        put(t, "d/e/more", "x", 0644);
}
static void link_elsewhere(int t)
{
        MUST(unlinkat(t, "link", 0));
        MUST(symlinkat("/etc/passwd", t, "link"));
}
static void link_for_file(int t)
{
        MUST(unlinkat(t, "d/text", 0));
        MUST(symlinkat("e/run", t, "d/text"));
}
static void link_for_folder(int t)
{
        MUST(renameat(t, "d", t, "other"));
        MUST(symlinkat("other", t, "d"));
}
static void folder_for_file(int t)
{
        MUST(unlinkat(t, "empty", 0));
        MUST(mkdirat(t, "empty", 0755));
        put(t, "empty/x", "x", 0644);
}
static void file_for_folder(int t)
{
        MUST(unlinkat(t, "d/e/run", 0));
        MUST(unlinkat(t, "d/e", AT_REMOVEDIR));
        put(t, "d/e", "x", 0755);
}
static void two_names(int t)
{
        MUST(linkat(t, "d/text", t, "d/again", 0));
}
static void pipe_for_file(int t)
{
        MUST(unlinkat(t, "empty", 0));
        MUST(mkfifoat(t, "empty", 0644));
}
static void everything(int t)
{
        struct fault f;

        MUST(tree_empty(t, &f));
}
static void broken_off(int t)
{
        struct fault f;
        _cleanup_close_ int copy = mend_open_copy(t, &f);

        put(copy, "half", "x", 0644);
        flip(t);
}

static const struct damage {
        const char *what;
        void (*make)(int tree);
        size_t replaced; /* at most; 0: not said */
} damages[] = {
        { "a byte that flipped", flip, 1 },
        { "a file cut short", cut, 1 },
        { "a file that grew", grow, 1 },
        { "another mode", mode, 1 },
        { "a set-user-id bit", set_user, 1 },
        { "a folder's mode", folder_mode, 1 },
        { "a file that is gone", gone, 1 },
        { "a file more", more, 1 },
        { "a link elsewhere", link_elsewhere, 1 },
        { "a link for a file", link_for_file, 1 },
        { "a link for a folder", link_for_folder, 0 },
        { "a folder for a file", folder_for_file, 1 },
        { "a file for a folder", file_for_folder, 2 },
        { "a second name", two_names, 2 },
        { "a pipe for a file", pipe_for_file, 1 },
        { "nothing there", everything, 6 },
        { "a repair that broke off", broken_off, 1 },
};

static int breathe(void *userdata, struct fault *f)
{
        unsigned *left = userdata;

        return --*left == 0 ? fault_set(f, -EBUSY, "enough") : 0;
}

static ino_t inode(int t, const char *path)
{
        struct stat st = {};

        (void)fstatat(t, path, &st, AT_SYMLINK_NOFOLLOW);
        return st.st_ino;
}

static void test_damage(const struct damage *d)
{
        _cleanup_close_ int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -EBADF, copy = -EBADF;
        size_t replaced = 100;
        unsigned left = 100;
        struct fault f = {};
        ino_t before;

        MUST(mkdirat(base, "tree", 0755));
        t = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fill(t);
        tap_int(tree_walk(t, &content, TREE_HASHES, &f), 0, "%s: before it, all is as signed (%s)", d->what,
                f.text);
        before = inode(t, "empty");
        d->make(t);
        tap_int(tree_walk(t, &content, TREE_HASHES, &f), -EBADMSG, "%s is found (%s)", d->what, f.text);
        tap_int(tree_walk(t, &content, TREE_SLOWLY, &f), -EBADMSG, "%s: also when nobody waits", d->what);
        copy = mend_open_copy(t, &f);
        tap_ok(copy >= 0 && tree_empty(copy, &f) == 0, "%s: a copy", d->what);
        fill(copy);
        tap_int(mend_tree(t, copy, &content, breathe, &left, &replaced, &f), 0, "%s is put right (%s)",
                d->what, f.text);
        tap_int(tree_walk(t, &content, TREE_HASHES, &f), 0, "%s: all is as signed", d->what);
        tap_ok(d->replaced == 0 || replaced == d->replaced, "%s: %zu replaced", d->what, replaced);
        tap_ok(d->make != flip || inode(t, "empty") == before, "%s: what is good is not touched", d->what);
        tap_int(tree_empty(t, &f), 0, "%s: emptied", d->what);
        MUST(unlinkat(base, "tree", AT_REMOVEDIR));
}

/* With so many descriptors more than now: whether it was enough. */
static bool mend_short(int t, int copy, rlim_t more)
{
        struct rlimit all, few;
        unsigned left = 100;
        size_t replaced = 0;
        struct fault f = {};
        ino_t before = inode(t, "empty");
        int r, lowest = fcntl(t, F_DUPFD_CLOEXEC, 0);

        MUST(lowest);
        (void)fd_close(lowest);
        MUST(getrlimit(RLIMIT_NOFILE, &all));
        few = (struct rlimit){ .rlim_cur = (rlim_t)lowest + more, .rlim_max = all.rlim_max };
        MUST(setrlimit(RLIMIT_NOFILE, &few));
        r = mend_tree(t, copy, &content, breathe, &left, &replaced, &f);
        MUST(setrlimit(RLIMIT_NOFILE, &all));
        if (r < 0)
                tap_int(r, -EMFILE, "%d descriptors: not enough (%s)", (int)more, f.text);
        tap_int(inode(t, "empty") == before && replaced == 0, 1, "%d descriptors: what is good stays",
                (int)more);
        return r == 0;
}

static void test_shortage(void)
{
        _cleanup_close_ int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -EBADF, copy = -EBADF;
        struct fault f = {};
        rlim_t more = 0;

        MUST(mkdirat(base, "tree", 0755));
        t = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fill(t);
        copy = mend_open_copy(t, &f);
        MUST(copy);
        fill(copy);
        while (!mend_short(t, copy, more) && more < 20)
                more++;
        tap_ok(more > 3 && more < 20, "%d descriptors are enough", (int)more);
        tap_int(tree_empty(t, &f), 0, "emptied");
        MUST(unlinkat(base, "tree", AT_REMOVEDIR));
}

/* Whoever made a copy was killed behind the last rename. */
static void test_sweep(void)
{
        _cleanup_close_ int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -EBADF, copy = -EBADF;
        struct fault f = {};

        MUST(mkdirat(base, "tree", 0755));
        t = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fill(t);
        tap_int(mend_sweep(t, &f), 0, "there is no copy to sweep (%s)", f.text);
        copy = mend_open_copy(t, &f);
        fill(copy);
        tap_int(tree_walk(t, &content, TREE_NAMES, &f), -EBADMSG, "a copy that was left is not signed");
        tap_int(mend_sweep(t, &f), 0, "it is swept (%s)", f.text);
        tap_int(tree_walk(t, &content, TREE_HASHES, &f), 0, "all is as signed (%s)", f.text);
        tap_int(tree_empty(t, &f), 0, "emptied");
        MUST(unlinkat(base, "tree", AT_REMOVEDIR));
}

static void test_breathing(void)
{
        _cleanup_close_ int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -EBADF;
        struct fault f = {};
        unsigned left = 100;

        MUST(mkdirat(base, "tree", 0755));
        t = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        fill(t);
        tap_int(tree_walk_breathing(t, &content, breathe, &left, &f), 0, "a walk (%s)", f.text);
        tap_int(left, 97, "which breathes at each file");
        left = 2;
        tap_int(tree_walk_breathing(t, &content, breathe, &left, &f), -EBUSY, "and may be broken off");
        tap_str(f.text, "enough", "with the words of who did");
        flip(t);
        left = 100;
        tap_int(tree_walk_breathing(t, &content, breathe, &left, &f), -EBADMSG, "it reads every byte");
        tap_int(tree_empty(t, &f), 0, "emptied");
        MUST(unlinkat(base, "tree", AT_REMOVEDIR));
}

/* What its owner has to do meanwhile cannot wait for a release of gigabytes. */
static char big[200 * 1024 + 1];
static const struct content_item around[] = {
        { ENTRY_FILE, 0644, "before", "text", NULL },
        { ENTRY_FILE, 0644, "big", big, NULL },
        { ENTRY_FILE, 0644, "then", "text", NULL },
};
enum { PIECES_COMPARED = 4, PIECES_SUMMED = 1 + 2 + 1 };

/* At its breath number at; 0: at none. */
static void mend_break_off(int t, const struct content *c, unsigned at)
{
        _cleanup_close_ int copy = -EBADF;
        bool late = at > PIECES_COMPARED;
        unsigned left = at;
        size_t replaced = 0;
        struct fault f = {};
        ino_t good;

        for (size_t i = 0; i < ELEMENTSOF(around); i++)
                put(t, around[i].path, around[i].data == big ? big : "tExt", 0644);
        good = inode(t, "big");
        copy = mend_open_copy(t, &f);
        MUST(copy);
        for (size_t i = 0; i < ELEMENTSOF(around); i++)
                put(copy, around[i].path, around[i].data, 0644);
        tap_int(mend_tree(t, copy, c, breathe, &left, &replaced, &f), at > 0 ? -EBUSY : 0,
                "broken off at %u (%s)", at, f.text);
        if (at > 0)
                tap_str(f.text, "enough", "with the words of who did");
        else
                tap_int(0U - left, PIECES_COMPARED + PIECES_SUMMED, "it breathes as often");
        tap_int(mend_sweep(t, &f), 0, "swept (%s)", f.text);
        tap_int(tree_walk(t, c, TREE_HASHES, &f), at == 0 || late ? 0 : -EBADMSG,
                "put right, if it came so far");
        put(t, "then", "text", 0644);
        tap_int(tree_walk(t, c, TREE_HASHES, &f), 0, "else as it was behind that, and put right before (%s)",
                f.text);
        tap_ok(inode(t, "big") == good, "what is good is not touched");
}

static void test_breaking_off(void)
{
        _cleanup_close_ int base = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), t = -EBADF;
        struct content c;
        struct fault f;

        memset(big, 'x', sizeof(big) - 1);
        content_make(around, ELEMENTSOF(around), &c);
        MUST(mkdirat(base, "tree", 0755));
        t = openat(base, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (unsigned at = 0; at <= PIECES_COMPARED + PIECES_SUMMED; at++)
                mend_break_off(t, &c, at);
        tap_int(tree_empty(t, &f), 0, "emptied");
        MUST(unlinkat(base, "tree", AT_REMOVEDIR));
        content_done(&c);
}

int main(void)
{
        if (!mkdtemp(dir))
                return EXIT_FAILURE;
        (void)umask(0);
        content_make(items, ELEMENTSOF(items), &content);
        for (size_t i = 0; i < ELEMENTSOF(damages); i++)
                test_damage(damages + i);
        test_shortage();
        test_sweep();
        test_breathing();
        test_breaking_off();
        content_done(&content);
        MUST(rmdir(dir));
        return tap_done();
}
