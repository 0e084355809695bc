/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift refresh`: a newer timestamp, so that hosts see that they are kept from nothing. Made to be run by
 * a timer on a machine that has the keys of timestamp, and perhaps of snapshot, and no others. */

#include "ctl/repository.h"
#include "ctl/verbs.h"

#include "ctl/publisher.h"
#include "facts/date.h"
#include "facts/expiry.h"
#include "facts/tuf_write.h"

static const char *arg_repository;
static struct signer_args arg_signer;
static struct args_list arg_role;
static bool arg_if_due, arg_verbose, arg_dry_run, arg_json;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg_repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg_signer),
        ARGS_LIST(0, "role", "ROLE", &arg_role, "targets or a delegated role, to be dated anew, too"),
        ARGS_FLAG(0, "if-due", &arg_if_due, "do nothing while the timestamp is young"),
        ARGS_FLAG('v', "verbose", &arg_verbose, "say what was done, also when not on a terminal"),
        ARGS_FLAG('n', "dry-run", &arg_dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg_json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift refresh",
        .operands = "",
        .help = "Signs a newer timestamp, and a newer snapshot when it is about to expire.",
        .options = options,
        .n_options = ELEMENTSOF(options),
};

/* Half of the interval: a timer that looks more often than that keeps the promise with room to spare. */
enum { DUE_SHARE = 2 };

static int64_t timestamp_due_at(const struct repository *r)
{
        const json_t *root = repository_top(r, TUF_ROOT)->body;
        const struct repository_role *timestamp = repository_top(r, TUF_TIMESTAMP);

        return timestamp->expires - tuf_read_period(root, TUF_TIMESTAMP) +
               tuf_read_interval(root) / DUE_SHARE;
}

static bool expires_soon(const struct repository *r, enum tuf_role role)
{
        int64_t period = tuf_read_period(repository_top(r, TUF_ROOT)->body, role);

        return repository_top(r, role)->expires - repository_now(r) < expiry_margin(role, period);
}

static int change_role(const struct repository *r, const char *name, struct fault *f)
{
        struct repository_role *role = repository_find(r, name);

        if (!role || role->role == TUF_ROOT)
                return fault_set(f, role ? -EINVAL : -ENOENT, "--role=%s: %s", name,
                                 role ? "root is renewed by sealift rotate" : "there is no such role");
        repository_change(role);
        return 0;
}

/* Whether anything is to be done. */
static int choose(const struct repository *r, struct fault *f)
{
        bool snapshot = expires_soon(r, TUF_SNAPSHOT);

        if (arg_if_due && arg_role.n == 0 && !snapshot && repository_now(r) < timestamp_due_at(r))
                return 0;
        for (size_t i = 0; i < arg_role.n; i++)
                if (change_role(r, arg_role.text[i], f) < 0)
                        return f->error;
        if (snapshot)
                repository_change(repository_top(r, TUF_SNAPSHOT));
        repository_change(repository_top(r, TUF_TIMESTAMP));
        return 1;
}

static int report(const struct repository *r, const struct keys *keys)
{
        _cleanup_json_ json_t *files = publisher_files_json(r, keys), *top = NULL;
        char date[DATE_SIZE];

        if (arg_json) {
                top = json_pack("{s:b, s:O}", "written", !arg_dry_run && json_array_size(files) > 0, "files",
                                files);
                return publisher_print_json(top);
        }
        if (!arg_verbose && !arg_dry_run && !isatty(STDOUT_FILENO))
                return 0;
        if (json_array_size(files) == 0) {
                date_format(timestamp_due_at(r), date);
                printf("Nothing to do before %s.\n", date);
                return 0;
        }
        printf("%s; files in the order to upload them:\n", arg_dry_run ? "Would refresh" : "Refreshed");
        publisher_print_files(files);
        return 0;
}

static int refresh_locked(struct repository *r, struct fault *f)
{
        _cleanup_(signer_done) struct signer signer = {};
        int k;

        k = signer_open(&arg_signer, &signer, f);
        if (k >= 0)
                k = choose(r, f);
        if (k > 0)
                k = repository_stage(r, &signer, f);
        if (k >= 0 && !arg_dry_run && repository_staged(r, 0))
                k = repository_write(r, f);
        if (k < 0)
                return k;
        publisher_warn_expiry(r, command.name);
        return report(r, &signer.keys);
}

static int refresh(char **operands, int n, struct fault *f)
{
        _cleanup_(repository_freep) struct repository *r = NULL;
        int64_t now;
        int k;

        if (!arg_repository)
                return fault_set(f, -EINVAL, "--repository is needed");
        k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_open(arg_repository, now, &r, f);
        return k < 0 ? k : refresh_locked(r, f);
}

int verb_refresh(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, refresh);
}
