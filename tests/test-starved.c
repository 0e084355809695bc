/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* No memory: a client's updates of what it trusts, delegated roles among it. */

#include "starving.h"
#include "tap.h"
#include "trust-host.h"

/* Made once: the bucket does not starve, and what a host has stored is put back before each try. */
static struct host host, stored_before, stored_after, stored_seen;

static void stored_copy(struct host *to, const struct host *from)
{
        for (size_t i = 0; i < HOST_FILES_MAX; i++) {
                const struct world_bytes *b = &from->stored[i].bytes;
                char *copy = b->data ? strndup(b->data, b->len) : NULL;

                if (b->data && !copy)
                        abort();
                memcpy(to->stored[i].name, from->stored[i].name, sizeof(to->stored[i].name));
                free(to->stored[i].bytes.data);
                to->stored[i].bytes = (struct world_bytes){ copy, b->len };
        }
}

static void stored_done(struct host *h)
{
        for (size_t i = 0; i < HOST_FILES_MAX; i++)
                free(h->stored[i].bytes.data);
}

static bool stored_same(const struct host *a, const struct host *b)
{
        for (size_t i = 0; i < HOST_FILES_MAX; i++) {
                const struct world_bytes *one = &a->stored[i].bytes, *other = &b->stored[i].bytes;

                if (one->len != other->len ||
                    (one->len > 0 && memcmp(one->data, other->data, one->len) != 0))
                        return false;
        }
        return true;
}

/* As bins have theirs: to be held against a name's hash. */
static void delegate_by_hash(json_t *targets, size_t i, const char *name)
{
        json_t *roles = json_object_get(json_object_get(targets, "delegations"), "roles");
        json_t *role = json_array_get(roles, i);
        char hex[DIGEST_HEX_SIZE];

        if (digest_hex(name, strlen(name), hex) < 0)
                abort();
        (void)json_object_del(role, "paths");
        (void)json_object_set_new(role, "path_hash_prefixes", json_pack("[s]", hex));
}

/* "c" is delegated to twice, with a key each, and loaded by way of "a". */
static void publish(uint64_t version, const struct tuf_signing_key keys[static 2])
{
        _cleanup_json_ json_t *a = role_body(version, NULL), *b = role_body(1, NULL),
                              *c = role_body(1, "x/1");
        json_t *targets = host.w->body[TUF_TARGETS];

        (void)json_object_del(targets, "delegations");
        role_delegate(targets, "a", "x/*", 1, keys, 1);
        role_delegate(targets, "b", "y/*", 1, keys, 1);
        delegate_by_hash(targets, 1, "y/1");
        role_delegate(a, "c", "x/*", 1, keys, 1);
        role_delegate(b, "c", "y/*", 1, keys + 1, 1);
        role_target(c, "y/1", 5);
        role_publish(&host, "a", "a.json", a, keys, 1);
        role_publish(&host, "b", "b.json", b, keys, 1);
        role_publish(&host, "c", "c.json", c, keys, 2);
        world_release(host.w, TUF_TARGETS);
}

/* Both ways by which the agent looks. */
static int look_up(const struct trust *t, struct fault *f)
{
        const struct tuf_file *file;
        size_t i = 0, n = 0;
        int r;

        r = trust_search_target(t, "y/1", &file);
        if (r == 0)
                return fault_set(f, -ENOENT, "y/1 is not found");
        while (r >= 0 && (r = trust_next_target(t, "x/*", &i, &file)) > 0)
                n++;
        if (r >= 0 && n != 1)
                return fault_set(f, -ENOENT, "%zu targets are found", n);
        return r < 0 ? fault_set_errno(f, r, "looking up") : 0;
}

static int update_run(void *x, struct fault *f)
{
        struct host *h = x;
        int r;

        r = host_update(h, TRUST_WANT_PREFIX, "x/");
        if (r >= 0)
                r = host_want(h, TRUST_WANT_NAME, "y/1");
        *f = h->fault;
        if (r >= 0 && trust_warning(h->t))
                r = fault_set(f, -EBADMSG, "%s", trust_warning(h->t));
        return r < 0 ? r : look_up(h->t, f);
}

static void *update_before(void)
{
        stored_copy(&host, &stored_before);
        return &host;
}

/* What comes of what is stored comes of it each time: looked at once. */
static int update_after(void *x, struct fault *f)
{
        struct host *h = x;
        int r;

        if (stored_same(h, &stored_seen))
                return 0;
        stored_copy(&stored_seen, h);
        r = update_run(h, f);
        if (r >= 0 && !stored_same(h, &stored_after))
                r = fault_set(f, -ESTALE, "what is stored is not what others have stored");
        return r;
}

static void update_done(void *x)
{
        struct host *h = x;

        h->t = trust_free(h->t);
}

static void update_must(const char *asked, const char *what)
{
        struct fault f;

        if (!tap_int(update_run(&host, &f), 0, "%s", what))
                printf("# %s\n", f.text);
        tap_str(host.asked, asked, "%s: asked for", what);
        update_done(&host);
}

/* A host that has been up to date, and a bucket with a new root, a new key and a new release. */
int main(void)
{
        static const struct course update = { "a client's update", update_before, update_run, update_after,
                                              update_done };
        struct tuf_signing_key keys[2] = { world_key("ED25519"), world_key("ED25519") };

        host.w = world_new();
        host.skips = true;
        publish(1, keys);
        update_must("1.a.json 1.b.json 1.c.json", "the first update");
        stored_copy(&stored_before, &host);
        world_rotate(host.w, TUF_TARGETS);
        world_sign_root(host.w);
        publish(2, keys);
        update_must("2.a.json", "the next one");
        stored_copy(&stored_after, &host);
        course_test(&update);
        tuf_signing_key_done(keys);
        tuf_signing_key_done(keys + 1);
        host_done(&host);
        stored_done(&stored_before);
        stored_done(&stored_after);
        stored_done(&stored_seen);
        return tap_done();
}
