/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a host keeps of the past and what it drops: after keys were rotated, and when what it stored is
 * damaged, old, or not what is named any more. */

#include "trust-story.h"

/* ---- Fast-forward, 5.3.11 ---- */

/* Signed by all keys of the role: what an attacker with one of them drove up verifies under the others. */
static struct world *world_driven_up(enum tuf_role role, enum tuf_role victim)
{
        struct world *w = world_new();

        w->keys[role][w->n_keys[role]++] = world_key("ED25519");
        world_sign_root(w);
        world_set_version(w, victim, 1000);
        world_release(w, victim);
        taken(w, "attacked host");
        tap_int((int64_t)trusted_version(w, victim), 1001, "version driven up");
        world_set_version(w, victim, 1);
        world_release(w, victim);
        tap_int(world_update(w), -ESTALE, "versions cannot go back by themselves");
        return w;
}

static void key_drop(struct world *w, enum tuf_role role)
{
        tuf_signing_key_done(w->keys[role] + --w->n_keys[role]);
}

static void test_one_key_rotated(void)
{
        static const struct {
                enum tuf_role role, victim;
        } cases[] = { { TUF_TIMESTAMP, TUF_TIMESTAMP },
                      { TUF_SNAPSHOT, TUF_SNAPSHOT },
                      { TUF_SNAPSHOT, TUF_TARGETS },
                      { TUF_TIMESTAMP, TUF_TARGETS } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(world_freep) struct world *w = world_driven_up(cases[i].role, cases[i].victim);

                key_drop(w, cases[i].role);
                world_sign_root(w);
                world_release(w, cases[i].victim);
                taken(w, "one of two keys was taken away");
                tap_int((int64_t)trusted_version(w, cases[i].victim), 3, "and %s goes back",
                        tuf_role_file(cases[i].victim));
        }
}

/* Adding a key, another threshold, or rotating the keys of root and targets is no reason to forget. */
static void test_not_rotated(void)
{
        _cleanup_(world_freep) struct world *w = world_driven_up(TUF_TIMESTAMP, TUF_TIMESTAMP);

        w->keys[TUF_TIMESTAMP][w->n_keys[TUF_TIMESTAMP]++] = world_key("ED25519");
        world_sign_root(w);
        world_release(w, TUF_TIMESTAMP);
        tap_int(world_update(w), -ESTALE, "a key more");
        w->threshold[TUF_TIMESTAMP] = 2;
        world_sign_root(w);
        world_release(w, TUF_TIMESTAMP);
        tap_int(world_update(w), -ESTALE, "a higher threshold, which what is stored reaches");
        world_rotate(w, TUF_TARGETS);
        world_sign_root(w);
        world_set_version(w, TUF_TIMESTAMP, 1);
        world_release(w, TUF_TARGETS);
        tap_int(world_update(w), -ESTALE, "another targets key");
        tap_int((int64_t)trusted_version(w, TUF_ROOT), 5, "the roots were taken");
        tap_int((int64_t)trusted_version(w, TUF_TIMESTAMP), 1001, "what was trusted is");
}

/* Away in one root and back in the next: the host sees both at once. */
static void test_rotated_and_back(void)
{
        _cleanup_(world_freep) struct world *w = world_driven_up(TUF_TIMESTAMP, TUF_TIMESTAMP);

        w->n_keys[TUF_TIMESTAMP]--;
        world_sign_root(w);
        w->n_keys[TUF_TIMESTAMP]++;
        world_sign_root(w);
        world_release(w, TUF_TIMESTAMP);
        taken(w, "rotated, and back");
        tap_int((int64_t)trusted_version(w, TUF_TIMESTAMP), 3, "the timestamp went back");
}

static void test_fast_forward(void)
{
        for (enum tuf_role role = TUF_TIMESTAMP; role <= TUF_SNAPSHOT; role++) {
                _cleanup_(world_freep) struct world *w = world_new();
                enum tuf_role victim = role == TUF_TIMESTAMP ? TUF_TIMESTAMP : TUF_TARGETS;

                /* With a stolen key, versions were driven up; then the key was rotated. */
                world_set_version(w, victim, INT64_MAX - 1);
                world_release(w, victim);
                taken(w, "attacked host");
                tap_ok(trusted_version(w, victim) == INT64_MAX, "version driven up to the end");
                world_set_version(w, victim, 1);
                world_release(w, victim);
                tap_int(world_update(w), -ESTALE, "versions cannot go back by themselves");
                world_rotate(w, role);
                world_sign_root(w);
                world_release(w, victim);
                taken(w, "recovered after the key was rotated");
                tap_ok(trusted_version(w, victim) == 3, "to the publisher's version");
        }
}

static void test_forget_order(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct trust_step step;
        struct world_bytes *root;
        enum trust_kind kinds[3];

        taken(w, "first update");
        world_rotate(w, TUF_SNAPSHOT);
        world_sign_root(w);
        root = world_get(w, "metadata/2.root.json");
        w->trust = trust_free(w->trust);
        tap_int(trust_new(w->store[TUF_ROOT].data, w->store[TUF_ROOT].len, w->now, &w->trust, NULL), 0,
                "a machine");
        tap_int(trust_next(w->trust, &step, NULL), 1, "asks");
        tap_str(step.path, "metadata/2.root.json", "for the next root");
        tap_int(trust_accept(w->trust, root->data, root->len, NULL), 0, "takes it");
        for (size_t i = 0; i < 3; i++) {
                tap_int(trust_next(w->trust, &step, NULL), 1, "step %zu", i);
                kinds[i] = step.kind;
        }
        tap_ok(kinds[0] == TRUST_FORGET && kinds[1] == TRUST_FORGET && kinds[2] == TRUST_STORE,
               "old versions are removed before the new root is stored");
        tap_int(trust_next(w->trust, &step, NULL), 1, "asks");
        tap_str(step.path, "metadata/3.root.json", "for the root after that");
        tap_int(trust_missing(w->trust, NULL), 0, "which is not there");
        tap_int(trust_next(w->trust, &step, NULL), 1, "asks");
        tap_ok(str_eq(step.path, "metadata/timestamp.json") && !step.conditional,
               "for the timestamp, unconditionally");
        tap_int((int64_t)step.max_bytes, 16384, "with its cap");
}

/* ---- What is stored and not named ---- */

static void without_hashes(struct world *w, enum tuf_role role, const char *name)
{
        json_t *meta = json_object_get(json_object_get(w->body[role], "meta"), name);

        (void)json_object_del(meta, "hashes");
        (void)json_object_del(meta, "length");
}

/* Without hashes the version alone says which is meant. */
static void test_stored_version(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        without_hashes(w, TUF_TIMESTAMP, "snapshot.json");
        world_set_version(w, TUF_TIMESTAMP, 2);
        world_sign(w, TUF_TIMESTAMP);
        taken(w, "a snapshot without hashes");
        for (enum tuf_role i = TUF_SNAPSHOT; i <= TUF_TARGETS; i++) {
                world_release(w, i);
                without_hashes(w, TUF_TIMESTAMP, "snapshot.json");
                without_hashes(w, TUF_SNAPSHOT, "targets.json");
                world_sign(w, TUF_SNAPSHOT);
                world_set_version(w, TUF_TIMESTAMP, 10 + i);
                world_sign(w, TUF_TIMESTAMP);
                taken(w, "the next one");
                tap_int((int64_t)trusted_version(w, i), 2, "%s is fetched", tuf_role_file(i));
        }
}

/* Named, whole and signed is not enough: 5.5.6, 5.6.5 hold for what is stored too. */
static void test_stored_expired(void)
{
        for (enum tuf_role role = TUF_SNAPSHOT; role <= TUF_TARGETS; role++) {
                _cleanup_(world_freep) struct world *w = world_new();

                world_set_expiry(w, role, w->now + 10);
                world_release(w, role);
                taken(w, "first update");
                w->now += 10;
                refused(w, -ETIME, tuf_role_file(role), "a stored file has expired");
        }
}

/* Targets keys rotated, the file itself not signed anew: it is stored, named by snapshot, and worth nothing.
 */
static void test_stored_signed_by_old_keys(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        world_rotate(w, TUF_TARGETS);
        world_sign_root(w);
        tap_int(world_update(w), -EKEYREJECTED, "stored targets by a key that was rotated away");
        tap_like(w->fault.text, "targets.json version 1", "said");
        world_release(w, TUF_TARGETS);
        taken(w, "signed by the new one");
}

/* ---- What is stored and damaged, old, or somebody else's ---- */

static void test_expired_cache(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        w->now += 100 * 86400;
        for (enum tuf_role i = TUF_TIMESTAMP; i < TUF_ROLES; i++)
                world_set_expiry(w, i, w->now + 1000);
        world_release(w, TUF_TARGETS);
        taken(w, "everything stored has expired, everything served has not");
        tap_ok(!trust_warning(w->trust), "no warning");
}

static void test_bad_cache(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        tap_ok(!trust_warning(w->trust), "no warning");
        w->store[TUF_TIMESTAMP].data[0] = 'x';
        taken(w, "a damaged stored timestamp does not stop updates");
        tap_like(trust_warning(w->trust), "timestamp.json", "but is told");
        taken(w, "and has been replaced");
        tap_ok(!trust_warning(w->trust), "no warning");
        strstr(w->store[TUF_TARGETS].data, "\"length\": 5")[10] = '6';
        taken(w, "a changed stored targets.json is not used");
        tap_int(w->n_fetches, 3, "but fetched again");
        tap_int((int64_t)trust_find_target(w->trust, "stable/web.manifest")->length, 5,
                "with what was signed");
        w->store[TUF_ROOT].data[5] ^= 1;
        tap_int(world_update(w), -EINVAL, "a damaged root does stop them");
        tap_like(w->fault.text, "trusted root", "and is named");
        free(TAKE_PTR(w->store[TUF_ROOT].data));
        tap_int(world_update(w), -ENOENT, "so does none");
}

/* Somebody else's timestamp in the store, far ahead: it must not count as trusted. */
static void test_foreign_cache(void)
{
        _cleanup_(world_freep) struct world *w = world_new(), *other = world_new();
        struct world_bytes *b;

        world_set_version(other, TUF_TIMESTAMP, 98);
        world_release(other, TUF_TIMESTAMP);
        b = world_get(other, "metadata/timestamp.json");
        taken(w, "first update");
        free(w->store[TUF_TIMESTAMP].data);
        w->store[TUF_TIMESTAMP] = *b;
        *b = (struct world_bytes){};
        taken(w, "a stored timestamp that our keys did not sign does not stop updates");
        tap_int((int64_t)trusted_version(w, TUF_TIMESTAMP), 1, "and is replaced");
}

/* Same version, other content, properly signed and named: what is stored is not what is named. */
static void test_stale_cache(void)
{
        for (enum tuf_role role = TUF_SNAPSHOT; role <= TUF_TARGETS; role++) {
                _cleanup_(world_freep) struct world *w = world_new();
                char path[64];

                taken(w, "first update");
                world_set_expiry(w, role, w->now + 5000);
                world_sign(w, role);
                world_release(w, role == TUF_TARGETS ? TUF_SNAPSHOT : TUF_TIMESTAMP);
                taken(w, "re-signed without a new version");
                (void)snprintf(path, sizeof(path), "metadata/1.%s", tuf_role_file(role));
                tap_str(w->store[role].data, world_get(w, path)->data, "%s is fetched again",
                        tuf_role_file(role));
        }
}

int main(void)
{
        test_fast_forward();
        test_forget_order();
        test_one_key_rotated();
        test_not_rotated();
        test_rotated_and_back();
        test_stored_version();
        test_stored_expired();
        test_stored_signed_by_old_keys();
        test_expired_cache();
        test_bad_cache();
        test_foreign_cache();
        test_stale_cache();
        return tap_done();
}
