/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop around facts/trust.h: it decides, this fetches and stores. Metadata is persisted when the trust
 * module says so and never earlier, so a poll that ends half-way leaves what was right before. */

#include "sealiftd/refresh.h"

#include <inttypes.h>
#include <syslog.h>

#include "doors/journal.h"
#include "facts/trust_drive.h"
#include "ground/io.h"
#include "ground/text.h"
#include "sealiftd/vigil.h"

enum { TARGET_NAME_SIZE = 2 * NAME_SIZE + 16 };

static const char *const bundle_suffixes[] = {
        [COMPRESSION_ZSTD] = ".tar.zst",
        [COMPRESSION_GZIP] = ".tar.gz",
};

void refresh_done(struct refresh *x)
{
        x->trust = trust_free(x->trust);
        fetcher_close(&x->fetcher);
}

/* The stored root; without one, what the image was built with. */
static int refresh_root(struct agent *a, char **ret, size_t *ret_len, struct fault *f)
{
        int r;

        r = store_trust_read(a->store, "root.json", TUF_ROOT_BYTES_MAX, ret, ret_len, f);
        if (r == -ENOENT)
                r = io_read_file_at(AT_FDCWD, CONFIG_ROOT_PATH, TUF_ROOT_BYTES_MAX, ret, ret_len, f);
        return r;
}

static int refresh_load(struct refresh *x, int64_t now, struct fault *f)
{
        _cleanup_free_ char *root = NULL;
        char prefix[NAME_SIZE + 1];
        size_t len = 0;
        int r;

        r = refresh_root(x->agent, &root, &len, f);
        if (r >= 0)
                r = trust_new(root, len, now, &x->trust, f);
        if (r < 0)
                return r;
        (void)snprintf(prefix, sizeof(prefix), "%s/", x->agent->config->channel);
        return trust_want(x->trust, TRUST_WANT_PREFIX, prefix, f);
}

/* ---- The doors ---- */

static int door_fetch(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                      struct fault *f)
{
        struct refresh *x = userdata;
        struct fetch_answer answer = {};
        struct fetch_request q = {
                .source = x->agent->config->source,
                .path = step->path,
                .etag = step->conditional ? x->agent->timestamp_etag : "",
                .max_bytes = step->max_bytes,
        };
        int r;

        r = fetcher_get_bytes(&x->fetcher, &q, ret, ret_len, &answer, f);
        if (r < 0)
                return r;
        if (step->role == TUF_TIMESTAMP && !answer.unchanged)
                memcpy(x->etag, answer.etag, sizeof(x->etag));
        return answer.unchanged;
}

static int door_recall(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                       struct fault *f)
{
        struct refresh *x = userdata;

        return store_trust_read(x->agent->store, step->file, step->max_bytes, ret, ret_len, f);
}

static int door_store(void *userdata, const struct trust_step *step, struct fault *f)
{
        struct refresh *x = userdata;
        int r;

        x->news = true;
        r = store_trust_write(x->agent->store, step->file, step->bytes, step->len, f);
        /* The next poll begins with what is on disk: "not modified" must be said of that. */
        if (r < 0)
                *x->agent->timestamp_etag = '\0';
        return r;
}

static int door_forget(void *userdata, const struct trust_step *step, struct fault *f)
{
        struct refresh *x = userdata;

        *x->agent->timestamp_etag = '\0';
        return store_trust_remove(x->agent->store, step->file, f);
}

static void refresh_tell(const struct refresh *x)
{
        struct trust_role root = {}, timestamp = {};

        if (!x->news || !trust_role(x->trust, TUF_ROOT, &root) ||
            !trust_role(x->trust, TUF_TIMESTAMP, &timestamp))
                return;
        journal_send(JOURNAL_TRUST_REFRESHED, LOG_INFO, NULL,
                     "newer metadata is trusted: root %" PRIu64 ", timestamp %" PRIu64, root.version,
                     timestamp.version);
}

/* The source being away is one thing, what it serves being refused another: an operator acts differently on
 * each. Said once for each cause, not at every poll. */
static int refresh_complain(struct refresh *x, int r, struct fault *f)
{
        const char *source = x->agent->config->source;

        if (r == -ECANCELED)
                return r;
        vigil_fail(x->agent, f);
        if (str_eq(x->agent->last_result, f->text))
                return r;
        if (trust_is_verdict(r))
                journal_send(JOURNAL_TRUST_REFUSED, LOG_ERR, NULL, "metadata of source %s refused: %s",
                             source, f->text);
        else
                journal_send(JOURNAL_SOURCE_UNREACHABLE, LOG_WARNING, NULL, "source %s: %s", source,
                             f->text);
        return r;
}

/* A team must hear of its own, also when another's is refused for longer: both have room. */
static void refresh_refuse(struct refresh *x, const struct fault *why)
{
        struct fault first = x->refused;

        if (first.error == 0)
                x->refused = *why;
        else
                fault_set(&x->refused, first.error, "%.240s; %.240s", first.text, why->text);
}

/* One team's role that is refused must not keep the other teams from their updates: what it has is not
 * looked at, and what runs of it goes on. A source that is away is everybody's. */
static bool door_skip(void *userdata, const struct fault *why)
{
        struct refresh *x = userdata;

        if (!trust_is_verdict(why->error))
                return false;
        refresh_refuse(x, why);
        return true;
}

/* The same of one bundle. */
static void refresh_skip(struct refresh *x, const struct tuf_file *target)
{
        struct fault why = {};

        fault_set(&why, -EINVAL, "%s: signed without a SHA-256; publish it with `sealift publish`",
                  target->name);
        refresh_refuse(x, &why);
}

static void refresh_complain_refused(const struct refresh *x)
{
        struct agent *a = x->agent;

        if (x->refused.error != 0 && !str_eq(a->last_refused, x->refused.text))
                journal_send(
                        JOURNAL_TRUST_REFUSED, LOG_ERR, NULL,
                        "a part of what source %s has signed is refused, its bundles stay as they are: %s",
                        a->config->source, x->refused.text);
        (void)snprintf(a->last_refused, sizeof(a->last_refused), "%s", x->refused.text);
}

int refresh_trust(struct refresh *x, struct agent *a, struct fault *f)
{
        const struct trust_doors doors = { x, door_fetch, door_recall, door_store, door_forget, door_skip };
        int64_t now;
        int r;

        *x = (struct refresh){ .agent = a, .fetcher.sock = -EBADF };
        r = vigil_begin(a, &now, f);
        if (r < 0)
                return r;
        r = refresh_load(x, now, f);
        if (r >= 0)
                r = fetcher_open(&x->fetcher, &a->await, f);
        if (r >= 0)
                r = trust_drive(x->trust, &doors, f);
        if (r >= 0)
                r = vigil_end(a, x->trust, f);
        if (x->trust && trust_warning(x->trust))
                journal_send(JOURNAL_TRUST_UNUSED, LOG_WARNING, NULL, "%s", trust_warning(x->trust));
        if (r < 0)
                return refresh_complain(x, r, f);
        /* Remembered only once all is trusted, and never on disk: an ETag is the server's word, not the
         * publisher's. */
        if (*x->etag)
                memcpy(a->timestamp_etag, x->etag, sizeof(a->timestamp_etag));
        refresh_tell(x);
        return 0;
}

int refresh_verdict(const struct refresh *x, struct fault *f)
{
        if (x->refused.error != 0)
                *f = x->refused;
        return x->refused.error;
}

int refresh_plan(struct refresh *x, struct plan **ret, struct fault *f)
{
        const struct config *c = x->agent->config;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        const struct tuf_file *target;
        char glob[NAME_SIZE + STRLEN("/*.manifest")];
        size_t i = 0;
        int r;

        for (size_t k = 0; k < x->agent->n_bundles; k++)
                x->agent->bundles[k].listed = false;
        r = plan_new(&plan);
        (void)snprintf(glob, sizeof(glob), "%s/*.manifest", c->channel);
        while (r >= 0 && (r = trust_next_target(x->trust, glob, &i, &target)) > 0) {
                char bundle[NAME_SIZE], digest[DIGEST_HEX_SIZE];
                struct bundle *b;

                if (!plan_target_bundle(target->name, c->channel, bundle) || !config_wants_bundle(c, bundle))
                        continue;
                b = agent_find_bundle(x->agent, bundle, false);
                if (b)
                        b->listed = true;
                if (!target->has_sha256) {
                        refresh_skip(x, target);
                        continue;
                }
                text_hex(target->sha256, sizeof(target->sha256), digest);
                if (plan_decide(b ? &b->state : NULL, digest) != PLAN_KEEP)
                        r = plan_add(plan, bundle, digest, target->length);
        }
        if (r < 0)
                return fault_set_errno(f, r, "cannot plan");
        refresh_complain_refused(x);
        *ret = TAKE_PTR(plan);
        return 0;
}

static int target_search(const struct refresh *x, const char *bundle, const char *suffix,
                         char name[static TARGET_NAME_SIZE], const struct tuf_file **ret)
{
        (void)snprintf(name, TARGET_NAME_SIZE, "%s/%s%s", x->agent->config->channel, bundle, suffix);
        return trust_search_target(x->trust, name, ret);
}

bool refresh_expects(const struct refresh *x, const char *bundle, const char *sha256)
{
        for (size_t k = COMPRESSION_ZSTD; k < ELEMENTSOF(bundle_suffixes); k++) {
                char name[TARGET_NAME_SIZE], hex[DIGEST_HEX_SIZE] = "";
                const struct tuf_file *target;

                if (target_search(x, bundle, bundle_suffixes[k], name, &target) > 0 && target->has_sha256)
                        text_hex(target->sha256, sizeof(target->sha256), hex);
                if (str_eq(hex, sha256))
                        return true;
        }
        return false;
}

static int refresh_find(const struct refresh *x, const char *bundle, const char *suffix,
                        const struct tuf_file **ret, char path[static FETCH_PATH_SIZE], struct fault *f)
{
        char name[TARGET_NAME_SIZE];
        int r;

        r = target_search(x, bundle, suffix, name, ret);
        if (r < 0)
                return fault_set_errno(f, r, "%s", name);
        if (r == 0)
                return fault_set(f, -ENOENT, "%s: not in the signed metadata; publish the release again",
                                 name);
        return trust_target_path(x->trust, *ret, path, f);
}

int refresh_fetch_manifest(struct refresh *x, const char *bundle, char **ret, size_t *ret_len,
                           struct fault *f)
{
        _cleanup_free_ char *bytes = NULL;
        char path[FETCH_PATH_SIZE];
        const struct tuf_file *target;
        struct fetch_answer answer;
        size_t len;
        int r;

        r = refresh_find(x, bundle, ".manifest", &target, path, f);
        if (r < 0)
                return r;
        if (target->length > MANIFEST_BYTES_MAX)
                return fault_set(f, -EFBIG,
                                 "%s: signed with %" PRIu64 " bytes, a manifest has at most %" PRIu64,
                                 target->name, target->length, MANIFEST_BYTES_MAX);
        r = fetcher_get_bytes(&x->fetcher,
                              &(struct fetch_request){ .source = x->agent->config->source,
                                                       .path = path,
                                                       .etag = "",
                                                       .max_bytes = target->length },
                              &bytes, &len, &answer, f);
        if (r >= 0)
                r = tuf_check_bytes(target, bytes, len, f);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bytes);
        *ret_len = len;
        return 0;
}

static int content_fetch(struct refresh *x, const char *path, const struct content *content, uint64_t offset,
                         fetch_sink sink, void *userdata, struct fault *f)
{
        struct fetch_answer answer;

        return fetcher_get(&x->fetcher,
                           &(struct fetch_request){ .source = x->agent->config->source,
                                                    .path = path,
                                                    .etag = "",
                                                    .max_bytes = content->size,
                                                    .offset = offset },
                           sink, userdata, &answer, f);
}

int refresh_fetch_bundle(struct refresh *x, const char *bundle, const struct content *content,
                         uint64_t offset, fetch_sink sink, void *userdata, struct fault *f)
{
        const char *suffix = bundle_suffixes[content->compression];
        char path[FETCH_PATH_SIZE], sha256[DIGEST_HEX_SIZE] = "";
        const struct tuf_file *target;
        int r;

        r = refresh_find(x, bundle, suffix, &target, path, f);
        if (r < 0)
                return r;
        if (target->has_sha256)
                text_hex(target->sha256, sizeof(target->sha256), sha256);
        if (target->length != content->size || !str_eq(sha256, content->sha256))
                return fault_set(
                        f, -EBADMSG,
                        "%s: signed metadata and manifest name different bytes; publish the release again",
                        target->name);
        return content_fetch(x, path, content, offset, sink, userdata, f);
}

int refresh_fetch_again(struct refresh *x, const char *bundle, const struct content *content,
                        uint64_t offset, fetch_sink sink, void *userdata, struct fault *f)
{
        char name[TARGET_NAME_SIZE], path[FETCH_PATH_SIZE];
        struct tuf_file file = { .name = name, .has_sha256 = true };
        int r;

        (void)snprintf(name, sizeof(name), "%s/%s%s", x->agent->config->channel, bundle,
                       bundle_suffixes[content->compression]);
        r = text_unhex(content->sha256, file.sha256, sizeof(file.sha256));
        if (r < 0)
                return fault_set(f, r, "%s: its manifest names no SHA-256", name);
        r = trust_target_path(x->trust, &file, path, f);
        return r < 0 ? r : content_fetch(x, path, content, offset, sink, userdata, f);
}
