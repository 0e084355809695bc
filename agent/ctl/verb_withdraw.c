/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift withdraw`: a bundle is taken away from the hosts of a channel, or set back to a release that was
 * published before. Only what is signed takes away: one that is just missing runs on. */

#include "ctl/publisher.h"
#include "ctl/release.h"
#include "ctl/verbs.h"
#include "facts/name.h"

static struct release_options arg;
static const char *arg_to, *arg_reason;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg.repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg.signer),
        ARGS_TEXT('c', "channel", "NAME", &arg.channel, "the channel whose hosts are to do so"),
        ARGS_TEXT(0, "role", "ROLE", &arg.role, "the role that lists and signs it (targets)"),
        ARGS_TEXT(0, "to", "VERSION", &arg_to, "not at all, but back to this release"),
        ARGS_TEXT(0, "reason", "TEXT", &arg_reason, "one line for the journals of hosts"),
        ARGS_FLAG('n', "dry-run", &arg.dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg.json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift withdraw",
        .operands = "BUNDLE",
        .help = "Has hosts of a channel stop and remove BUNDLE, or go back to an earlier release of it.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

static int withdraw_check(const char *bundle, struct fault *f)
{
        int k;

        k = release_options_check(&arg, f);
        if (k < 0)
                return k;
        if (!name_valid(bundle))
                return fault_set(f, -EINVAL, "%s: not the name of a bundle", bundle);
        if (arg_to && arg_reason)
                return fault_set(f, -EINVAL, "--reason= goes into what takes a bundle away, not with --to=");
        return 0;
}

static int withdraw_run(char **operands, int n, struct fault *f)
{
        _cleanup_(release_done) struct release r = RELEASE_INIT;
        _cleanup_(repository_freep) struct repository *repository = NULL;
        struct repository_role *role;
        int64_t now;
        int k;

        k = withdraw_check(operands[0], f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = repository_open(arg.repository, now, &repository, f);
        if (k >= 0)
                k = release_find_role(repository, &arg, &role, f);
        if (k < 0)
                return k;
        if (arg_to)
                k = release_recall(repository, arg.channel, operands[0], arg_to, &r, f);
        else
                k = release_withdraw(repository, role, arg.channel, operands[0], arg_reason, &r, f);
        return k < 0 ? k : release_publish(&r, repository, &arg, f);
}

int verb_withdraw(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, withdraw_run);
}
