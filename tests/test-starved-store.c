/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No memory: what a host keeps, and a release's way onto disk, its repair and its end. */

#include <fcntl.h>
#include <sys/stat.h>

#include "facts/digest.h"
#include "content.h"
#include "facts/state.h"
#include "starving.h"
#include "store/incoming.h"
#include "store/ledger.h"
#include "store/mend.h"
#include "store/outbox.h"
#include "store/stage.h"
#include "store/store.h"
#include "store/tree.h"
#include "tap.h"

struct site {
        char path[256];
        int fd, tree;
        ino_t kept; /* a file that is never damaged */
        struct content content;
        struct bundle_state state;
};

static const struct content_item items[] = {
        { ENTRY_DIRECTORY, 0755, "bin", NULL, NULL },
        { ENTRY_FILE, 0755, "bin/web", "program", NULL },
        { ENTRY_FILE, 0644, "kept", "as it is", NULL },
        { ENTRY_SYMLINK, 0, "web", NULL, "bin/web" },
};

static void *site_before(void)
{
        static const char *const places[] = { "trust", "state", "incoming", "outbox", "releases", "tree" };
        struct site *s = calloc(1, sizeof(*s));

        if (!s)
                abort();
        s->fd = scratch_make(s->path);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (mkdirat(s->fd, places[i], 0755) < 0)
                        abort();
        s->tree = openat(s->fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        content_make(items, ELEMENTSOF(items), &s->content);
        (void)snprintf(s->state.current.version, sizeof(s->state.current.version), "1");
        memset(s->state.current.digest, 'a', sizeof(s->state.current.digest) - 1);
        return s;
}

static void site_done(void *x)
{
        struct site *s = x;

        content_done(&s->content);
        s->tree = fd_close(s->tree);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
        free(s);
}

static int keep_trust(struct store *store, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = store_trust_write(store, "root.json", "bytes", 5, f);
        return r < 0 ? r : store_trust_read(store, "root.json", 100, &text, &len, f);
}

static int keep_state(struct site *s, struct store *store, struct fault *f)
{
        _cleanup_free_ store_name *names = NULL;
        struct bundle_state state = {};
        size_t n;
        int r;

        state_quarantine(&s->state, &s->state.current, 1, "why");
        r = store_state_save(store, "web", &s->state, f);
        if (r >= 0)
                r = store_state_load(store, "web", &state, f);
        if (r >= 0)
                r = store_state_list(store, &names, &n, f);
        if (r >= 0 &&
            !(n == 1 && str_eq(names[0], "web") && release_ref_equal(&state.current, &s->state.current)))
                r = fault_set(f, -EBADMSG, "the state is another one");
        return r;
}

static int keep_report(struct store *store, struct fault *f)
{
        _cleanup_(outbox_freep) struct outbox *outbox = NULL;
        _cleanup_free_ char *text = NULL;
        char name[OUTBOX_NAME_SIZE];
        size_t len;
        int r;

        r = outbox_open(store, &outbox, f);
        if (r >= 0)
                r = outbox_add(outbox, "{}", 2, f);
        if (r >= 0)
                r = outbox_first(outbox, name, f);
        if (r >= 0)
                r = outbox_read(outbox, name, &text, &len, f);
        return r < 0 ? r : outbox_remove(outbox, name, f);
}

static int keep_run(void *x, struct fault *f)
{
        _cleanup_(store_freep) struct store *store = NULL;
        struct site *s = x;
        int r;

        r = store_open(s->path, &store, f);
        if (r >= 0)
                r = keep_trust(store, f);
        if (r >= 0)
                r = keep_state(s, store, f);
        return r < 0 ? r : keep_report(store, f);
}

static int tree_fill(int tree, const struct content *content, struct fault *f)
{
        _cleanup_(stage_freep) struct stage *stage = NULL;
        int r;

        r = tree_empty(tree, f);
        if (r >= 0)
                r = stage_new(tree, content, &stage, f);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(items); i++) {
                const struct content_item *item = items + i;
                struct unpack_entry e = { .type = item->type, .mode = item->mode };

                (void)snprintf(e.path, sizeof(e.path), "%s", item->path);
                (void)snprintf(e.target, sizeof(e.target), "%s", item->target ? item->target : "");
                e.size = item->data ? strlen(item->data) : 0;
                r = stage_entry(stage, &e, f);
                if (r >= 0 && e.size > 0)
                        r = stage_data(stage, item->data, e.size, f);
        }
        if (r >= 0)
                r = stage_finish(stage, f);
        return r < 0 ? r : tree_walk(tree, content, TREE_HASHES, f);
}

static int tree_run(void *x, struct fault *f)
{
        struct site *s = x;

        return tree_fill(s->tree, &s->content, f);
}

static int ledger_run(void *x, struct fault *f)
{
        _cleanup_(ledger_freep) struct ledger *ledger = NULL;
        struct site *s = x;
        const struct entry *e;
        int r;

        r = ledger_new(&s->content, &ledger);
        if (r < 0)
                return fault_set_errno(f, r, "ledger");
        for (size_t i = 0; r >= 0 && i < s->content.n_entries; i++)
                r = ledger_meet(ledger, s->content.entries[i].path, &e, f);
        return r >= 0 && ledger_missing(ledger) ? -EBADMSG : r;
}

/* ---- A release that is mended, or goes ---- */

static void must(int r)
{
        if (r < 0)
                abort();
}

static void put(int at, const char *path, const void *data, size_t len)
{
        _cleanup_close_ int fd = openat(at, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        if (fd < 0 || write(fd, data, len) != (ssize_t)len)
                abort();
}

static ino_t inode(int at, const char *path)
{
        struct stat st;

        must(fstatat(at, path, &st, AT_SYMLINK_NOFOLLOW));
        return st.st_ino;
}

/* Folders, since it takes memory to look into them: in a file's place, and one that nobody has signed. */
static void *damaged_before(void)
{
        struct site *s = site_before();
        struct fault f;

        must(tree_fill(s->tree, &s->content, &f));
        s->kept = inode(s->tree, "kept");
        must(unlinkat(s->tree, "bin/web", 0));
        must(mkdirat(s->tree, "bin/web", 0755));
        must(mkdirat(s->tree, "bin/web/deep", 0755));
        must(mkdirat(s->tree, "more", 0755));
        put(s->tree, "more/file", "x", 1);
        return s;
}

static int breathe(void *userdata, struct fault *f)
{
        return 0;
}

static int mend_run(void *x, struct fault *f)
{
        _cleanup_close_ int copy = -EBADF;
        struct site *s = x;
        size_t replaced;
        int r;

        copy = mend_open_copy(s->tree, f);
        r = copy < 0 ? copy : tree_fill(copy, &s->content, f);
        return r < 0 ? r : mend_tree(s->tree, copy, &s->content, breathe, NULL, &replaced, f);
}

static int mend_after(void *x, struct fault *f)
{
        struct site *s = x;
        int r = mend_run(x, f);

        return r >= 0 && inode(s->tree, "kept") != s->kept ? fault_set(f, -EBADMSG, "kept: it was good") : r;
}

static const char *digest_of(unsigned n)
{
        static char name[DIGEST_HEX_SIZE];

        (void)snprintf(name, sizeof(name), "%064x", n);
        return name;
}

/* So many that each look finds one to remove, and a folder that nobody knows. */
static void *downloads_before(void)
{
        struct site *s = site_before();
        _cleanup_close_ int at = openat(s->fd, "incoming", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        must(at);
        for (unsigned i = 1; i <= INCOMING_MAX + 2; i++)
                put(at, digest_of(i), "x", 1);
        must(mkdirat(at, "folder", 0755));
        must(mkdirat(at, "folder/deep", 0755));
        return s;
}

static int downloads_run(void *x, struct fault *f)
{
        struct site *s = x;
        _cleanup_close_ int at = openat(s->fd, "incoming", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_close_ int one = -EBADF, same = -EBADF, reader = -EBADF;
        uint64_t size;

        must(at);
        one = incoming_create(at, digest_of(100), f);
        if (one < 0)
                return one;
        same = incoming_resume(at, digest_of(100), &size, f);
        if (same < 0)
                return same;
        reader = incoming_open(at, digest_of(100), f);
        return reader < 0 ? reader : incoming_sweep(at, NULL, NULL, f);
}

/* A release on disk, whole. */
static void *places_before(void)
{
        static const char manifest[] = "[Bundle]\n";
        struct release_ref *r;
        struct site *s = site_before();
        char place[NAME_RELEASE_SIZE], path[NAME_RELEASE_SIZE + 64];
        _cleanup_close_ int tree = -EBADF;
        struct fault f;

        r = &s->state.current;
        must(digest_hex(manifest, sizeof(manifest) - 1, r->digest));
        name_release(r->version, r->digest, place);
        must(mkdirat(s->fd, "releases/web", 0755));
        (void)snprintf(path, sizeof(path), "releases/web/%s", place);
        must(mkdirat(s->fd, path, 0755));
        (void)snprintf(path, sizeof(path), "releases/web/%s/manifest", place);
        put(s->fd, path, manifest, sizeof(manifest) - 1);
        (void)snprintf(path, sizeof(path), "releases/web/%s/tree", place);
        must(mkdirat(s->fd, path, 0755));
        tree = openat(s->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(tree);
        must(tree_fill(tree, &s->content, &f));
        return s;
}

static int place_empty(struct store *store, const char *bundle, const char *place,
                       const struct release_ref *want, struct fault *f)
{
        _cleanup_free_ char *manifest = NULL;
        _cleanup_close_ int tree = -EBADF;
        struct release_ref found;
        size_t len;
        int r;

        r = store_release_find(store, bundle, place, &found, f);
        if (r < 0)
                return r;
        if (!release_ref_equal(&found, want))
                return fault_set(f, -EBADMSG, "%s is another release", place);
        r = store_manifest_read(store, bundle, &found, &manifest, &len, f);
        tree = r < 0 ? r : store_tree_open(store, bundle, &found, f);
        return tree < 0 ? tree : tree_empty(tree, f);
}

static int places_run(void *x, struct fault *f)
{
        _cleanup_(store_freep) struct store *store = NULL;
        _cleanup_free_ store_name *bundles = NULL, *places = NULL;
        struct site *s = x;
        size_t n = 0, n_places = 0;
        int r;

        r = store_open(s->path, &store, f);
        if (r >= 0)
                r = store_bundle_list(store, &bundles, &n, f);
        if (r >= 0)
                r = store_release_list(store, "web", &places, &n_places, f);
        if (r >= 0 && (n != 1 || n_places != 1))
                r = fault_set(f, -EBADMSG, "%zu bundles, %zu releases", n, n_places);
        return r < 0 ? r : place_empty(store, bundles[0], places[0], &s->state.current, f);
}

int main(void)
{
        static const struct course courses[] = {
                { "what a host keeps", site_before, keep_run, keep_run, site_done },
                { "what a manifest has", site_before, ledger_run, ledger_run, site_done },
                { "a release on disk", site_before, tree_run, tree_run, site_done },
                { "a release that is mended", damaged_before, mend_run, mend_after, site_done },
                { "downloads", downloads_before, downloads_run, downloads_run, site_done },
                { "releases that are collected", places_before, places_run, places_run, site_done },
        };

        for (size_t i = 0; i < ELEMENTSOF(courses); i++)
                course_test(courses + i);
        return tap_done();
}
