/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift sign`: adds signatures to metadata files, on a machine that needs neither the repository nor a
 * network. What is about to be signed is shown first. It writes the files it was given and nothing else, and
 * of these nothing but the signatures by its own keys. */

#include "ctl/signer.h"
#include "ctl/verbs.h"

#include <inttypes.h>

#include "ctl/draft.h"
#include "ctl/publisher.h"
#include "facts/date.h"
#include "ground/text.h"

static struct signer_args arg_signer;
static const char *arg_root, *arg_against;
static bool arg_yes, arg_dry_run, arg_json;

static const struct args_option options[] = {
        SIGNER_OPTIONS(arg_signer),
        ARGS_TEXT(0, "root", "FILE", &arg_root, "who may sign, for files other than a root"),
        ARGS_TEXT(0, "against", "FILE", &arg_against, "the version before: what changes is shown"),
        ARGS_FLAG('y', "yes", &arg_yes, "do not ask, even on a terminal"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "sign, but write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift sign",
        .operands = "FILE...",
        .help = "Adds signatures to metadata files: drafts of a new root, or any other role's.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = INT32_MAX,
};

/* One file, and everything that matters to it. */
struct job {
        struct draft draft, old, lister;
        bool has_old, has_lister;
        const struct tuf_signers *by, *also; /* borrowed; also may be NULL */
        struct tuf_signers at_hand;
        char listers[512]; /* in words */
        json_t *report;    /* owned */
};

static void job_done(struct job *j)
{
        draft_done(&j->draft);
        draft_done(&j->old);
        draft_done(&j->lister);
        tuf_signers_done(&j->at_hand);
        json_decref(j->report);
}

/* ---- Who may sign ---- */

/* Nobody says who may: then whoever is at hand. */
static int signers_at_hand(const struct keys *keys, struct tuf_signers *ret, struct fault *f)
{
        ret->keys = calloc(keys->n + 1, sizeof(*ret->keys));
        if (!ret->keys)
                return fault_set(f, -ENOMEM, "out of memory");
        for (size_t i = 0; i < keys->n; i++) {
                const struct tuf_signing_key *k = keys->key + i;
                int r = tuf_key_parse(k->id, k->public, k->name, ret->keys + ret->n_keys, f);

                if (r < 0)
                        return r;
                ret->n_keys++;
        }
        ret->threshold = ret->n_keys;
        return 0;
}

/* A root needs the signatures of those that it lists, and of those that the root before it did. */
static int find_signers(struct job *j, const struct signer *s, struct fault *f)
{
        const enum tuf_role role = j->draft.metadata->role;
        const struct draft *lister = role == TUF_ROOT ? &j->draft : j->has_lister ? &j->lister : NULL;
        int r;

        if (!lister) {
                (void)snprintf(j->listers, sizeof(j->listers), "the folder of keys");
                j->by = &j->at_hand;
                return signers_at_hand(&s->keys, &j->at_hand, f);
        }
        (void)snprintf(j->listers, sizeof(j->listers), "%.400s", lister->path);
        r = draft_signers(lister, &j->draft, &j->by, f);
        if (r >= 0 && j->has_old && role == TUF_ROOT) {
                r = draft_signers(&j->old, &j->draft, &j->also, f);
                (void)snprintf(j->listers, sizeof(j->listers), "%.200s or %.200s", j->draft.path,
                               j->old.path);
        }
        return r;
}

/* ---- What is signed ---- */

static json_t *ids_of(const struct tuf_signers *s)
{
        json_t *ids = json_array();

        for (size_t i = 0; i < s->n_keys; i++)
                (void)json_array_append_new(ids, json_string(s->keys[i].id));
        return json_pack("{s:I, s:o}", "threshold", (json_int_t)s->threshold, "keyids", ids);
}

static int describe(struct job *j, struct fault *f)
{
        const struct tuf_metadata *m = j->draft.metadata;
        json_t *lists = json_object();
        char date[DATE_SIZE];

        date_format(m->expires, date);
        if (m->role == TUF_ROOT) {
                for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                        (void)json_object_set_new(lists, tuf_role_name(i), ids_of(m->signers + i));
        } else if (j->has_lister) {
                (void)json_object_set_new(lists, j->draft.name, ids_of(j->by));
        }
        j->report = json_pack("{s:s, s:s, s:I, s:s, s:o}", "file", j->draft.path, "role", j->draft.name,
                              "version", (json_int_t)m->version, "expires", date, "signers", lists);
        if (!j->report)
                return fault_set(f, -ENOMEM, "%s: out of memory", j->draft.path);
        if (j->has_old)
                (void)json_object_set_new(j->report, "changes", draft_changes(&j->old, &j->draft));
        return 0;
}

/* What a stick brings may hold anything, also what moves the cursor. */
static void print_plain(const char *before, const char *text, const char *after)
{
        char plain[512];

        (void)snprintf(plain, sizeof(plain), "%s", text);
        text_make_printable(plain);
        printf("%s%s%s", before, plain, after);
}

static void show(const struct job *j)
{
        const json_t *lists = json_object_get(j->report, "signers"),
                     *changes = json_object_get(j->report, "changes");

        printf("%s: ", j->draft.path);
        print_plain("", j->draft.name, "");
        printf(" version %" PRIu64 ", expires %s\n", j->draft.metadata->version,
               json_string_value(json_object_get(j->report, "expires")));
        for (void *at = json_object_iter((json_t *)(uintptr_t)lists); at;
             at = json_object_iter_next((json_t *)(uintptr_t)lists, at)) {
                const json_t *list = json_object_iter_value(at), *ids = json_object_get(list, "keyids");

                print_plain("  ", json_object_iter_key(at), ": ");
                printf("%lld of %zu must sign\n",
                       (long long)json_integer_value(json_object_get(list, "threshold")),
                       json_array_size(ids));
                for (size_t i = 0; i < json_array_size(ids); i++)
                        print_plain("    ", json_string_value(json_array_get(ids, i)), "\n");
        }
        if (changes)
                printf("  changes, against %s (version %" PRIu64 "):\n", j->old.path,
                       j->old.metadata->version);
        for (size_t i = 0; i < json_array_size(changes); i++)
                printf("    %s\n", json_string_value(json_array_get(changes, i)));
}

/* Only a person can be asked. */
static bool agreed(void)
{
        char answer[16];

        if (arg_yes || arg_json || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return true;
        printf("Sign it? [y/N] ");
        (void)fflush(stdout);
        return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* ---- Signing ---- */

static int job_read(const char *path, struct job *j, struct fault *f)
{
        int r;

        r = draft_read(path, &j->draft, f);
        if (r >= 0 && arg_against) {
                r = draft_read(arg_against, &j->old, f);
                j->has_old = r >= 0;
        }
        if (r >= 0 && arg_root) {
                r = draft_read(arg_root, &j->lister, f);
                j->has_lister = r >= 0;
        }
        if (r < 0)
                return r;
        if (j->has_old && (j->old.metadata->role != j->draft.metadata->role ||
                           j->old.metadata->version + 1 != j->draft.metadata->version))
                return fault_set(f, -EINVAL,
                                 "%s is %s version %" PRIu64
                                 ", which does not follow %s, %s version %" PRIu64,
                                 path, j->draft.name, j->draft.metadata->version, arg_against, j->old.name,
                                 j->old.metadata->version);
        return 0;
}

static int count_of(const struct tuf_signers *by, const struct job *j, const char *name)
{
        const struct buffer *canonical = &j->draft.metadata->canonical;
        json_t *count =
                json_pack("{s:I, s:I}", "good",
                          (json_int_t)signer_count(by, canonical->data, canonical->len, j->draft.signatures),
                          "threshold", (json_int_t)by->threshold);

        return json_object_set_new(j->report, name, count);
}

static int sign(struct job *j, struct signer *s, struct fault *f)
{
        const struct buffer *canonical = &j->draft.metadata->canonical;
        struct signer_request q = { .role = j->draft.name,
                                    .file = j->draft.path,
                                    .by = j->by,
                                    .also = j->also,
                                    .lister = j->listers,
                                    .every = true };
        size_t made = s->made;
        int r;

        r = signer_collect(s, &q, canonical->data, canonical->len, j->draft.signatures, f);
        if (r < 0)
                return r;
        if (s->made == made)
                return fault_set(f, -EKEYREJECTED, "%s: none of the keys here is one that %s lists for %s%s",
                                 j->draft.path, j->listers, j->draft.name,
                                 j->draft.metadata->role == TUF_ROOT && !j->has_old
                                         ? "; keys of the root before it are known with --against"
                                         : "");
        (void)json_object_set_new(j->report, "written", json_boolean(!arg_dry_run));
        if (count_of(j->by, j, "signatures") < 0 || (q.also && count_of(q.also, j, "signatures_before") < 0))
                return fault_set(f, -ENOMEM, "%s: out of memory", j->draft.path);
        return arg_dry_run ? 0 : draft_write(&j->draft, f);
}

static void show_count(const struct job *j, const char *name, const char *whose)
{
        const json_t *count = json_object_get(j->report, name);

        if (count)
                printf("  %s by %lld of the keys of %s; %lld must\n",
                       arg_dry_run ? "would be signed" : "signed",
                       (long long)json_integer_value(json_object_get(count, "good")), whose,
                       (long long)json_integer_value(json_object_get(count, "threshold")));
}

static int sign_file(const char *path, struct signer *s, json_t *reports, struct fault *f)
{
        _cleanup_(job_done) struct job j = {};
        int r;

        r = job_read(path, &j, f);
        if (r >= 0)
                r = find_signers(&j, s, f);
        if (r >= 0)
                r = describe(&j, f);
        if (r < 0)
                return r;
        if (!arg_json)
                show(&j);
        if (!agreed())
                return fault_set(f, -ECANCELED, "%s: was not signed", path);
        r = sign(&j, s, f);
        if (r < 0)
                return r;
        if (!arg_json) {
                show_count(&j, "signatures", j.also ? path : j.listers);
                show_count(&j, "signatures_before", j.old.path);
        }
        (void)json_array_append(reports, j.report);
        return 0;
}

static int sign_run(char **operands, int n, struct fault *f)
{
        _cleanup_(signer_done) struct signer s = {};
        _cleanup_json_ json_t *reports = json_array(), *top = json_pack("{s:O}", "files", reports);
        int r;

        r = signer_open(&arg_signer, &s, f);
        for (int i = 0; r >= 0 && i < n; i++)
                r = sign_file(operands[i], &s, reports, f);
        if (r < 0)
                return r;
        return arg_json ? publisher_print_json(top) : 0;
}

int verb_sign(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, sign_run);
}
