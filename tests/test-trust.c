/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The attacks of TUF's list (spec 1.5.2) against the update machine, each played with real signatures, each
 * with the check that the host's stored metadata is what it was before. */

#include "trust-story.h"

static void test_first_update(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        char path[FETCH_PATH_SIZE];
        const struct tuf_file *file, *next;
        struct fault f;
        size_t i = 0;

        taken(w, "first update");
        tap_int(w->n_fetches, 4, "root 2, timestamp, snapshot and targets were asked for");
        for (enum tuf_role role = 0; role < TUF_ROLES; role++) {
                tap_int((int64_t)trusted_version(w, role), 1, "%s is version 1", tuf_role_name(role));
                tap_ok(w->store[role].data != NULL, "%s is stored", tuf_role_file(role));
        }
        tap_str(w->store[TUF_TARGETS].data, world_get(w, "metadata/1.targets.json")->data,
                "stored byte-identical");
        file = trust_find_target(w->trust, "stable/web.manifest");
        tap_ok(file && file->length == 5, "target found");
        tap_ok(!trust_find_target(w->trust, "stable/web"), "no such target");
        tap_ok(trust_next_target(w->trust, "stable/*.manifest", &i, &next) == 1 && next == file,
               "iterated by glob");
        tap_int(trust_next_target(w->trust, "stable/*.manifest", &i, &next), 0, "to the end");
        i = 0;
        tap_int(trust_next_target(w->trust, "beta/*", &i, &next), 0, "nothing in another channel");
        tap_int(trust_target_path(w->trust, file, path, &f), 0, "target path");
        tap_str(path,
                "targets/stable/"
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.web.manifest",
                "named by its hash");
        tap_int(tuf_check_bytes(file, "hello", 5, &f), 0, "the target's bytes pass");
        tap_int(tuf_check_bytes(file, "hellO", 5, &f), -EBADMSG, "other bytes do not");
        tap_int(tuf_check_bytes(file, "hell", 4, &f), -EBADMSG, "nor fewer");
        tap_int(tuf_check_bytes(file, "hello!", 6, &f), -EBADMSG, "nor more");
        tap_like(f.text, "longer than the signed 5 bytes", "and more is said while it comes");
}

static void test_nothing_new(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        taken(w, "second update");
        tap_int(w->n_fetches, 2, "equal timestamp: two requests");
        tap_ok(trust_find_target(w->trust, "stable/web.manifest") != NULL,
               "targets come from what is stored");
        w->conditional = true;
        taken(w, "conditional update");
        tap_int(w->n_unchanged, 1, "304 for the timestamp");
        tap_int(w->n_fetches, 2, "two requests");
        tap_ok(trust_find_target(w->trust, "stable/web.manifest") != NULL,
               "targets come from what is stored");
        tap_int(trust_next(w->trust, &(struct trust_step){}, NULL), 0, "done stays done");
        tap_int(trust_accept(w->trust, "{}", 2, NULL), -EPROTO, "nothing more is taken");
        tap_int(trust_unchanged(w->trust, NULL), -EPROTO, "nor unchanged");
        tap_int(trust_missing(w->trust, NULL), -EPROTO, "nor missing");
}

static void test_same_version_other_content(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_free_ char *before = NULL, *after = NULL;

        taken(w, "first update");
        before = world_state(w);
        world_set_expiry(w, TUF_TIMESTAMP, w->now + 1000000);
        world_sign(w, TUF_TIMESTAMP);
        taken(w, "timestamp of the same version with other content: no error");
        after = world_state(w);
        tap_str(after, before, "and not stored");
}

static void test_release(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        tap_ok(tuf_write_target(w->body[TUF_TARGETS], "stable/db.manifest", 5,
                                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") == 0,
               "another target");
        world_release(w, TUF_TARGETS);
        taken(w, "second release");
        tap_int((int64_t)trusted_version(w, TUF_TARGETS), 2, "targets are version 2");
        tap_ok(trust_find_target(w->trust, "stable/db.manifest") != NULL, "with the new target");
        world_release(w, TUF_TIMESTAMP);
        taken(w, "a timestamp alone");
        tap_int(w->n_fetches, 2, "costs two requests");
}

static void test_signatures(void)
{
        for (enum tuf_role role = TUF_TIMESTAMP; role < TUF_ROLES; role++) {
                _cleanup_(world_freep) struct world *w = world_new();
                char what[64];

                (void)snprintf(what, sizeof(what), "%s signed by another role's key", tuf_role_name(role));
                taken(w, "first update");
                world_rotate(w, role); /* not told in a root */
                world_release(w, role);
                if (role != TUF_TIMESTAMP) {
                        /* The parents are right, and taken. */
                        tap_int(world_update(w), -EKEYREJECTED, "%s: refused", what);
                        tap_int((int64_t)trusted_version(w, role), role == TUF_TARGETS ? 0 : 1, "%s: kept",
                                what);
                }
                refused(w, -EKEYREJECTED, tuf_role_file(role), what);
        }
}

static void test_arbitrary_software(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct world_bytes *b;

        taken(w, "first update");
        world_release(w, TUF_TARGETS);
        b = world_get(w, "metadata/timestamp.json");
        *strstr(b->data, "\"version\": 2") = ' '; /* no longer JSON */
        refused(w, -EINVAL, "timestamp.json", "damaged timestamp");
        world_sign(w, TUF_TIMESTAMP);
        b = world_get(w, "metadata/timestamp.json");
        strstr(b->data, "\"expires\": \"2")[13] = '1'; /* after it was signed */
        refused(w, -EKEYREJECTED, "0 good signatures", "timestamp changed after signing");
}

static void test_threshold(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        w->keys[TUF_TIMESTAMP][1] = world_key("EC");
        w->keys[TUF_TIMESTAMP][2] = world_key("RSA");
        w->n_keys[TUF_TIMESTAMP] = 3;
        w->threshold[TUF_TIMESTAMP] = 3;
        world_sign_root(w);
        world_release(w, TUF_TIMESTAMP);
        taken(w, "3 of 3, Ed25519, P-256 and RSA-PSS");
        w->n_keys[TUF_TIMESTAMP] = 2;
        world_release(w, TUF_TIMESTAMP);
        refused(w, -EKEYREJECTED, "2 good signatures", "2 of 3");
        w->n_keys[TUF_TIMESTAMP] = 3;
        world_release(w, TUF_TIMESTAMP);
        taken(w, "3 of 3 again");
}

/* The same key under a second id, which signs twice. */
static void test_same_key_twice(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct tuf_signing_key *twin = &w->keys[TUF_TIMESTAMP][1];

        taken(w, "first update");
        *twin = w->keys[TUF_TIMESTAMP][0];
        EVP_PKEY_up_ref(twin->pkey);
        twin->public = json_deep_copy(twin->public);
        (void)json_object_set_new(twin->public, "x-other", json_true());
        memset(twin->id, 'a', DIGEST_HEX_SIZE - 1);
        w->n_keys[TUF_TIMESTAMP] = 2;
        w->threshold[TUF_TIMESTAMP] = 2;
        world_sign_root(w);
        tap_int(world_update(w), -EKEYREJECTED,
                "root with a key under two ids is taken, but the old timestamp "
                "has one signature too few");
        world_release(w, TUF_TIMESTAMP);
        refused(w, -EKEYREJECTED, "1 good signature ", "two ids, one key");
}

static void test_duplicate_signature(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        taken(w, "first update");
        w->keys[TUF_TIMESTAMP][1] = w->keys[TUF_TIMESTAMP][0];
        w->n_keys[TUF_TIMESTAMP] = 2;
        world_release(w, TUF_TIMESTAMP);
        w->n_keys[TUF_TIMESTAMP] = 1;
        refused(w, -EINVAL, "two signatures with key id", "one signature twice");
}

static void test_unknown_keys(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct tuf_signing_key *odd = &w->keys[TUF_TIMESTAMP][1];

        taken(w, "first update");
        *odd = world_key("ED25519");
        (void)json_object_set_new(odd->public, "keytype", json_string("ml-dsa-65"));
        (void)json_object_set_new(odd->public, "scheme", json_string("ml-dsa-65"));
        w->n_keys[TUF_TIMESTAMP] = 2;
        world_sign_root(w);
        world_release(w, TUF_TIMESTAMP);
        taken(w, "a key of an unknown type beside a good one");
        w->threshold[TUF_TIMESTAMP] = 2;
        world_sign_root(w);
        tap_int(world_update(w), -EKEYREJECTED, "which does not count");
}

static void test_expiry(void)
{
        for (enum tuf_role role = TUF_TIMESTAMP; role < TUF_ROLES; role++) {
                _cleanup_(world_freep) struct world *w = world_new();
                char what[64];

                (void)snprintf(what, sizeof(what), "expired %s", tuf_role_file(role));
                taken(w, "first update");
                world_set_expiry(w, role, w->now);
                world_release(w, role);
                if (role != TUF_TIMESTAMP)
                        tap_int(world_update(w), -ETIME, "%s", what);
                refused(w, -ETIME, tuf_role_file(role), what);
                world_set_expiry(w, role, w->now + 1);
                world_release(w, role);
                taken(w, "recovers with the next one");
        }
}

/* The bucket stands still: the same timestamp for ever. */
static void test_freeze(void)
{
        for (unsigned conditional = 0; conditional < 2; conditional++) {
                _cleanup_(world_freep) struct world *w = world_new();

                taken(w, "first update");
                w->conditional = conditional;
                w->now += tuf_default_period(TUF_TIMESTAMP) - 1;
                taken(w, "a second before it expires");
                w->now++;
                refused(w, -ETIME, "timestamp.json version 1 expired at 2027-01-18T08:00:00Z",
                        conditional ? "freeze with 304" : "freeze");
        }
}

static void test_rollback(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_free_ char *old = strdup(world_get(w, "metadata/timestamp.json")->data);

        world_release(w, TUF_TARGETS);
        taken(w, "release 2");
        world_put(w, "metadata/timestamp.json", old, strlen(old));
        refused(w, -ESTALE, "version 1 is older than the trusted 2", "replayed timestamp");
        world_set_version(w, TUF_SNAPSHOT, 0);
        world_release(w, TUF_SNAPSHOT);
        refused(w, -ESTALE, "names snapshot 1", "newer timestamp of an older snapshot");
}

static void test_snapshot_rollback(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_free_ char *before = NULL;

        world_release(w, TUF_TARGETS);
        tap_ok(tuf_write_meta(w->body[TUF_SNAPSHOT], "team.json", 7, "", 0) == 0, "a delegated role");
        world_release(w, TUF_SNAPSHOT);
        taken(w, "targets 2");
        before = strdup(w->store[TUF_SNAPSHOT].data);
        world_set_version(w, TUF_TARGETS, 0);
        world_release(w, TUF_TARGETS);
        tap_int(world_update(w), -ESTALE, "snapshot lists older targets");
        refused(w, -ESTALE, "targets.json version 1, older than the trusted 2", "again");
        world_set_version(w, TUF_TARGETS, 2);
        tap_ok(tuf_write_meta(w->body[TUF_SNAPSHOT], "team.json", 6, "", 0) == 0, "the delegated role");
        world_release(w, TUF_TARGETS);
        tap_int(world_update(w), -ESTALE, "snapshot lists an older delegated role");
        tap_like(w->fault.text, "team.json version 6, older than the trusted 7", "said");
        (void)json_object_del(json_object_get(w->body[TUF_SNAPSHOT], "meta"), "team.json");
        world_release(w, TUF_TARGETS);
        tap_int(world_update(w), -ESTALE, "snapshot no longer lists a role");
        tap_like(w->fault.text, "no longer lists team.json", "said");
        tap_str(w->store[TUF_SNAPSHOT].data, before, "the stored snapshot is as before");
}

static void test_mix_and_match(void)
{
        static const char *const names[] = { "snapshot", "targets" };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(world_freep) struct world *w = world_new();
                char old[64], new[64];
                struct world_bytes *b;

                (void)snprintf(old, sizeof(old), "metadata/1.%s.json", names[i]);
                (void)snprintf(new, sizeof(new), "metadata/2.%s.json", names[i]);
                world_release(w, TUF_TARGETS);
                b = world_get(w, old);
                world_put(w, new, b->data, b->len);
                tap_int(world_update(w), -EBADMSG, "%s of another release", names[i]);
                refused(w, -EBADMSG, names[i], names[i]);
        }
}

/* Without hashes and lengths, which the spec makes optional, versions alone must catch it. */
static void test_mix_without_hashes(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct world_bytes *b;
        json_t *meta;

        world_release(w, TUF_TARGETS);
        for (enum tuf_role i = TUF_TIMESTAMP; i <= TUF_SNAPSHOT; i++) {
                meta = json_object_get(json_object_get(w->body[i], "meta"),
                                       i == TUF_TIMESTAMP ? "snapshot.json" : "targets.json");
                (void)json_object_del(meta, "hashes");
                (void)json_object_del(meta, "length");
        }
        world_sign(w, TUF_SNAPSHOT);
        world_sign(w, TUF_TIMESTAMP);
        b = world_get(w, "metadata/1.targets.json");
        world_put(w, "metadata/2.targets.json", b->data, b->len);
        tap_int(world_update(w), -EBADMSG, "older targets, no hashes");
        tap_like(w->fault.text, "targets.json: is version 1, snapshot.json names 2", "said");
        world_sign(w, TUF_TARGETS);
        b = world_get(w, "metadata/1.snapshot.json");
        world_put(w, "metadata/2.snapshot.json", b->data, b->len);
        taken(w, "the snapshot was stored before");
        for (enum tuf_role i = TUF_TIMESTAMP; i < TUF_ROLES; i++) {
                free(w->store[i].data);
                w->store[i] = (struct world_bytes){};
        }
        tap_int(world_update(w), -EBADMSG, "older snapshot, no hashes");
        tap_like(w->fault.text, "snapshot.json: is version 1, timestamp.json names 2", "said");
}

static void test_unknown_hashes(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        json_t *meta;

        meta = json_object_get(json_object_get(w->body[TUF_TIMESTAMP], "meta"), "snapshot.json");
        (void)json_object_set_new(meta, "hashes", json_pack("{s:s}", "blake3", "00"));
        world_sign(w, TUF_TIMESTAMP);
        tap_int(world_update(w), -EBADMSG, "hashes, but none we know");
        tap_like(w->fault.text, "unknown kinds", "said");
}

static void test_endless(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        _cleanup_free_ char *big = calloc(1, TUF_TARGETS_BYTES_MAX + 1);
        struct world_bytes *b = world_get(w, "metadata/1.targets.json");
        _cleanup_free_ char *longer = calloc(1, b->len + 2);
        struct tuf_metadata *m = NULL;

        memcpy(longer, b->data, b->len);
        longer[b->len] = '\n';
        world_put(w, "metadata/1.targets.json", longer, b->len + 1);
        tap_int(world_update(w), -EFBIG, "one byte more than signed: the fetcher is told to stop there");
        tap_int(trust_accept(w->trust, longer, strlen(longer), NULL), -EBADMSG,
                "and it is checked here too");
        memset(big, ' ', TUF_TARGETS_BYTES_MAX);
        tap_int(tuf_metadata_parse(TUF_TARGETS, big, TUF_TARGETS_BYTES_MAX + 1, &m, &w->fault), -EFBIG,
                "over the role's limit");
        memset(big, '[', 1000);
        tap_int(tuf_metadata_parse(TUF_TIMESTAMP, big, 1000, &m, &w->fault), -EFBIG, "too deep");
        for (size_t i = 0; i < 9000; i += 3)
                memcpy(big + i, "[],", 3);
        tap_int(tuf_metadata_parse(TUF_TIMESTAMP, big, 9000, &m, &w->fault), -EFBIG, "too many values");
}

static void test_length_over_limit(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        json_t *meta;

        meta = json_object_get(json_object_get(w->body[TUF_TIMESTAMP], "meta"), "snapshot.json");
        (void)json_object_set_new(meta, "length", json_integer(INT64_MAX));
        world_sign(w, TUF_TIMESTAMP);
        tap_int(world_update(w), -EFBIG, "signed length over our limit");
}

static void test_missing(void)
{
        static const struct {
                const char *path, *word;
        } cases[] = {
                { "metadata/timestamp.json", "URL" },
                { "metadata/1.snapshot.json", "incomplete" },
                { "metadata/1.targets.json", "incomplete" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(world_freep) struct world *w = world_new();

                world_remove(w, cases[i].path);
                tap_int(world_update(w), -ENOENT, "%s is missing", cases[i].path);
                tap_like(w->fault.text, cases[i].path, "which is named");
                tap_like(w->fault.text, cases[i].word, "with a hint");
        }
}

static void test_other_repository(void)
{
        _cleanup_(world_freep) struct world *w = world_new(), *other = world_new();

        taken(w, "first update");
        for (size_t i = 0; i < other->n_files; i++)
                world_put(w, other->files[i].path, other->files[i].bytes.data, other->files[i].bytes.len);
        refused(w, -EKEYREJECTED, "timestamp.json", "another repository");
}

static void test_wrong_role(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        struct world_bytes *b = world_get(w, "metadata/1.snapshot.json");

        world_put(w, "metadata/timestamp.json", b->data, b->len);
        tap_int(world_update(w), -EINVAL, "a snapshot as timestamp");
        tap_like(w->fault.text, "of type \"snapshot\"", "said");
}

static void test_unknown_fields(void)
{
        _cleanup_(world_freep) struct world *w = world_new();

        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                (void)json_object_set_new(w->body[i], "x-\"quoted\\\"",
                                          json_pack("{s:[i,n,b], s:s}", "\xc3\xa9", 1, 1, "a", "\n\x7f/"));
        world_sign_root(w);
        world_release(w, TUF_TARGETS);
        taken(w, "fields we do not know are part of what is signed");
        tap_ok(strstr(w->store[TUF_ROOT].data, "quoted") != NULL, "and are stored");
}

static void test_inconsistent_snapshot(void)
{
        _cleanup_(world_freep) struct world *w = world_new();
        char path[FETCH_PATH_SIZE];

        (void)json_object_set_new(w->body[TUF_ROOT], "consistent_snapshot", json_false());
        world_sign_root(w);
        for (enum tuf_role i = TUF_SNAPSHOT; i <= TUF_TARGETS; i++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "metadata/1.%s", tuf_role_file(i));
                (void)snprintf(path, sizeof(path), "metadata/%s", tuf_role_file(i));
                world_put(w, path, world_get(w, name)->data, world_get(w, name)->len);
                world_remove(w, name);
        }
        taken(w, "without consistent snapshots");
        tap_int(trust_target_path(w->trust, trust_find_target(w->trust, "stable/web.manifest"), path, NULL),
                0, "target path");
        tap_str(path, "targets/stable/web.manifest", "without hash");
}

int main(void)
{
        test_first_update();
        test_nothing_new();
        test_same_version_other_content();
        test_release();
        test_signatures();
        test_arbitrary_software();
        test_threshold();
        test_same_key_twice();
        test_duplicate_signature();
        test_unknown_keys();
        test_expiry();
        test_freeze();
        test_rollback();
        test_snapshot_rollback();
        test_mix_and_match();
        test_mix_without_hashes();
        test_unknown_hashes();
        test_endless();
        test_length_over_limit();
        test_missing();
        test_other_repository();
        test_wrong_role();
        test_unknown_fields();
        test_inconsistent_snapshot();
        return tap_done();
}
