/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift lint: what an agent would say about these manifests, said before anything is packed or signed. */

#include "ctl/lint_host.h"
#include "ctl/verbs.h"

static const char *arg_root;
static bool arg_host;

static const struct args_option options[] = {
        ARGS_FLAG(0, "host", &arg_host, "also look whether this machine has what they require"),
        ARGS_TEXT(0, "root", "DIR", &arg_root, "or whether DIR, the tree of an image, has it"),
};

int verb_lint(int argc, char **argv)
{
        static const struct args_command command = {
                .name = "sealift lint",
                .operands = "MANIFEST...",
                .help = "Checks manifests, packed or not; says file, line and what was probably meant.",
                .options = options,
                .n_options = ELEMENTSOF(options),
                .min_operands = 1,
                .max_operands = INT32_MAX,
        };
        int status = EXIT_STATUS_OK, n;
        char **files;

        if (ctl_parse(&command, argc, argv, &files, &n, &status) == ARGS_DONE)
                return status;
        for (int i = 0; i < n; i++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;
                struct fault f = {};
                int r;

                r = ctl_read_manifest(files[i], &m, NULL, NULL, &f);
                if (r < 0)
                        status = ctl_fail(&command, r, &f);
                else
                        printf("%s: %s %s is good%s\n", files[i], m->name, m->version,
                               m->content.sealed ? "" : ", not packed yet");
                if (r >= 0 && (arg_host || arg_root))
                        lint_host(&command, files[i], m, arg_root, &status);
        }
        return status;
}
