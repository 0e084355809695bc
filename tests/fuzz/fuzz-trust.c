/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole client, with a publisher who signs whatever he is told: the fuzzer writes bodies, and a key that
 * is no secret signs them here, so that it gets behind the signatures. Documents are apart by NUL; the first
 * is the trusted root, the others are the source's answers, then what is searched for. What a document
 * begins with says what is done with it: '{' is signed, '!' signed by a stranger, '?' is not there, '=' was
 * not modified, another sent as it is. What is stored stays, for a second update over the documents left. */

#include "facts/trust.h"
#include "facts/tuf_sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
        FUZZ_NOW = 1800000000,
        FUZZ_STEPS_MAX = 4096, /* of one update; each of them has a bound of its own */
        FUZZ_DOCUMENT_MAX = 1 << 20,
        FUZZ_STORED_MAX = 64,
};

static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n"
                              "-----END PRIVATE KEY-----\n";
static const char stranger_pem[] = "-----BEGIN PRIVATE KEY-----\n"
                                   "MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\n"
                                   "-----END PRIVATE KEY-----\n";

struct stored {
        char *file;
        char *bytes;
        size_t len;
};

struct host {
        const uint8_t *rest; /* of the input */
        size_t n_rest;
        struct stored stored[FUZZ_STORED_MAX];
        struct buffer answer;         /* the last one given */
        uint64_t versions[TUF_ROLES]; /* trusted after the update before */
        bool forgot;                  /* since then: keys were rotated */
};

static void must(bool condition)
{
        if (!condition)
                abort();
}

static const struct tuf_signing_key *signing_key(bool stranger)
{
        static struct tuf_signing_key keys[2];
        const char *pem = stranger ? stranger_pem : key_pem;

        if (!keys[stranger].pkey)
                must(tuf_sign_parse_pem("fuzz", pem, strlen(pem), NULL, keys + stranger, NULL) == 0);
        /* Metadata lists both by the same name. */
        (void)snprintf(keys[stranger].id, sizeof(keys[stranger].id), "k");
        return keys + stranger;
}

/* The next document of the input; false at its end. */
static bool next_document(struct host *h, const char **ret, size_t *ret_len)
{
        const uint8_t *end = h->n_rest ? memchr(h->rest, '\0', h->n_rest) : NULL;
        size_t len = end ? (size_t)(end - h->rest) : h->n_rest;

        if (h->n_rest == 0)
                return false;
        *ret = (const char *)h->rest;
        *ret_len = len;
        h->rest += end ? len + 1 : len;
        h->n_rest -= end ? len + 1 : len;
        return true;
}

/* 1: bytes in h->answer; 0: nothing there; 2: not modified. */
static int next_answer(struct host *h)
{
        _cleanup_json_ json_t *body = NULL;
        const char *text;
        size_t len;

        buffer_done(&h->answer);
        h->answer = BUFFER_INIT(FUZZ_DOCUMENT_MAX);
        if (!next_document(h, &text, &len) || len == 0 || *text == '?')
                return 0;
        if (*text == '=')
                return 2;
        body = json_loadb(text + (*text == '!'), len - (*text == '!'), 0, NULL);
        if (!body || tuf_sign_document(body, signing_key(*text == '!'), 1, &h->answer, NULL) < 0) {
                buffer_done(&h->answer);
                (void)buffer_append(&h->answer, text, len);
        }
        return h->answer.len > 0;
}

static struct stored *stored_find(struct host *h, const char *file)
{
        struct stored *unused = NULL;

        for (size_t i = 0; i < ELEMENTSOF(h->stored); i++) {
                if (h->stored[i].file && str_eq(h->stored[i].file, file))
                        return h->stored + i;
                if (!h->stored[i].file)
                        unused = h->stored + i;
        }
        return unused;
}

static void stored_forget(struct stored *s)
{
        free(s->file);
        free(s->bytes);
        *s = (struct stored){};
}

static void file_store(struct host *h, const char *file, const void *bytes, size_t len)
{
        struct stored *s = stored_find(h, file);

        if (!s)
                return;
        stored_forget(s);
        s->file = strdup(file);
        s->bytes = malloc(len + 1);
        must(s->file && s->bytes);
        memcpy(s->bytes, bytes, len);
        s->len = len;
}

/* ---- What must hold of each step ---- */

static void check_step(const struct trust_step *step)
{
        const char *file = strrchr(step->path, '/');

        must(*step->file && !strchr(step->file, '/') && *step->file != '.');
        must(strspn(step->file, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") ==
             strlen(step->file));
        must(step->role < TUF_ROLES && (!step->delegated || step->role == TUF_TARGETS));
        if (step->kind != TRUST_FETCH)
                return;
        must(str_has_prefix(step->path, "metadata/") && file);
        must(strchr(step->path, '/') == file && (step->delegated || str_has_suffix(file, step->file)));
        must(step->max_bytes <= tuf_role_bytes_max(step->role));
        must(!step->conditional || step->role == TUF_TIMESTAMP);
}

static int host_fetch(struct host *h, struct trust *t, const struct trust_step *step, struct fault *f)
{
        int answer = next_answer(h);

        if (answer == 0)
                return trust_missing(t, f);
        if (answer == 2)
                return trust_unchanged(t, f);
        if (h->answer.len > step->max_bytes)
                return -EFBIG; /* a door's to see */
        return trust_accept(t, h->answer.data, h->answer.len, f);
}

static int host_recall(struct host *h, struct trust *t, const struct trust_step *step, struct fault *f)
{
        struct stored *s = stored_find(h, step->file);

        return s && s->file ? trust_recall(t, s->bytes, s->len, f) : trust_recall(t, NULL, 0, f);
}

static int host_step(struct host *h, struct trust *t, const struct trust_step *step, struct fault *f)
{
        struct stored *s;

        switch (step->kind) {
        case TRUST_FETCH:
                return host_fetch(h, t, step, f);
        case TRUST_RECALL:
                return host_recall(h, t, step, f);
        case TRUST_STORE:
                /* Nothing is kept but what was just accepted, byte for byte. */
                must(step->len == h->answer.len && memcmp(step->bytes, h->answer.data, step->len) == 0);
                file_store(h, step->file, step->bytes, step->len);
                return 0;
        case TRUST_FORGET:
                s = stored_find(h, step->file);
                if (s && s->file)
                        stored_forget(s);
                h->forgot = true;
                return 0;
        }
        must(false);
        return 0;
}

static int host_drive(struct host *h, struct trust *t, struct fault *f)
{
        struct trust_step step;

        for (unsigned n = 0; n < FUZZ_STEPS_MAX; n++) {
                int r = trust_next(t, &step, f);

                if (r == 0)
                        return 0;
                if (r > 0) {
                        check_step(&step);
                        r = host_step(h, t, &step, f);
                }
                if (r < 0 && !trust_skip(t))
                        return r;
        }
        must(false);
        return 0;
}

/* Nothing goes back. */
static void check_versions(struct host *h, const struct trust *t)
{
        struct trust_role role;
        const char *file;

        for (enum tuf_role i = 0; i < TUF_ROLES; i++) {
                must(trust_role(t, i, &role) && role.version > 0 &&
                     (i != TUF_ROOT || role.expires > FUZZ_NOW));
                must(role.version >= h->versions[i] || (h->forgot && i != TUF_ROOT));
                h->versions[i] = role.version;
        }
        h->forgot = false;
        for (size_t i = 0; trust_targets_role(t, i, &file, &role); i++)
                must(role.expires > FUZZ_NOW && (i > 0 || str_eq(file, "targets.json")));
}

static void host_search(struct host *h, struct trust *t, struct fault *f)
{
        char name[256], path[FETCH_PATH_SIZE];
        const struct tuf_file *file;
        const char *text;
        size_t len, i = 0;

        if (!next_document(h, &text, &len) || len >= sizeof(name))
                return;
        memcpy(name, text, len);
        name[len] = '\0';
        if (trust_want(t, len % 2 ? TRUST_WANT_NAME : TRUST_WANT_PREFIX, name, f) < 0 ||
            host_drive(h, t, f) < 0)
                return;
        check_versions(h, t);
        file = trust_find_target(t, name);
        must(!file || str_eq(file->name, name));
        while (trust_next_target(t, "*", &i, &file) > 0)
                must(trust_target_path(t, file, path, f) < 0 || str_has_prefix(path, "targets/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct host h = { .rest = data, .n_rest = size };
        struct fault f = {};

        if (next_answer(&h) == 1)
                file_store(&h, "root.json", h.answer.data, h.answer.len);
        for (unsigned i = 0; i < 2; i++) {
                _cleanup_(trust_freep) struct trust *t = NULL;
                struct stored *root = stored_find(&h, "root.json");

                if (!root->file || trust_new(root->bytes, root->len, FUZZ_NOW, &t, &f) < 0)
                        break;
                if (host_drive(&h, t, &f) == 0) {
                        check_versions(&h, t);
                        host_search(&h, t, &f);
                }
                must(!trust_warning(t) || *trust_warning(t));
        }
        for (size_t i = 0; i < FUZZ_STORED_MAX; i++)
                stored_forget(h.stored + i);
        buffer_done(&h.answer);
        return 0;
}
