/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* See trust-host.h. */

#include "trust-host.h"

#include <inttypes.h>

#include "facts/trust_drive.h"

struct world_bytes *host_file(struct host *h, const char *name)
{
        for (size_t i = 0; i < HOST_FILES_MAX; i++) {
                if (!*h->stored[i].name)
                        (void)snprintf(h->stored[i].name, sizeof(h->stored[i].name), "%s", name);
                if (str_eq(h->stored[i].name, name))
                        return &h->stored[i].bytes;
        }
        abort();
}

static int give(const struct world_bytes *b, char **ret, size_t *ret_len, struct fault *f)
{
        if (!b || !b->data)
                return -ENOENT;
        *ret = malloc(b->len + 1);
        if (!*ret)
                return fault_set(f, -ENOMEM, "a door: out of memory");
        memcpy(*ret, b->data, b->len);
        *ret_len = b->len;
        return 0;
}

static int on_fetch(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                    struct fault *f)
{
        struct host *h = userdata;
        size_t n = strlen(h->asked);

        if (step->delegated)
                (void)snprintf(h->asked + n, sizeof(h->asked) - n, "%s%s", n ? " " : "",
                               step->path + STRLEN("metadata/"));
        return give(world_get(h->w, step->path), ret, ret_len, f);
}

static int on_recall(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                     struct fault *f)
{
        return give(host_file(userdata, step->file), ret, ret_len, f);
}

static int on_store(void *userdata, const struct trust_step *step, struct fault *f)
{
        struct world_bytes *b = host_file(userdata, step->file);
        char *copy = malloc(step->len + 1);

        if (!copy)
                return fault_set(f, -ENOMEM, "a door: out of memory");
        memcpy(copy, step->bytes, step->len);
        copy[step->len] = '\0';
        free(b->data);
        *b = (struct world_bytes){ copy, step->len };
        return 0;
}

static int on_forget(void *userdata, const struct trust_step *step, struct fault *f)
{
        struct world_bytes *b = host_file(userdata, step->file);

        free(b->data);
        *b = (struct world_bytes){};
        return 0;
}

static bool on_skip(void *userdata, const struct fault *why)
{
        const struct host *h = userdata;

        return h->skips && trust_is_verdict(why->error);
}

int host_want(struct host *h, enum trust_want_kind kind, const char *name)
{
        const struct trust_doors doors = { h, on_fetch, on_recall, on_store, on_forget, on_skip };
        int r;

        r = trust_want(h->t, kind, name, &h->fault);
        return r < 0 ? r : trust_drive(h->t, &doors, &h->fault);
}

int host_update(struct host *h, enum trust_want_kind kind, const char *name)
{
        struct world_bytes *root = host_file(h, "root.json");
        int r;

        h->t = trust_free(h->t);
        h->asked[0] = '\0';
        h->fault = (struct fault){};
        if (!root->data)
                root = world_get(h->w, "metadata/1.root.json");
        r = trust_new(root->data, root->len, h->w->now, &h->t, &h->fault);
        return r < 0 ? r : host_want(h, kind, name);
}

void host_done(struct host *h)
{
        for (size_t i = 0; i < HOST_FILES_MAX; i++)
                free(h->stored[i].bytes.data);
        trust_free(h->t);
        world_free(h->w);
}

/* ---- The publisher's side ---- */

void role_target(json_t *body, const char *target, unsigned length)
{
        if (tuf_write_target(body, target, length,
                             "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") < 0)
                abort();
}

json_t *role_body(uint64_t version, const char *target)
{
        json_t *body =
                json_pack("{s:s, s:s, s:I, s:s, s:{}}", "_type", "targets", "spec_version", "1.0.34",
                          "version", (json_int_t)version, "expires", "2030-01-01T00:00:00Z", "targets");

        if (target)
                role_target(body, target, 5);
        return body;
}

void role_delegate(json_t *body, const char *name, const char *pattern, unsigned threshold,
                   const struct tuf_signing_key *keys, size_t n)
{
        json_t *all, *ids = json_array();

        if (!json_object_get(body, "delegations"))
                (void)json_object_set_new(body, "delegations", json_pack("{s:{}, s:[]}", "keys", "roles"));
        all = json_object_get(json_object_get(body, "delegations"), "keys");
        for (size_t i = 0; i < n; i++) {
                (void)json_object_set(all, keys[i].id, keys[i].public);
                (void)json_array_append_new(ids, json_string(keys[i].id));
        }
        (void)json_array_append_new(json_object_get(json_object_get(body, "delegations"), "roles"),
                                    json_pack("{s:s, s:o, s:i, s:b, s:[s]}", "name", name, "keyids", ids,
                                              "threshold", (int)threshold, "terminating", 0, "paths",
                                              pattern));
}

void role_publish(struct host *h, const char *name, const char *file, const json_t *body,
                  const struct tuf_signing_key *keys, size_t n)
{
        _cleanup_(buffer_done) struct buffer out = BUFFER_INIT(64 << 20);
        uint64_t version = (uint64_t)json_integer_value(json_object_get(body, "version"));
        char path[512], listed[256];

        if (tuf_sign_document(body, keys, n, &out, NULL) < 0)
                abort();
        (void)snprintf(path, sizeof(path), "metadata/%" PRIu64 ".%s", version, file);
        world_put(h->w, path, out.data, out.len);
        (void)snprintf(listed, sizeof(listed), "%s.json", name);
        if (tuf_write_meta(h->w->body[TUF_SNAPSHOT], listed, version, out.data, out.len) < 0)
                abort();
}
