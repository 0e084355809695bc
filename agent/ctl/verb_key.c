/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift key`: makes keys, takes keys made elsewhere, tells what is in the folder of keys. It writes below
 * that folder and nowhere else, and prints public halves only. */

#include "ctl/listing.h"
#include "ctl/verbs.h"

#include <sys/stat.h>

#include "ctl/publisher.h"
#include "facts/tuf_key.h"

static const char *arg_keys, *arg_repository, *arg_type, *arg_name, *arg_passphrase_file;
static bool arg_encrypt, arg_dry_run, arg_json;

static const struct args_option options[] = {
        ARGS_TEXT('k', "keys", "DIR", &arg_keys, "the folder of keys"),
        ARGS_TEXT('t', "type", "ed25519|ecdsa|rsa", &arg_type, "new: what key to make (ed25519)"),
        ARGS_TEXT(0, "name", "WORD", &arg_name, "import: what to call it, else as FILE is called"),
        ARGS_FLAG('e', "encrypt", &arg_encrypt, "new, import: ask for a passphrase to encrypt it with"),
        ARGS_TEXT(0, "passphrase-file", "FILE", &arg_passphrase_file, "the passphrase, else asked for"),
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "list: tell also what they sign for here"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "new, import: write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift key",
        .operands = "new|import|list [NAME|FILE]",
        .help = "Makes a key, takes one made elsewhere, or lists those of a folder.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 2,
};

static const char *key_type(const struct tuf_signing_key *k)
{
        return json_string_value(json_object_get(k->public, "keytype"));
}

static const char *key_state(const struct tuf_signing_key *k, bool encrypted)
{
        return encrypted ? "encrypted" : k->private ? "private" : "public";
}

static json_t *key_json(const struct tuf_signing_key *k, bool encrypted)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:O}", "name", k->name, "type", key_type(k), "id", k->id,
                         "kept", key_state(k, encrypted), "key", k->public);
}

/* ---- new, import ---- */

static int open_folder(bool make, int *ret, struct fault *f)
{
        int fd;

        if (make && mkdir(arg_keys, 0700) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make the folder", arg_keys);
        fd = open(arg_keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0 && (make || errno != ENOENT))
                return fault_set_errno(f, -errno, "%s", arg_keys);
        *ret = fd;
        return 0;
}

static int tell_written(const struct keys *keys, bool encrypted)
{
        const struct tuf_signing_key *k = keys->key;

        if (arg_json) {
                _cleanup_json_ json_t *top = key_json(k, encrypted);

                (void)json_object_set_new(top, "written", json_boolean(!arg_dry_run));
                return publisher_print_json(top);
        }
        printf("%s %s/%s: %s key, %s%s\n  %s\n", arg_dry_run ? "Would write" : "Wrote", arg_keys, k->name,
               key_type(k), key_state(k, encrypted),
               k->private ? ", with its public half in a .pub beside it" : " half alone", k->id);
        return 0;
}

static int write_first(struct keys *keys, struct passphrase *p, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = open_folder(!arg_dry_run, &fd, f);
        if (r < 0)
                return r;
        if (fd >= 0 && keys_taken(fd, keys->key))
                return fault_set(f, -EEXIST,
                                 "%s/%s: there is a key of that name already; nothing was changed", arg_keys,
                                 keys->key[0].name);
        /* What was encrypted stays so: the passphrase is known then. */
        if (keys->key[0].private && !p->known && (arg_encrypt || arg_passphrase_file))
                r = passphrase_choose(p, f);
        if (r >= 0 && !arg_dry_run)
                r = keys_write(fd, keys->key, p->known ? p : NULL, f);
        return r < 0 ? r : tell_written(keys, keys->key[0].private && p->known);
}

static int key_new(const char *name, struct passphrase *p, struct keys *keys, struct fault *f)
{
        int r;

        r = keys_generate(arg_type ?: "ed25519", name, keys, f);
        return r < 0 ? r : write_first(keys, p, f);
}

static int key_import(const char *file, struct passphrase *p, struct keys *keys, struct fault *f)
{
        int r;

        r = keys_import(file, arg_name, p, keys, f);
        return r < 0 ? r : write_first(keys, p, f);
}

/* ---- list ---- */

static bool is_listed(const struct tuf_signing_key *k, const struct tuf_signers *by)
{
        const struct tuf_key mine = { .pkey = k->pkey };

        for (size_t i = 0; i < by->n_keys; i++)
                if (tuf_key_equal(by->keys + i, &mine))
                        return true;
        return false;
}

/* Adds to "roles" of each key in list those that it may sign for. */
static int add_roles(const struct repository *r, const struct keys *keys, const json_t *list,
                     struct fault *f)
{
        const struct repository_role *role;

        for (size_t n = 0; (role = repository_nth(r, n)); n++) {
                _cleanup_(listing_done) struct listing l = {};
                int k = listing_find(r, role, &l, f);

                if (k == -ENOKEY)
                        continue; /* nobody delegates to it any more */
                if (k < 0)
                        return k;
                for (size_t i = 0; i < keys->n; i++)
                        if (is_listed(keys->key + i, &l.by))
                                (void)json_array_append_new(
                                        json_object_get(json_array_get(list, i), "roles"),
                                        json_string(role->name));
        }
        return 0;
}

static void print_key(const json_t *k)
{
        const json_t *roles = json_object_get(k, "roles");

        printf("%-20s %-8s %-10s", json_string_value(json_object_get(k, "name")),
               json_string_value(json_object_get(k, "type")), json_string_value(json_object_get(k, "kept")));
        if (arg_repository && json_array_size(roles) == 0)
                printf(" signs for nothing");
        for (size_t i = 0; i < json_array_size(roles); i++)
                printf("%s%s", i == 0 ? " signs for " : ", ", json_string_value(json_array_get(roles, i)));
        printf("\n  %s\n", json_string_value(json_object_get(k, "id")));
}

static int key_list(struct passphrase *p, struct keys *keys, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        _cleanup_json_ json_t *list = json_array(), *top = json_pack("{s:O}", "keys", list);
        int k;

        k = keys_load(arg_keys, p, keys, f);
        if (k >= 0 && arg_repository)
                k = repository_read(arg_repository, 0, &r, f);
        for (size_t i = 0; k >= 0 && i < keys->n; i++) {
                json_t *one = key_json(keys->key + i, keys->encrypted[i]);

                if (r)
                        (void)json_object_set_new(one, "roles", json_array());
                (void)json_array_append_new(list, one);
        }
        if (k >= 0 && r)
                k = add_roles(r, keys, list, f);
        if (k < 0)
                return k;
        if (arg_json)
                return publisher_print_json(top);
        for (size_t i = 0; i < keys->n; i++)
                print_key(json_array_get(list, i));
        return 0;
}

/* ---- Which of them ---- */

static const struct word {
        const char *name, *operand;
        bool writes;
} words[] = {
        { "new", "NAME", true },
        { "import", "FILE", true },
        { "list", NULL, false },
};

static int check_options(const struct word *w, struct fault *f)
{
        const struct {
                bool given, allowed;
                const char *name;
        } uses[] = {
                { arg_type, str_eq(w->name, "new"), "type" },
                { arg_name, str_eq(w->name, "import"), "name" },
                { arg_repository, !w->writes, "repository" },
                { arg_encrypt, w->writes, "encrypt" },
                { arg_dry_run, w->writes, "dry-run" },
        };

        for (size_t i = 0; i < ELEMENTSOF(uses); i++)
                if (uses[i].given && !uses[i].allowed)
                        return fault_set(f, -EINVAL, "--%s has no meaning for sealift key %s", uses[i].name,
                                         w->name);
        return arg_keys ? 0 : fault_set(f, -EINVAL, "--keys is needed");
}

static int key_run(char **operands, int n, struct fault *f)
{
        struct passphrase p = { .file = arg_passphrase_file };
        const struct word *w = NULL;
        struct keys keys = {};
        int r;

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (str_eq(words[i].name, operands[0]))
                        w = words + i;
        if (!w)
                return fault_set(f, -EINVAL, "%s: not one of new, import and list", operands[0]);
        if (n != (w->operand ? 2 : 1))
                return fault_set(f, -EINVAL, "key %s takes %s", w->name, w->operand ?: "no operand");
        r = check_options(w, f);
        if (r < 0)
                return r;
        if (!w->writes)
                r = key_list(&p, &keys, f);
        else if (w == words)
                r = key_new(operands[1], &p, &keys, f);
        else
                r = key_import(operands[1], &p, &keys, f);
        keys_done(&keys);
        passphrase_done(&p);
        return r;
}

int verb_key(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, key_run);
}
