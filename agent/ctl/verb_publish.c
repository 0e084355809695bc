/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* `sealift publish`: a sealed manifest and its bundle become targets of a channel. */

#include "ctl/publisher.h"
#include "ctl/release.h"
#include "ctl/verbs.h"

static struct release_options arg;

static const struct args_option options[] = {
        ARGS_TEXT('r', "repository", "DIR", &arg.repository, "the folder made by sealift init"),
        SIGNER_OPTIONS(arg.signer),
        ARGS_TEXT('c', "channel", "NAME", &arg.channel, "the channel whose hosts get it"),
        ARGS_TEXT(0, "role", "ROLE", &arg.role, "the role that lists and signs it (targets)"),
        ARGS_FLAG('n', "dry-run", &arg.dry_run, "check everything, write nothing"),
        ARGS_FLAG('j', "json", &arg.json, "print JSON"),
};

static const struct args_command command = {
        .name = "sealift publish",
        .operands = "MANIFEST",
        .help = "Adds a release packed by sealift pack to a channel. The bundle lies beside its manifest.",
        .options = options,
        .n_options = ELEMENTSOF(options),
        .min_operands = 1,
        .max_operands = 1,
};

static int publish_run(char **operands, int n, struct fault *f)
{
        _cleanup_(release_done) struct release r = RELEASE_INIT;
        _cleanup_(repository_freep) struct repository *repository = NULL;
        int64_t now;
        int k;

        k = release_options_check(&arg, f);
        if (k >= 0)
                k = publisher_now(&now, f);
        if (k >= 0)
                k = release_read(operands[0], arg.channel, &r, f);
        if (k >= 0)
                k = repository_open(arg.repository, now, &repository, f);
        return k < 0 ? k : release_publish(&r, repository, &arg, f);
}

int verb_publish(int argc, char **argv)
{
        return ctl_run(&command, argc, argv, publish_run);
}
