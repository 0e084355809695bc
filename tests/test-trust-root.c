/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The chain of roots: who may replace whom, what ends it, and when the last one is too old. */

#include "trust-story.h"

static void test_root_chain(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        world_rotate(w, TUF_TIMESTAMP);
        world_sign_root(w);
        world_rotate(w, TUF_TARGETS);
        world_sign_root(w);
        world_release(w, TUF_TARGETS);
        taken(w, "two new roots");
        tap_int((int64_t)trusted_version(w, TUF_ROOT), 3, "root is version 3");
        tap_str(w->store[TUF_ROOT].data, world_get(w, "metadata/3.root.json")->data, "and stored");
}

static void test_root_rotation(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        world_rotate(w, TUF_ROOT);
        world_sign_root(w);
        refused(w, -EKEYREJECTED, "root version 1", "new root key, not signed by the old one");
}

static void test_root_old_and_new(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct tuf_signing_key *keys = w->keys[TUF_ROOT];

        taken(w, "first update");
        keys[1] = world_key("ED25519");
        w->n_keys[TUF_ROOT] = 2;
        w->threshold[TUF_ROOT] = 2;
        world_set_version(w, TUF_ROOT, 2);
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                tap_int(tuf_write_signers(w->body[TUF_ROOT], i, w->keys[i], w->n_keys[i], w->threshold[i],
                                          1),
                        0, "keys listed");
        w->n_keys[TUF_ROOT] = 1; /* old only */
        world_sign(w, TUF_ROOT);
        refused(w, -EKEYREJECTED, "itself", "new threshold not reached");
        w->n_keys[TUF_ROOT] = 2;
        world_sign(w, TUF_ROOT);
        taken(w, "old and new threshold reached");
}

static void test_root_versions(void)
{
        static const struct {
                uint64_t version;
                int error;
        } cases[] = { { 3, -ESTALE }, { 5, -ESTALE }, { 7, -EBADMSG } };
        _cleanup_(world_freep) struct world *w = world_new();

        for (unsigned i = 0; i < 4; i++)
                world_sign_root(w);
        taken(w, "root 5");
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char path[64];
                struct world_bytes *b;

                world_set_version(w, TUF_ROOT, cases[i].version);
                world_sign(w, TUF_ROOT);
                (void)snprintf(path, sizeof(path), "metadata/%u.root.json", (unsigned)cases[i].version);
                b = world_get(w, path);
                world_put(w, "metadata/6.root.json", b->data, b->len);
                refused(w, cases[i].error, "served as 6", "root of another version");
                tap_int((int64_t)trusted_version(w, TUF_ROOT), 5, "root stays version 5");
        }
}

static void test_root_gap(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        world_sign_root(w);
        world_sign_root(w);
        world_remove(w, "metadata/2.root.json");
        taken(w, "root 2 is missing");
        tap_int((int64_t)trusted_version(w, TUF_ROOT), 1, "root 3 is not looked for");
}

static void test_root_expiry(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        world_set_expiry(w, TUF_ROOT, w->now - 1);
        world_sign_root(w);
        tap_int(world_update(w), -ETIME, "expired last root");
        tap_like(w->fault.text, "root.json version 2 expired at 2027-01-15T07:59:59Z", "said with date");
        tap_str(w->store[TUF_ROOT].data, world_get(w, "metadata/2.root.json")->data, "but stored (5.3.8)");
        world_set_expiry(w, TUF_ROOT, w->now + 1);
        world_sign_root(w);
        taken(w, "expired intermediate root is fine");
        w->now++;
        refused(w, -ETIME, "root.json version 3", "expires exactly now");
}

static void test_root_endless_chain(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        for (unsigned i = 0; i < 300; i++)
                world_sign_root(w);
        taken(w, "300 new roots");
        tap_int((int64_t)trusted_version(w, TUF_ROOT), 257, "are taken 256 at a time");
        taken(w, "once more");
        tap_int((int64_t)trusted_version(w, TUF_ROOT), 301, "to the end");
}

static void test_unsigned_first_root(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        strstr(w->store[TUF_ROOT].data, "\"sig\": \"")[8] ^= 1;
        tap_int(world_update(w), -EKEYREJECTED, "first root that its own keys did not sign");
}

int main(void)
{
        test_root_chain();
        test_root_rotation();
        test_root_old_and_new();
        test_root_versions();
        test_root_gap();
        test_root_expiry();
        test_root_endless_chain();
        test_unsigned_first_root();
        return tap_done();
}
