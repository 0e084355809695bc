/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The loop around facts/trust.h: it decides, this fetches and stores. Metadata is persisted when the trust
 * module says so and never earlier, so a poll that ends half-way leaves what was right before. */

#include "sealiftd/refresh.h"

#include <inttypes.h>
#include <syslog.h>

#include "doors/journal.h"
#include "ground/io.h"
#include "ground/text.h"
#include "sealiftd/vigil.h"

void refresh_done(struct refresh *x)
{
        x->trust = trust_free(x->trust);
        fetcher_close(&x->fetcher);
}

/* A stored role that cannot be read is left out, except root: without one there is nothing to trust. */
static int refresh_load(struct agent *a, int64_t now, struct trust **ret, struct fault *f)
{
        struct trust_cache cache = {};
        char *bytes[TUF_ROLES] = {};
        int r = 0;

        for (enum tuf_role role = 0; role < TUF_ROLES && r >= 0; role++) {
                size_t len = 0;

                r = store_trust_read(a->store, tuf_role_file(role), tuf_role_bytes_max(role), &bytes[role],
                                     &len, f);
                if (r == -ENOENT && role == TUF_ROOT)
                        r = io_read_file_at(AT_FDCWD, CONFIG_ROOT_PATH, tuf_role_bytes_max(role),
                                            &bytes[role], &len, f);
                else if (r == -ENOENT)
                        r = 0;
                cache.role[role].bytes = bytes[role];
                cache.role[role].len = len;
        }
        if (r >= 0)
                r = trust_new(&cache, now, ret, f);
        for (enum tuf_role role = 0; role < TUF_ROLES; role++)
                free(bytes[role]);
        return r;
}

static int refresh_fetch(struct refresh *x, const struct trust_step *step, struct fault *f)
{
        _cleanup_free_ char *bytes = NULL;
        struct fetch_answer answer = {};
        struct fetch_request q = {
                .source = x->agent->config->source,
                .path = step->path,
                .etag = step->conditional ? x->agent->timestamp_etag : "",
                .max_bytes = step->max_bytes,
        };
        size_t len;
        int r;

        r = fetcher_get_bytes(&x->fetcher, &q, &bytes, &len, &answer, f);
        if (r == -ENOENT)
                return trust_missing(x->trust, f);
        if (r < 0)
                return r;
        if (answer.unchanged)
                return trust_unchanged(x->trust, f);
        r = trust_accept(x->trust, bytes, len, f);
        /* Remembered only once it is trusted, and never on disk: an ETag is the server's word, not the
         * publisher's. */
        if (r >= 0 && step->role == TUF_TIMESTAMP)
                memcpy(x->agent->timestamp_etag, answer.etag, sizeof(answer.etag));
        return r;
}

static int refresh_step(struct refresh *x, const struct trust_step *step, struct fault *f)
{
        struct store *store = x->agent->store;
        int r;

        switch (step->kind) {
        case TRUST_FETCH:
                return refresh_fetch(x, step, f);
        case TRUST_STORE:
                r = store_trust_write(store, step->file, step->bytes, step->len, f);
                /* The next poll begins with what is on disk: "not modified" must be said of that. */
                if (r < 0)
                        *x->agent->timestamp_etag = '\0';
                return r;
        case TRUST_FORGET:
                *x->agent->timestamp_etag = '\0';
                return store_trust_remove(store, step->file, f);
        }
        return fault_set(f, -EINVAL, "trust asked for something unknown");
}

static void refresh_tell(const struct refresh *x, bool news)
{
        struct trust_role root = {}, timestamp = {};

        if (!news || !trust_role(x->trust, TUF_ROOT, &root) ||
            !trust_role(x->trust, TUF_TIMESTAMP, &timestamp))
                return;
        journal_send(JOURNAL_TRUST_REFRESHED, LOG_INFO, NULL,
                     "newer metadata is trusted: root %" PRIu64 ", timestamp %" PRIu64, root.version,
                     timestamp.version);
}

/* Errors that are a verdict over what the source serves; with any other nothing was served at all. */
static bool is_verdict(int error)
{
        static const int verdicts[] = { -EINVAL, -EBADMSG, -EKEYREJECTED, -ESTALE, -ETIME, -EFBIG, -ENOENT };

        for (size_t i = 0; i < ELEMENTSOF(verdicts); i++)
                if (error == verdicts[i])
                        return true;
        return false;
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
        if (is_verdict(r))
                journal_send(JOURNAL_TRUST_REFUSED, LOG_ERR, NULL, "metadata of source %s refused: %s",
                             source, f->text);
        else
                journal_send(JOURNAL_SOURCE_UNREACHABLE, LOG_WARNING, NULL, "source %s: %s", source,
                             f->text);
        return r;
}

int refresh_trust(struct refresh *x, struct agent *a, struct fault *f)
{
        bool news = false;
        int64_t now;
        int r;

        *x = (struct refresh){ .agent = a, .fetcher.sock = -EBADF };
        r = vigil_begin(a, &now, f);
        if (r < 0)
                return r;
        r = refresh_load(a, now, &x->trust, f);
        if (r >= 0 && trust_warning(x->trust))
                journal_send(JOURNAL_TRUST_REFUSED, LOG_WARNING, NULL, "%s", trust_warning(x->trust));
        if (r >= 0)
                r = fetcher_open(&x->fetcher, &a->await, f);
        while (r >= 0) {
                struct trust_step step;

                r = trust_next(x->trust, &step, f);
                if (r <= 0)
                        break;
                news = news || step.kind == TRUST_STORE;
                r = refresh_step(x, &step, f);
        }
        if (r >= 0)
                r = vigil_end(a, x->trust, f);
        if (r < 0)
                return refresh_complain(x, r, f);
        refresh_tell(x, news);
        return 0;
}

int refresh_plan(const struct refresh *x, struct plan **ret, struct fault *f)
{
        const struct config *c = x->agent->config;
        _cleanup_(plan_freep) struct plan *plan = NULL;
        const struct tuf_file *target;
        char glob[NAME_SIZE + STRLEN("/*.manifest")];
        size_t i = 0;
        int r;

        r = plan_new(&plan);
        (void)snprintf(glob, sizeof(glob), "%s/*.manifest", c->channel);
        while (r >= 0 && (target = trust_next_target(x->trust, glob, &i))) {
                char bundle[NAME_SIZE], digest[DIGEST_HEX_SIZE];
                const struct bundle *b;

                if (!plan_target_bundle(target->name, c->channel, bundle) || !config_wants_bundle(c, bundle))
                        continue;
                if (!target->has_sha256)
                        return fault_set(f, -EINVAL,
                                         "%s: signed without a SHA-256; publish it with `sealift publish`",
                                         target->name);
                text_hex(target->sha256, sizeof(target->sha256), digest);
                b = agent_find_bundle(x->agent, bundle, false);
                if (plan_decide(b ? &b->state : NULL, digest) != PLAN_KEEP)
                        r = plan_add(plan, bundle, digest, target->length);
        }
        if (r < 0)
                return fault_set_errno(f, r, "cannot plan");
        *ret = TAKE_PTR(plan);
        return 0;
}

static int refresh_find(const struct refresh *x, const char *bundle, const char *suffix,
                        const struct tuf_file **ret, char path[static FETCH_PATH_SIZE], struct fault *f)
{
        char name[2 * NAME_SIZE + 16];

        (void)snprintf(name, sizeof(name), "%s/%s%s", x->agent->config->channel, bundle, suffix);
        *ret = trust_find_target(x->trust, name);
        if (!*ret)
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

int refresh_fetch_bundle(struct refresh *x, const char *bundle, const struct content *content,
                         fetch_sink sink, void *userdata, struct fault *f)
{
        const char *suffix = content->compression == COMPRESSION_GZIP ? ".tar.gz" : ".tar.zst";
        char path[FETCH_PATH_SIZE], sha256[DIGEST_HEX_SIZE] = "";
        const struct tuf_file *target;
        struct fetch_answer answer;
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
        return fetcher_get(&x->fetcher,
                           &(struct fetch_request){ .source = x->agent->config->source,
                                                    .path = path,
                                                    .etag = "",
                                                    .max_bytes = content->size },
                           sink, userdata, &answer, f);
}
