/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift(1): finds the verb and gets out of its way. */

#include "ctl/verbs.h"

#include <locale.h>

#include "ground/text.h"

static const struct verb {
        const char *name, *operands, *help;
        int (*run)(int argc, char **argv);
} verbs[] = {
        { "check", "", "look for new releases now", verb_check },
        { "delegate", "ROLE", "trust another role with some names, its keys, or no more", verb_delegate },
        { "disable", "BUNDLE", "stop a bundle for good", verb_order },
        { "expire", "", "what of a repository runs out, and when", verb_expire },
        { "gc", "", "remove releases that are not kept", verb_gc },
        { "hold", "BUNDLE", "keep a bundle at the release that it has", verb_order },
        { "init", "", "make a repository to publish to, and its keys", verb_init },
        { "key", "WORD", "make, take and list the keys that sign", verb_key },
        { "lint", "MANIFEST...", "check manifests, packed or not", verb_lint },
        { "pack", "DIR", "make a bundle and its sealed manifest from a tree", verb_pack },
        { "publish", "MANIFEST", "add a packed release to a channel of a repository", verb_publish },
        { "refresh", "", "sign a newer timestamp for a repository", verb_refresh },
        { "restart", "BUNDLE", "stop the services of a bundle, and start them", verb_order },
        { "retry", "BUNDLE", "try again what failed or was set back", verb_order },
        { "rollback", "BUNDLE", "go back to an earlier release", verb_order },
        { "rotate", "", "sign the next root: other keys, or a later date", verb_rotate },
        { "show", "MANIFEST", "what a manifest holds and asks for; its sums", verb_show },
        { "sign", "FILE...", "add a signature to a metadata file, offline", verb_sign },
        { "start", "BUNDLE", "start a bundle that was stopped or disabled", verb_order },
        { "status", "[BUNDLE]", "what this machine runs", verb_status },
        { "stop", "BUNDLE", "stop a bundle until the next boot", verb_order },
        { "unhold", "BUNDLE", "let a bundle go on after hold", verb_order },
        { "verify", "SOURCE", "a repository as a machine would see it, or what is installed", verb_verify },
        { "wait", "BUNDLE", "until a bundle runs", verb_wait },
        { "withdraw", "BUNDLE", "take a bundle away from hosts, or set it back", verb_withdraw },
        { "why", "BUNDLE", "each gate of the last attempt, passed or not", verb_why },
};

static void print_help(FILE *out)
{
        fprintf(out, "Usage: sealift VERB [OPTION...] [OPERAND...]\n\n"
                     "Packs, publishes and watches sealed application bundles.\n\n");
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                fprintf(out, "  %-8s %-14s %s\n", verbs[i].name, verbs[i].operands, verbs[i].help);
        fprintf(out, "\n  -h, --help                 print this and exit\n"
                     "      --version              print the version and exit\n\n"
                     "`sealift VERB --help` says more about a verb. Exit status: 0 done, 1 failed, 2 wrong "
                     "usage or a\n"
                     "wrong file, 3 done and the answer is no.\n");
}

static int refuse_verb(const char *name)
{
        const char *names[ELEMENTSOF(verbs)], *near;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                names[i] = verbs[i].name;
        near = text_nearest(name, names, ELEMENTSOF(verbs));
        fprintf(stderr, "sealift: unknown verb '%s'%s%s%s\n", name, near ? "; did you mean '" : "",
                near ? near : "", near ? "'?" : "; see sealift --help");
        return EXIT_STATUS_USAGE;
}

/* What was printed must have arrived: a full disk behind `sealift show --sums > FILE` is a failure. */
static int finish(int status)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        fprintf(stderr, "sealift: cannot write to standard output: %s\n", strerror(errno));
        return status == EXIT_STATUS_OK ? EXIT_STATUS_FAILED : status;
}

int main(int argc, char **argv)
{
        /* libarchive judges file names by the locale; ours are UTF-8, whatever the caller's is. */
        (void)setlocale(LC_CTYPE, "C.UTF-8");

        if (argc < 2) {
                print_help(stderr);
                return EXIT_STATUS_USAGE;
        }
        if (str_eq(argv[1], "--help") || str_eq(argv[1], "-h")) {
                print_help(stdout);
                return finish(EXIT_STATUS_OK);
        }
        if (str_eq(argv[1], "--version")) {
                printf("%s\n", PACKAGE_STRING);
                return finish(EXIT_STATUS_OK);
        }
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (str_eq(verbs[i].name, argv[1]))
                        return finish(verbs[i].run(argc - 1, argv + 1));
        return refuse_verb(argv[1]);
}
