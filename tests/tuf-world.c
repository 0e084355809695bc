/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See tuf-world.h. */

#include "tuf-world.h"

#include <inttypes.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>

static const enum tuf_role order[] = { TUF_TARGETS, TUF_SNAPSHOT, TUF_TIMESTAMP };

static void must(bool ok, const char *what)
{
        if (ok)
                return;
        (void)fprintf(stderr, "tuf-world: %s failed\n", what);
        abort();
}

struct tuf_signing_key world_key(const char *type)
{
        struct tuf_signing_key k;
        EVP_PKEY *pkey;

        if (str_eq(type, "EC"))
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        else if (str_eq(type, "RSA"))
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
        else
                pkey = EVP_PKEY_Q_keygen(NULL, NULL, type);
        must(pkey && tuf_sign_adopt(type, pkey, &k, NULL) == 0, "making a key");
        return k;
}

struct world_bytes *world_get(struct world *w, const char *path)
{
        for (size_t i = 0; i < w->n_files; i++)
                if (str_eq(w->files[i].path, path))
                        return w->files[i].bytes.data ? &w->files[i].bytes : NULL;
        return NULL;
}

static void bytes_set(struct world_bytes *b, const void *data, size_t len)
{
        char *copy = malloc(len + 1);

        must(copy, "malloc");
        memcpy(copy, data, len);
        copy[len] = '\0';
        free(b->data);
        *b = (struct world_bytes){ copy, len };
}

void world_put(struct world *w, const char *path, const void *data, size_t len)
{
        struct world_bytes *b = world_get(w, path);

        if (!b) {
                must(w->n_files < WORLD_FILES_MAX, "finding room in the bucket");
                (void)snprintf(w->files[w->n_files].path, sizeof(w->files[0].path), "%s", path);
                b = &w->files[w->n_files++].bytes;
        }
        bytes_set(b, data, len);
}

void world_remove(struct world *w, const char *path)
{
        struct world_bytes *b = world_get(w, path);

        must(b, "removing from the bucket");
        free(b->data);
        *b = (struct world_bytes){};
        for (size_t i = 0; i < w->n_files; i++)
                if (str_eq(w->files[i].path, path))
                        w->files[i].path[0] = '\0';
}

static uint64_t body_version(const json_t *body)
{
        return (uint64_t)json_integer_value(json_object_get(body, "version"));
}

void world_set_version(struct world *w, enum tuf_role role, uint64_t version)
{
        must(json_object_set_new(w->body[role], "version", json_integer((json_int_t)version)) == 0, "json");
}

void world_set_expiry(struct world *w, enum tuf_role role, int64_t expires)
{
        must(tuf_write_version(w->body[role], body_version(w->body[role]), expires) == 0, "json");
}

static void world_path(const struct world *w, enum tuf_role role, char *path, size_t size)
{
        if (role == TUF_TIMESTAMP)
                (void)snprintf(path, size, "metadata/timestamp.json");
        else
                (void)snprintf(path, size, "metadata/%" PRIu64 ".%s", body_version(w->body[role]),
                               tuf_role_file(role));
}

static void world_sign_with(struct world *w, enum tuf_role role, const struct tuf_signing_key *keys,
                            size_t n)
{
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(64 << 20);
        char path[64];

        must(tuf_sign_document(w->body[role], keys, n, &out, NULL) == 0, "signing");
        world_path(w, role, path, sizeof(path));
        world_put(w, path, out.data, out.len);
}

void world_sign_as(struct world *w, enum tuf_role role, enum tuf_role signer)
{
        world_sign_with(w, role, w->keys[signer], w->n_keys[signer]);
}

void world_sign(struct world *w, enum tuf_role role)
{
        world_sign_as(w, role, role);
}

static void root_fill(struct world *w)
{
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                must(tuf_write_signers(w->body[TUF_ROOT], i, w->keys[i], w->n_keys[i], w->threshold[i],
                                       tuf_default_period(i)) == 0,
                     "listing keys");
}

void world_sign_root(struct world *w)
{
        world_set_version(w, TUF_ROOT, body_version(w->body[TUF_ROOT]) + 1);
        root_fill(w);
        world_sign(w, TUF_ROOT);
}

void world_rotate(struct world *w, enum tuf_role role)
{
        for (size_t i = 0; i < w->n_keys[role]; i++)
                tuf_signing_key_done(w->keys[role] + i);
        w->keys[role][0] = world_key("ED25519");
        w->n_keys[role] = 1;
}

static void world_name_child(struct world *w, enum tuf_role parent, enum tuf_role child)
{
        struct world_bytes *b;
        char path[64];

        world_path(w, child, path, sizeof(path));
        b = world_get(w, path);
        must(b && tuf_write_meta(w->body[parent], tuf_role_file(child), body_version(w->body[child]),
                                 b->data, b->len) == 0,
             "naming a file");
}

void world_release(struct world *w, enum tuf_role from)
{
        bool begun = false;

        for (size_t i = 0; i < ELEMENTSOF(order); i++) {
                begun = begun || order[i] == from;
                if (!begun)
                        continue;
                if (i > 0)
                        world_name_child(w, order[i], order[i - 1]);
                world_set_version(w, order[i], body_version(w->body[order[i]]) + 1);
                world_sign(w, order[i]);
        }
}

struct world *world_new(void)
{
        struct world *w = calloc(1, sizeof(*w));
        struct world_bytes *root;

        must(w, "calloc");
        w->now = 1800000000;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                w->threshold[i] = 1;
                w->keys[i][0] = world_key("ED25519");
                w->n_keys[i] = 1;
                must(tuf_write_body(i, 0, w->now + tuf_default_period(i), w->body + i) == 0, "writing");
        }
        must(tuf_write_target(w->body[TUF_TARGETS], "stable/web.manifest", 5,
                              "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") == 0,
             "adding a target");
        world_sign_root(w);
        world_release(w, TUF_TARGETS);
        root = world_get(w, "metadata/1.root.json");
        must(root, "root");
        bytes_set(&w->store[TUF_ROOT], root->data, root->len);
        return w;
}

struct world *world_free(struct world *w)
{
        if (!w)
                return NULL;
        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                for (size_t k = 0; k < w->n_keys[i]; k++)
                        tuf_signing_key_done(w->keys[i] + k);
                json_decref(w->body[i]);
                free(w->store[i].data);
        }
        for (size_t i = 0; i < w->n_files; i++)
                free(w->files[i].bytes.data);
        trust_free(w->trust);
        free(w);
        return NULL;
}

static int world_answer(struct world *w, const struct trust_step *step)
{
        struct world_bytes *b = world_get(w, step->path), *stored = &w->store[step->role];

        w->n_fetches++;
        if (!b)
                return trust_missing(w->trust, &w->fault);
        if (step->conditional && w->conditional && b->len == stored->len &&
            memcmp(b->data, stored->data, b->len) == 0) {
                w->n_unchanged++;
                return trust_unchanged(w->trust, &w->fault);
        }
        if (b->len > step->max_bytes)
                return fault_set(&w->fault, -EFBIG, "%s: endless", step->path);
        return trust_accept(w->trust, b->data, b->len, &w->fault);
}

static int world_run(struct world *w)
{
        struct trust_step step;
        int r;

        while ((r = trust_next(w->trust, &step, &w->fault)) > 0) {
                r = 0;
                if (step.kind == TRUST_FETCH)
                        r = world_answer(w, &step);
                else if (step.kind == TRUST_RECALL)
                        r = trust_recall(w->trust, w->store[step.role].data, w->store[step.role].len,
                                         &w->fault);
                else if (step.kind == TRUST_STORE)
                        bytes_set(&w->store[step.role], step.bytes, step.len);
                else {
                        free(w->store[step.role].data);
                        w->store[step.role] = (struct world_bytes){};
                }
                if (r < 0)
                        break;
        }
        return r;
}

int world_update(struct world *w)
{
        int r;

        w->trust = trust_free(w->trust);
        w->fault = (struct fault){};
        w->n_fetches = w->n_unchanged = 0;
        r = trust_new(w->store[TUF_ROOT].data, w->store[TUF_ROOT].len, w->now, &w->trust, &w->fault);
        return r < 0 ? r : world_run(w);
}

char *world_state(const struct world *w)
{
        struct buffer b = BUFFER_INIT(4096);
        char hex[DIGEST_HEX_SIZE];

        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                if (!w->store[i].data)
                        continue;
                must(digest_hex(w->store[i].data, w->store[i].len, hex) == 0, "hashing");
                (void)buffer_printf(&b, "%s %s\n", tuf_role_name(i), hex);
        }
        must(b.error == 0, "buffer");
        return b.data;
}
