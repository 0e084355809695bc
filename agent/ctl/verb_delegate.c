/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift delegate`: a role of other people's keys is trusted with some names, or with others, or no more.
 * It changes the role that delegates, and of the delegated one no more than who has signed it. A role whose
 * keys are elsewhere is drafted, signed there, and finished. */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include <ctype.h>

#include "ctl/delegation.h"
#include "ctl/draft.h"
#include "ctl/publisher.h"
#include "facts/tuf_delegation.h"
#include "facts/tuf_write.h"
#include "ground/text.h"

static const char *arg_repository, *arg_from, *arg_threshold, *arg_expires, *arg_before, *arg_draft,
        *arg_finish;
static struct args_list arg_paths, arg_prefixes, arg_keys;
static struct signer_args arg_signer;
static bool arg_terminating, arg_not_terminating, arg_remove, arg_dry_run, arg_json;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg_signer),
        ARGS_LIST(0, "paths", "PATTERN", &arg_paths, "names it is trusted with, 'beta/*'"),
        ARGS_LIST(0, "path-hash-prefixes", "HEX,...", &arg_prefixes, "or how the SHA-256 of names begin"),
        ARGS_LIST(0, "key", "KEY", &arg_keys, "a public key's file, or a name in --keys; no others sign"),
        ARGS_TEXT(0, "threshold", "N", &arg_threshold, "how many of them must sign (1)"),
        ARGS_TEXT(0, "expires", "SPAN", &arg_expires, "how long what it signs is valid"),
        ARGS_FLAG(0, "terminating", &arg_terminating, "for these names nobody is asked after it"),
        ARGS_FLAG(0, "not-terminating", &arg_not_terminating, "others are, if it does not know one"),
        ARGS_TEXT(0, "before", "ROLE", &arg_before, "it is trusted more than that one"),
        ARGS_TEXT(0, "from", "ROLE", &arg_from, "who delegates (targets)"),
        ARGS_FLAG(0, "remove", &arg_remove, "do not delegate to it any more"),
        ARGS_TEXT(0, "draft", "FILE", &arg_draft, "write what it is to sign there, change nothing else"),
        ARGS_TEXT(0, "finish", "FILE", &arg_finish, "take that, signed; other options as with --draft"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift delegate",
        .operands = "ROLE",
        .help = "Trusts a role with some target names: which, whose keys, and before whom.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

struct plan {
        struct delegation d;
        struct tuf_signing_key keys[ARGS_LIST_MAX]; /* owned; what d.keys points to */
        json_t *old;                                /* owned; the delegating role's body as it was */
        struct repository_role *from, *role;        /* role is NULL while it is new */
        bool first;                                 /* role has signed nothing yet */
};

static void plan_done(struct plan *p)
{
        for (size_t i = 0; i < p->d.n_keys; i++)
                tuf_signing_key_done(p->keys + i);
        json_decref(p->d.paths);
        json_decref(p->d.prefixes);
        json_decref(p->old);
}

/* ---- What is wanted ---- */

/* No name of a target begins with a slash (spec 4.5: patterns should not, either). */
static int read_paths(struct plan *p, struct fault *f)
{
        if (arg_paths.n > 0)
                p->d.paths = json_array();
        for (size_t i = 0; i < arg_paths.n; i++) {
                const char *path = arg_paths.text[i];

                if (!*path || *path == '/')
                        return fault_set(f, -EINVAL, "--paths=%s: no target has such a name", path);
                if (json_array_append_new(p->d.paths, json_string(path)) < 0)
                        return fault_set(f, -EINVAL, "--paths: not UTF-8");
        }
        return 0;
}

static int read_prefix(struct plan *p, const char *text, size_t len, struct fault *f)
{
        for (size_t i = 0; i < len; i++)
                if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
                        len = 0;
        if (len == 0 || len >= DIGEST_HEX_SIZE)
                return fault_set(f, -EINVAL,
                                 "--path-hash-prefixes=%s: not the beginnings of a SHA-256 in lower-case "
                                 "hex, with commas between them",
                                 text);
        (void)json_array_append_new(p->d.prefixes, json_stringn(text, len));
        return 0;
}

static int read_prefixes(struct plan *p, struct fault *f)
{
        int k = 0;

        if (arg_prefixes.n > 0)
                p->d.prefixes = json_array();
        for (size_t i = 0; k >= 0 && i < arg_prefixes.n; i++)
                for (const char *at = arg_prefixes.text[i]; k >= 0 && at; at = strchr(at, ',')) {
                        at += *at == ',';
                        k = read_prefix(p, at, strcspn(at, ","), f);
                }
        return k;
}

static int check_options(struct fault *f)
{
        bool changes = arg_paths.n > 0 || arg_prefixes.n > 0 || arg_keys.n > 0 || arg_threshold ||
                       arg_expires || arg_before || arg_terminating || arg_not_terminating;

        if (!arg_repository)
                return fault_set(f, -EINVAL, "--repository is needed");
        if (arg_remove && (changes || arg_draft || arg_finish))
                return fault_set(f, -EINVAL, "--remove takes the role away; what else is asked for?");
        if (!arg_remove && !changes)
                return fault_set(f, -EINVAL, "nothing is asked for: --paths, --key, --threshold, ...?");
        if (arg_paths.n > 0 && arg_prefixes.n > 0)
                return fault_set(f, -EINVAL, "--paths and --path-hash-prefixes: a role has one of them");
        if (arg_terminating && arg_not_terminating)
                return fault_set(f, -EINVAL, "--terminating and --not-terminating: which of them?");
        if (arg_draft && arg_finish)
                return fault_set(f, -EINVAL, "--draft and --finish: which of them?");
        return 0;
}

static int plan_read(const char *role, struct plan *p, struct fault *f)
{
        char file[TUF_ROLE_FILE_SIZE];
        int k;

        p->d.role = role;
        p->d.before = arg_before;
        p->d.terminating = arg_terminating ? 1 : arg_not_terminating ? 0 : -1;
        k = check_options(f);
        if (k >= 0 && tuf_role_file_of(role, file, f) < 0)
                k = fault_set(f, -EINVAL, "ROLE: not a name of 1 to %u bytes", (unsigned)TUF_ROLE_NAME_MAX);
        /* Clients ask for "1.a%2Fb.json", and web servers then look for "1.a/b.json". */
        if (k >= 0 && (strchr(file, '%') || *role == '.'))
                k = fault_set(f, -EINVAL,
                              "%s: a role's name is part of a URL, use letters, digits, \"-\", \"_\", \"~\" "
                              "and, not at its beginning, \".\"",
                              file);
        if (k >= 0)
                k = read_paths(p, f);
        if (k >= 0)
                k = read_prefixes(p, f);
        if (k >= 0 && arg_threshold &&
            (text_parse_u64(arg_threshold, TUF_KEYS_MAX, &p->d.threshold) < 0 || p->d.threshold < 1))
                return fault_set(f, -EINVAL, "--threshold=%s: not a number from 1 to %d", arg_threshold,
                                 TUF_KEYS_MAX);
        return k < 0 ? k : publisher_parse_span("expires", arg_expires, &p->d.period, f);
}

/* ---- Keys ---- */

static int add_key(struct plan *p, struct tuf_signing_key *key /* transferred */, struct fault *f)
{
        for (size_t i = 0; i < p->d.n_keys; i++)
                if (EVP_PKEY_eq(p->keys[i].pkey, key->pkey) == 1) {
                        (void)fault_set(f, -EINVAL, "--key=%s: is the same key as %s", key->name,
                                        p->keys[i].name);
                        tuf_signing_key_done(key);
                        return -EINVAL;
                }
        p->keys[p->d.n_keys++] = *key;
        *key = (struct tuf_signing_key){};
        p->d.keys = p->keys;
        return 0;
}

/* Of a key in the folder the public half is enough. */
static int read_key(struct plan *p, const char *what, struct signer *s, struct fault *f)
{
        const struct tuf_signing_key *known = keys_find(&s->keys, what);
        struct tuf_signing_key key = {};
        struct keys from = {};
        int k;

        if (known) {
                if (EVP_PKEY_up_ref(known->pkey) != 1)
                        return fault_set(f, -ENOMEM, "%s: out of memory", what);
                k = tuf_sign_adopt_public(known->name, known->pkey, &key, f);
                return k < 0 ? k : add_key(p, &key, f);
        }
        k = keys_import(what, "delegated", &s->passphrase, &from, f);
        if (k >= 0) {
                key = from.key[0];
                from.key[0] = (struct tuf_signing_key){};
                from.n = 0;
                (void)snprintf(key.name, sizeof(key.name), "%s", what);
                k = add_key(p, &key, f);
        }
        keys_done(&from);
        return k;
}

/* ---- The change ---- */

static int find_from(struct repository *r, struct plan *p, struct fault *f)
{
        p->from = repository_find(r, arg_from ?: "targets");
        if (!p->from || p->from->role != TUF_TARGETS)
                return fault_set(f, p->from ? -EINVAL : -ENOENT, "--from=%s: %s", arg_from,
                                 p->from ? "does not delegate; targets does, and roles below it"
                                         : "there is no such role");
        p->old = json_deep_copy(p->from->body);
        return p->old ? 0 : fault_set(f, -ENOMEM, "%s: out of memory", p->from->file);
}

static int add_role(struct repository *r, struct plan *p, struct fault *f)
{
        json_t *body;

        if (tuf_write_body(TUF_TARGETS, 1, repository_now(r), &body) < 0)
                return fault_set(f, -ENOMEM, "%s: out of memory", p->d.role);
        p->first = true;
        return repository_add(r, p->d.role, body, &p->role, f);
}

static int change(struct repository *r, struct plan *p, struct signer *s, struct fault *f)
{
        int k = 0;

        for (size_t i = 0; k >= 0 && i < arg_keys.n; i++)
                k = read_key(p, arg_keys.text[i], s, f);
        if (k >= 0)
                k = delegation_set(p->from->body, &p->d, f);
        if (k < 0)
                return k;
        p->role = repository_find(r, p->d.role);
        k = p->role ? repository_still_signed(r, p->role, f) : add_role(r, p, f);
        if (k < 0)
                return k;
        if (!p->first && k == 0)
                repository_change(p->role);
        if ((arg_draft || arg_finish) && !p->role->changed)
                return fault_set(f, -EINVAL, "%s: enough of its keys have signed it already", p->d.role);
        return arg_finish ? repository_take_draft(p->role, arg_finish, f) : 0;
}

static int stage(struct repository *r, const struct plan *p, struct signer *s, struct fault *f)
{
        struct fault why = {};
        int k;

        if (arg_draft)
                return repository_draft(r, p->role, s, f);
        repository_change(p->from);
        k = repository_stage(r, s, &why);
        if (k != -EKEYREJECTED || !p->role || !p->role->changed || p->role->staged.data ||
            !p->from->staged.data)
                return k < 0 ? fault_set(f, k, "%s", why.text) : 0;
        return fault_set(f, k, "%.380s; where its keys are elsewhere, --draft it and sealift sign it there",
                         why.text);
}

/* ---- What was done ---- */

static json_t *changes_of(const struct plan *p)
{
        struct tuf_metadata m = { .role = TUF_TARGETS };
        const struct draft old = { .body = p->old, .metadata = &m },
                           new = { .body = p->from->body, .metadata = &m };

        return draft_changes(&old, &new);
}

static json_t *report_make(const struct repository *r, const struct plan *p, const struct signer *s)
{
        json_t *entry = delegation_find(p->from->body, p->d.role);
        const struct repository_role *role = repository_find(r, p->d.role);
        json_t *top = json_pack("{s:s, s:s, s:b, s:o, s:o, s:b, s:I}", "role", p->d.role, "from",
                                p->from->name, "removed", arg_remove, "changes", changes_of(p), "files",
                                publisher_files_json(r, &s->keys), "written", !arg_dry_run, "targets",
                                role ? (json_int_t)json_object_size(json_object_get(role->body, "targets"))
                                     : (json_int_t)0);

        return !entry || json_object_set(top, "delegation", entry) >= 0 ? top : NULL;
}

static void print_list(const char *what, const json_t *list)
{
        for (size_t i = 0; i < json_array_size(list); i++) {
                char plain[512]; /* another tool may have put in what moves the cursor */

                (void)snprintf(plain, sizeof(plain), "%s", json_string_value(json_array_get(list, i)));
                text_make_printable(plain);
                printf("%s%s", i == 0 ? what : " ", plain);
        }
        if (json_array_size(list) > 0)
                putchar('\n');
}

static void print_entry(const json_t *entry)
{
        const json_t *ids = json_object_get(entry, "keyids");

        print_list("  names: ", json_object_get(entry, "paths"));
        print_list("  names whose SHA-256 begins with: ", json_object_get(entry, "path_hash_prefixes"));
        printf("  %lld of %zu keys must sign%s\n",
               (long long)json_integer_value(json_object_get(entry, "threshold")), json_array_size(ids),
               json_is_true(json_object_get(entry, "terminating")) ? "; nobody is asked after it" : "");
        for (size_t i = 0; i < json_array_size(ids); i++)
                printf("    key %.16s...\n", json_string_value(json_array_get(ids, i)));
}

static void print_report(const struct plan *p, const json_t *top)
{
        const json_t *changes = json_object_get(top, "changes"), *entry = json_object_get(top, "delegation");
        long long n = (long long)json_integer_value(json_object_get(top, "targets"));

        if (arg_draft)
                printf("%s %s:\n", arg_dry_run ? "Would draft" : "Drafted", arg_draft);
        else
                printf("%s %s; files in the order to upload them:\n",
                       arg_dry_run ? "Would change what is delegated to" : "Changed what is delegated to",
                       p->d.role);
        publisher_print_files(json_object_get(top, "files"));
        for (size_t i = 0; i < json_array_size(changes); i++)
                printf("  %s\n", json_string_value(json_array_get(changes, i)));
        if (entry)
                print_entry(entry);
        if (n > 0)
                printf("  it lists %lld target%s, which hosts %s\n", n, n == 1 ? "" : "s",
                       arg_remove ? "do not find there any more" : "find where nobody before it has them");
        if (arg_draft && !arg_dry_run)
                printf("Next, where its keys are, and then here, with the other options as now:\n"
                       "  sealift sign --keys=DIR %s\n"
                       "  sealift delegate --finish=%s ...\n",
                       arg_draft, arg_draft);
}

/* ---- The verb ---- */

static int delegate_locked(struct repository *r, struct plan *p, struct fault *f)
{
        _cleanup_(signer_done) struct signer signer = {};
        _cleanup_json_ json_t *top = NULL;
        int k;

        k = signer_open(&arg_signer, &signer, f);
        if (k >= 0)
                k = find_from(r, p, f);
        if (k >= 0)
                k = arg_remove ? delegation_remove(p->from->body, p->d.role, f) : change(r, p, &signer, f);
        if (k >= 0)
                k = stage(r, p, &signer, f);
        if (k >= 0 && !arg_dry_run)
                k = arg_draft ? repository_write_draft(p->role, arg_draft, f) : repository_write(r, f);
        if (k < 0)
                return k;
        top = report_make(r, p, &signer);
        if (!top)
                return fault_set(f, -ENOMEM, "out of memory");
        if (arg_json)
                return publisher_print_json(top);
        print_report(p, top);
        return 0;
}

static int delegate(char **operands, int n, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        _cleanup_(plan_done) struct plan p = {};
        int64_t now;
        int k;

        k = plan_read(operands[0], &p, f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_open(arg_repository, now, &r, f);
        return k < 0 ? k : delegate_locked(r, &p, f);
}

int verb_delegate(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, delegate);
}
