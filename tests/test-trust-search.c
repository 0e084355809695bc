/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Delegated roles through the whole client: by whose keys they are believed, what is asked for, what is
 * stored and what of it is used again. The order of the search itself is test-trust-tree's. */

#include "trust-host.h"
#include "trust-story.h"

/* A role "a" with one key, which has "team/x". */
static struct tuf_signing_key publish_a(struct host *h)
{
        _cleanup_json_ json_t *body = role_body(1, "team/x");
        struct tuf_signing_key key = world_key("ED25519");

        role_delegate(h->w->body[TUF_TARGETS], "a", "team/*", 1, &key, 1);
        role_publish(h, "a", "a.json", body, &key, 1);
        world_release(h->w, TUF_TARGETS);
        return key;
}

static void found(struct host *h, const char *name, const char *asked, const char *what)
{
        int r = host_update(h, TRUST_WANT_NAME, name);

        if (!tap_int(r, 0, "%s", what))
                printf("# %s\n", h->fault.text);
        tap_str(h->asked, asked, "%s: asked for", what);
        tap_ok(trust_find_target(h->t, name) != NULL, "%s: found", what);
}

/* Refused as it is; passed over where that is wanted, and then not found. */
static void barred(struct host *h, const char *name, int error, const char *word, const char *what)
{
        h->skips = false;
        tap_int(host_update(h, TRUST_WANT_NAME, name), error, "%s: refused", what);
        tap_like(h->fault.text, word, "%s: said why", what);
        h->skips = true;
        tap_int(host_update(h, TRUST_WANT_NAME, name), 0, "%s: passed over", what);
        tap_ok(!trust_find_target(h->t, name), "%s: and not found", what);
        tap_ok(trust_find_target(h->t, "stable/web.manifest") != NULL, "%s: but others are", what);
        h->skips = false;
}

/* ---- Stories ---- */

static void test_found(void)
{
        struct host h = HOST_NEW;
        struct tuf_signing_key key = publish_a(&h);
        struct world_bytes *stored;
        const char *file;
        struct trust_role role;

        found(&h, "stable/web.manifest", "", "a name that is not delegated");
        found(&h, "team/x", "1.a.json", "a delegated name");
        stored = host_file(&h, "a.json");
        tap_str(stored->data, world_get(h.w, "metadata/1.a.json")->data, "stored as it was signed");
        tap_ok(trust_targets_role(h.t, 1, &file, &role) && str_eq(file, "a.json") && role.version == 1 &&
                       !trust_targets_role(h.t, 2, &file, &role),
               "and listed");
        found(&h, "team/x", "", "once more, from what is stored");
        free(TAKE_PTR(stored->data));
        found(&h, "team/x", "1.a.json", "what is gone is fetched");
        stored->data[stored->len - 9] ^= 1;
        found(&h, "team/x", "1.a.json", "what is damaged, too");
        tap_int(host_update(&h, TRUST_WANT_NAME, "team/y"), 0, "a name that the role has not");
        tap_ok(!trust_find_target(h.t, "team/y"), "is nowhere");
        tap_int(host_update(&h, TRUST_WANT_PREFIX, "stable/"), 0, "other names");
        tap_ok(!trust_find_target(h.t, "team/x"), "need not have the role loaded");
        tap_int(host_update(&h, TRUST_WANT_PREFIX, "te"), 0, "names that begin as its do");
        tap_ok(trust_find_target(h.t, "team/x") != NULL, "do");
        tuf_signing_key_done(&key);
        host_done(&h);
}

/* A role lists what it likes; only what it is trusted with, and nobody trusted more has, is a target. */
static void test_all(void)
{
        static const char *const more[] = { "stable/evil", "stable/web.manifest", "team/y" };
        struct host h = HOST_NEW;
        _cleanup_json_ json_t *body = role_body(1, "team/x");
        const struct tuf_signing_key *key = h.w->keys[TUF_TARGETS];
        const struct tuf_file *file;
        char names[128] = "";
        size_t i = 0;

        for (size_t k = 0; k < ELEMENTSOF(more); k++)
                role_target(body, more[k], 6);
        role_delegate(h.w->body[TUF_TARGETS], "a", "team/*", 1, key, 1);
        role_publish(&h, "a", "a.json", body, key, 1);
        world_release(h.w, TUF_TARGETS);
        tap_int(host_update(&h, TRUST_WANT_PREFIX, ""), 0, "all targets");
        while (trust_next_target(h.t, "*", &i, &file) > 0)
                (void)snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s %u;", file->name,
                               (unsigned)file->length);
        tap_str(names, "stable/web.manifest 5;team/x 5;team/y 6;", "each by whom it is believed of");
        tap_ok(!trust_find_target(h.t, "stable/evil"), "and nothing else");
        host_done(&h);
}

static void test_keys(void)
{
        struct host h = HOST_NEW;
        struct tuf_signing_key keys[2] = { world_key("ED25519"), world_key("ED25519") };
        _cleanup_json_ json_t *body = role_body(1, "team/x");

        role_delegate(h.w->body[TUF_TARGETS], "a", "team/*", 2, keys, 2);
        role_publish(&h, "a", "a.json", body, keys, 1);
        world_release(h.w, TUF_TARGETS);
        barred(&h, "team/x", -EKEYREJECTED, "a.json version 1: 1 good signature by the keys of targets.json",
               "threshold minus one");
        role_publish(&h, "a", "a.json", body, h.w->keys[TUF_TARGETS], 1);
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -EKEYREJECTED, "a.json version 1: 0 good", "the delegating role's own key");
        tap_ok(!host_file(&h, "a.json")->data, "nothing is stored");
        role_publish(&h, "a", "a.json", body, keys, 2);
        world_release(h.w, TUF_SNAPSHOT);
        found(&h, "team/x", "1.a.json", "both of two");
        tuf_signing_key_done(keys);
        tuf_signing_key_done(keys + 1);
        host_done(&h);
}

/* What was believed under the old keys is not under the new ones: the reference client gets this wrong. */
static void test_rotated(void)
{
        struct host h = HOST_NEW;
        struct tuf_signing_key old = publish_a(&h), new = world_key("ED25519");
        _cleanup_json_ json_t *body = role_body(1, "team/x");

        found(&h, "team/x", "1.a.json", "by the first key");
        (void)json_object_del(h.w->body[TUF_TARGETS], "delegations");
        role_delegate(h.w->body[TUF_TARGETS], "a", "team/*", 1, &new, 1);
        world_release(h.w, TUF_TARGETS);
        barred(&h, "team/x", -EKEYREJECTED, "a.json version 1: 0 good", "stored, by a key of yesterday");
        (void)json_object_set_new(body, "version", json_integer(2));
        role_publish(&h, "a", "a.json", body, &new, 1);
        world_release(h.w, TUF_SNAPSHOT);
        found(&h, "team/x", "2.a.json", "signed by the new one");
        tuf_signing_key_done(&old);
        tuf_signing_key_done(&new);
        host_done(&h);
}

/* "c" is trusted by "a" with one key and by "b" with another; it is signed by the first. */
static void test_two_delegators(void)
{
        struct host h = HOST_NEW;
        struct tuf_signing_key keys[2] = { world_key("ED25519"), world_key("ED25519") };
        _cleanup_json_ json_t *a = role_body(1, NULL), *b = role_body(1, NULL), *c = role_body(1, "x/1");

        role_target(c, "y/1", 5);
        role_delegate(h.w->body[TUF_TARGETS], "a", "x/*", 1, keys, 1);
        role_delegate(h.w->body[TUF_TARGETS], "b", "y/*", 1, keys, 1);
        role_delegate(a, "c", "x/*", 1, keys, 1);
        role_delegate(b, "c", "y/*", 1, keys + 1, 1);
        role_publish(&h, "a", "a.json", a, keys, 1);
        role_publish(&h, "b", "b.json", b, keys, 1);
        role_publish(&h, "c", "c.json", c, keys, 1);
        world_release(h.w, TUF_TARGETS);
        found(&h, "x/1", "1.a.json 1.c.json", "by the one that lists its key");
        barred(&h, "y/1", -EKEYREJECTED, "keys of b.json", "by the one that does not");
        h.skips = false;
        tap_int(host_update(&h, TRUST_WANT_PREFIX, ""), -EKEYREJECTED, "both at once, loaded by the first");
        h.skips = true;
        tap_int(host_update(&h, TRUST_WANT_PREFIX, ""), 0, "passed over");
        tap_ok(trust_find_target(h.t, "x/1") && !trust_find_target(h.t, "y/1"), "each name by its own way");
        role_publish(&h, "c", "c.json", c, keys, 2);
        world_release(h.w, TUF_SNAPSHOT);
        h.skips = false;
        tap_int(host_update(&h, TRUST_WANT_PREFIX, ""), 0, "signed by both");
        tap_ok(trust_find_target(h.t, "x/1") && trust_find_target(h.t, "y/1"), "by both ways");
        tuf_signing_key_done(keys);
        tuf_signing_key_done(keys + 1);
        host_done(&h);
}

static void test_named(void)
{
        struct host h = HOST_NEW;
        struct tuf_signing_key key = publish_a(&h);
        json_t *meta = json_object_get(h.w->body[TUF_SNAPSHOT], "meta"), *named;
        _cleanup_json_ json_t *body = role_body(2, "team/x");

        world_remove(h.w, "metadata/1.a.json");
        barred(&h, "team/x", -ENOENT, "metadata/1.a.json: not there", "missing");
        role_publish(&h, "a", "a.json", body, &key, 1);
        world_put(h.w, "metadata/2.a.json", "{}", 2);
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -EBADMSG, "a.json: 2 bytes", "not the bytes that snapshot names");
        role_publish(&h, "a", "a.json", body, &key, 1);
        named = json_object_get(meta, "a.json");
        (void)json_object_del(named, "hashes");
        (void)json_object_del(named, "length");
        (void)json_object_set_new(named, "version", json_integer(3));
        world_put(h.w, "metadata/3.a.json", world_get(h.w, "metadata/2.a.json")->data,
                  world_get(h.w, "metadata/2.a.json")->len);
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -EBADMSG, "a.json: is version 2, snapshot.json names 3", "another version");
        (void)json_object_set_new(named, "length", json_integer(TUF_TARGETS_BYTES_MAX + 1));
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -EFBIG, "a.json", "a length over the limit");
        (void)json_object_set_new(body, "version", json_integer(4));
        (void)json_object_set_new(body, "expires", json_string("2020-01-01T00:00:00Z"));
        role_publish(&h, "a", "a.json", body, &key, 1);
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -ETIME, "a.json version 4 expired", "expired");
        (void)json_object_set_new(body, "_type", json_string("root"));
        role_publish(&h, "a", "a.json", body, &key, 1);
        world_release(h.w, TUF_SNAPSHOT);
        barred(&h, "team/x", -EINVAL, "a.json: is metadata of type", "of another type");
        tuf_signing_key_done(&key);
        host_done(&h);
}

static void test_unlisted(void)
{
        struct host h = HOST_NEW;

        role_delegate(h.w->body[TUF_TARGETS], "a", "team/*", 1, h.w->keys[TUF_TARGETS], 1);
        world_release(h.w, TUF_TARGETS);
        barred(&h, "team/x", -EBADMSG, "snapshot.json does not list a.json", "not in the snapshot");
        host_done(&h);
}

/* Names that would lead elsewhere as a file or in a URL. */
static void test_names(void)
{
        static const struct {
                const char *name, *asked, *stored;
        } cases[] = {
                { "../x", "1...%2Fx.json", "%2E.%2Fx.json" },
                { "?", "1.%3F.json", "%3F.json" },
                { "#", "1.%23.json", "%23.json" },
                { "/x", "1.%2Fx.json", "%2Fx.json" },
                { ".x", "1..x.json", "%2Ex.json" },
                { "\xc3\xa9", "1.%C3%A9.json", "%C3%A9.json" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct host h = HOST_NEW;
                _cleanup_json_ json_t *body = role_body(1, "team/x");
                const struct tuf_signing_key *key = h.w->keys[TUF_TARGETS];

                role_delegate(h.w->body[TUF_TARGETS], cases[i].name, "team/*", 1, key, 1);
                role_publish(&h, cases[i].name, cases[i].asked + STRLEN("1."), body, key, 1);
                world_release(h.w, TUF_TARGETS);
                found(&h, "team/x", cases[i].asked, cases[i].name);
                tap_ok(host_file(&h, cases[i].stored)->data != NULL, "stored as %s", cases[i].stored);
                host_done(&h);
        }
}

/* Answers to what was not asked, and more wishes than there is room for. */
static void test_protocol(void)
{
        struct host h = HOST_NEW;
        struct world_bytes *root = world_get(h.w, "metadata/1.root.json");
        struct trust_step step;
        struct fault f;

        tap_int(trust_new(root->data, root->len, h.w->now, &h.t, &f), 0, "a machine");
        for (unsigned i = 0; i < TRUST_WANTS_MAX; i++)
                if (trust_want(h.t, TRUST_WANT_NAME, "x", &f) < 0)
                        tap_str(f.text, "", "wish %u", i);
        tap_int(trust_want(h.t, TRUST_WANT_NAME, "x", &f), -E2BIG, "one wish more");
        tap_ok(trust_next(h.t, &step, &f) == 1 && step.kind == TRUST_FETCH, "asks for a root");
        tap_int(trust_recall(h.t, NULL, 0, &f), -EPROTO, "nothing was to be recalled");
        tap_int(trust_unchanged(h.t, &f), -EPROTO, "nothing conditional was asked");
        tap_ok(!trust_skip(h.t), "a root cannot be passed over");
        tap_int(trust_missing(h.t, &f), 0, "there is none");
        tap_ok(trust_next(h.t, &step, &f) == 1 && step.kind == TRUST_RECALL, "asks what is stored");
        tap_int(trust_accept(h.t, root->data, root->len, &f), -EPROTO, "nothing was to be fetched");
        tap_int(trust_missing(h.t, &f), -EPROTO, "nor was it missing");
        host_done(&h);
}

int main(void)
{
        test_found();
        test_all();
        test_keys();
        test_rotated();
        test_two_delegators();
        test_named();
        test_unlisted();
        test_names();
        test_protocol();
        return tap_done();
}
