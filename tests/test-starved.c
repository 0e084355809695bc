/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No memory: a client's update, what a host keeps, and a release's way onto disk, with each allocation
 * failing in turn, and all from that one on. Nothing may crash, be told as anything but a lack of memory (an
 * honest bucket would be called a liar), leak descriptors, or be left so that the same does not work
 * afterwards. */

#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "content.h"
#include "facts/digest.h"
#include "facts/state.h"
#include "store/outbox.h"
#include "store/stage.h"
#include "store/store.h"
#include "store/tree.h"
#include "tap.h"
#include "tuf-world.h"

/* The linker gives us the place of each of these (--wrap): jansson gets its memory by facts/json.c, OpenSSL
 * is starved where it is asked for an object. */
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
DIR *__wrap_fdopendir(int fd);
EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void);
BIO *__wrap_BIO_new_mem_buf(const void *data, int len);
EVP_PKEY *__wrap_EVP_PKEY_new_raw_public_key(int type, ENGINE *e, const unsigned char *key, size_t len);
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
DIR *__real_fdopendir(int fd);
EVP_MD_CTX *__real_EVP_MD_CTX_new(void);
BIO *__real_BIO_new_mem_buf(const void *data, int len);
EVP_PKEY *__real_EVP_PKEY_new_raw_public_key(int type, ENGINE *e, const unsigned char *key, size_t len);

static struct {
        bool on, lasting;
        unsigned at, count;
} hunger;

static bool starves(void)
{
        if (!hunger.on)
                return false;
        hunger.count++;
        if (hunger.count < hunger.at || (hunger.count > hunger.at && !hunger.lasting))
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return starves() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return starves() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
        return starves() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
        return starves() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
        return starves() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
        return starves() ? NULL : __real_strndup(s, n);
}

DIR *__wrap_fdopendir(int fd)
{
        return starves() ? NULL : __real_fdopendir(fd);
}

static bool crypto_starves(void)
{
        bool yes = starves();

        if (yes)
                ERR_raise(ERR_LIB_EVP, ERR_R_MALLOC_FAILURE);
        return yes;
}

EVP_MD_CTX *__wrap_EVP_MD_CTX_new(void)
{
        return crypto_starves() ? NULL : __real_EVP_MD_CTX_new();
}

BIO *__wrap_BIO_new_mem_buf(const void *data, int len)
{
        return crypto_starves() ? NULL : __real_BIO_new_mem_buf(data, len);
}

EVP_PKEY *__wrap_EVP_PKEY_new_raw_public_key(int type, ENGINE *e, const unsigned char *key, size_t len)
{
        return crypto_starves() ? NULL : __real_EVP_PKEY_new_raw_public_key(type, e, key, len);
}

static size_t descriptors(void)
{
        DIR *d = opendir("/proc/self/fd");
        size_t n = 0;

        while (d && readdir(d))
                n++;
        if (d)
                (void)closedir(d);
        return n;
}

/* What is starved: makes something of its own, and unmakes it. r of run(): what it came to, for whoever
 * called it; after() runs without hunger. */
struct course {
        const char *name;
        void *(*before)(void);
        int (*run)(void *x, struct fault *f);
        int (*after)(void *x, struct fault *f);
        void (*done)(void *x);
};

/* Once, with hunger at that allocation. false: there are not so many. */
static bool course_try(const struct course *c, unsigned at, bool lasting, unsigned *bad)
{
        void *x = c->before();
        struct fault f = {}, again = {};
        size_t before = descriptors();
        int r, k;

        hunger = (__typeof__(hunger)){ .on = true, .lasting = lasting, .at = at };
        r = c->run(x, &f);
        hunger.on = false;
        if (r != 0 && r != -ENOMEM) {
                printf("# %s, allocation %u%s: %d %s\n", c->name, at, lasting ? " and on" : "", r, f.text);
                ++*bad;
        }
        if (descriptors() != before) {
                printf("# %s, allocation %u: descriptors were lost\n", c->name, at);
                ++*bad;
        }
        k = c->after(x, &again);
        if (k != 0) {
                printf("# %s, after allocation %u: %d %s\n", c->name, at, k, again.text);
                ++*bad;
        }
        c->done(x);
        return hunger.count >= at;
}

static void course_run(const struct course *c)
{
        unsigned bad = 0, at = 1;

        while (course_try(c, at, false, &bad) && course_try(c, at, true, &bad) && bad < 20)
                at++;
        tap_ok(at > 5, "%s: %u allocations", c->name, at - 1);
        tap_int(bad, 0, "%s: each may fail", c->name);
}

/* ---- A client's update ---- */

/* Of the bucket's own side nothing is starved. */
static void world_keep(struct world *w, const struct trust_step *step)
{
        bool on = hunger.on;
        struct world_bytes *b = &w->store[step->role];

        hunger.on = false;
        free(b->data);
        *b = (struct world_bytes){};
        if (step->kind == TRUST_STORE) {
                b->data = malloc(step->len);
                if (!b->data)
                        abort();
                memcpy(b->data, step->bytes, step->len);
                b->len = step->len;
        }
        hunger.on = on;
}

static int world_step(struct world *w, const struct trust_step *step, struct fault *f)
{
        const struct world_bytes *b;

        switch (step->kind) {
        case TRUST_FETCH:
                b = world_get(w, step->path);
                return b ? trust_accept(w->trust, b->data, b->len, f) : trust_missing(w->trust, f);
        case TRUST_RECALL:
                b = &w->store[step->role];
                return trust_recall(w->trust, b->data, b->len, f);
        default:
                world_keep(w, step);
                return 0;
        }
}

static int update_run(void *x, struct fault *f)
{
        struct world *w = x;
        struct trust_step step;
        int r;

        w->trust = trust_free(w->trust);
        r = trust_new(w->store[TUF_ROOT].data, w->store[TUF_ROOT].len, w->now, &w->trust, f);
        while (r >= 0 && (r = trust_next(w->trust, &step, f)) > 0)
                r = world_step(w, &step, f);
        return r;
}

/* A host that has been up to date, and a bucket with a new root, new keys and a new release. */
static void *update_before(void)
{
        struct world *w = world_new();
        struct fault f = {};

        if (update_run(w, &f) < 0)
                abort();
        world_rotate(w, TUF_TIMESTAMP);
        world_sign_root(w);
        world_release(w, TUF_TARGETS);
        w->trust = trust_free(w->trust);
        return w;
}

static int update_after(void *x, struct fault *f)
{
        struct world *w = x;
        struct trust_role role;
        int r;

        r = update_run(w, f);
        return r == 0 && (!trust_role(w->trust, TUF_ROOT, &role) || role.version != 2) ? -ESTALE : r;
}

static void update_done(void *x)
{
        (void)world_free(x);
}

/* ---- What a host keeps, and a release on its way to disk ---- */

struct site {
        char path[256];
        int fd, tree;
        struct content content;
        struct bundle_state state;
};

static const struct content_item items[] = {
        { ENTRY_DIRECTORY, 0755, "bin", NULL, NULL },
        { ENTRY_FILE, 0755, "bin/web", "program", NULL },
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

static int tree_run(void *x, struct fault *f)
{
        _cleanup_(stage_freep) struct stage *stage = NULL;
        struct site *s = x;
        int r;

        r = tree_empty(s->tree, f);
        if (r >= 0)
                r = stage_new(s->tree, &s->content, &stage, f);
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
        return r < 0 ? r : tree_walk(s->tree, &s->content, TREE_HASHES, f);
}

int main(void)
{
        static const struct course courses[] = {
                { "a client's update", update_before, update_run, update_after, update_done },
                { "what a host keeps", site_before, keep_run, keep_run, site_done },
                { "a release on disk", site_before, tree_run, tree_run, site_done },
        };

        for (size_t i = 0; i < ELEMENTSOF(courses); i++)
                course_run(courses + i);
        return tap_done();
}
