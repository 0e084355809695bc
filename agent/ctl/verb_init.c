/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift init`: a new repository and the keys for it. It writes below the two folders it is given, and
 * nowhere else; it never replaces a key or a repository. */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include <inttypes.h>
#include <limits.h>
#include <sys/stat.h>

#include "ctl/publisher.h"
#include "facts/tuf_write.h"
#include "ground/text.h"

enum { INIT_KEYS_MAX = 16 }; /* a role */

static const char *arg_repository, *arg_keys, *arg_type = "ed25519", *arg_interval;
static struct signer_args arg_signer;
static bool arg_json, arg_encrypt, arg_dry_run;
static struct init_role {
        struct args_list key;
        const char *keys, *threshold, *expires;
} arg_role[TUF_ROLES];

#define ROLE_OPTIONS(role_, name_, keys_, threshold_, expires_)                                             \
        ARGS_LIST(0, name_ "-key", "FILE", &arg_role[role_].key,                                            \
                  "a key for " name_ " that there is already"),                                             \
                ARGS_TEXT(0, name_ "-keys", "N", &arg_role[role_].keys, "keys for " name_ " (" keys_ ")"),  \
                ARGS_TEXT(0, name_ "-threshold", "N", &arg_role[role_].threshold,                           \
                          "how many of them must sign (" threshold_ ")"),                                   \
                ARGS_TEXT(0, name_ "-expires", "SPAN", &arg_role[role_].expires,                            \
                          "how long what it signs is valid (" expires_ ")")

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "where the repository goes: what you upload"),
        ARGS_TEXT('k', "keys", "DIR", &arg_keys, "where the private keys go: never uploaded"),
        ROLE_OPTIONS(TUF_ROOT, "root", "3", "2", "365d"),
        ROLE_OPTIONS(TUF_TARGETS, "targets", "1", "1", "90d"),
        ROLE_OPTIONS(TUF_SNAPSHOT, "snapshot", "1", "1", "90d"),
        ROLE_OPTIONS(TUF_TIMESTAMP, "timestamp", "1", "1", "3d"),
        ARGS_TEXT(0, "timestamp-interval", "SPAN", &arg_interval,
                  "how often a newer one is promised (a third of that)"),
        ARGS_TEXT(0, "type", "ed25519|ecdsa|rsa", &arg_type, "what keys to make (ed25519)"),
        ARGS_FLAG('e', "encrypt", &arg_encrypt, "ask for a passphrase to encrypt them with"),
        SIGNER_MORE_OPTIONS(arg_signer),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift init",
        .operands = "",
        .help = "Makes a repository to publish to, and its keys.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

struct plan {
        struct {
                uint64_t keys, given, threshold; /* keys: all, also those given */
                int64_t period;
        } role[TUF_ROLES];
        int64_t interval; /* 0: not given */
};

/* Root keys are made three, two of which must sign: one may be lost or stolen. The others are replaced by
 * root when that happens. */
static const uint64_t default_keys[TUF_ROLES] = { 3, 1, 1, 1 },
                      default_threshold[TUF_ROLES] = { 2, 1, 1, 1 };

static int plan_number(const char *text, enum tuf_role role, const char *what, uint64_t max, uint64_t *n,
                       struct fault *f)
{
        if (text && (text_parse_u64(text, max, n) < 0 || *n < 1))
                return fault_set(f, -EINVAL, "--%s-%s=%s: not a number from 1 to %" PRIu64,
                                 tuf_role_name(role), what, text, max);
        return 0;
}

static int plan_role(enum tuf_role role, struct plan *p, struct fault *f)
{
        const struct init_role *arg = arg_role + role;
        uint64_t made = arg->key.n > 0 ? 0 : default_keys[role], keys, threshold;
        char name[32];
        int r;

        r = plan_number(arg->keys, role, "keys", INIT_KEYS_MAX, &made, f);
        if (r < 0)
                return r;
        keys = made + arg->key.n;
        threshold = keys < default_threshold[role] ? keys : default_threshold[role];
        r = plan_number(arg->threshold, role, "threshold", keys, &threshold, f);
        if (r < 0)
                return r;
        p->role[role].period = tuf_default_period(role);
        (void)snprintf(name, sizeof(name), "%s-expires", tuf_role_name(role));
        r = publisher_parse_span(name, arg->expires, &p->role[role].period, f);
        if (r < 0)
                return r;
        p->role[role].keys = keys;
        p->role[role].given = arg->key.n;
        p->role[role].threshold = threshold;
        return 0;
}

static int plan_all(struct plan *p, struct fault *f)
{
        int r = 0;

        for (enum tuf_role i = 0; r >= 0 && i < TUF_ROLES; i++)
                r = plan_role(i, p, f);
        if (r >= 0)
                r = publisher_parse_interval("timestamp-interval", arg_interval,
                                             p->role[TUF_TIMESTAMP].period, &p->interval, f);
        return r;
}

/* The real path that path has or, for its last component, would have. */
static int path_resolve(const char *path, char ret[static PATH_MAX], struct fault *f)
{
        char parent[PATH_MAX], real[PATH_MAX];
        char *slash;
        int n;

        if (realpath(path, ret))
                return 0;
        if (errno != ENOENT || text_copy(parent, sizeof(parent), path) < 0)
                return fault_set_errno(f, -errno, "%s", path);
        while ((slash = strrchr(parent, '/')) && slash > parent && !slash[1])
                *slash = '\0';
        slash = strrchr(parent, '/');
        if (slash)
                *slash = '\0';
        if (!realpath(slash ? (slash == parent ? "/" : parent) : ".", real))
                return fault_set_errno(f, -errno, "%s: its parent folder", path);
        n = snprintf(ret, PATH_MAX, "%s/%s", str_eq(real, "/") ? "" : real, slash ? slash + 1 : parent);
        return n > 0 && n < PATH_MAX ? 0 : fault_set(f, -ENAMETOOLONG, "%s: too long", path);
}

/* What lies below the repository is uploaded. */
static int check_apart(struct fault *f)
{
        char repository[PATH_MAX], keys[PATH_MAX];
        size_t n;
        int r;

        r = path_resolve(arg_repository, repository, f);
        if (r >= 0)
                r = path_resolve(arg_keys, keys, f);
        if (r < 0)
                return r;
        n = strlen(repository);
        if (strncmp(keys, repository, n) == 0 && (keys[n] == '/' || keys[n] == '\0'))
                return fault_set(f, -EINVAL,
                                 "--keys=%s: lies in the repository, and would be uploaded with it; "
                                 "choose a folder apart from it",
                                 arg_keys);
        return 0;
}

static int make_keys(enum tuf_role role, const struct plan *p, struct repository *r, struct signer *s,
                     struct fault *f)
{
        struct keys *keys = &s->keys;
        size_t first = keys->n;
        int k;

        for (uint64_t i = 0; i < p->role[role].keys; i++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "%s-%" PRIu64, tuf_role_name(role), i + 1);
                k = i < p->role[role].given
                            ? keys_import(arg_role[role].key.text[i], name, &s->passphrase, keys, f)
                            : keys_generate(arg_type, name, keys, f);
                if (k < 0)
                        return k;
        }
        if (tuf_write_signers(repository_top(r, TUF_ROOT)->body, role, keys->key + first, keys->n - first,
                              p->role[role].threshold, p->role[role].period) < 0)
                return fault_set(f, -ENOMEM, "root.json: out of memory");
        return 0;
}

/* Keys are written before what they sign: a repository whose keys were lost on the way is of no use. */
static int write_keys(const struct signer *s, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;

        if (mkdir(arg_keys, 0700) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the folder", arg_keys);
        fd = open(arg_keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s", arg_keys);
        for (size_t i = 0; i < s->keys.n; i++)
                if (keys_write(fd, s->keys.key + i, s->passphrase.known ? &s->passphrase : NULL, f) < 0)
                        return fault_prefix(f, "%s", arg_keys);
        return 0;
}

static void report(const struct repository *r, const struct plan *p, const struct keys *keys)
{
        _cleanup_json_ json_t *files = publisher_files_json(r, keys);
        size_t k = 0;

        printf("%s a repository in %s:\n", arg_dry_run ? "Would make" : "Made", arg_repository);
        publisher_print_files(files);
        printf("and its keys in %s:\n", arg_keys);
        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                for (uint64_t n = 0; n < p->role[i].keys; n++, k++)
                        printf("  %-18s %" PRIu64 " of %" PRIu64 " must sign\n", keys->key[k].name,
                               p->role[i].threshold, p->role[i].keys);
        if (arg_dry_run)
                return;
        printf("Next:\n"
               "  - move the root keys to safe places, offline and apart; publishing does not need them\n"
               "  - install %s/metadata/1.root.json as /etc/sealift/root.json on every host\n"
               "  - sealift publish --repository=%s --keys=%s --channel=stable MANIFEST\n",
               arg_repository, arg_repository, arg_keys);
}

static int report_json(const struct repository *r, const struct plan *p, const struct keys *keys)
{
        _cleanup_json_ json_t *top =
                json_pack("{s:s, s:s, s:b, s:o, s:{}}", "repository", arg_repository, "keys", arg_keys,
                          "written", !arg_dry_run, "files", publisher_files_json(r, keys), "roles");

        for (enum tuf_role i = 0; i < TUF_ROLES; i++)
                (void)json_object_set_new(json_object_get(top, "roles"), tuf_role_name(i),
                                          json_pack("{s:I, s:I, s:I}", "keys", (json_int_t)p->role[i].keys,
                                                    "threshold", (json_int_t)p->role[i].threshold,
                                                    "expiry_seconds", (json_int_t)p->role[i].period));
        return publisher_print_json(top);
}

static int check_folder(struct fault *f)
{
        _cleanup_(keys_done) struct keys old = {};
        int k;

        k = keys_load(arg_keys, NULL, &old, f);
        if (k == -ENOENT)
                return 0;
        if (k < 0)
                return k;
        return old.n == 0 ? 0
                          : fault_set(f, -EEXIST, "%s: holds keys already; nothing was changed", arg_keys);
}

static int init_keys(const struct plan *p, struct repository *r, struct signer *s, struct fault *f)
{
        json_t *root = repository_top(r, TUF_ROOT)->body;
        int k;

        k = check_folder(f);
        if (k >= 0)
                k = signer_prepare(&arg_signer, s, f);
        if (k >= 0 && (arg_encrypt || arg_signer.passphrase_file))
                k = passphrase_choose(&s->passphrase, f);
        for (enum tuf_role i = 0; k >= 0 && i < TUF_ROLES; i++)
                k = make_keys(i, p, r, s, f);
        if (k >= 0)
                k = tuf_write_interval(root, p->interval > 0 ? p->interval : tuf_read_interval(root));
        return k;
}

static int init(struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        _cleanup_(signer_done) struct signer signer = {};
        struct plan p = {};
        int64_t now;
        int k = 0;

        if (!arg_repository || !arg_keys)
                return fault_set(f, -EINVAL, "--repository and --keys are needed");
        k = plan_all(&p, f);
        if (k >= 0)
                k = check_apart(f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_new(arg_repository, now, &r, f);
        if (k >= 0)
                k = init_keys(&p, r, &signer, f);
        if (k >= 0)
                k = repository_stage(r, &signer, f);
        if (k >= 0 && !arg_dry_run)
                k = write_keys(&signer, f);
        if (k >= 0 && !arg_dry_run)
                k = repository_write(r, f);
        if (k < 0)
                return k;
        if (arg_json)
                return report_json(r, &p, &signer.keys);
        report(r, &p, &signer.keys);
        return 0;
}

int verb_init(int argc, char **argv)
{
        struct fault f = {};
        char **operands;
        int n, status, r;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        r = init(&f);
        return r < 0 ? ctl_fail(&command, r, &f) : EXIT_STATUS_OK;
}
