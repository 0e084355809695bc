/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift rotate`: the next version of root, with other keys for a role or the same for longer, signed by
 * the keys of the root before and by its own; and whatever those keys must sign anew. A root whose signers
 * do not meet is drafted, signed in several places, and finished. */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include <inttypes.h>

#include "ctl/publisher.h"
#include "ctl/rotation.h"
#include "facts/date.h"
#include "facts/tuf_write.h"
#include "ground/text.h"

static const char *arg_repository, *arg_role, *arg_type, *arg_threshold, *arg_expires, *arg_interval,
        *arg_draft, *arg_finish;
static struct args_list arg_add, arg_remove;
static struct signer_args arg_signer;
static bool arg_new, arg_encrypt, arg_dry_run, arg_json;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg_signer),
        ARGS_TEXT(0, "role", "root|targets|snapshot|timestamp", &arg_role, "whose keys (root)"),
        ARGS_FLAG(0, "new", &arg_new, "make a key for each one removed; for all, if none is"),
        ARGS_LIST(0, "remove", "KEY", &arg_remove, "an id, a name in --keys, or a public key's file"),
        ARGS_LIST(0, "add", "FILE", &arg_add, "a public key's file, or a name in --keys"),
        ARGS_TEXT(0, "threshold", "N", &arg_threshold, "how many of its keys must sign from now on"),
        ARGS_TEXT(0, "expires", "SPAN", &arg_expires, "how long what the role signs is valid from now on"),
        ARGS_TEXT(0, "interval", "SPAN", &arg_interval, "how often a newer timestamp is promised"),
        ARGS_TEXT(0, "type", "ed25519|ecdsa|rsa", &arg_type, "what keys to make (ed25519)"),
        ARGS_FLAG('e', "encrypt", &arg_encrypt, "ask for a passphrase to encrypt them with"),
        ARGS_TEXT(0, "draft", "FILE", &arg_draft, "write the root there, to be signed elsewhere"),
        ARGS_TEXT(0, "finish", "FILE", &arg_finish, "put a draft that has been signed in its place"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift rotate",
        .operands = "",
        .help = "Signs the next root: other keys for a role, another threshold, or just a later date.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

struct plan {
        enum tuf_role role;
        uint64_t threshold; /* 0: as it is */
        int64_t period;     /* seconds; 0: as it is */
};

/* ---- What is wanted ---- */

static int plan_role(struct plan *p, struct fault *f)
{
        for (enum tuf_role i = 0; arg_role && i < TUF_ROLES; i++)
                if (str_eq(arg_role, tuf_role_name(i))) {
                        p->role = i;
                        return 0;
                }
        return arg_role ? fault_set(f, -EINVAL,
                                    "--role=%s: not one of root, targets, snapshot and timestamp; keys of "
                                    "delegated roles are not root's to say: see sealift delegate",
                                    arg_role)
                        : 0;
}

static int plan_read(struct plan *p, struct fault *f)
{
        bool changes = arg_role || arg_new || arg_add.n > 0 || arg_remove.n > 0 || arg_threshold ||
                       arg_expires || arg_interval;
        int k;

        if (!arg_repository)
                return fault_set(f, -EINVAL, "--repository is needed");
        if (arg_finish && (changes || arg_draft))
                return fault_set(f, -EINVAL, "--finish takes the draft as it is; what else is asked for?");
        if (arg_new && arg_add.n > 0)
                return fault_set(f, -EINVAL, "--new and --add: which of them?");
        if (arg_new && !arg_signer.keys)
                return fault_set(f, -EINVAL, "--new needs --keys, the folder to put keys into");
        if (arg_threshold &&
            (text_parse_u64(arg_threshold, TUF_KEYS_MAX, &p->threshold) < 0 || p->threshold < 1))
                return fault_set(f, -EINVAL, "--threshold=%s: not a number from 1 to %d", arg_threshold,
                                 TUF_KEYS_MAX);
        k = plan_role(p, f);
        if (k >= 0)
                k = publisher_parse_span("expires", arg_expires, &p->period, f);
        if (k >= 0 && arg_interval && p->role != TUF_TIMESTAMP)
                return fault_set(f, -EINVAL, "--interval is timestamp's; see --role");
        return k;
}

/* ---- Keys ---- */

/* The first "timestamp-N" that no key has, here or in the folder. */
static int make_key(struct signer *s, enum tuf_role role, int dirfd, struct fault *f)
{
        for (unsigned n = 1; n <= KEYS_MAX; n++) {
                struct tuf_signing_key probe = {};
                char stem[64];
                bool taken;

                (void)snprintf(stem, sizeof(stem), "%s-%u", tuf_role_name(role), n);
                (void)snprintf(probe.name, sizeof(probe.name), "%s.pem", stem);
                taken = keys_taken(dirfd, &probe);
                for (size_t i = 0; i < s->keys.n; i++)
                        taken = taken || str_eq(s->keys.key[i].name, probe.name);
                if (!taken)
                        return keys_generate(arg_type ?: "ed25519", stem, &s->keys, f);
        }
        return fault_set(f, -EFBIG, "%s: no name is left for a key", arg_signer.keys);
}

static int make_keys(struct signer *s, struct rotation *rot, size_t n, struct fault *f)
{
        _cleanup_close_ int fd = open(arg_signer.keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int k = fd < 0 ? fault_set_errno(f, -errno, "%s", arg_signer.keys) : 0;

        for (size_t i = 0; k >= 0 && i < n; i++) {
                k = make_key(s, rot->role, fd, f);
                if (k >= 0)
                        k = rotation_add(rot, s->keys.key + s->keys.n - 1, f);
        }
        return k;
}

static int add_key(struct signer *s, struct rotation *rot, const char *what, struct fault *f)
{
        const struct tuf_signing_key *key = keys_find(&s->keys, what);
        struct keys from = {};
        int k;

        if (key)
                return rotation_add(rot, key, f);
        k = keys_import(what, "added", &s->passphrase, &from, f);
        if (k >= 0)
                k = rotation_add(rot, from.key, f);
        keys_done(&from);
        return k;
}

static int change_keys(struct signer *s, struct rotation *rot, struct fault *f)
{
        size_t before = rotation_keys(rot);
        int k = 0;

        if (arg_new && arg_remove.n == 0)
                k = rotation_remove_all(rot, f);
        for (size_t i = 0; k >= 0 && i < arg_remove.n; i++)
                k = rotation_remove(rot, arg_remove.text[i], &s->keys, f);
        if (k >= 0 && arg_new)
                k = make_keys(s, rot, before - rotation_keys(rot), f);
        for (size_t i = 0; k >= 0 && i < arg_add.n; i++)
                k = add_key(s, rot, arg_add.text[i], f);
        return k;
}

/* New private keys, before what they sign. Encrypted like those that signed beside them. */
static int write_keys(struct signer *s, size_t first, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int k = 0;

        if (first == s->keys.n)
                return 0;
        if (arg_encrypt && !s->passphrase.known)
                k = passphrase_choose(&s->passphrase, f);
        if (k >= 0 && (fd = open(arg_signer.keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
                k = fault_set_errno(f, -errno, "%s", arg_signer.keys);
        for (size_t i = first; k >= 0 && i < s->keys.n; i++)
                k = keys_write(fd, s->keys.key + i, s->passphrase.known ? &s->passphrase : NULL, f);
        return k;
}

/* ---- The root ---- */

static int change_root(struct repository *r, const struct plan *p, struct signer *s, struct rotation *rot,
                       struct fault *f)
{
        struct repository_role *root = repository_top(r, TUF_ROOT);
        int64_t interval = 0;
        int k;

        k = rotation_begin(root->body, p->role, rot, f);
        if (k >= 0)
                k = change_keys(s, rot, f);
        if (k >= 0)
                k = rotation_end(rot, p->threshold, f);
        if (k >= 0)
                k = publisher_parse_interval("interval", arg_interval,
                                             p->period > 0 ? p->period
                                                           : tuf_read_period(root->body, TUF_TIMESTAMP),
                                             &interval, f);
        if (k >= 0 && p->period > 0)
                k = tuf_write_period(root->body, p->role, p->period);
        if (k >= 0 && interval > 0)
                k = tuf_write_interval(root->body, interval);
        if (k < 0)
                return k;
        repository_change(root);
        return 0;
}

static int take_draft(struct repository *r, struct fault *f)
{
        struct repository_role *root = repository_top(r, TUF_ROOT);
        int k;

        k = repository_take_draft(root, arg_finish, f);
        return k < 0 ? k : rotation_check(root->body, f);
}

/* ---- What was done ---- */

static void warn_thin(const struct repository *r)
{
        const json_t *roles = json_object_get(repository_top(r, TUF_ROOT)->body, "roles");
        const json_t *root = json_object_get(roles, "root");
        long long threshold = (long long)json_integer_value(json_object_get(root, "threshold"));
        size_t n = json_array_size(json_object_get(root, "keyids"));

        if (threshold == 1)
                fprintf(stderr, "%s: warning: one stolen root key is enough to take this repository over\n",
                        command.name);
        if (threshold == (long long)n)
                fprintf(stderr, "%s: warning: when one root key is lost, nobody can sign the next root\n",
                        command.name);
}

static int count_json(const struct repository *r, json_t *top, struct fault *f)
{
        struct repository_count before, after;
        int k;

        k = repository_count_root(r, &before, &after, f);
        if (k < 0)
                return k;
        return json_object_set_new(
                top, "signatures",
                json_pack("{s:{s:I, s:I}, s:{s:I, s:I}}", "before", "good", (json_int_t)before.good,
                          "threshold", (json_int_t)before.threshold, "after", "good", (json_int_t)after.good,
                          "threshold", (json_int_t)after.threshold));
}

static void print_ids(const char *what, const json_t *ids)
{
        for (size_t i = 0; i < json_array_size(ids); i++)
                printf("  %s key %.16s...\n", what, json_string_value(json_array_get(ids, i)));
}

static void print_counts(const json_t *top)
{
        json_int_t good[2], threshold[2];

        if (json_unpack((json_t *)(uintptr_t)top, "{s:{s:{s:I, s:I}, s:{s:I, s:I}}}", "signatures", "before",
                        "good", good, "threshold", threshold, "after", "good", good + 1, "threshold",
                        threshold + 1) >= 0)
                printf("  signatures: %lld, %lld needed, by keys of the root before; %lld, %lld needed, by "
                       "its own\n",
                       (long long)good[0], (long long)threshold[0], (long long)good[1],
                       (long long)threshold[1]);
}

static void print_report(const struct plan *p, uint64_t version, const json_t *top)
{
        const json_t *made = json_object_get(top, "keys_made");

        if (arg_draft)
                printf("%s %s:\n", arg_dry_run ? "Would draft" : "Drafted", arg_draft);
        else
                printf("%s %s; files in the order to upload them:\n",
                       arg_dry_run ? "Would rotate" : "Rotated",
                       arg_finish ? "as drafted" : tuf_role_name(p->role));
        publisher_print_files(json_object_get(top, "files"));
        print_counts(top);
        print_ids("without", json_object_get(top, "removed"));
        print_ids("with", json_object_get(top, "added"));
        for (size_t i = 0; i < json_array_size(made); i++)
                printf("  %s %s/%s\n", arg_dry_run ? "would make" : "made", arg_signer.keys,
                       json_string_value(json_array_get(made, i)));
        if (arg_draft && !arg_dry_run)
                printf("Next, where the other keys are, and then here:\n"
                       "  sealift sign --keys=DIR --against=%s/metadata/%" PRIu64 ".root.json %s\n"
                       "  sealift rotate --repository=%s --keys=DIR --finish=%s\n",
                       arg_repository, version, arg_draft, arg_repository, arg_draft);
}

static int report(const struct repository *r, const struct plan *p, const struct rotation *rot,
                  const struct signer *s, size_t first, struct fault *f)
{
        _cleanup_json_ json_t *files = publisher_files_json(r, &s->keys), *made = json_array(), *top = NULL;
        int k;

        for (size_t i = first; i < s->keys.n; i++)
                (void)json_array_append_new(made, json_string(s->keys.key[i].name));
        top = json_pack("{s:s, s:O*, s:O*, s:O, s:b, s:O}", "role", tuf_role_name(p->role), "added",
                        rot->added, "removed", rot->removed, "keys_made", made, "written", !arg_dry_run,
                        "files", files);
        k = count_json(r, top, f);
        if (k < 0)
                return k;
        if (arg_json)
                return publisher_print_json(top);
        print_report(p, repository_top(r, TUF_ROOT)->version, top);
        return 0;
}

/* ---- The verb ---- */

static int write_all(struct repository *r, struct signer *s, size_t first, struct fault *f)
{
        int k;

        k = write_keys(s, first, f);
        if (k < 0)
                return k;
        return arg_draft ? repository_write_draft(repository_top(r, TUF_ROOT), arg_draft, f)
                         : repository_write(r, f);
}

static int rotate_locked(struct repository *r, const struct plan *p, struct signer *s, struct rotation *rot,
                         struct fault *f)
{
        size_t first;
        int k;

        k = signer_open(&arg_signer, s, f);
        if (k < 0)
                return k;
        first = s->keys.n;
        k = arg_finish ? take_draft(r, f) : change_root(r, p, s, rot, f);
        if (k >= 0)
                k = arg_draft ? repository_draft(r, repository_top(r, TUF_ROOT), s, f)
                              : repository_stage(r, s, f);
        if (k >= 0 && !arg_dry_run)
                k = write_all(r, s, first, f);
        if (k < 0)
                return k;
        warn_thin(r);
        return report(r, p, rot, s, first, f);
}

static int rotate(char **operands, int n, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        _cleanup_(signer_done) struct signer signer = {};
        _cleanup_(rotation_done) struct rotation rot = {};
        struct plan p = { .role = TUF_ROOT };
        int64_t now;
        int k;

        k = plan_read(&p, f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_open(arg_repository, now, &r, f);
        return k < 0 ? k : rotate_locked(r, &p, &signer, &rot, f);
}

int verb_rotate(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, rotate);
}
